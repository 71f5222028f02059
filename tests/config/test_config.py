"""A config has its defaults in one place, and a wrong value is one line that says what is allowed."""

from pathlib import Path

import pytest

from vgglab.config.resolve import from_options, make_config, parse_assignments, read_config
from vgglab.config.schema import ARGUMENTS, RunConfig, config_fields, flatten, option_name
from vgglab.config.yaml_text import dump_yaml, parse_yaml, read_yaml
from vgglab.errors import ConfigError

DEFAULTS = {
    "name": None,
    "log": [],
    "data.name": "digits",
    "data.coarse": False,
    "data.validation": 0.2,
    "data.test": 0.2,
    "data.split_seed": 0,
    "data.folds": None,
    "data.fold": None,
    "data.limit": None,
    "data.strict": False,
    "data.layout": "auto",
    "data.labels": None,
    "data.groups": None,
    "data.without": None,
    "data.stretch": False,
    "data.stream": "auto",
    "model.name": "vgg16",
    "model.batch_norm": False,
    "model.batch_norm_momentum": None,
    "model.dropout": 0.0,
    "model.width": 1.0,
    "model.dense_units": [4096, 4096],
    "model.preprocessing": "scale",
    "model.image_size": None,
    "backbone.name": None,
    "backbone.weights": None,
    "backbone.head_units": [512],
    "backbone.head_dropout": 0.0,
    "backbone.pooling": "flatten",
    "augment.flip": False,
    "augment.crop": 0,
    "augment.randaugment": 0,
    "augment.cutout": 0,
    "augment.mixup": 0.0,
    "augment.cutmix": 0.0,
    "augment.views": None,
    "train.optimizer": "sgd",
    "train.learning_rate": 0.01,
    "train.momentum": 0.0,
    "train.layer_decay": 1.0,
    "train.nesterov": False,
    "train.weight_decay": None,
    "train.clip_norm": 0.0,
    "train.ema": False,
    "train.ema_momentum": 0.99,
    "train.label_smoothing": 0.0,
    "train.class_weights": "none",
    "train.epochs": 10,
    "train.schedule": "constant",
    "train.warmup": 0.0,
    "train.freeze": None,
    "train.phases": [],
    "train.monitor": "val_accuracy",
    "train.early_stopping": 0,
    "train.batch_size": 64,
    "train.precision": "float32",
    "train.settle_batch_norm": False,
    "train.seed": 0,
    "train.signals": True,
    "train.cache": True,
    "train.resident": "auto",
    "train.devices": 1,
}
CHANGED = {
    "name": "all-changed",
    "data": {"name": "cifar100", "coarse": True, "validation": 0.1, "split_seed": 3, "limit": 500},
    "model": {"batch_norm": True, "dropout": 0.2, "width": 0.25, "dense_units": [512, 256, 64]},
    "train": {"optimizer": "rmsprop", "learning_rate": 1e-05, "momentum": 0.9, "epochs": 2, "signals": False},
}


def refusal(make, *arguments) -> str:
    with pytest.raises(ConfigError) as caught:
        make(*arguments)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_every_default():
    assert flatten(RunConfig()) == DEFAULTS
    assert [name for name in config_fields() if name != ARGUMENTS] == list(DEFAULTS)


@pytest.mark.parametrize(
    ("tree", "message"),
    [
        (
            {"trian": {}},
            "unknown key 'trian'; known: name, log, data, model, backbone, augment, train; did you mean 'train'?",
        ),
        ({"data": {"nmae": 1}}, "unknown key 'data.nmae'; known: name, coarse, validation, test, split_seed, folds,"),
        ({"model": {"drop_out": 1}}, "preprocessing, image_size; did you mean 'dropout'?"),
        ({"train": {"lerning_rate": 1}}, "unknown key 'train.lerning_rate'; known: optimizer, learning_rate,"),
        ({"train": {"lerning_rate": 1}}, "did you mean 'learning_rate'?"),
        ({"train": {1: 2}}, "unknown key 'train.1'; known: optimizer"),
        ({"zzz": 1}, "unknown key 'zzz'; known: name, log, data, model, backbone, augment, train"),
    ],
)
def test_an_unknown_key_is_told_with_the_known_ones_and_the_nearest(tree, message):
    told = refusal(make_config, tree, {}, "lab.yaml")
    assert told.startswith("lab.yaml: unknown key ") and message in told


