"""Each option of the recipe does what it says, on a layer or two."""

import keras
import numpy as np
import pytest

from vgglab.config.resolve import make_config
from vgglab.engines.fit import fit
from vgglab.keras_tools.averages import averaged
from vgglab.keras_tools.variables import copies
from vgglab.training.batches import Smoothing, one_hot
from vgglab.training.compiling import compile_model, spare_vectors
from vgglab.training.part import TrainedPart, balanced
from vgglab.training.phases import make_optimizer

LABELS = np.array([0, 0, 0, 0, 0, 0, 1, 2] * 8)
FEATURES = np.random.default_rng(0).normal(size=(64, 4)).astype("float32")


def make_model(**settings) -> keras.Model:
    """A small network, the same each time, with the optimizer that `settings` ask for."""
    keras.utils.set_random_seed(0)
    layers = keras.layers
    hidden = [layers.Dense(4, bias_initializer="ones"), layers.BatchNormalization()]
    model = keras.Sequential([keras.Input((4,)), *hidden, layers.Dense(3, activation="softmax")])
    compile_model(model, make_optimizer(make_config({"train": settings}).train, 0.1))
    return model


def train(model: keras.Model, epochs: int = 2, **settings) -> list[dict]:
    """The figures of each epoch."""
    rows = []
    note = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: rows.append(dict(logs)))
    data = (FEATURES, LABELS)
    fit(TrainedPart(model, data, data, [], [], **settings), 16, range(epochs), 0, [note])
    return rows


def step(model: keras.Model, gradient: float) -> None:
    """One step along a gradient that is the same for every weight."""
    variables = model.trainable_variables
    model.optimizer.apply([keras.ops.full(variable.shape, gradient) for variable in variables], variables)


def cross_entropy(model: keras.Model) -> np.ndarray:
    """Of each example, (64,)."""
    return -np.log(model.predict(FEATURES, verbose=0)[np.arange(64), LABELS])


def test_weight_decay_shrinks_kernels_and_nothing_else_also_after_a_file(tmp_path):
    make_model(weight_decay=0.5).save(tmp_path / "m.keras")
    model = keras.saving.load_model(tmp_path / "m.keras")
    spare_vectors(model)
    before = copies(model.trainable_variables)
    step(model, 0.0)
    for old, new in zip(before, copies(model.trainable_variables), strict=True):
        np.testing.assert_allclose(new, old * (0.95 if old.ndim == 2 else 1), rtol=1e-6)


@pytest.mark.parametrize("asked", [{}, {"weight_decay": 0.1}, {"weight_decay": 0}])
def test_adamw_has_the_weight_decay_that_is_asked_for(asked):
    assert make_model(optimizer="adamw", **asked).optimizer.weight_decay == asked.get("weight_decay", 0.004)


def test_smoothed_labels_give_the_loss_that_keras_smooths():
    probabilities = np.random.default_rng(1).dirichlet(np.ones(3), 64).astype("float32")
    _, shares = Smoothing(0.1, 3)(FEATURES, LABELS, 0, 0)
    theirs = keras.losses.CategoricalCrossentropy(label_smoothing=0.1)(one_hot(LABELS, 3), probabilities)
    assert float(keras.losses.CategoricalCrossentropy()(shares, probabilities)) == pytest.approx(float(theirs))


def test_averages_are_validated_and_the_training_goes_on_with_its_own_weights():
    plain, averaging = make_model(), make_model(ema=True, ema_momentum=0.9)
    steps_at_once = 1 if keras.backend.backend() == "torch" else 2  # two: every stretch of such epochs ends a `fit`
    train(plain, steps_at_once=steps_at_once)
    rows = train(averaging, steps_at_once=steps_at_once)
    own = [copies(model.trainable_variables) for model in (plain, averaging)]
    assert all(np.array_equal(one, other) for one, other in zip(*own, strict=True))
    with averaged(averaging):
        assert cross_entropy(averaging).mean() == pytest.approx(rows[-1]["val_loss"], rel=1e-4)
    assert cross_entropy(averaging).mean() != pytest.approx(rows[-1]["val_loss"], rel=1e-4)


def test_the_average_is_of_the_weights_after_each_step():
    model = make_model(ema=True, ema_momentum=0.75)
    steps = []
    for _ in range(3):
        step(model, 1.0)
        steps.append(copies(model.trainable_variables)[0])
    with averaged(model):
        expected = 0.75 * (0.75 * steps[0] + 0.25 * steps[1]) + 0.25 * steps[2]
        np.testing.assert_allclose(copies(model.trainable_variables)[0], expected, rtol=1e-5)


def test_the_gradient_of_all_weights_together_is_clipped():
    model = make_model(clip_norm=2.0)
    before = copies(model.trainable_variables)
    step(model, 100.0)
    moved = [new - old for new, old in zip(copies(model.trainable_variables), before, strict=True)]
    assert np.sqrt(sum((each**2).sum() for each in moved)) == pytest.approx(0.1 * 2.0, rel=1e-4)


def test_nesterov_is_for_sgd():
    options = make_model(momentum=0.9, nesterov=True).optimizer.get_config()
    assert options["nesterov"] and options["momentum"] == 0.9


def test_a_class_counts_as_much_as_any_other_in_training_alone():
    weights = balanced(LABELS)
    assert weights == pytest.approx({0: 4 / 9, 1: 8 / 3, 2: 8 / 3})
    model = make_model()
    model.layers[1].trainable = False
    compile_model(model, keras.optimizers.SGD(0.0))
    (row,) = train(model, epochs=1, class_weights=weights)
    losses = cross_entropy(model)
    assert row["val_loss"] == pytest.approx(losses.mean(), rel=1e-4)
    assert row["loss"] == pytest.approx((losses * [weights[label] for label in LABELS]).mean(), rel=1e-4)
