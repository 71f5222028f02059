"""A run that gets no better stops, and says so."""

import pytest

import vgglab
from vgglab.config.resolve import make_config
from vgglab.training.stopping import stopped_early

PHASES = [{"epochs": 2}, {"epochs": 6}]


@pytest.mark.parametrize(
    ("accuracies", "stops"),
    [
        ([], False),
        ([0.9, 0.5], False),  # a phase before the last one
        ([0.9, 0.9, 0.5], False),
        ([0.9, 0.9, 0.5, 0.6, 0.6], False),
        ([0.9, 0.9, 0.5, 0.6, 0.6, 0.5], True),
        ([0.9, 0.9, None, None], True),
        ([0.9, 0.9, 0.5, 0.6, 0.7, 0.8, 0.8, 0.8], False),  # they were all
    ],
)
def test_epochs_without_a_better_one_are_counted_in_the_last_phase(accuracies, stops):
    config = make_config({"train": {"phases": PHASES, "early_stopping": 2}})
    figures = enumerate(zip(accuracies, [1, 1, *[2] * 6], strict=False), 1)
    told = stopped_early(
        config, [{"epoch": n, "val_accuracy": a, "val_loss": 1.0, "phase": p} for n, (a, p) in figures]
    )
    assert bool(told) is stops
    assert not stops or told.endswith(f"epoch {len(accuracies)} of 8: val_accuracy got no better for 2 epochs")


def test_a_run_that_gets_no_better_is_finished_and_a_kill_after_its_last_epoch_changes_nothing(tmp_path):
    settings = {"learning_rate": 1e-12, "epochs": 50, "early_stopping": 2, "monitor": "val_loss"}
    run = vgglab.run(limit=100, width=0.05, **settings, out=tmp_path, progress="none")
    message = "stopped early after epoch 3 of 50: val_loss got no better for 2 epochs"
    run.record.status = "interrupted"
    run.record.save(run.folder)
    resumed = vgglab.resume(run.folder, progress="none")
    for one in (run, resumed):
        assert (one.record.message, len(one.history), one.record.best_epoch) == (message, 3, 1)
    assert resumed.ended_early and vgglab.load_classifier(run.folder / "last.keras")
