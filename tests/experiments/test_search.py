"""A search: trials are chosen, cut short, gone on with after a kill, shared by processes; the best is tested once."""

import json
import shutil
import threading
from unittest.mock import Mock

import pytest
from small_network import NETWORK

import vgglab
from vgglab.config.search_file import plan_search
from vgglab.errors import RunError, VgglabError
from vgglab.runs.files import write_json
from vgglab.runs.record import history_row
from vgglab.runs.store import load

pytest.importorskip("optuna", reason="needs the extra search")

from vgglab.experiments.trials import loop, outcome
from vgglab.experiments.trials import study as studies
from vgglab.experiments.trials.loop import claim, run_search, settle_search
from vgglab.experiments.trials.pruning import stopping

# Signals of a network that its first step overthrew: one answer for every image since.
OVERTHROWN = [
    {"epoch": 0, "dead": {}, "norm": {"fc": 1.0}, "classes_predicted": 2, "spread": 0.2},
    {"epoch": 1, "dead": {}, "norm": {"fc": 9.0}, "classes_predicted": 1, "spread": 0.0, "first_update": {"fc": 8.0}},
]
SPACE = {"train.learning_rate": "log 1e-3 1", "train.batch_size": "choice 16,64"}


def planned(space=SPACE, epochs=4, **given):
    return plan_search({"space": space, "trials": 7, **given}, {}, {"train.epochs": epochs})


def course(config, epoch):
    """The validation accuracy of a training that was never done: the better the nearer its rate is to 0.1."""
    rate = config.train.learning_rate
    return min(rate / 0.1, 0.1 / rate) * epoch / config.train.epochs


@pytest.fixture(scope="module")
def pretend():
    """Train without a network: epoch after epoch as `train_stretch` has it, until told to stop."""

    def train(folder, quiet, kill=None):
        run = load(folder)
        write_json(folder / "classes.json", {"schema": 1, "classes": ["a", "b"]})
        stops, history = stopping(folder, run.config), run.history[:-1]  # the last epoch may have been lost
        while not stops(history) and len(history) < run.config.train.epochs:
            figure = course(run.config, len(history) + 1)
            history.append(
                history_row(
                    len(history) + 1, {"loss": 3.0, "accuracy": 0.5, "val_accuracy": figure, "val_loss": 1.0}, 0.1, 1.0
                )
            )
            run.record.keep_history(folder, history)
            if kill == (folder.name, len(history)):
                raise KeyboardInterrupt
        run.record.status, run.record.message = "finished", stops(history)
        run.record.save(folder)

    return train


def leave_files(run, data_dir):
    """Stands for the test of a network that is not there."""
    for name in outcome.TESTED:
        shutil.copyfile(run.folder / "run.json", run.folder / name)


@pytest.fixture(scope="module")
def whole(pretend, tmp_path_factory):
    """What `search.json` holds of a search that nothing stopped."""
    return search(planned(), tmp_path_factory.mktemp("whole"), pretend)


def search(plan, folder, train, **given):
    """What `search.json` holds after a search."""
    said = []
    run_search(plan, folder, True, said.append, train=train, **given)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(outcome, "test_once", tests := Mock(side_effect=leave_files))
        settle_search(plan, folder)
    found = json.loads((folder / "search.json").read_text())
    return found | {"said": said, "folder": folder, "tests": tests.call_count}


def trials(found):
    return [(row["name"], row["how"], row["settings"], row["figure"], row["epochs"]) for row in found["trials"]]


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """A search of real trainings, in Python."""
    options = {"limit": 100, "model": NETWORK, "epochs": 2, "name": "real", "progress": "none"}
    return vgglab.search({"space": SPACE, "trials": 2}, **options, out=tmp_path_factory.mktemp("runs"))


def test_every_trial_is_a_run_and_the_best_alone_is_tested(found):
    assert found.folder.name == "real" and [row["name"] for row in found.trials] == ["trial-000", "trial-001"]
    assert found.best in found.tested and len(found.tested) == 1
    other = load(found.folder / ("trial-001" if found.best == "trial-000" else "trial-000"))
    assert found.run.metrics["n"] == 100 and other.metrics is None and other.status == "finished"
    assert not list(other.folder.glob("predictions.csv")) and (found.run.folder / "model.weights.h5").exists()
    assert found.run.best["val_accuracy"] >= other.best["val_accuracy"] and other.findings


