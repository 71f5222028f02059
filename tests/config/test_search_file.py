"""A search file becomes a plan; what cannot be searched is told in one line."""

import pytest

from vgglab.config.schema import flatten
from vgglab.config.search_file import plan_search, read_params, read_setting, search_folder_name, search_text
from vgglab.errors import ConfigError

SPACE = {"train.learning_rate": "log 1e-4 1e-1", "model.dense_units": "choice [64],[32, 16]"}


@pytest.fixture
def plan(tmp_path):
    """The plan that a search's text stands for."""

    def make(text: str = "", overrides=None, space=(), **given):
        (tmp_path / "s.yaml").write_text(text or "{}")
        return plan_search(tmp_path / "s.yaml", given | {"space": dict(space)}, overrides or {})

    return make


@pytest.mark.parametrize(
    ("text", "values", "listed"),
    [
        ("log 1e-4 1e-1", (1e-4, 0.1), []),
        ("uniform 0  0.5", (0.0, 0.5), []),
        ("int 1 3", (1, 3), [1, 2, 3]),
        ("choice sgd,adam", ("sgd", "adam"), ["sgd", "adam"]),
        ("choice true, null, [512,256]", (True, None, [512, 256]), [True, None, [512, 256]]),
    ],
)
def test_a_setting_is_a_range_or_a_choice(text, values, listed):
    assert (read_setting(text).values, read_setting(text).listed) == (values, listed)


def test_a_file_the_command_and_the_defaults_make_a_plan(plan):
    text = "name: s\ndefaults: {train: {epochs: 3, seed: 4}}\nspace: {train.batch_size: 'choice 8,16'}\ntrials: 9"
    made = plan(text, {"train.epochs": 5}, SPACE, trials=None, sampler="random", seed=2)
    search = made.search
    assert (search.count, search.sampler, search.pruner, search.seed) == (9, "random", "median", 2)
    assert list(search.space) == ["train.batch_size", *SPACE]
    config = made.config({"train.batch_size": 8, "model.dense_units": [32, 16]}, "trial-000")
    assert (config.name, config.train.batch_size, config.train.epochs) == ("trial-000", 8, 5)
    assert (config.train.seed, config.model.dense_units) == (4, (32, 16))


def test_a_trials_defaults_follow_from_its_own_settings(plan):
    made = plan(space={"train.optimizer": "choice sgd,adamw"})
    assert [made.config({"train.optimizer": name}).train.weight_decay for name in ("sgd", "adamw")] == [0.0, 0.004]


def test_a_grid_has_as_many_trials_as_cells(plan):
    space = {"train.epochs": "int 1 3", "train.optimizer": "choice sgd,adam"}
    assert plan(space=space, sampler="grid").search.count == plan(space=space, sampler="grid", trials=50).search.count
    assert [plan(space=space, sampler=name).search.count for name in ("grid", "tpe")] == [6, 20]


def test_the_corners_hold_each_choice_and_the_most_epochs(plan):
    made = plan(space={"train.epochs": "int 1 7", "train.optimizer": "choice sgd,adam,lion"})
    assert made.epochs == 7 and {corner["train.optimizer"] for corner in made.corners} == {"sgd", "adam", "lion"}


def test_settings_that_go_together_only_with_others_of_the_space_are_taken(plan):
    made = plan(space={"train.nesterov": "choice false,true", "train.momentum": "uniform 0 0.9"})
    assert made.config({"train.nesterov": True, "train.momentum": 0.5}).train.nesterov


def test_what_decides_the_trials_is_written_and_their_number_is_not(plan):
    one, more = plan(space=SPACE, trials=5), plan(space=SPACE, trials=50)
    assert search_text(one) == search_text(more) != search_text(plan(space=SPACE, seed=1))
    assert "train.learning_rate: log 1e-4 1e-1" in search_text(one)
    assert all(f"{field}:" in search_text(one) for field in flatten(one.config()) if field not in ("name", "log"))


def test_the_folder_says_what_was_changed(plan):
    assert search_folder_name(plan("name: s", {"train.epochs": 3}, SPACE)) == "s-digits-epochs-3"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name: s", "the space is empty; name settings, such as 'train.learning_rate: log 1e-4 1e-1'"),
        ("space: {train.lr: int 1 2}", "space has an unknown field 'train.lr'"),
        ("space: {train.epoch: int 1 2}", "did you mean 'train.epochs'?"),
        ("space: {train.epochs: int 2 1}", "space.train.epochs is 'int 2 1'; expected `log LOW HIGH`"),
        ("space: {train.learning_rate: log 0 1}", "expected `log LOW HIGH`"),
        ("space: {train.epochs: 'choice 1,1'}", "expected `log LOW HIGH`"),
        ("space: {train.epochs: 'choice [1'}", "expected `log LOW HIGH`"),
        ("space: {train.epochs: some 1 2}", "expected `log LOW HIGH`"),
        ("space: {train.epochs: 3}", "expected `log LOW HIGH`"),
        ("space: [1]", "space is [1]; expected a mapping"),
        ("space: {data.limit: int 10 20}", "data.limit cannot be searched: its trials could not be held against"),
        ("space: {train.seed: int 1 5}", "train.seed cannot be searched"),
        ("space: {train.epochs: int 0 3}", "train.epochs is 0; it should be greater than or equal to 1"),
        ("space: {train.optimizer: 'choice sgd,adm'}", "train.optimizer is 'adm'; expected one of"),
        (
            "space: {train.epochs: int 1 2}\nsampler: gird",
            "sampler is 'gird'; expected one of tpe, random, cmaes, grid",
        ),
        ("space: {train.learning_rate: log 1 2}\nsampler: grid", "a grid needs values, and train.learning_rate is"),
        ("space: {train.epochs: int 1 2}\ntrails: 3", "unknown key 'trails'"),
        ("space: {train.epochs: int 1 2}\ntrials: 0", "trials is 0; it should be greater than or equal to 1"),
        ("- a", "expected a mapping"),
    ],
)
def test_a_wrong_search_is_told_in_one_line(plan, text, message):
    with pytest.raises(ConfigError) as caught:
        plan(text)
    assert message in str(caught.value) and "\n" not in str(caught.value)


def test_a_setting_is_searched_or_given(plan):
    with pytest.raises(ConfigError, match=r"train.learning_rate is in the space and given as an option"):
        plan(overrides={"train.learning_rate": 0.1}, space=SPACE)


def test_params_are_fields_and_what_they_are_chosen_from():
    assert read_params(["train.epochs: int 1 5", "a.b:choice x"]) == {"train.epochs": "int 1 5", "a.b": "choice x"}
    with pytest.raises(ConfigError, match="expected 'FIELD: VALUES'"):
        read_params(["train.epochs"])
