"""Without a server, MLflow is told by way of a SQLite store in the working directory."""

import subprocess
import sys

import pytest

pytest.importorskip("mlflow.server", reason="needs the extra mlflow")
TELL = """
from pathlib import Path
from vgglab.tracking.trackers import tracked
with tracked(Path("local"), ("mlflow",), str):
    pass
"""
READ = """
from mlflow import MlflowClient
client = MlflowClient("sqlite:///mlflow.db")
(run,) = client.search_runs([client.get_experiment_by_name("vgglab").experiment_id])
print(run.info.run_name, run.info.status, run.data.metrics["loss"])
"""


def test_the_store_is_where_mlflow_looks_and_nothing_is_said(write_run, tmp_path, monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    run = write_run("local", losses=[2.3, 1.25])
    said = subprocess.run([sys.executable, "-c", TELL], cwd=tmp_path, capture_output=True, text=True, check=True)
    read = subprocess.run([sys.executable, "-c", READ], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert (said.stdout, said.stderr) == ("", "") and read.stdout == f"{run.name} FINISHED 1.25\n"
