"""A run's and a study's folder have names that tell what is in them."""

import pytest

from vgglab.config.names import data_label, readable_name
from vgglab.config.resolve import from_options, make_config
from vgglab.config.study_file import PlannedRun, Study, study_folder_name


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({}, "digits-vgg16-sgd"),
        ({"data": "cifar100", "coarse": True, "optimizer": "adam"}, "cifar100-vgg16-coarse-adam"),
        ({"batch_norm": True, "dropout": 0.2}, "digits-vgg16-batch-norm-dropout-0.2-sgd"),
        (
            {"dense_units": "512,256", "learning_rate": "1e-3"},
            "digits-vgg16-dense-units-512x256-sgd-learning-rate-0.001",
        ),
        ({"signals": False}, "digits-vgg16-sgd-no-signals"),
        ({"name": "mine", "seed": 3}, "digits-vgg16-sgd-seed-3"),
        ({"backbone": "MobileNetV2"}, "digits-MobileNetV2-sgd"),
        ({"weights": "run:runs/first", "freeze": "fc1"}, "digits-run-runs-first-sgd-freeze-fc1"),
        ({"model": "nets/my_models.py:make", "arguments": "{depth: 8}"}, "digits-my_models-make-sgd-depth-8"),
        ({"model": "my.models:make"}, "digits-my.models-make-sgd"),
        ({"model": "nets/mine.keras"}, "digits-mine-sgd"),
        ({"phases": "[{epochs: 1}, {epochs: 2}]"}, "digits-vgg16-sgd-epochs-3-phases-2"),
    ],
)
def test_a_made_up_name_tells_what_is_not_at_its_default(options, name):
    assert readable_name(make_config({}, from_options(options))) == name


@pytest.mark.parametrize(
    ("path", "label"),
    [("digits", "digits"), ("/data/My flowers/", "My-flowers"), ("../flowers", "flowers"), ("/data/.été", "été")],
)
def test_a_folder_of_pictures_is_named_by_its_last_part(path, label):
    assert data_label(path) == label
    config = make_config({"data": {"name": path}})
    assert readable_name(config).startswith(f"{label}-vgg16-")
    assert study_folder_name(Study(name="s", runs=[{"name": "a"}]), [PlannedRun("a", config)], {}) == f"s-{label}"
