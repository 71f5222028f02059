"""Without a server, MLflow is told by way of a SQLite store in the working directory."""

import subprocess
import sys

import pytest

pytest.importorskip("mlflow.server", reason="needs the extra mlflow")
mlflow = pytest.importorskip("mlflow")
TELL = """
from pathlib import Path
from vgglab.tracking.trackers import tracked
with tracked(Path("local"), ("mlflow",), str):
    pass
"""


def test_the_store_is_where_mlflow_looks_and_nothing_is_said(write_run, tmp_path, monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    run = write_run("local", losses=[2.3, 1.25])
    said = subprocess.run([sys.executable, "-c", TELL], cwd=tmp_path, capture_output=True, text=True, check=True)
    client = mlflow.MlflowClient(f"sqlite:///{tmp_path}/mlflow.db")
    (read,) = client.search_runs([client.get_experiment_by_name("vgglab").experiment_id])
    assert (said.stdout, said.stderr) == ("", "")
    assert (read.info.run_name, read.info.status, read.data.metrics["loss"]) == (run.name, "FINISHED", 1.25)
