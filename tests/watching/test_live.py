"""What a watch says while a training goes on: what is certain, at once, once; and nothing that may still change."""

import keras
import pytest
from keras import layers

import vgglab
from vgglab.diagnosis.findings import Evidence, findings_of
from vgglab.watching.live import certain


def unfit() -> keras.Model:
    """A network that ends in a ReLU before a cross-entropy, and whose hidden weights begin far too large."""
    keras.utils.set_random_seed(0)
    hidden = layers.Dense(4, "relu", kernel_initializer=keras.initializers.RandomNormal(stddev=20.0))
    model = keras.Sequential([keras.Input((5,)), hidden, layers.Dense(1, "relu")])
    model.compile("sgd", "binary_crossentropy")
    return model


@pytest.mark.parametrize("in_batches", [False, True])
def test_what_holds_before_the_first_step_is_said_at_once_and_what_may_change_is_not(in_batches, table, capsys):
    inputs, targets = (1000 * table[0]).astype("float32"), (table[1] > 0).astype(int)
    batches = ((inputs[at : at + 16], targets[at : at + 16]) for at in range(0, 96, 16))
    given = (
        {"x": batches, "steps_per_epoch": 3, "shuffle": False}
        if in_batches
        else {"x": inputs, "y": targets, "batch_size": 16}
    )
    watch = vgglab.Watch(live=True)
    unfit().fit(**given, epochs=2, verbose=0, callbacks=[watch])
    said = [line for line in capsys.readouterr().err.splitlines() if line.startswith("vgglab: ")]
    assert len(said) == 2 and not any("epoch" in line for line in said)
    assert "takes the outputs for probabilities" in said[0] and "columns" in said[1]
    early = [found["code"] for found in findings_of(Evidence("running", "", [], watch.signals[:1], 2, {}, {}, True))]
    assert early == ["activation_mismatch", "inputs_out_of_scale", "initial_weights"]  # weights may be made good


def large_steps(spread: float) -> Evidence:
    """A first epoch at the loss of guessing in which a step changed a kernel by twice its size."""
    start = {"epoch": 0, "dead": {}, "task": {"kind": "classes", "form": "numbers", "guess_loss": 1.0}}
    line = {"epoch": 1, "dead": {}, "spread": spread, "first_update": {"hidden": 2.0}, "step_loss": [1.0, 1.1]}
    row = {"epoch": 1, "loss": 1.0, "accuracy": 0.3, "val_loss": None, "val_accuracy": None, "learning_rate": 1.0}
    return Evidence("running", "", [row], [start, line], 3, {}, {}, True)


@pytest.mark.parametrize(("spread", "said"), [(1e-9, ["learning_rate_too_large"]), (0.2, [])])
def test_a_large_step_is_said_where_the_outputs_no_longer_depend_on_the_inputs(spread, said):
    assert findings_of(large_steps(spread))[0]["code"] == "learning_rate_too_large"
    assert [found["code"] for found in certain(large_steps(spread))] == said
