"""What somebody does with a watch: reads findings, has it speak, has it stop, has it write a run folder."""

import json

import keras
import numpy as np
import pytest
from keras import layers

import vgglab
from vgglab.diagnosis.records import read_signals
from vgglab.errors import RunError, UsageError
from vgglab.runs.store import Run


def hopeless() -> keras.Model:
    """A network whose loss is no number after the first step."""
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((5,)), layers.Dense(4, "relu"), layers.Dense(1)])
    model.compile(keras.optimizers.SGD(1e30), "mse")
    return model


@pytest.fixture(scope="module")
def diverged(tmp_path_factory, table):
    """A watch with a folder over a hopeless training that was to be stopped, and how long that was."""
    watch = vgglab.Watch(tmp_path_factory.mktemp("runs") / "mine", stop_on=["diverged"])
    history = hopeless().fit(*table, epochs=5, verbose=0, batch_size=16, callbacks=[watch])
    return watch, len(history.history["loss"])


def test_a_hopeless_training_is_stopped_at_the_finding_that_it_was_to_be_stopped_on(diverged):
    watch, epochs = diverged
    assert epochs == 1 and watch.findings[0]["code"] == "diverged" and watch.status == "diverged"
    assert watch.signals[1]["nonfinite"]["step"] <= 3


def test_findings_are_a_list_that_reads_as_text_and_as_a_table(diverged):
    findings = diverged[0].findings
    assert isinstance(findings, list) and repr(findings) == str(findings) and repr(findings).startswith("error: ")
    assert "learning_rate" in repr(findings) and "train.learning_rate" not in repr(findings)
    shown = findings._repr_html_()
    assert shown.count("<p><strong>") == len(findings) and shown.count("<table") <= len(findings) and "<table" in shown


def test_the_folder_is_a_run_like_any_other(diverged):
    watch, _ = diverged
    run = Run(watch.place)
    assert (run.status, run.watched, run.config.train.optimizer) == ("diverged", True, "sgd")
    assert read_signals(run.folder / "signals.jsonl") == json.loads(json.dumps(watch.signals))
    assert [found["code"] for found in run.findings] == [found["code"] for found in watch.findings]
    assert run.config.train.batch_size == 16 and run.record.epochs_done == 1


def test_what_is_certain_is_said_once_as_soon_as_it_is(table, capsys):
    watch = vgglab.Watch(live=True, language="fr")
    hopeless().fit(*table, epochs=3, verbose=0, batch_size=16, callbacks=[watch])
    said = [line for line in capsys.readouterr().err.splitlines() if "epoch 1" in line]
    assert len(said) == 1 and said[0].startswith("vgglab: epoch 1: ")


def test_a_second_fit_is_more_of_the_same_training_and_another_model_a_new_one(nets, table):
    watch, model = vgglab.Watch(), nets["noisy"]()
    for epochs in (2, 3):
        model.fit(*table, epochs=epochs, verbose=0, batch_size=1, callbacks=[watch])
    assert [line["epoch"] for line in watch.signals] == [0, 1, 2, 5] and len(watch.history) == 5
    nets["own"]().fit(*table, verbose=0, callbacks=[watch])
    assert [line["epoch"] for line in watch.signals] == [0, 1] and len(watch.history) == 1


def test_a_stop_of_somebody_elses_still_gets_a_last_look(nets, table):
    watch = vgglab.Watch(every=10)
    stop = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: setattr(model, "stop_training", epoch == 4))
    model = nets["noisy"]()
    model.fit(*table, epochs=20, verbose=0, callbacks=[watch, stop])
    assert [line["epoch"] for line in watch.signals] == [0, 1, 2, 5]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"stop_on": ["divergd"]}, "no finding; expected some of .*diverged"),
        ({"language": "de"}, "expected one of en, fr"),
        ({"every": 0}, "expected a whole number of epochs"),
        ({"log": "tensorboard"}, "needs a folder"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_the_training(given, told):
    with pytest.raises(UsageError, match=told):
        vgglab.Watch(**given)


def test_a_folder_that_holds_a_run_is_refused_before_the_training(diverged):
    with pytest.raises(RunError, match="never overwritten"):
        vgglab.Watch(diverged[0].place)


def test_without_data_what_there_is_is_recorded(nets, table):
    watch, model = vgglab.Watch(), nets["noisy"](built=True)
    callbacks = keras.callbacks.CallbackList([watch], model=model, epochs=1)
    callbacks.on_train_begin()
    callbacks.on_epoch_begin(0)
    callbacks.on_train_batch_begin(0)
    logs = {"loss": float(model.train_on_batch(*table, return_dict=True)["loss"])}
    callbacks.on_train_batch_end(0, logs)
    callbacks.on_epoch_end(0, logs)
    callbacks.on_train_end(logs)
    start, line = watch.signals
    assert (
        start["model"]["unseen"] == ["no_data"]
        and line["first_update"]["last"] > 0
        and not np.isnan(watch.history[0]["loss"])
    )
