"""What an MLflow server knows of a run is what the run's folder holds; without the server the run goes on."""

import pytest

import vgglab
from vgglab.errors import TrackingError
from vgglab.runs.door import read_json
from vgglab.tracking.trackers import Tracking, check_trackers, tracked

mlflow = pytest.importorskip("mlflow", reason="needs the extra mlflow")


def run_id(run):
    return read_json(run.folder / "tracking.json", dict)["trackers"]["mlflow"]["run_id"]


def there(run, server):
    """The run as the server has it."""
    return mlflow.MlflowClient(server.uri).get_run(run_id(run))


def steps(run, server, name="val_loss"):
    return [metric.step for metric in mlflow.MlflowClient(server.uri).get_metric_history(run_id(run), name)]


@pytest.mark.parametrize("name", ["loss", "accuracy", "val_loss", "val_accuracy", "learning_rate", "seconds"])
def test_the_figures_of_each_epoch_are_those_of_the_history(told, server, name):
    known = mlflow.MlflowClient(server.uri).get_metric_history(run_id(told), name)
    assert [(point.step, point.value) for point in known] == [(row["epoch"], row[name]) for row in told.history]
    assert len(known) == 3


def test_signals_and_test_figures_are_there(told, server):
    metrics = there(told, server).data.metrics
    assert metrics["test_accuracy"] == told.metrics["accuracy"]
    assert {"signals/entropy", "signals/update_largest", "signals/dead_median", "test_loss"} <= set(metrics)


def test_name_experiment_settings_and_status_are_there(told, server):
    run = there(told, server)
    assert run.info.run_name == "told" and run.info.status == "FINISHED" and run.info.end_time
    assert mlflow.MlflowClient(server.uri).get_experiment(run.info.experiment_id).name == "digits"
    assert run.data.params["train.learning_rate"] == "0.1" and run.data.params["model.dense_units"] == "4096,4096"
    assert run.data.tags["mlflow.note.content"].startswith("- **") and "log" not in run.data.params


def test_files_and_the_model_are_there_and_the_model_predicts(told, server, tmp_path):
    client = mlflow.MlflowClient(server.uri)
    names = {file.path for file in client.list_artifacts(run_id(told))}
    assert names >= {"config.yaml", "findings.json", "metrics.json", "confusion_matrix.png", "curves.png", "model"}
    path = client.download_artifacts(run_id(told), "model/best.keras", str(tmp_path))
    assert vgglab.load_classifier(path).classes == told.classes


@pytest.mark.parametrize(("ours", "theirs"), [("diverged", "FAILED"), ("failed", "FAILED"), ("interrupted", "KILLED")])
def test_how_a_run_ended_is_told(write_run, server, ours, theirs):
    run = write_run("ended", losses=[2.3, 1.1], status=ours)
    with tracked(run.folder, ("mlflow",), print):
        pass
    assert there(run, server).info.status == theirs and steps(run, server) == [1, 2]


def test_a_run_that_was_only_watched_is_told_with_what_it_has(write_watched, server):
    run = write_watched("a", [2.0, 0.5], [2.1, 0.6], status="interrupted")
    tracking = Tracking(run.folder, ("mlflow",), lambda place: None)
    tracking.begin()
    tracking.end()
    told = there(run, server)
    assert told.data.metrics["val_loss"] == 0.6 and "accuracy" not in told.data.metrics
    assert told.data.params["model.class"] == "Sequential" and told.info.status == "KILLED"


def test_a_run_that_goes_on_is_the_same_run_there(write_run, server, tmp_path):
    run = write_run("stopped", losses=[2.3, 1.1], status="interrupted")
    with tracked(run.folder, ("mlflow",), print):
        pass
    before = run_id(run)
    longer = write_run("longer", losses=[2.3, 1.1, 0.7])
    (longer.folder / "history.csv").rename(run.folder / "history.csv")
    with tracked(run.folder, ("mlflow",), print) as tracking:
        assert there(run, server).info.status == "RUNNING"
        tracking.update()
    assert run_id(run) == before and steps(run, server) == [1, 2, 3]


def test_a_tracker_that_fails_is_told_in_the_end_what_it_missed(write_run, server, capsys, monkeypatch):
    run = write_run("unlucky", losses=[2.3, 1.1])
    tracking = Tracking(run.folder, ("mlflow",), print)
    with monkeypatch.context() as patch:
        patch.setattr(mlflow.MlflowClient, "create_run", lambda *_, **__: 1 / 0)
        tracking.begin()
        tracking.update()
    assert capsys.readouterr().err == "vgglab: mlflow is told no more: division by zero; the run goes on\n"
    tracking.end()
    assert steps(run, server) == [1, 2] and there(run, server).info.status == "FINISHED"


def test_a_server_that_dies_costs_one_line_and_the_run_goes_on(run_with, server, capfd, monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    run = run_with(server.stop, log="mlflow")
    said = capfd.readouterr().err.splitlines()
    assert run.status == "finished" and len(run.history) == 3 and run.metrics
    assert len(said) == 1 and said[0].startswith("vgglab: mlflow is told no more: ") and "the run goes on" in said[0]


def test_a_server_that_does_not_answer_is_an_error_before_the_run(monkeypatch, tmp_path):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with pytest.raises(TrackingError, match=r"--log mlflow: the store does not answer .* set MLFLOW_TRACKING_URI"):
        vgglab.run(log="mlflow", out=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_asked_for_where_nothing_is_logged(monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    check_trackers(())
