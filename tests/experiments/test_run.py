"""One run: its folder, its figures, and what happens when it is stopped."""

import json
import shutil
import signal
import subprocess
import sys

import keras
import numpy as np
import pytest

import vgglab
from vgglab.errors import ConfigError, DataError, RunError
from vgglab.experiments import run as experiment
from vgglab.experiments.run import resolve_config, start_model, watch
from vgglab.keras_tools.threads import threads_of
from vgglab.runs.door import read_json

FILES = {
    *("config.yaml", "run.json", "environment.json", "history.csv", "signals.jsonl", "findings.json", "metrics.json"),
    *("best.keras", "last.keras", "architecture.json", "model.weights.h5", "classes.json", "split.json"),
    *("predictions.csv", "confusion_matrix.csv", "confusion_matrix.svg", "confusion_matrix.png"),
    *("curves.svg", "curves.png", "summary.txt", "network.json", "examples.json", "examples"),
}


def weights_of(run: vgglab.Run) -> list[np.ndarray]:
    return vgglab.load_classifier(run.folder / "last.keras").model.get_weights()


def same_bits(first: vgglab.Run, second: vgglab.Run) -> bool:
    pairs = zip(weights_of(first), weights_of(second), strict=True)
    return all(np.array_equal(one, other) for one, other in pairs)


def images_of(run: vgglab.Run) -> np.ndarray:
    return vgglab.load_data("digits", limit=run.config.data.limit).test.images


def start_training(out, options: dict) -> subprocess.Popen:
    flags = [f"--{key.replace('_', '-')}={value}" for key, value in options.items()]
    command = [sys.executable, "-m", "vgglab", "train", "--json", "--out", str(out), *flags]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_a_finished_run_leaves_a_complete_folder(trained):
    assert {path.name for path in trained.folder.iterdir()} - {".lock"} == FILES | {"source"}
    assert trained.status == "finished" and len(trained.history) == 3
    assert trained.record.best_epoch == trained.best["epoch"]


def test_a_run_records_its_engine_and_on_how_many_threads_it_was_computed(trained):
    threads = read_json(trained.folder / "environment.json", dict)["threads"]
    assert trained.record.engine == "keras_fit" and threads == threads_of(keras.backend.backend())


def test_a_run_copied_elsewhere_evaluates_to_the_same_figures(trained, tmp_path):
    copy = shutil.copytree(trained.folder, tmp_path / "copy")
    (copy / "metrics.json").unlink()
    assert vgglab.evaluate(copy) == trained.metrics
    assert (copy / "predictions.csv").read_text() == (trained.folder / "predictions.csv").read_text()


def test_the_saved_model_is_plain_keras_and_takes_raw_images(trained):
    images = images_of(trained)
    plain = keras.saving.load_model(trained.folder / "best.keras")
    np.testing.assert_allclose(plain.predict(images, verbose=0), trained.predict(images), atol=1e-6)


def test_the_saved_model_knows_its_class_names(trained):
    classifier = vgglab.load_classifier(trained.folder / "best.keras")
    assert classifier.classes == [str(digit) for digit in range(10)]
    names = classifier.classify(images_of(trained)[:5])
    assert names == [classifier.classes[k] for k in trained.predict(images_of(trained)[:5]).argmax(1)]


def test_architecture_and_weights_make_the_same_model(trained):
    model = keras.models.model_from_json((trained.folder / "architecture.json").read_text())
    model.load_weights(trained.folder / "model.weights.h5")
    images = images_of(trained)
    np.testing.assert_allclose(model.predict(images, verbose=0), trained.predict(images), atol=1e-6)


def test_signals_hold_the_first_steps_and_a_line_an_epoch(trained):
    start, *lines = [json.loads(line) for line in (trained.folder / "signals.jsonl").read_text().splitlines()]
    assert start["epoch"] == 0 and [line["epoch"] for line in lines] == [1, 2, 3]
    assert len(lines[0]["step_loss"]) == 2 and lines[0]["first_update"]["block1_conv1"] > 0
    assert set(lines[-1]["dead"]) >= {"block1_conv1_relu", "fc1"} and 1 <= lines[-1]["classes_predicted"] <= 10
    assert lines[-1]["initial_statistics"] == round(0.99**6, 5)  # two steps an epoch


class CtrlC(keras.callbacks.Callback):
    """A real interrupt, in the second epoch after its first step."""

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch

    def on_train_batch_end(self, batch, logs=None):
        if (self.epoch, batch) == (1, 0):
            signal.raise_signal(signal.SIGINT)


def test_a_run_that_was_interrupted_goes_on_to_the_same_bits_as_one_that_was_not(trained, tiny, tmp_path, monkeypatch):
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(experiment, "watch", lambda *arguments: [*watch(*arguments), CtrlC()])
        vgglab.run(**tiny, name="stopped", out=tmp_path, progress="none")
    stopped = vgglab.load(tmp_path / "stopped")
    assert stopped.status == "interrupted" and len(stopped.history) == 1
    resumed = vgglab.resume(tmp_path / "stopped", progress="none")
    assert resumed.status == "finished" and same_bits(resumed, trained)