@pytest.mark.parametrize(
    ("field", "value", "allowed"),
    [
        ("train.learning_rate", 0, "is 0; it should be greater than 0"),
        ("train.learning_rate", "fast", "is 'fast'; it should be a valid number"),
        ("train.learning_rate", float("nan"), "is nan; it should be a finite number"),
        ("train.learning_rate", float("inf"), "is inf; it should be a finite number"),
        ("train.learning_rate", [0.1], r"is [0.1]; it should be a valid number"),
        ("train.epochs", 0, "is 0; it should be greater than or equal to 1"),
        ("train.epochs", 2.5, "is 2.5; it should be a valid integer"),
        ("train.epochs", None, "is None; it should be a valid integer"),
        ("train.batch_size", 0, "is 0; it should be greater than or equal to 1"),
        ("train.seed", 2**32, "is 4294967296; it should be less than 4294967296"),
        ("train.momentum", 1, "is 1; it should be less than 1"),
        ("train.signals", "perhaps", "is 'perhaps'; it should be a valid boolean"),
        ("train.optimizer", "adm", "is 'adm'; expected one of sgd, adam, adamw, rmsprop, nadam, adamax, adagrad,"),
        ("train.optimizer", "adm", "did you mean 'adam'?"),
        ("model.name", "vgg61", "is 'vgg61'; expected one of vgg16, FILE.py:FUNCTION, "),
        ("model.dropout", 1, "is 1; it should be less than 1"),
        ("model.width", 0, "is 0; it should be greater than 0"),
        ("model.batch_norm", 2, "is 2; it should be a valid boolean"),
        ("data.name", "cifr10", "is 'cifr10'; expected one of digits, cifar10, cifar100; did you mean 'cifar10'?"),
        ("data.validation", 1, "is 1; it should be less than 1"),
        ("data.split_seed", -1, "is -1; it should be greater than or equal to 0"),
        ("data.limit", 0, "is 0; it should be greater than or equal to 1"),
        ("name", "a/b", "is 'a/b'; it should be letters, digits and any of _ . + = -"),
        ("name", "..", "is '..'; it should be"),
        ("name", "--resume", "is '--resume'; it should be"),
    ],
)
def test_a_wrong_value_is_told_with_its_field_and_what_is_allowed(field, value, allowed):
    told = refusal(make_config, {}, {field: value}, "lab.yaml")
    assert told.startswith(f"lab.yaml: {field} is ") and allowed in told


NUMBERS = [field for field, default in DEFAULTS.items() if type(default) in (int, float)] + ["data.limit"]


@pytest.mark.parametrize("field", NUMBERS)
def test_true_is_no_number(field):
    assert f"{field} is True; it should be a number" in refusal(make_config, {}, {field: True})


@pytest.mark.parametrize(
    ("units", "message"),
    [
        ([512, 0], "model.dense_units.1 is 0; it should be greater than or equal to 1"),
        ("512,x", "model.dense_units.1 is 'x'; it should be a valid integer"),
        ([True], "model.dense_units.0 is True; it should be a number"),
        (True, "model.dense_units.0 is True; it should be a number"),
        ({"fc1": 3}, "model.dense_units is {'fc1': 3}; it should be"),
    ],
)
def test_wrong_dense_units_name_the_layer(units, message):
    assert message in refusal(make_config, {"model": {"dense_units": units}})


@pytest.mark.parametrize(("given", "units"), [("512,256", (512, 256)), ("512", (512,)), (512, (512,)), ("", ())])
def test_dense_units_come_from_an_option_as_text(given, units):
    assert make_config({}, from_options({"dense_units": given})).model.dense_units == units


def test_two_problems_tell_the_first_and_count_the_rest():
    assert refusal(make_config, {"train": {"epochs": 0, "learning_rate": 0}}).endswith("greater than 0 (and 1 more)")


@pytest.mark.parametrize("optimizer", ["sgd", "rmsprop"])
def test_momentum_is_for_optimizers_that_take_it(optimizer):
    assert make_config({"train": {"optimizer": optimizer, "momentum": 0.9}}).train.momentum == 0.9
    told = refusal(make_config, {"train": {"optimizer": "adam", "momentum": 0.9}})
    assert "train.momentum: adam takes none; use sgd or rmsprop" in told


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"nesterov": True}, "train.nesterov: there is no momentum to look ahead by; set train.momentum, such as 0.9"),
        ({"nesterov": True, "optimizer": "rmsprop", "momentum": 0.9}, "train.nesterov: rmsprop has none; use sgd"),
        ({"ema_momentum": 0.9}, "train.ema_momentum: no weights are averaged; set train.ema too"),
        ({"mixup": 0.2, "class_weights": "balanced"}, "train.class_weights: mixup and cutmix mix images of several"),
    ],
)
def test_settings_that_cannot_go_together_are_refused(options, message):
    assert message in refusal(make_config, {}, from_options(options))