def test_the_best_is_a_whole_config_to_train_with(found):
    from vgglab.config.resolve import read_config

    config = read_config(found.folder / "best.yaml", {"name": found.best})
    assert config == found.run.config and config.train.epochs == 2


def test_the_command_goes_on_with_what_python_began_and_tells_it_as_a_table_and_as_json(found, told):
    params = [part for field, text in SPACE.items() for part in ("--param", f"{field}: {text}")]
    command = ["search", *params, "--limit", 100, "--model", NETWORK, "--epochs", 2, "--trials", 2]
    command += ["--name", "real", "--out", found.folder.parent]
    before = (found.run.folder / "metrics.json").stat().st_mtime_ns
    code, out, err = told(*command)
    assert code == 0 and out.startswith(str(found)) and found.told in out and "test accuracy" in out
    assert f"the best as a config: {found.folder / 'best.yaml'}" in err and (found.folder / "report.html").exists()
    code, out, _ = told(*command, "--json")
    assert code == 0 and json.loads(out) == found.as_json()
    assert (found.run.folder / "metrics.json").stat().st_mtime_ns == before


def test_a_search_prints_as_a_table_the_best_first(found):
    first, second = str(found).splitlines()[:2]
    assert first.split()[:3] == ["trial", "ended", "val_accuracy"] and second.split()[0] == found.best
    assert "chosen from 2 trials (2 finished)" in found.told and "<table>" in found._repr_html_()


def test_the_best_figure_is_chosen_among_those_that_came_to_their_end(pretend, whole):
    ended = {row["name"]: row["figure"] for row in whole["trials"] if row["how"] == "finished"}
    assert whole["best"] == max(ended, key=ended.get) and [whole["best"]] == whole["tested"]
    assert whole["tests"] == 1 and len(whole["trials"]) == 7
    assert set(whole["importance"]) == set(SPACE) and sum(whole["importance"].values()) == pytest.approx(1, abs=0.01)


def test_a_trial_behind_others_is_cut_short_and_says_so(whole):
    short = [row for row in whole["trials"] if row["how"] == "pruned"]
    assert short and all(row["epochs"] < 4 and "is behind other trials, by median" in row["why"] for row in short)
    run = load(whole["folder"] / short[0]["name"])
    assert run.status == "finished" and run.record.message == short[0]["why"] and run.ended_early


@pytest.mark.parametrize(("pruner", "ends"), [("hyperband", True), ("halving", True), ("none", False)])
def test_other_pruners_cut_by_their_own_rules_and_none_cuts_nothing(pretend, tmp_path, pruner, ends):
    found = search(planned(pruner=pruner, trials=6), tmp_path, pretend)
    assert any(row["how"] == "pruned" for row in found["trials"]) is ends


@pytest.mark.parametrize("sampler", ["random", "tpe"])
def test_another_seed_or_sampler_makes_other_trials(pretend, whole, tmp_path, sampler):
    found = search(planned(seed=4, sampler=sampler, trials=1), tmp_path, pretend)
    assert found["trials"][0]["settings"] != whole["trials"][0]["settings"]


def test_a_search_that_is_killed_goes_on_with_the_running_trial_to_the_same_end(pretend, whole, tmp_path):
    for kill in (("trial-002", 2), ("trial-006", 1)):
        with pytest.raises(KeyboardInterrupt):
            search(planned(), tmp_path, lambda *given, kill=kill: pretend(*given, kill=kill))
    gone_on = search(planned(), tmp_path, pretend)
    assert trials(gone_on) == trials(whole) and gone_on["best"] == whole["best"]
    assert gone_on["said"][0].startswith("[7/7] trial-006: train.learning_rate=")


def test_a_kill_between_training_and_telling_is_made_good(pretend, whole, tmp_path):
    with pytest.MonkeyPatch.context() as patch, pytest.raises(ZeroDivisionError):
        patch.setattr(loop, "tell_run", lambda *given: 1 / 0)
        search(planned(trials=2), tmp_path, pretend)
    found = search(planned(trials=2), tmp_path, pretend)
    assert trials(found) == trials(whole)[:2] and found["said"][1].endswith("(done before)")


def test_more_trials_may_be_asked_for_and_nothing_is_done_twice(pretend, tmp_path):
    few = search(planned(trials=1), tmp_path, pretend)
    more = search(planned(trials=2), tmp_path, pretend)
    assert trials(more)[:1] == trials(few) and len(more["trials"]) == 2 and len(more["said"]) == 2
    with pytest.raises(RunError, match="holds another search"):
        search(planned(trials=2, seed=1), tmp_path, pretend)


