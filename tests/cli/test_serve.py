"""`vgglab serve` as a process: it tells its address, loads no Keras, and ends in good order."""

import http.client
import os
import signal
import subprocess
import sys
from urllib.parse import urlsplit

import pytest

pytest.importorskip("python_multipart", reason="needs vgglab[serve]")
pytest.importorskip("onnxruntime", reason="needs vgglab[onnx]")
SERVE = """
import sys
from vgglab.cli.app import app
from vgglab.cli.console import run_command
code = run_command(app, ["serve", *sys.argv[1:]])
print(*{"keras", "tensorflow"} & set(sys.modules), code)
"""


def test_a_run_is_served_without_keras_until_it_is_told_to_end(trained):
    import keras

    from vgglab.exporting.kept import open_kept

    if keras.backend.backend() != "tensorflow":
        pytest.skip("export needs TensorFlow")
    open_kept(trained.folder)
    command = [sys.executable, "-c", SERVE, str(trained.folder), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        place = urlsplit(process.stdout.readline().strip())
        asked = http.client.HTTPConnection(place.hostname, place.port)
        asked.request("POST", "/v1/predict", b"no picture")
        status = asked.getresponse().status
        asked.close()
        os.kill(process.pid, signal.SIGTERM)
        out, err = process.communicate()
    assert (place.hostname, status, out.strip()) == ("127.0.0.1", 422, "0")
    assert "answers as the network does" in err and "ended" in err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nothing"], "no such run folder"),
        (["--engine", "none"], "--engine none: expected"),
        (["--port", "taken"], "cannot listen there"),
    ],
)
def test_what_cannot_be_served_is_one_line(arguments, said, trained, told):
    from vgglab.config.serve import ServeSettings
    from vgglab.serving.server import listen

    with listen(ServeSettings(port=0)) as listening:
        port = str(listening.getsockname()[1])
        given = [port if each == "taken" else each for each in arguments]
        more = [] if "taken" in arguments else ["--port", 0]
        run = [] if "nothing" in arguments else [trained.folder]
        code, out, err = told("serve", *run, *given, *more)
    assert (code, out) == (2 if "--engine" in arguments else 1, "") and said in err.splitlines()[-1]
