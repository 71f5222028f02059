import keras
import numpy as np
import pytest

from vgglab.training.schedules import make_schedule


def rates(*arguments, steps=100) -> np.ndarray:
    schedule = make_schedule(*arguments)
    return np.array([float(schedule(step)) for step in range(steps)])


def test_a_constant_rate_is_a_number():
    assert make_schedule("constant", 0.1, 100) == 0.1


def test_a_cosine_falls_from_the_rate_to_nothing_by_way_of_the_half():
    course = rates("cosine", 0.2, 100)
    assert course[0] == pytest.approx(0.2) and course[50] == pytest.approx(0.1) and course[-1] < 1e-4
    assert np.all(np.diff(course) < 0)


def test_steps_fall_to_a_tenth_and_a_hundredth():
    course = rates("step", 0.1, 100)
    assert course[[0, 49]] == pytest.approx(0.1)
    assert course[[50, 74]] == pytest.approx(0.01) and course[[75, 99]] == pytest.approx(0.001)


@pytest.mark.parametrize("name", ["constant", "cosine", "step"])
def test_a_warm_up_rises_to_the_rate_and_goes_no_higher(name):
    course = rates(name, 0.1, 100, 20)
    assert course[0] <= 0.0101 and course[20] == pytest.approx(0.1) == course.max()
    assert np.all(np.diff(course[:20]) >= 0)


@pytest.mark.parametrize("name", ["constant", "cosine", "step"])
def test_an_optimizer_with_a_schedule_survives_its_file(name, tmp_path):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2)])
    model.compile(keras.optimizers.SGD(make_schedule(name, 0.1, 50, 10)), "mse")
    model.fit(np.ones((4, 2)), np.ones((4, 2)), batch_size=1, verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert float(loaded.optimizer.learning_rate) == pytest.approx(float(model.optimizer.learning_rate))