def test_the_recipe_that_is_shown_is_a_config():
    recipe = read_config(Path(__file__).parents[2] / "docs/examples/recipe.yaml", {}).train
    assert recipe.ema and recipe.nesterov and recipe.label_smoothing and recipe.weight_decay


@pytest.mark.parametrize(("given", "decay"), [({}, 0.0), ({"optimizer": "adamw"}, 0.004), ({"weight_decay": 1}, 1.0)])
def test_the_weight_decay_that_an_optimizer_has_is_written_out(given, decay):
    assert make_config({}, from_options(given)).train.weight_decay == decay


@pytest.mark.parametrize("name", ["digits", "cifar10"])
def test_only_cifar100_has_coarse_labels(name):
    told = refusal(make_config, {"data": {"name": name, "coarse": True}})
    assert told == f"config: data.coarse: only cifar100 has coarse labels, the data set is {name}"


@pytest.mark.parametrize("tree", [None, [1], "train", 3])
def test_a_file_that_is_no_mapping_is_refused(tree):
    assert f"lab.yaml: expected a mapping such as 'train: {{epochs: 3}}', got {tree!r}" == refusal(
        make_config, tree, {}, "lab.yaml"
    )


@pytest.mark.parametrize("overrides", [{}, {"train.epochs": 3}])
def test_a_section_that_is_no_mapping_is_refused(overrides):
    assert "train is 3; expected a mapping of its fields" in refusal(make_config, {"train": 3}, overrides)


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("a: [1\nb: 2", "line 2, column 2"),
        ("a:\n\tb: 1", "line 2, column 1"),
        ("a: *b", "line 1, column 4"),
        ("a: !!python/name:os.system x", "line 1, column 4"),
        ("a: 2024-13-45", "month must be in 1..12"),
        ("a: \x00", "control characters are not allowed"),
    ],
)
def test_broken_yaml_names_line_and_column(text, where):
    told = refusal(parse_yaml, text, "lab.yaml")
    assert told.startswith("lab.yaml: not valid YAML") and where in told


@pytest.mark.parametrize("text", ["[" * 30_000 + "]" * 30_000, "{a: " * 60 + "}" * 60, "- " * 60 + "a"])
def test_yaml_that_is_nested_without_end_is_one_line(text):
    with pytest.raises(ConfigError, match=r"^lab.yaml: lists lie over 50 deep in each other; expected a config"):
        parse_yaml(text, "lab.yaml")
    assert len(parse_yaml("\n".join(["- a"] * 1000), "lab.yaml")) == 1000


def test_what_is_no_file_of_text_is_refused(tmp_path):
    (tmp_path / "image").write_bytes(b"\xff\xd8")
    assert "none.yaml: no such file" in refusal(read_yaml, tmp_path / "none.yaml")
    assert "below.yaml: no such file" in refusal(read_yaml, tmp_path / "image" / "below.yaml")
    assert "image: not a text file" in refusal(read_yaml, tmp_path / "image")
    assert f"{tmp_path}: not a text file" in refusal(read_yaml, tmp_path)


def test_an_assignment_needs_an_equals_sign():
    assert refusal(parse_assignments, ["train.epochs"]).startswith("--set train.epochs: expected FIELD=VALUE")


def test_assignments_are_read_as_yaml():
    parsed = parse_assignments(["train.epochs=3", " model.batch_norm =yes", "model.dense_units=[8, 4]", "name=a=b"])
    assert parsed == {"train.epochs": 3, "model.batch_norm": True, "model.dense_units": [8, 4], "name": "a=b"}


def test_a_number_in_scientific_notation_is_a_number():
    assert make_config({}, parse_assignments(["train.learning_rate=1e-3"])).train.learning_rate == 0.001


@pytest.mark.parametrize(("dotted", "nearest"), [("train.epocs", "train.epochs"), ("epochs", "train.epochs")])
def test_an_override_of_no_field_is_refused_with_the_nearest(dotted, nearest):
    told = refusal(make_config, {}, {dotted: 3})
    assert f"unknown field {dotted!r}" in told and told.endswith(f"did you mean {nearest!r}?")


def test_an_option_of_no_field_is_refused_with_the_nearest():
    assert refusal(from_options, {"epoch": 3}).endswith("did you mean 'epochs'?")


def test_options_that_were_not_given_are_left_out():
    given = {"epochs": "3", "data": "cifar10", "model": None, "signals": False}
    assert from_options(given) == {"train.epochs": "3", "data.name": "cifar10", "train.signals": False}


def test_overrides_win_over_the_file_and_leave_it_alone():
    tree = {"train": {"epochs": 3, "batch_size": 8}}
    made = make_config(tree, {"train.epochs": 5})
    assert (made.train.epochs, made.train.batch_size) == (5, 8)
    assert tree == {"train": {"epochs": 3, "batch_size": 8}}


