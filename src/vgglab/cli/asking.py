"""`vgglab predict --url`: what a server says of pictures."""

import os

from vgglab.cli.pictures import complaining, conclude
from vgglab.cli.scoring import printer
from vgglab.evaluation.scoring import Tally
from vgglab.serving.client import Server


def show_server(url: str, paths: list[str], top: int, form: str) -> None:
    """Print what is said of pictures, as `text`, `json` or `csv`; the token is that of VGGLAB_TOKEN."""
    server, tally = Server(url, os.environ.get("VGGLAB_TOKEN")), Tally()
    show = printer(form)(min(top, server.classes()))
    for prediction in complaining(server.predict(paths, top)):
        show(prediction)
        tally.add(prediction)
    conclude(tally.files, tally.failed)
