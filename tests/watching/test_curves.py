"""`vgglab.diagnose`: curves alone, in whatever form people have them, and that it is only that."""

import csv
import json
from types import SimpleNamespace

import keras
import pytest

import vgglab
from vgglab.errors import DataError, UsageError
from vgglab.watching.losses import read_losses

FELL = [1.0, 0.5, 0.2, 0.1, 0.05]
BY_HEART = {"loss": FELL, "val_loss": [1.0, 0.8, 0.9, 1.2, 1.6]}
STUCK = {"loss": [2.303] * 6, "accuracy": [0.1] * 6, "val_loss": [2.303] * 6, "val_accuracy": [0.1] * 6}


def coded(*arguments) -> list[str]:
    return [found["code"] for found in vgglab.diagnose(*arguments)]


def network(units: int, activation: str, loss: str) -> keras.Model:
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(units, activation=activation)])
    model.compile(loss=loss)
    return model


def written(path, header: str, *rows: str):
    path.write_text("\n".join([header, *rows]))
    return path


class Frame:
    """As much of pandas's as is asked of it."""

    def __init__(self, columns: dict):
        self.columns, self.to_dict = list(columns), lambda form: columns


@pytest.mark.parametrize(
    "history",
    [
        BY_HEART,
        SimpleNamespace(history=BY_HEART),
        Frame(BY_HEART),
        [dict(zip(BY_HEART, row, strict=True)) for row in zip(*BY_HEART.values(), strict=True)],
    ],
    ids=["dict", "History", "frame", "rows"],
)
def test_curves_are_read_in_the_forms_that_people_have_them_in(history):
    assert coded(history) == ["overfitting", "curves_alone"]


@pytest.mark.parametrize(
    ("curves", "code"),
    [
        ({"loss": [1.0, float("nan"), float("nan")]}, "diverged"),
        ({"loss": [0.7] * 6, "accuracy": [0.5] * 6}, "not_learned_yet"),
        ({"loss": FELL, "accuracy": [0.5, 0.8, 0.9, 0.96, 0.98]}, "learned"),
        ({"loss": FELL, "val_loss": [1.0, float("nan"), 0.3, 0.2, 0.2]}, "overfitting"),
    ],
)
def test_what_curves_tell_is_said_first_and_last_that_it_is_only_that(curves, code):
    found = vgglab.diagnose(curves)
    assert [found[0]["code"], found[-1]["code"]] == [code, "curves_alone"]
    assert ", step" not in str(found) and "vgglab.Watch()" in str(found)


def test_without_the_model_nothing_is_held_against_guessing():
    assert "guessing costs is not known here" in str(
        vgglab.diagnose({"loss": FELL, "accuracy": [0.5, 0.8, 0.9, 0.96, 0.98]})
    )


def test_with_the_model_guessing_is_known_and_its_ending_is_looked_at():
    classes = network(10, "softmax", "sparse_categorical_crossentropy")
    assert coded(STUCK, classes)[0] == "not_learned_yet"
    found = vgglab.diagnose({"loss": [2.3, *FELL]}, classes)
    assert "where guessing evenly costs 2.303" in str(found) and found[-1]["case"] == "model"
    assert coded(STUCK, network(1, "softmax", "binary_crossentropy"))[0] == "activation_mismatch"


def test_a_model_that_was_not_trained_is_refused():
    with pytest.raises(UsageError, match="the model is not compiled"):
        vgglab.diagnose(BY_HEART, keras.Sequential([keras.layers.Dense(1)]))


def test_findings_are_in_french_where_that_is_asked_for():
    assert "courbes" in repr(vgglab.diagnose(BY_HEART, language="fr"))


@pytest.mark.parametrize(
    ("header", "rows", "losses"),
    [
        ("epoch,accuracy,loss,val_loss", ["0,0.5,1.0,1.5", "1,0.6,0.5,1.25"], [(1.0, 1.5), (0.5, 1.25)]),
        ("epoch;Train Loss;Valid Loss", ["0;1.0;1.5", "1;0.5;1.25"], [(1.0, 1.5), (0.5, 1.25)]),
        ("\ufefftrain_loss\tval_loss", ["1.0\t1.5", "", "0.5\t"], [(1.0, 1.5), (0.5, None)]),
        ("epoch,step,train_loss,val_loss", ["0,9,,1.5", "0,9,1.0,", "1,19,,1.25"], [(1.0, 1.5), (None, 1.25)]),
    ],
    ids=["CSVLogger", "semicolons", "tabs", "a row for each part"],
)
def test_a_table_of_losses_is_read_under_the_names_and_marks_of_others(tmp_path, header, rows, losses):
    curves = read_losses(written(tmp_path / "log.csv", header, *rows))
    assert [(row["loss"], row["val_loss"]) for row in curves.rows] == losses