@pytest.mark.parametrize("tree", [{}, CHANGED, {"name": "1e-3"}, {"name": "no"}, {"name": "été"}])
def test_a_config_survives_its_file(tree, tmp_path):
    config = make_config(tree)
    (tmp_path / "config.yaml").write_text(dump_yaml(config.model_dump(mode="json")), encoding="utf-8")
    assert make_config(read_yaml(tmp_path / "config.yaml")) == config


def test_short_names_of_options_are_unique():
    names = [option_name(dotted) for dotted in config_fields()]
    assert len(set(names)) == len(names) == len(DEFAULTS) + 1  # model.arguments, whose leaves are the user's
    assert option_name("data.name") == "data" and option_name("train.epochs") == "epochs"


def test_a_phase_takes_what_it_does_not_say_from_train():
    config = make_config({"train": {"learning_rate": 0.1, "phases": [{"epochs": 2}, {"epochs": 3, "freeze": "fc1"}]}})
    assert [(phase.epochs, phase.learning_rate, phase.freeze) for phase in config.phases] == [
        (2, 0.1, "none"),
        (3, 0.1, "fc1"),
    ]
    assert config.train.epochs == 5


def test_a_run_without_phases_is_one_phase():
    (phase,) = make_config({"train": {"epochs": 4, "schedule": "cosine", "warmup": 1}}).phases
    assert (phase.epochs, phase.schedule, phase.warmup, phase.freeze) == (4, "cosine", 1.0, "none")


@pytest.mark.parametrize(
    ("backbone", "width", "resolved"),
    [
        ({"name": "MobileNetV2"}, 1.0, ("MobileNetV2", "imagenet")),
        ({"name": "vgg16"}, 0.25, ("vgg16", "builtin")),
        ({"name": "mobilenetv2"}, 0.25, ("mobilenetv2", "builtin")),
        ({"weights": "builtin"}, 1.0, ("VGG16", "builtin")),
        ({"weights": "run:first"}, 1.0, (None, "run:first")),
    ],
)
def test_a_backbone_is_frozen_and_has_weights_unless_told_otherwise(backbone, width, resolved):
    config = make_config({"backbone": backbone, "model": {"width": width}})
    assert (config.backbone.name, config.backbone.weights) == resolved
    assert config.train.freeze == "all"


@pytest.mark.parametrize(
    ("tree", "message"),
    [
        ({"train": {"epochs": 3, "phases": [{"epochs": 2}]}}, "train.epochs is 3, but the phases have 2"),
        ({"train": {"phases": [{"epoch": 2}]}}, "unknown key 'train.phases.0.epoch'; known: epochs, learning_rate"),
        ({"train": {"phases": [{"epochs": 1, "schedule": "cos"}]}}, "expected one of constant, cosine, step; did you"),
        ({"train": {"phases": "[{epochs: 1"}}, "train.phases: not valid YAML"),
        ({"train": {"warmup": 11}}, "train.warmup is 11.0; it should be at most the 10 epochs"),
        ({"augment": {"views": 2}}, "augment.views: nothing varies the images"),
        ({"augment": {"views": 2, "mixup": 0.2}}, "augment.views: views of single images are kept"),
    ],
)
def test_phases_and_augmentation_that_cannot_be(tree, message):
    assert message in refusal(make_config, tree)


def test_arguments_of_ones_own_network_are_set_one_by_one():
    tree = {"model": {"name": "my.py:make", "arguments": {"depth": 8, "wide": True}}}
    config = make_config(tree, {"model.arguments.depth": 20, "model.arguments": "{wide: false}"})
    assert config.model.arguments == {"wide": False, "depth": 20} and tree["model"]["arguments"]["depth"] == 8
    told = {name: value for name, value in flatten(config).items() if name.startswith(ARGUMENTS)}
    assert told == {"model.arguments.wide": False, "model.arguments.depth": 20}
    assert make_config({}, flatten(config)) == config


@pytest.mark.parametrize(
    ("tree", "line"),
    [
        ({"model": {"arguments": {"depth": 8}}}, "model.arguments are for a function"),
        ({"model": {"name": "my.py:make", "width": 0.5}}, "model.width is for vgg16"),
        ({"model": {"name": "my.py:make"}, "backbone": {"name": "VGG16"}}, "leave one of them out"),
        ({"model": {"name": "my.py:make", "arguments": 3}}, "model.arguments is 3"),
    ],
)
def test_settings_that_do_not_go_with_ones_own_network_are_one_line(tree, line):
    assert line in refusal(make_config, tree)
