"""`vgglab.check` as somebody uses it, and before our own runs: the table, what it leaves as it was, what it refuses."""

import json
import random

import keras
import numpy as np
import pytest
from keras import layers as kl
from keras import ops
from PIL import Image

import vgglab
from vgglab.cli.app import app
from vgglab.cli.console import run_command
from vgglab.diagnosis.texts_of_checks import CHECKS, VERDICTS
from vgglab.errors import DataError, UsageError

X = np.random.default_rng(0).normal(size=(64, 4)).astype("float32")
Y = np.digitize(X[:, 0], [-0.4, 0.4])
TINY = ("--limit", 100, "--width", 0.05, "--batch-norm", "--learning-rate", 0.1)


def sequential(built=True, rate=0.01):
    keras.utils.set_random_seed(0)
    first = [keras.Input((4,))] if built else []
    inside = [kl.Dense(8, activation="relu"), kl.BatchNormalization(), kl.Dropout(0.5)]
    model = keras.Sequential([*first, *inside, kl.Dense(3, activation="softmax")])
    model.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


class Subclassed(keras.Model):
    def __init__(self):
        super().__init__()
        self.hidden, self.drop, self.last = kl.Dense(8, activation="relu"), kl.Dropout(0.5), kl.Dense(3)

    def call(self, x, training=False):
        return ops.softmax(self.last(self.drop(self.hidden(x), training=training)))


class Batches(keras.utils.PyDataset):
    def __len__(self):
        return 4

    def __getitem__(self, number):
        return X[16 * number :][:16], Y[16 * number :][:16]


@pytest.fixture(scope="module")
def healthy():
    """What a check says of a healthy network, its steps few."""
    return vgglab.check(sequential(), X[:48], Y[:48], validation_data=(X[48:], Y[48:]), steps=30)


def test_a_healthy_network_passes_with_a_row_for_each_check(healthy):
    assert healthy.passed and healthy.findings == [] == healthy.errors
    assert [row.check for row in healthy.rows] == list(CHECKS)
    assert {row.verdict for row in healthy.rows[:-1]} == {"passed"} and healthy.rows[-1].verdict == "told"


def test_the_result_prints_as_an_aligned_table_and_shows_itself_as_html(healthy):
    lines = str(healthy).splitlines()
    assert (
        lines[0].split() == ["check", "verdict", "what", "was", "seen"]
        and len({line.find("passed") for line in lines[1:9]}) == 1
    )
    assert lines[-1] == "Nothing speaks against a training." and healthy._repr_html_().count("<tr>") == 10
    assert json.loads(json.dumps(healthy.as_json()))["checks"][2]["verdict"] == "passed"


def state_of(model):
    """The bits of everything that a check must leave as it was."""
    generator = keras.src.random.seed_generator.global_seed_generator().state
    variables = [*model.variables, *model.optimizer.variables, *model.metrics_variables, generator]
    bits = [np.asarray(ops.convert_to_numpy(each.value)).tobytes() for each in variables]
    return bits, random.getstate(), [str(part) for part in np.random.get_state()]


def test_weights_optimizer_and_random_numbers_are_the_same_bits_afterwards():
    model = sequential()
    model.fit(X, Y, epochs=1, verbose=0)
    before = state_of(model)
    vgglab.check(model, X, Y, steps=12)
    assert len(before[0]) > 20 and state_of(model) == before


def test_a_training_comes_to_the_same_bits_whether_a_model_was_checked_before_or_not():
    trained = []
    for checked in (False, True):
        model = sequential(built=False)
        if checked:
            vgglab.check(model, X, Y, steps=12)
        model.fit(X, Y, epochs=1, verbose=0)
        trained.append([ops.convert_to_numpy(weight).tobytes() for weight in model.get_weights()])
    assert trained[0] == trained[1]


