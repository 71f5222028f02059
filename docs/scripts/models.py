"""Write src/vgglab/models/facts.csv: what `vgglab models` says of the networks of keras.applications.

python docs/scripts/models.py
"""

import csv
import io
from pathlib import Path
from unittest.mock import patch

import keras

from vgglab.models.describe import count_flops, count_parameters
from vgglab.models.listing import FACTS, FIELDS
from vgglab.models.pretrained import Application, application_names

ANY_SIZE = 224  # pixels: MobileNetV3 takes images of any size, and was trained on these


class Asked(Exception):
    """Keras asks for a file of weights."""


def facts(name: str) -> dict[str, str | int]:
    """What the network is without its head, for images of the size that it was published for."""
    builder = Application(name).builder
    with keras.StatelessScope(initialize_variables=False):
        side = builder(weights=None).input_shape[1] or ANY_SIZE
        model = builder(include_top=False, weights=None, input_shape=(side, side, 3))
        made = {"parameters": count_parameters(model)["total"], "flops": count_flops(model)}
    keras.utils.clear_session(free_memory=False)
    return {"name": name, "side": side, **made, "file": weights_file(name, side)}


def weights_file(name: str, side: int) -> str:
    """The name of the file that Keras fetches the network's ImageNet weights in, without a head."""

    def ask(fname: str, *_: object, **__: object) -> None:
        raise Asked(fname)

    with patch("keras.src.utils.file_utils.get_file", ask), keras.StatelessScope(initialize_variables=False):
        try:
            Application(name).builder(include_top=False, weights="imagenet", input_shape=(side, side, 3))
        except Asked as asked:
            return str(asked)
        finally:
            keras.utils.clear_session(free_memory=False)
    raise ValueError(f"{name}: Keras asked for no weights")


def text(names: tuple[str, ...]) -> str:
    """The file: a row a network."""
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, FIELDS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(facts(name) for name in names)
    return buffer.getvalue()


if __name__ == "__main__":
    Path(FACTS).write_text(text(application_names()), encoding="utf-8")
