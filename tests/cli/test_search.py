"""`vgglab search`: what it costs is said before, what is wrong in a line, what came of it as a table or JSON."""

import pytest
from small_network import NETWORK

from vgglab.experiments.trials import ready

PARAM = ("--param", "train.epochs: int 1 3", "--param", "train.optimizer: choice sgd,adam")
TINY = ("--limit", 100, "--model", NETWORK)


def test_a_dry_run_says_the_space_and_the_most_that_it_costs(told, tmp_path):
    code, out, _ = told("search", *PARAM, *TINY, "--trials", 7, "--dry-run", "--out", tmp_path)
    assert code == 0 and "train.epochs     int 1 3" in out and "choice sgd,adam" in out
    assert out.splitlines()[-1].startswith("7 trials of at most") and "on this machine" in out
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "the space is empty"),
        (("--param", "train.epochs"), "expected 'FIELD: VALUES'"),
        ((*PARAM, "--sampler", "gird"), "sampler is 'gird'; expected one of tpe, random, cmaes, grid"),
        ((*PARAM, "--epochs", 3), "train.epochs is in the space and given as an option"),
        ((*PARAM, "--lang", "de"), "--lang is 'de'"),
        (("nothing.yaml",), "nothing.yaml: no such file"),
    ],
)
def test_what_is_wrong_is_told_in_a_line_before_anything_is_done(told, tmp_path, arguments, message):
    code, out, err = told("search", *arguments, "--out", tmp_path / "runs")
    assert (code, out) == (2, "") and message in err and err.count("\n") == 1 and not (tmp_path / "runs").exists()


def test_without_optuna_a_search_says_what_to_install(told, tmp_path, monkeypatch):
    monkeypatch.setattr(ready, "find_spec", lambda name: None)
    code, _, err = told("search", *PARAM, "--out", tmp_path / "runs")
    assert (code, err) == (1, "vgglab: a search needs Optuna; pip install 'vgglab[search]'\n")
