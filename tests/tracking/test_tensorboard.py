"""What TensorBoard reads in a run's event files is what the run's folder holds."""

import json

import pytest

import vgglab

event_accumulator = pytest.importorskip(
    "tensorboard.backend.event_processing.event_accumulator", reason="needs the extra tensorboard"
)
from tensorboard.plugins.hparams import metadata  # noqa: E402

SIGNALS = {f"signals/{name}" for name in ("entropy", "spread", "classes_predicted")}
SIGNALS |= {f"signals/{name}_{which}" for name in ("update", "dead") for which in ("median", "largest")}


def read(run):
    """What TensorBoard reads below a run's folder."""
    events = event_accumulator.EventAccumulator(str(run.folder / "tensorboard"), size_guidance={"images": 0})
    return events.Reload()


@pytest.fixture(scope="module")
def logged(tiny, tmp_path_factory):
    return vgglab.run(**tiny, name="logged", log="tensorboard", out=tmp_path_factory.mktemp("runs"), progress="none")


@pytest.mark.parametrize("name", ["loss", "accuracy", "val_loss", "val_accuracy", "learning_rate", "seconds"])
def test_the_figures_of_each_epoch_are_those_of_the_history(logged, name):
    told = [(event.step, event.value) for event in read(logged).Scalars(name)]
    assert told == [(row["epoch"], pytest.approx(row[name], rel=1e-6)) for row in logged.history] and len(told) == 3


def test_signals_and_test_figures_are_curves_too(logged):
    events = read(logged)
    assert set(events.Tags()["scalars"]) >= SIGNALS | {"test_accuracy", "test_loss"}
    assert events.Scalars("test_accuracy")[0].value == pytest.approx(logged.metrics["accuracy"])


def test_the_settings_are_hyperparameters_and_the_run_succeeded(logged):
    told = read(logged).summary_metadata
    start = metadata.parse_session_start_info_plugin_data(told[metadata.SESSION_START_INFO_TAG].plugin_data.content)
    end = metadata.parse_session_end_info_plugin_data(told[metadata.SESSION_END_INFO_TAG].plugin_data.content)
    assert start.group_name == "logged" and start.hparams["train.learning_rate"].number_value == pytest.approx(0.1)
    assert start.hparams["train.signals"].bool_value and start.hparams["model.dense_units"].string_value == "4096,4096"
    assert end.status == 1  # STATUS_SUCCESS


def test_pictures_and_findings_are_there(logged):
    events = read(logged)
    (picture,) = events.Images("confusion_matrix")
    (findings,) = events.Tensors("findings")
    assert picture.encoded_image_string == (logged.folder / "confusion_matrix.png").read_bytes()
    assert findings.tensor_proto.string_val[0].decode().startswith("- **")


def test_a_run_that_is_stopped_goes_on_in_the_same_folder(run_with, tmp_path):
    def stop():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_with(stop, log="tensorboard")
    before = vgglab.load(tmp_path / "stopped")
    assert [event.step for event in read(before).Scalars("loss")] == [row["epoch"] for row in before.history] != []
    run = vgglab.resume(tmp_path / "stopped", progress="none")
    assert [event.step for event in read(run).Scalars("loss")] == [1, 2, 3] and run.status == "finished"
    assert json.loads((run.folder / "tracking.json").read_text())["trackers"] == {"tensorboard": {"epochs": 3}}