class ReplacedCtrlC(CtrlC):
    """The same, where the library that was at work raises something of its own."""

    def on_train_batch_end(self, batch, logs=None):
        try:
            super().on_train_batch_end(batch)
        except KeyboardInterrupt:
            raise ValueError("the file is still being written") from None


def test_an_interrupt_that_became_another_error_is_one_all_the_same(tiny, tmp_path, monkeypatch):
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(experiment, "watch", lambda *arguments: [*watch(*arguments), ReplacedCtrlC()])
        vgglab.run(**tiny, name="stopped", out=tmp_path, progress="none")
    stopped = vgglab.load(tmp_path / "stopped").record
    assert (stopped.status, stopped.message, stopped.epochs_done) == ("interrupted", "stopped by the user", 1)


def test_a_run_that_is_kept_elsewhere_goes_on_on_another_machine(trained, tiny, tmp_path, monkeypatch):
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(experiment, "watch", lambda *arguments: [*watch(*arguments), CtrlC()])
        vgglab.run(**tiny, name="stopped", out="memory://runs", progress="none")
    monkeypatch.setenv("VGGLAB_CACHE", str(tmp_path / "another machine"))
    resumed = vgglab.resume("memory://runs/stopped", progress="none")
    assert resumed.folder.is_relative_to(tmp_path) and len(resumed.history) == 3 and same_bits(resumed, trained)
    monkeypatch.setenv("VGGLAB_CACHE", str(tmp_path / "a third"))
    assert vgglab.load("memory://runs/stopped").metrics == resumed.metrics
    assert [row["val_loss"] for row in resumed.history] == [row["val_loss"] for row in trained.history]


def test_ctrl_c_on_the_command_line_is_one_line_and_code_130(tiny, tmp_path):
    process = start_training(tmp_path, tiny | {"name": "stopped", "epochs": 10_000})
    assert json.loads(process.stdout.readline())["event"] == "epoch"
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate()
    assert process.returncode == 130 and vgglab.load(tmp_path / "stopped").status == "interrupted"
    assert errors.count("\n") == 1
    assert errors.startswith("vgglab: interrupted; whole epochs are kept, and vgglab train --resume RUN goes on")


def test_another_seed_gives_another_network(tiny):
    first, second = (resolve_config(None, tiny | {"seed": seed}) for seed in (0, 1))
    dataset = vgglab.load_data("digits", limit=100)
    kernels = [start_model(config, dataset).get_weights()[0] for config in (first, first, second)]
    assert np.array_equal(kernels[0], kernels[1]) and not np.array_equal(kernels[0], kernels[2])


def test_a_loss_that_is_not_finite_stops_the_run_at_once_and_keeps_everything(tmp_path):
    run = vgglab.run(limit=100, width=0.05, learning_rate=1e20, epochs=50, batch_size=10, out=tmp_path)
    assert run.status == "diverged" and len(run.history) < 50
    assert "the loss became" in run.record.message and "step" in run.record.message
    assert run.findings[0]["code"] == "diverged" and (run.folder / "history.csv").exists()


def test_a_finished_run_does_not_go_on(trained):
    with pytest.raises(RunError, match=r"finished; only a run that was stopped can go on"):
        vgglab.resume(trained.folder)


def test_a_batch_larger_than_the_data_is_one_smaller_batch(tiny, tmp_path):
    run = vgglab.run(**tiny | {"epochs": 1}, batch_size=1000, out=tmp_path, progress="none")
    *_, line = (run.folder / "signals.jsonl").read_text().splitlines()
    assert run.status == "finished" and len(json.loads(line)["step_loss"]) == 1


def test_a_crop_that_can_leave_nothing_of_an_image_is_refused(tiny, tmp_path):
    with pytest.raises(ConfigError, match=r"augment.crop is 32; the images are 32x32"):
        vgglab.run(**tiny, crop=32, out=tmp_path / "runs")
    assert not (tmp_path / "runs").exists()


def test_data_that_the_run_was_not_trained_on_is_refused(trained, tmp_path):
    copy = shutil.copytree(trained.folder, tmp_path / "copy")
    config = (copy / "config.yaml").read_text()
    (copy / "config.yaml").write_text(config.replace("split_seed: 0", "split_seed: 1"))
    (copy / "run.json").write_text((copy / "run.json").read_text().replace('"finished"', '"interrupted"'))
    for verb in (vgglab.evaluate, vgglab.resume):
        with pytest.raises(DataError, match="holds other images than the run's"):
            verb(copy)


@pytest.mark.parametrize("name", ["best.keras", "split.json", "classes.json", "config.yaml", "run.json"])
def test_a_run_folder_that_lacks_a_file_is_one_line_that_names_it(trained, tmp_path, name):
    copy = shutil.copytree(trained.folder, tmp_path / "copy")
    (copy / name).unlink()
    with pytest.raises(RunError) as caught:
        vgglab.evaluate(copy)
    assert name in str(caught.value) and "\n" not in str(caught.value)


def test_a_model_file_cut_in_half_is_one_line(trained, tmp_path):
    copy = shutil.copytree(trained.folder, tmp_path / "copy")
    whole = (copy / "best.keras").read_bytes()
    (copy / "best.keras").unlink()
    (copy / "best.keras").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(RunError, match="not a readable"):
        vgglab.evaluate(copy)
