"""MLflow: a run there for each of ours, at MLFLOW_TRACKING_URI or in a local SQLite store."""

import contextlib
import io
import logging
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from vgglab.runs.store import Run
from vgglab.tracking.content import MODEL, epoch_scalars, files, findings_text, settings, test_scalars

STORE = "mlflow.db"  # in the working directory, where `mlflow ui` looks
EXPERIMENT = "vgglab"
STATUSES = {"finished": "FINISHED", "interrupted": "KILLED"}  # whatever else there is has FAILED
# What the user has not set: nobody is called home, and a server that is gone is not waited for as long as MLflow would.
ENVIRONMENT = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",
}


class MlflowRun:
    """Tells one MLflow run of ours; a run that goes on, goes on there too."""

    def __init__(self, folder: Path, known: dict[str, Any]):
        self.known = known
        self.uri = os.environ.get("MLFLOW_TRACKING_URI") or known.get("uri") or default_uri()

    @property
    def place(self) -> str:
        """Where it can be looked at."""
        return f"MLflow: run {self.known.get('run_id')} at {self.uri}"

    def begin(self, run: Run) -> None:
        """Make the run there, with its settings; or go on with the one that was made before."""
        with quiet():
            self.client = connect(self.uri)
            if "run_id" in self.known:
                self.client.update_run(self.known["run_id"], status="RUNNING")
            else:
                made = self.client.create_run(experiment_id(self.client), run_name=run.name, tags=tags_of(run))
                self.known |= {"run_id": made.info.run_id, "uri": self.uri, "epochs": 0}
            self.log_params(settings(run))

    def update(self, run: Run) -> None:
        """Tell the epochs that were not told yet."""
        with quiet():
            for epoch, scalars in epoch_scalars(run, self.known["epochs"]):
                self.log_metrics(scalars, epoch)
                self.known["epochs"] = epoch

    def end(self, run: Run) -> None:
        """Hand over test figures, findings, files and the best model, and say how it ended."""
        run_id, status = self.known["run_id"], STATUSES.get(run.status, "FAILED")
        with quiet():
            if run.status in ("finished", "diverged"):
                self.log_metrics(test_scalars(run), run.record.epochs_done)
                self.client.set_tag(run_id, "mlflow.note.content", findings_text(run))
                for path in files(run.folder):
                    below = path.parent.relative_to(run.folder).as_posix()
                    self.client.log_artifact(run_id, str(path), None if below == "." else below)
                if (run.folder / MODEL).exists():
                    self.client.log_artifact(run_id, str(run.folder / MODEL), "model")
            self.client.set_terminated(run_id, status)

    def close(self) -> None:
        """Nothing is left open."""

    def log_metrics(self, scalars: dict[str, float], step: int) -> None:
        """Figures at an epoch."""
        from mlflow.entities import Metric

        now = int(time.time() * 1000)
        metrics = [Metric(name, value, now, step) for name, value in scalars.items()]
        self.client.log_batch(self.known["run_id"], metrics=metrics)

    def log_params(self, values: dict[str, Any]) -> None:
        """Settings."""
        from mlflow.entities import Param

        self.client.log_batch(self.known["run_id"], params=[Param(name, str(value)) for name, value in values.items()])


def default_uri() -> str:
    """The SQLite store in the working directory."""
    return f"sqlite:///{Path(STORE).absolute()}"


def check_server() -> None:
    """Ask the tracking server for something.

    Raises:
        Exception: whatever MLflow raises where there is no server, or no permission.
    """
    uri = os.environ.get("MLFLOW_TRACKING_URI") or default_uri()
    with quiet():
        connect(uri).search_experiments(max_results=1)


def connect(uri: str) -> Any:
    """A client of the tracking server or store at `uri`."""
    from mlflow import MlflowClient

    return MlflowClient(tracking_uri=uri)


def experiment_id(client: Any) -> str:
    """The experiment of MLFLOW_EXPERIMENT_NAME, made where there is none."""
    from mlflow.exceptions import MlflowException

    name = os.environ.get("MLFLOW_EXPERIMENT_NAME") or EXPERIMENT
    found = client.get_experiment_by_name(name)
    if found is None:
        try:
            return client.create_experiment(name)
        except MlflowException:  # another run has made it in the meantime
            found = client.get_experiment_by_name(name)
            if found is None:
                raise
    return found.experiment_id


def tags_of(run: Run) -> dict[str, str]:
    """Where the run's folder is, and the name of the study that it is of."""
    folder = run.folder.absolute()
    study = {"vgglab.study": folder.parent.name} if (folder.parent / "study.yaml").exists() else {}
    return {"vgglab.folder": str(folder), **study}


def import_mlflow() -> None:
    """Import MLflow with our settings; what the user has set is respected."""
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    import mlflow  # noqa: F401


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep to itself what MLflow prints on stdout, and what it and its libraries report of their work."""
    import_mlflow()  # it sets its loggers up
    loggers = [logging.getLogger(name) for name in ("mlflow", "alembic", "urllib3")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
