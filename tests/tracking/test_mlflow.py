"""What an MLflow server knows of a run is what the run's folder holds; without the server the run goes on."""

import pytest

import vgglab
from vgglab.errors import TrackingError
from vgglab.runs.files import read_json
from vgglab.tracking.trackers import check_trackers

mlflow = pytest.importorskip("mlflow", reason="needs the extra mlflow")


def away(log_batch):
    """A `log_batch` that fails the first time."""
    left = [ConnectionError("away")]

    def once(*arguments, **named):
        if left:
            raise left.pop()
        return log_batch(*arguments, **named)

    return once


def read(run, server):
    """A client, and the run as the server has it."""
    client = mlflow.MlflowClient(server.uri)
    return client, client.get_run(read_json(run.folder / "tracking.json")["trackers"]["mlflow"]["run_id"])


def test_the_figures_of_each_epoch_are_those_of_the_history(told, server):
    client, there = read(told, server)
    for name in ("loss", "accuracy", "val_loss", "val_accuracy", "learning_rate", "seconds"):
        known = [(metric.step, metric.value) for metric in client.get_metric_history(there.info.run_id, name)]
        assert known == [(row["epoch"], row[name]) for row in told.history] and len(known) == 3
    assert there.data.metrics["test_accuracy"] == told.metrics["accuracy"]
    assert {"signals/entropy", "signals/update_largest", "signals/dead_median"} <= set(there.data.metrics)


def test_name_experiment_settings_and_status_are_there(told, server):
    client, there = read(told, server)
    assert there.info.run_name == "told" and there.info.status == "FINISHED" and there.info.end_time
    assert client.get_experiment(there.info.experiment_id).name == "digits"
    assert there.data.params["train.learning_rate"] == "0.1" and there.data.params["model.dense_units"] == "4096,4096"
    assert there.data.tags["mlflow.note.content"].startswith("- **") and "log" not in there.data.params


def test_files_and_the_model_are_there_and_the_model_predicts(told, server, tmp_path):
    client, there = read(told, server)
    names = {file.path for file in client.list_artifacts(there.info.run_id)}
    assert names >= {"config.yaml", "findings.json", "metrics.json", "confusion_matrix.png", "curves.png", "model"}
    path = client.download_artifacts(there.info.run_id, "model/best.keras", str(tmp_path))
    assert vgglab.load_classifier(path).classes == told.classes


def test_a_stopped_run_is_killed_there_and_goes_on_as_the_same_one(stopped, server, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        stopped("mlflow")
    client, there = read(vgglab.load(tmp_path / "stopped"), server)
    assert there.info.status == "KILLED"
    run = vgglab.resume(tmp_path / "stopped", progress="none")
    _, again = read(run, server)
    steps = [metric.step for metric in client.get_metric_history(again.info.run_id, "loss")]
    assert again.info.run_id == there.info.run_id and again.info.status == "FINISHED" and steps == [1, 2, 3]


def test_a_run_that_diverges_has_failed_there(server, tiny, tmp_path):
    run = vgglab.run(**tiny | {"learning_rate": 1e20}, log="mlflow", out=tmp_path, progress="none")
    _, there = read(run, server)
    assert run.status == "diverged" and there.info.status == "FAILED"


def test_a_server_that_dies_costs_one_line_and_the_run_goes_on(stopped, server, capfd):
    run = stopped("mlflow", deed=server.stop)
    said = capfd.readouterr().err.splitlines()
    assert run.status == "finished" and len(run.history) == 3 and run.metrics
    assert len(said) == 1 and said[0].startswith("vgglab: mlflow is told no more: ") and "the run goes on" in said[0]


def test_a_tracker_that_comes_back_is_told_in_the_end_what_it_missed(stopped, server, monkeypatch):
    client = mlflow.MlflowClient
    run = stopped("mlflow", deed=lambda: monkeypatch.setattr(client, "log_batch", away(client.log_batch)))
    _, there = read(run, server)
    steps = [metric.step for metric in client(server.uri).get_metric_history(there.info.run_id, "val_loss")]
    assert there.info.status == "FINISHED" and steps == [1, 2, 3]


def test_a_server_that_does_not_answer_is_an_error_before_the_run(monkeypatch, tiny, tmp_path):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with pytest.raises(TrackingError, match="--log mlflow: the store does not answer .* set MLFLOW_TRACKING_URI"):
        vgglab.run(**tiny, log="mlflow", out=tmp_path)
    assert list(tmp_path.iterdir()) == []
    check_trackers(())
