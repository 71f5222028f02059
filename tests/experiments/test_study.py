"""A study file becomes the runs to do, and the best of them is chosen for a reason."""

import pytest

from vgglab.config.resolve import make_config
from vgglab.config.study_file import load_study, plan_runs, study_folder_name, study_text
from vgglab.errors import ConfigError, RunError, UsageError
from vgglab.experiments.study import choose, selected_config, want_only


@pytest.fixture
def plan(tmp_path):
    """The runs that a study's text stands for."""

    def make(text: str, overrides=None):
        (tmp_path / "s.yaml").write_text(text)
        return plan_runs(load_study(tmp_path / "s.yaml"), overrides or {})

    return make


def study(*steps: str, head: str = "") -> str:
    return "\n".join(["name: s", head, "runs:", *(f"  - {{{step}}}" for step in steps)])


ONE = study("name: a")


def lab(**overrides) -> dict:
    """Name -> planned run."""
    return {run.name: run for run in plan_runs(load_study("vgg16-lab"), overrides)}


def test_the_strong_study_is_one_network_with_three_sizes_of_patience():
    planned = plan_runs(load_study("vgg16-strong"), {"data.name": "cifar100", "model.width": 0.25})
    epochs = {plan.name: plan.config.train.epochs for plan in planned}
    assert epochs == {"short": 25, "medium": 100, "long": 300}
    assert all(plan.config.model == planned[0].config.model for plan in planned)
    train = planned[0].config.train
    decay_of_papers = train.weight_decay * (1 - train.momentum)
    assert (train.batch_size, train.precision, decay_of_papers) == (512, "bfloat16", pytest.approx(5e-4))


def test_some_runs_of_a_study_are_named_without_their_seeds():
    planned = plan_runs(load_study("vgg16-strong"), {}, (0, 1))
    assert [plan.name for plan in want_only(planned, "short,l*") if plan.wanted] == [
        *("short/seed-0", "short/seed-1", "long/seed-0", "long/seed-1")
    ]
    with pytest.raises(UsageError, match="--only sort: no run of that name; the study has short, medium, long"):
        want_only(planned, "short,sort")


def test_the_lab_is_eleven_runs():
    assert list(lab()) == [
        *("reference-sgd", "reference-adam", "batchnorm-sgd", "batchnorm-adam", "dropout-sgd", "dropout-adam"),
        *("optimal", "frozen", "frozen-longer", "frozen-normalized", "another"),
    ]


def test_the_lab_trains_from_scratch_as_the_lab_says():
    *ordinary, optimal = [run.config for run in lab().values()][:7]
    assert all((c.train.learning_rate, c.train.batch_size, c.train.epochs) == (0.1, 64, 10) for c in ordinary)
    assert [c.train.optimizer for c in ordinary] == ["sgd", "adam"] * 3
    assert [c.model.batch_norm for c in ordinary] == [False, False, True, True, True, True]
    assert [c.model.dropout for c in ordinary] == [0, 0, 0, 0, 0.2, 0.2]
    assert all((c.model.width, c.model.dense_units) == (1.0, (4096, 4096)) for c in ordinary)
    assert optimal.train.epochs == 20


def test_the_lab_fine_tunes_as_the_lab_says():
    tuned = [run.config for run in lab().values()][7:10]
    assert [(c.train.learning_rate, c.train.epochs) for c in tuned] == [
        (0.1, 15),
        (0.01, 100),
        (0.01, 100),
    ]
    assert {(c.train.optimizer, c.train.freeze, c.backbone.head_units) for c in tuned} == {("sgd", "all", (512,))}
    assert [c.model.preprocessing for c in tuned] == ["scale", "scale", "normalize"]
    assert [c.backbone.name for c in tuned] == ["VGG16"] * 3


@pytest.mark.parametrize(("width", "weights"), [(1.0, "imagenet"), (0.25, "builtin")])
def test_the_labs_pretrained_weights_go_with_the_width(width, weights):
    tuned = list(lab(**{"model.width": width}).values())[7:]
    assert {run.config.backbone.weights for run in tuned} == {weights}


@pytest.mark.parametrize(("width", "size"), [(1.0, 96), (0.25, 64), (0.5, 96)])
def test_the_labs_other_network_sees_images_as_its_weights_were_trained(width, size):
    another = lab(**{"model.width": width})["another"].config
    assert (another.backbone.name, another.model.preprocessing) == ("MobileNetV2", "backbone")
    assert another.model.image_size == size
    assert lab(**{"model.width": width, "model.image_size": 80})["another"].config.model.image_size == 80


def test_the_lab_chooses_among_its_first_six_runs():
    runs = lab()
    assert runs["optimal"].candidates == tuple(list(runs)[:6])
    assert not any(run.candidates for run in runs.values() if run.name != "optimal")


