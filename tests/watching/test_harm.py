"""A training is the same bits with and without a watch, on whatever backend runs; and nothing in it ends a training."""

import random

import keras
import numpy as np
import pytest

import vgglab
from vgglab.watching.watch import Watch


class Parts(keras.utils.PyDataset):
    """Batches with noise that is drawn as they are asked for."""

    def __init__(self, inputs, targets):
        super().__init__()
        self.inputs, self.targets = inputs, targets

    def __len__(self):
        return 6

    def __getitem__(self, number):
        part = slice(16 * number, 16 * number + 16)
        return self.inputs[part] + np.random.normal(size=(16, 5)).astype("float32"), self.targets[part]


def generated(inputs, targets):
    while True:
        start = random.randrange(80)
        yield inputs[start : start + 16], targets[start : start + 16]


def in_tensorflow(inputs, targets):
    tf = pytest.importorskip("tensorflow")
    data = tf.data.Dataset.from_tensor_slices((inputs, targets)).shuffle(96, seed=3).batch(16)
    return data.map(lambda one, two: (one + tf.random.normal(tf.shape(one), seed=1), two))


def in_torch(inputs, targets):
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)  # Keras does so on its own backend alone
    data = torch.utils.data.TensorDataset(torch.tensor(inputs), torch.tensor(targets))
    return torch.utils.data.DataLoader(data, batch_size=16, shuffle=True)


KINDS = {
    "arrays": lambda inputs, targets: {"x": inputs, "y": targets, "validation_split": 0.2},
    "generator": lambda *data: {"x": generated(*data), "steps_per_epoch": 6, "validation_data": data},
    "PyDataset": lambda *data: {"x": Parts(*data), "validation_data": Parts(*data)},
    "tf.data": lambda *data: {"x": in_tensorflow(*data), "validation_data": in_tensorflow(*data)},
    "DataLoader": lambda *data: {"x": in_torch(*data), "validation_data": in_torch(*data)},
}


def trained(nets, data, given, callbacks) -> list[bytes]:
    """The weights, and what the optimizer knows, after two fits."""
    model = nets["noisy"]()
    options = {"verbose": 0, "batch_size": 16 if given == "arrays" else None, "callbacks": callbacks}
    for number in range(2):
        keras.utils.set_random_seed(number)  # whatever was drawn ahead before
        model.fit(**KINDS[given](*data), epochs=2, **options)
    return [keras.ops.convert_to_numpy(one).tobytes() for one in (*model.variables, *model.optimizer.variables)]


@pytest.mark.filterwarnings("ignore:.*shuffle=True.*was passed:UserWarning")
@pytest.mark.parametrize("given", KINDS)
def test_weights_are_the_same_bits_with_and_without_it(given, nets, table):
    watch = vgglab.Watch()
    watched, alone = trained(nets, table, given, [watch]), trained(nets, table, given, [])
    assert watched == alone and not watch.quiet
    start, *_, last = watch.signals
    assert start["training"]["accuracy"] is not None and "gradient" in start and start["model"]["unseen"] == []
    assert last["epoch"] == 4 and last["validation"]["loss"] is not None and len(watch.history) == 4


def test_what_goes_wrong_in_it_is_one_line_and_the_training_goes_on(nets, table, monkeypatch, capsys):
    watch, model = vgglab.Watch(), nets["noisy"]()
    monkeypatch.setattr("vgglab.watching.recorder.kernel_arrays", lambda model: 1 / 0)
    history = model.fit(*table, epochs=2, verbose=0, callbacks=[watch])
    said = capsys.readouterr().err.splitlines()
    assert len(history.history["loss"]) == 2 and len(said) == 1
    assert "watches no more: ZeroDivisionError" in said[0] and "the training goes on" in said[0]


def test_a_callback_has_no_hold_of_a_training_that_it_was_not_given(nets, table):
    watch = Watch()
    assert repr(watch.findings).startswith("Nothing to diagnose yet")
    nets["noisy"]().fit(*table, verbose=0)
    assert watch.findings == [] and watch.signals == []