def test_a_trial_that_another_process_is_at_is_left_to_it(pretend, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        search(planned(trials=2), tmp_path, lambda *given: pretend(*given, kill=("trial-000", 1)))
    other = claim(tmp_path, 0)
    found = search(planned(trials=2), tmp_path, pretend)
    assert [row["how"] for row in found["trials"]] == ["running", "finished"] and not found["tested"]
    other.release()
    found = search(planned(trials=2), tmp_path, pretend)
    assert [row["how"] for row in found["trials"]] == ["finished", "finished"] and found["tested"]


def test_two_workers_do_two_trials_at_a_time_and_none_twice(pretend, tmp_path):
    met = threading.Barrier(2, timeout=60)

    def train(folder, quiet):
        met.wait()
        pretend(folder, quiet)

    found = search(planned(trials=4, pruner="none"), tmp_path, train, workers=2)
    assert [row["how"] for row in found["trials"]] == ["finished"] * 4 and found["tested"] == [found["best"]]
    assert sorted(line[:9] for line in found["said"]) == [
        *(f"[{n}/4] tri" for n in range(1, 5)),
        *(f"trial-00{n}" for n in range(4)),
    ]


def test_a_trial_that_has_ended_since_it_was_looked_at_is_not_done_again(pretend, tmp_path):
    plan = planned(trials=1)
    with pytest.raises(KeyboardInterrupt):
        search(plan, tmp_path, lambda *given: pretend(*given, kill=("trial-000", 1)))
    study = studies.open_study(tmp_path, plan)
    (looked_at,) = studies.trials_of(study, plan)
    search(plan, tmp_path, pretend)
    assert not looked_at.state.is_finished() and loop.claim_open(study, looked_at, tmp_path) is None
    claim(tmp_path, 0).release()


def test_a_trial_that_fails_ends_nothing_and_is_told(pretend, tmp_path):
    space = {"train.optimizer": "choice sgd,adam", "train.momentum": "choice 0,0.9"}
    found = search(planned(space, sampler="grid"), tmp_path, pretend)
    (failed,) = [row for row in found["trials"] if row["how"] == "failed"]
    assert failed["settings"] == {"train.optimizer": "adam", "train.momentum": 0.9} and failed["figure"] is None
    assert "train.momentum: adam takes none" in failed["why"] and len(found["trials"]) == 4


def test_a_trial_that_is_hopeless_after_an_epoch_ends_there_and_says_why(pretend, tmp_path):
    def train(folder, quiet):
        (folder / "signals.jsonl").write_text("".join(json.dumps(line) + "\n" for line in OVERTHROWN))
        pretend(folder, quiet)

    with pytest.raises(RunError, match=r"no trial came to its end.*1 hopeless; the last: cut short after epoch 1 of 4"):
        search(planned(trials=1), tmp_path, train)
    (row,) = json.loads((tmp_path / "search.json").read_text())["trials"]
    assert (row["how"], row["epochs"]) == ("hopeless", 1) and "The learning rate" in row["why"]


def test_a_trial_without_its_search_does_not_go_on(pretend, whole, tmp_path):
    copy = shutil.copytree(whole["folder"] / "trial-000", tmp_path / "trial-000")
    with pytest.raises(RunError, match=r"a trial of a search, whose search\.db is missing"):
        stopping(copy, load(copy).config)


def test_a_search_of_which_nothing_came_says_why(pretend, tmp_path):
    def fail(folder, quiet):
        raise VgglabError("the lights went out")

    with pytest.raises(RunError, match=r"no trial came to its end.*2 failed; the last: the lights went out"):
        search(planned(trials=2), tmp_path, fail)


def test_no_trial_begins_after_the_time_is_over(pretend, tmp_path):
    search(planned(trials=1), tmp_path, pretend)
    assert len(search(planned(), tmp_path, pretend, timeout=0)["trials"]) == 1


def test_trials_that_ask_the_study_over_the_network_come_to_the_same(pretend, whole, tmp_path, monkeypatch):
    pytest.importorskip("grpc", reason="comes with TensorFlow")
    from vgglab.experiments.trials import asking, study

    study.open_study(tmp_path, planned())
    monkeypatch.setenv(asking.ASK, asking.answer_trials(tmp_path, "127.0.0.1"))
    assert trials(search(planned(), tmp_path, pretend)) == trials(whole)