def test_a_study_trains_each_run_with_its_seeds(plan):
    text = study("name: a", "name: best, select: {best: val_accuracy, among: [a]}", head="seeds: 2")
    runs = plan(text)
    assert [run.name for run in runs] == ["a/seed-0", "a/seed-1", "best/seed-0", "best/seed-1"]
    assert [(run.config.name, run.config.train.seed) for run in runs[2:]] == [("seed-0", 0), ("seed-1", 1)]
    assert [run.candidates for run in runs[2:]] == [("a",), ("a",)]
    assert [run.name for run in plan_runs(load_study("vgg16-lab"), {}, (1, 7))][:2] == [
        *("reference-sgd/seed-1", "reference-sgd/seed-7")
    ]


@pytest.mark.parametrize("seeds", ["0", "few", "[1, 1]", "-3", "2.5", "true", "[]"])
def test_seeds_that_are_none_are_refused(plan, seeds):
    with pytest.raises(ConfigError, match=r"seeds is .*; expected how many seeds"):
        plan(study("name: a", head=f"seeds: {seeds}"))


def test_a_seed_and_seeds_do_not_go_together(plan):
    with pytest.raises(ConfigError, match=r"run a: train\.seed and seeds"):
        plan(study("name: a, set: {train.seed: 3}", head="seeds: 2"))


def test_overrides_reach_every_run_and_win():
    overrides = {"data.name": "cifar10", "model.width": 0.25, "train.epochs": 3}
    planned = plan_runs(load_study("vgg16-lab"), overrides)
    assert {(run.config.data.name, run.config.model.width, run.config.train.epochs) for run in planned} == {
        ("cifar10", 0.25, 3)
    }
    assert planned[6].settings == overrides


def test_every_run_is_named_in_its_config():
    assert all(run.config.name == run.name for run in plan_runs(load_study("vgg16-lab"), {}))


def test_a_matrix_is_every_combination(plan):
    planned = plan(study("name: a, matrix: {train.seed: [1, 2], train.optimizer: [sgd, lion]}"))
    assert [run.name for run in planned] == ["a-1-sgd", "a-1-lion", "a-2-sgd", "a-2-lion"]
    assert [(run.config.train.seed, run.config.train.optimizer) for run in planned][2] == (2, "sgd")


def test_a_cell_wins_over_the_step_and_the_step_over_the_defaults(plan):
    head = "defaults: {train: {epochs: 2, seed: 7, batch_size: 8}}"
    (run,) = plan(study("name: a, set: {train.epochs: 3, train.seed: 8}, matrix: {train.seed: [9]}", head=head))
    assert (run.config.train.batch_size, run.config.train.epochs, run.config.train.seed) == (8, 3, 9)


@pytest.mark.parametrize("units", ["[512, 256]", "'512,256'"])
def test_lists_in_a_matrix_make_names_of_folders(plan, units):
    (run,) = plan(study(f"name: a, matrix: {{model.dense_units: [{units}]}}"))
    assert (run.name, run.config.model.dense_units) == ("a-512x256", (512, 256))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (study("name: a, matrix: {train.seed: []}"), "s: runs.a.matrix.train.seed is empty; expected at least one"),
        (study("name: a", "name: a"), "s: two runs are named 'a'; every run needs its own name"),
        (study("name: a, matrix: {train.seed: [1, 1]}"), "two runs are named 'a-1'"),
        (
            study("name: a", "name: b, select: {best: val_accuracy, among: [c*, d]}"),
            "s, run b: select.among (c*, d) matches no earlier run",
        ),
        (study("name: a, select: {best: val_accuracy, among: ['*']}"), "matches no earlier run"),
        (study("name: a, mtrix: {}"), "known: name, set, builtin, matrix, select; did you mean 'matrix'?"),
        (study("name: a, select: {bset: val_accuracy, among: [a]}"), "known: best, among; did you mean 'best'?"),
        (study("name: a, select: {best: val_loss, among: [a]}"), "runs.0.select.best is 'val_loss'; it should be"),
        (
            "name: s\nrnus: []",
            "unknown key 'rnus'; known: name, description, defaults, seeds, runs, questions; did you mean 'runs'?",
        ),
        ("name: s", "runs is missing"),
        ("name: s\nruns: []", "runs is []; it should have at least 1 item"),
        ("", "the file is None; expected a mapping"),
        (study("name: .."), "runs.0.name is '..'; it should be letters, digits"),
        (study("name: a, set: {train.epocs: 3}"), "s, run a: unknown field 'train.epocs'"),
        (study("name: a", head="defaults: {train: {epochs: 0}}"), "s, run a: train.epochs is 0; it should be greater"),
    ],
)
def test_a_wrong_study_is_told_in_one_line(plan, text, message):
    with pytest.raises(ConfigError) as caught:
        plan(text)
    assert message in str(caught.value) and "\n" not in str(caught.value)