def test_findings_are_in_kerass_words_the_most_severe_first_without_what_follows_from_others():
    found = vgglab.check(sequential(), 1000 * X, Y, steps=30)
    codes = [one["code"] for one in found.findings]
    assert not found.passed and "inputs_out_of_scale" in codes and "first_loss_high" not in codes
    assert all(one["keras"] for one in found.findings) and "failed" in str(found)


def several():
    one, two = keras.Input((4,)), keras.Input((4,))
    hidden = kl.Dense(8, activation="relu")(kl.concatenate([one, two]))
    return keras.Model([one, two], [kl.Dense(3, activation="softmax")(hidden), kl.Dense(1)(hidden)])


@pytest.mark.parametrize(
    ("make", "loss", "given"),
    [
        (Subclassed, "sparse_categorical_crossentropy", (Batches(), None)),
        (several, ["sparse_categorical_crossentropy", "mean_squared_error"], ([X, X], [Y, X[:, 0]])),
    ],
)
def test_models_and_data_of_other_kinds_are_checked_too(make, loss, given):
    model = make()
    model.compile("adam", loss)
    found = vgglab.check(model, *given, steps=12)
    assert {row.check: found.seen(row) for row in found.rows if row.verdict in ("undone", "failed")} == {}


class Broken(keras.layers.Layer):
    def call(self, x, training=False):
        if training:
            raise ValueError("not today\nnor tomorrow")
        return x


def test_what_goes_wrong_in_a_check_is_its_row_and_the_others_go_on():
    model = keras.Sequential([keras.Input((4,)), Broken(), kl.Dense(3, activation="softmax")])
    model.compile("adam", "sparse_categorical_crossentropy")
    found = vgglab.check(model, X, Y)
    assert {row.verdict for row in found.rows} >= {"undone"} and len(found.rows) == len(CHECKS)
    assert "could not be done: ValueError" in str(found) and "tomorrow" not in str(found)


def test_what_cannot_be_checked_is_one_line():
    with pytest.raises(UsageError, match=r"not compiled; call model\.compile"):
        vgglab.check(Subclassed(), X, Y)
    with pytest.raises(DataError, match="expected as many of each"):
        vgglab.check(sequential(), X, Y[1:])
    with pytest.raises(DataError, match="expected numbers"):
        vgglab.check(sequential(), np.array([["a", 1, 2, 3]], dtype=object), Y[:1])


@pytest.fixture
def command(capfd, monkeypatch, tmp_path):
    """Call the command line in an empty folder: (exit code, stdout, stderr)."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments):
        code = run_command(app, [str(argument) for argument in arguments])
        return code, *capfd.readouterr()

    return call


def test_an_own_run_is_checked_from_its_config_in_french_for_machines_and_writes_nothing(command, tmp_path):
    code, out, _ = command("check", *TINY, "--lang", "fr", "--json")
    found = json.loads(out)
    assert code == 0 and found["passed"] and found["schema"] == 1 and found["findings"] == []
    assert [row["check"] for row in found["checks"]] == list(CHECKS)
    assert {row["verdict"] for row in found["checks"]} <= set(VERDICTS)
    assert any("exemples de validation" in row["seen"] for row in found["checks"])
    assert list(tmp_path.iterdir()) == []


def test_an_error_stops_a_training_that_checks_before_and_leaves_no_folder(command, tmp_path):
    for name in "ab":
        (tmp_path / "plain" / name).mkdir(parents=True)
        for number in range(20):
            Image.new("RGB", (32, 32), (12 * number,) * 3).save(tmp_path / "plain" / name / f"{number}.png")
    code, out, err = command("train", "--check", "--data", "plain", "--width", 0.05, "--image-size", 32)
    assert code == 1 and out == "" and not (tmp_path / "runs").exists()
    last = err.strip().splitlines()[-1]
    assert last.startswith("vgglab: the check before the training found: error: ") and "one single colour" in last


def test_check_is_for_one_new_run(command):
    code, _, err = command("train", "--check", "--seeds", 2)
    assert code == 2 and "vgglab check CONFIG" in err
