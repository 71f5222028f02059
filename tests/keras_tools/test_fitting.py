"""What a callback finds out of the `fit` that goes on, from data of every kind, and batches that it hears of."""

import keras
import numpy as np
import pytest
from keras import layers

from vgglab.keras_tools.fitting import (
    build,
    current_fit,
    first_batches,
    listen,
    metric_names,
    steps_itself,
    validation_iterator,
)

X = np.random.default_rng(0).normal(size=(48, 3)).astype("float32")
Y = X[:, :1]


class Asks(keras.callbacks.Callback):
    """Asks what `function(model, fitting)` gives when a training begins; after an epoch calls that, if it can."""

    def __init__(self, function):
        super().__init__()
        self.function, self.validated = function, None

    def on_train_begin(self, logs=None):
        self.fitting = current_fit(self.model)
        self.found = self.function(self.model, self.fitting)

    def on_epoch_end(self, epoch, logs=None):
        self.validated = validation_iterator(self.model) is not None
        if callable(self.found):
            self.found()


def unbuilt() -> keras.Model:
    keras.utils.set_random_seed(0)
    model = keras.Sequential([layers.Dense(4, name="one"), layers.Dense(1, name="two")])
    metrics = ["mae", keras.metrics.MeanSquaredError(name="squared")]
    model.compile("sgd", "mse", metrics=metrics, run_eagerly=True)  # a step is not traced: it takes a moment
    return model


def asked(function, **given) -> Asks:
    """What was found in a training of one epoch, four steps of it."""
    asks = Asks(function)
    unbuilt().fit(**{"epochs": 1, "verbose": 0, "shuffle": False, "callbacks": [asks]} | given)
    return asks


class Parts(keras.utils.PyDataset):
    def __len__(self):
        return 4

    def __getitem__(self, number):
        return X[12 * number : 12 * number + 12], Y[12 * number : 12 * number + 12]


def generated():
    while True:
        yield from [Parts()[number] for number in range(4)]


def in_tensorflow():
    tf = pytest.importorskip("tensorflow")
    return tf.data.Dataset.from_tensor_slices((X, Y)).batch(12)


def in_torch():
    torch = pytest.importorskip("torch")
    return torch.utils.data.DataLoader(torch.utils.data.TensorDataset(torch.tensor(X), torch.tensor(Y)), batch_size=12)


IN_BATCHES = {"PyDataset": Parts, "Generator": generated, "TFDataset": in_tensorflow, "TorchDataLoader": in_torch}


def test_the_arguments_of_a_fit_are_those_after_the_split():
    given = {"x": X, "y": Y, "batch_size": 9, "validation_split": 0.25, "epochs": 2}
    asks = asked(lambda model, fitting: validation_iterator(model), **given, initial_epoch=1)
    fitting = asks.fitting
    assert np.array_equal(fitting.x, X[:36]) and np.array_equal(fitting.y, Y[:36])
    assert np.array_equal(fitting.validation[0], X[36:]) and np.array_equal(fitting.validation[1], Y[36:])
    assert (fitting.source, fitting.batch_size, fitting.shuffled, fitting.begins) == ("Array", 9, False, 1)
    assert asks.found is None and asks.validated


def test_there_is_no_fit_outside_of_one_nor_of_another_model():
    other = unbuilt()
    asks = asked(lambda model, fitting: current_fit(other), x=X, y=Y, batch_size=12)
    assert asks.found is None and asks.fitting.validation is None and not asks.validated
    assert current_fit(other) is None


@pytest.mark.parametrize("source", IN_BATCHES)
def test_batches_are_heard_of_as_they_pass_until_that_is_ended(source):
    heard, one = [], source == "Generator"  # it is one iterator to the end; the others are begun anew each epoch
    given = {"x": IN_BATCHES[source](), "epochs": 2, "steps_per_epoch": 4 if one else None}
    asks = asked(lambda model, fitting: listen(fitting.iterator, heard.append), **given)
    inputs = np.concatenate([np.asarray(keras.utils.unpack_x_y_sample_weight(batch)[0]) for batch in heard])
    assert asks.fitting.source == source and asks.fitting.y is None and asks.fitting.batch_size in (None, 12)
    assert len(heard) == (8 if one else 4) and np.array_equal(inputs[:48], X)


@pytest.mark.parametrize(("source", "count"), [("Generator", 2), ("PyDataset", 0)])
def test_keras_draws_ahead_of_a_generator_alone(source, count):
    drawn = asked(
        lambda model, fitting: first_batches(fitting.iterator), x=IN_BATCHES[source](), steps_per_epoch=4
    ).found
    assert len(drawn) == count and all(np.array_equal(drawn[n][0], X[12 * n : 12 * n + 12]) for n in range(count))


def test_a_model_is_built_with_the_weights_that_its_first_step_would_have_made():
    def early(model, fitting):
        return build(model, fitting.iterator, fitting.x[:3]), [one.numpy().copy() for one in model.weights]

    done, weights = asked(early, x=X, y=Y, batch_size=12).found
    plain = unbuilt()
    plain.build((None, 3))
    assert done and all(np.array_equal(one, two) for one, two in zip(weights, plain.get_weights(), strict=True))


def test_a_model_that_nothing_is_known_of_is_not_built():
    model = unbuilt()
    assert build(model, object()) is False and not model.built


class Own(keras.Model):
    def train_step(self, *given):
        return {}


def test_metrics_and_a_step_of_ones_own_are_known_by_name():
    assert metric_names(unbuilt()) == ["mae", "squared"] and not steps_itself(unbuilt())
    assert metric_names(keras.Sequential()) == [] and steps_itself(Own())