def test_an_override_of_no_field_is_refused(plan):
    with pytest.raises(ConfigError, match=r"s, run a: unknown field 'train.epoch'.*did you mean 'train.epochs'"):
        plan(ONE, {"train.epoch": 3})


def test_an_unknown_study_is_refused_with_the_nearest():
    with pytest.raises(ConfigError, match="'vgg16-la'; shipped: vgg16-lab, vgg16-strong; did you mean 'vgg16-lab'"):
        load_study("vgg16-la")


def test_a_study_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"mine.yaml: no such file"):
        load_study(tmp_path / "mine.yaml")


@pytest.mark.parametrize(
    ("accuracies", "losses", "chosen"),
    [
        ([(0.5, 0.9), (0.8, 0.8), (0.7, 0.7)], [(1, 1), (1, 1), (1, 1)], "a"),
        ([(0.5, 0.9), (0.5, 0.9), (0.5, 0.9)], [(1, 2), (1, 1), (1, 2)], "b"),
        ([(0.5, 0.9), (0.9, 0.5), (0.9, 0.9)], [(1, 1), (1, 1), (1, 1)], "a"),
        ([(0.1, 0.1), (0.9, None), (None, None)], [(1, 1), (1, 1), (1, 1)], "b"),
    ],
)
def test_the_best_epoch_chooses_then_the_lower_loss_then_the_order(write_run, accuracies, losses, chosen):
    runs = [write_run(*run) for run in zip("abc", losses, accuracies, strict=True)]
    assert choose(runs).run.name == chosen


def test_the_reason_names_the_runner_up(write_run):
    first, second, third = (
        write_run(*run) for run in [("a", [1], [0.7]), ("b", [1, 1], [0.2, 0.9]), ("c", [1], [0.8])]
    )
    assert choose([first, second, third]).reason == (
        "b has the best val_accuracy of 3 runs: 0.9000 in epoch 2; next is c with 0.8000"
    )


def test_the_mean_over_seeds_chooses(write_run, tmp_path):
    lucky = [write_run(f"seed-{n}", [1], [good], parent=tmp_path / "lucky") for n, good in enumerate([0.3, 0.95, 0.4])]
    steady = [write_run(f"seed-{n}", [1], [0.7], parent=tmp_path / "steady") for n in range(3)]
    choice = choose([*lucky, write_run("one", [1], [0.6]), *steady])
    assert choice.name == "steady" and choice.run in steady
    assert choice.reason == (
        "steady has the best val_accuracy of 3 runs: 0.7000, the mean over 3 seeds; next is one with 0.6000"
    )


def test_runs_without_an_epoch_are_passed_over(write_run):
    choice = choose([write_run("a"), write_run("b", [1], [0.7])])
    assert choice.run.name == "b" and "next is" not in choice.reason


def test_there_is_nothing_to_choose_from_runs_without_an_epoch(write_run):
    with pytest.raises(RunError, match=r"none of the candidates \(a, b\) finished an epoch"):
        choose([write_run("a"), write_run("b", [1], [None])])
    with pytest.raises(RunError, match=r"\(none\)"):
        choose([])


def test_the_selected_config_is_the_chosen_one_with_the_settings_of_the_step():
    optimal = lab(**{"model.width": 0.5})["optimal"]
    chosen = make_config({"name": "dropout-sgd", "model": {"dropout": 0.2}, "train": {"epochs": 10, "seed": 4}})
    config = selected_config(optimal, chosen)
    assert (config.name, config.train.epochs, config.model.width) == ("optimal", 20, 0.5)
    assert (config.model.dropout, config.train.seed) == (0.2, 4)


@pytest.mark.parametrize(
    ("overrides", "name"),
    [
        ({}, "s-digits"),
        ({"data.name": "cifar10"}, "s-cifar10"),
        ({"model.width": "0.25"}, "s-digits-width-0.25"),
        ({"model.batch_norm": True, "train.epochs": 3}, "s-digits-batch-norm-True-epochs-3"),
        ({"model.dense_units": [512, 256]}, "s-digits-dense-units-512x256"),
        ({"model.dense_units": "512,256"}, "s-digits-dense-units-512x256"),
    ],
)
def test_the_folder_of_a_study_says_what_was_changed(plan, tmp_path, overrides, name):
    planned = plan(ONE, overrides)
    assert study_folder_name(load_study(tmp_path / "s.yaml"), planned, overrides) == name


def test_the_text_of_a_study_tells_everything_that_decides_its_runs(plan, tmp_path):
    text = study("name: a", "name: b, set: {train.epochs: 20}, select: {best: val_accuracy, among: [a]}")
    first, second = plan(text), plan(text, {"train.seed": 1})
    loaded = load_study(tmp_path / "s.yaml")
    assert "train.epochs: 10" in study_text(loaded, first) and "train.epochs: 20" in study_text(loaded, first)
    assert study_text(loaded, first) == study_text(loaded, plan(text)) != study_text(loaded, second)
