"""A training that was only watched is told to trackers as any other is, with what it has."""

import pytest

from vgglab.tracking.trackers import Tracking


def test_tensorboard_gets_its_losses_and_what_is_known_of_it(write_watched):
    events = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    from tensorboard.plugins.hparams import metadata

    run = write_watched("a", [2.0, 0.5], [2.1, 0.6])
    tracking = Tracking(run.folder, ("tensorboard",), lambda place: None)
    tracking.begin()
    tracking.end()
    read = events.EventAccumulator(str(run.folder / "tensorboard")).Reload()
    assert [event.value for event in read.Scalars("val_loss")] == pytest.approx([2.1, 0.6])
    start = read.summary_metadata[metadata.SESSION_START_INFO_TAG].plugin_data.content
    told = metadata.parse_session_start_info_plugin_data(start).hparams
    assert told["train.loss"].string_value == "mean_squared_error" and "train.epochs" not in told
    assert "accuracy" not in read.Tags()["scalars"] and read.Tensors("findings")