def test_what_keras_logs_is_read_as_keras_writes_it(tmp_path):
    model, x = network(1, "linear", "mse"), keras.ops.ones((4, 4))
    model.run_eagerly = True  # for so few steps
    logger = keras.callbacks.CSVLogger(tmp_path / "log.csv")
    history = model.fit(x, x[:, :1], epochs=3, verbose=0, validation_data=(x, x[:, :1]), callbacks=[logger])
    kept, logged = read_losses(history), read_losses(tmp_path / "log.csv")
    assert len(kept.rows) == 3 and [row["val_loss"] for row in logged.rows] == [row["val_loss"] for row in kept.rows]


def test_a_runs_own_history_is_read_as_well(write_run):
    path = write_run("a", [2.3, 1.0]).folder / "history.csv"
    with path.open() as file:
        assert [row["loss"] for row in csv.DictReader(file)] == ["2.3", "1.0"]
    assert [row["learning_rate"] for row in read_losses(path).rows] == [0.1, 0.1]


def test_accuracies_in_percent_are_shares_and_what_is_none_is_left_out():
    assert read_losses({"loss": [1.0], "acc": [55.0]}).rows[0]["accuracy"] == 0.55
    assert read_losses({"loss": [1.0], "acc": [-3.0]}).rows[0]["accuracy"] is None


def test_validation_every_few_epochs_is_put_to_its_epochs():
    rows = read_losses({"loss": [1.0, 0.9, 0.8, 0.7], "val_loss": [2.0, 1.5]}).rows
    assert [row["val_loss"] for row in rows] == [None, 2.0, None, 1.5]


@pytest.mark.parametrize(
    ("history", "told"),
    [
        ({}, "no column for the training loss among none; expected loss"),
        ({"accuracy": [1]}, "no column for the training loss among accuracy"),
        ({"loss": []}, "holds no epoch"),
        ({"loss": ["much"]}, "row 1: loss is 'much'; expected a number"),
        ({"loss": 3.0}, "a column of the history is '3.0'; expected a list"),
        ({"loss": [1, 2, 3, 4], "val_loss": [1, 2, 3]}, "val_loss has 3 values, the loss 4"),
    ],
)
def test_a_history_without_losses_is_one_line(history, told):
    with pytest.raises(DataError) as caught:
        vgglab.diagnose(history)
    assert told in str(caught.value) and "\n" not in str(caught.value)


def test_what_is_no_history_is_one_line():
    with pytest.raises(UsageError, match="the history is of type int; expected a Keras History"):
        vgglab.diagnose(3)


def test_the_command_line_takes_a_file_of_losses(tmp_path, told):
    path = written(
        tmp_path / "log.csv", "loss,val_loss", *(f"{a},{b}" for a, b in zip(*BY_HEART.values(), strict=True))
    )
    code, shown, said = told("diagnose", path)
    assert (code, said) == (0, "") and shown.startswith("warning: Since epoch 2") and "only" in shown.lower()
    _, shown, _ = told("diagnose", path, "--json", "--lang", "fr")
    assert [found["code"] for found in json.loads(shown)] == ["overfitting", "curves_alone"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "log.csv: is empty"),
        (b"\xff\xfe\x00", "log.csv: cannot be read as a table"),
        (b"0.5,0.4\n0.3,0.2\n", "log.csv: no column for the training loss among 0.5, 0.4"),
        (b"loss\n", "log.csv: holds no epoch"),
        (b"loss,val_loss\n1\n", "log.csv: row 1 has 1 cells, the header 2"),
        (b"loss\n1\nmuch\n", "log.csv: row 2: loss is 'much'; expected a number"),
    ],
)
def test_a_file_without_losses_is_one_line(tmp_path, told, content, said):
    (tmp_path / "log.csv").write_bytes(content)
    code, shown, error = told("diagnose", tmp_path / "log.csv")
    assert (code, shown, error.count("\n")) == (1, "", 1) and said in error


def test_a_file_that_is_missing_and_a_proof_of_one_are_refused(tmp_path, told):
    assert told("diagnose", tmp_path / "none.csv")[::2] == (
        1,
        f"vgglab: {tmp_path / 'none.csv'}: no such file; expected a CSV file with a column for the loss\n",
    )
    code, _, error = told("diagnose", written(tmp_path / "log.csv", "loss", "1"), "--prove")
    assert code == 2 and "a table of losses; --prove trains" in error
