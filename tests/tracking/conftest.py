"""A real MLflow server on loopback, with its SQLite store, and a run that was told to it and to TensorBoard."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest

import vgglab

WAIT = 240  # seconds for a server to answer


class Server:
    """`mlflow server` in a process group of its own, always at the same port."""

    def __init__(self, folder):
        self.folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.uri = f"http://127.0.0.1:{self.port}"
        self.process = None

    def start(self):
        """Start it, unless it is there."""
        if self.process is not None and self.process.poll() is None:
            return
        stores = ["--backend-store-uri", f"sqlite:///{self.folder}/mlflow.db", "--artifacts-destination", self.folder]
        command = [sys.executable, "-m", "mlflow", "server", *stores, "--port", str(self.port), "--workers", "1"]
        quiet = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
        with (self.folder / "server.log").open("wb") as said:
            self.process = subprocess.Popen(
                command, stdout=said, stderr=said, env=os.environ | quiet, cwd=self.folder, start_new_session=True
            )
        self.wait()

    def wait(self):
        """Wait until it answers."""
        deadline = time.monotonic() + WAIT
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                return urllib.request.urlopen(f"{self.uri}/health", timeout=5).close()
            except (urllib.error.URLError, OSError):
                time.sleep(0.3)
        pytest.fail(f"no server: {(self.folder / 'server.log').read_text()}")

    def stop(self):
        """Kill it and whatever it started."""
        if self.process is not None:
            if self.process.poll() is None:
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(30)


@pytest.fixture(scope="session")
def shared_server(tmp_path_factory):
    """The server of all tests, killed when they are done."""
    pytest.importorskip("mlflow.server", reason="needs the extra mlflow")
    server = Server(tmp_path_factory.mktemp("mlflow"))
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture
def server(shared_server, monkeypatch):
    """The server, running, as the one that runs log to."""
    shared_server.start()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", shared_server.uri)
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "digits")
    return shared_server


@pytest.fixture(scope="session")
def told(shared_server, tiny, tmp_path_factory):
    """A finished run that was told to both trackers."""
    parent = tmp_path_factory.mktemp("runs")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", shared_server.uri)
        patch.setenv("MLFLOW_EXPERIMENT_NAME", "digits")
        return vgglab.run(**tiny, name="told", log="tensorboard,mlflow", out=parent, progress="none")


@pytest.fixture
def run_with(tiny, tmp_path, monkeypatch):
    """Run, and do `deed` once the second epoch is on disk and not yet told."""
    from vgglab.training.checkpoint import Checkpoint

    def run(deed, **options):
        once = Checkpoint.write_history

        def then(checkpoint):
            once(checkpoint)
            if len(checkpoint.history) == 2:
                monkeypatch.setattr(Checkpoint, "write_history", once)
                deed()

        monkeypatch.setattr(Checkpoint, "write_history", then)
        return vgglab.run(**tiny, **options, name="stopped", out=tmp_path, progress="none")

    return run
