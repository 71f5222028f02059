"""The scripts for a GPU run through on a CPU: a lent minute is not spent on a typing error."""

import importlib
import json
import subprocess
import sys
from pathlib import Path

import keras
import pytest
from small_network import NETWORK

from vgglab.config.study_file import load_study, plan_runs

SCRIPTS = Path(__file__).parents[2] / "benchmarks" / "gpu"
NAMES = ("common", "rates", "lab", "strong", "bits", "signals", "precision", "devices")
SMALL = ["--data=digits", "--set=data.limit=100"]
ROW = {"whole": 9.0, "first": 4.0, "epoch": 0.5, "epochs": 5.0, "images_per_second": 100, "status": "finished"}


@pytest.fixture
def script(monkeypatch, tmp_path):
    """Run a script of that name in this process: its rows, and the JSON that it wrote."""
    monkeypatch.syspath_prepend(SCRIPTS)

    def run(name: str, *options: str, **replaced):
        module = importlib.import_module(name)
        for what, by in replaced.items():
            monkeypatch.setattr(module, what, by)
        rows = module.main([*SMALL, f"--out={tmp_path}", *options])
        return rows, json.loads((tmp_path / f"{name}.json").read_text())

    yield run
    for name in NAMES:
        sys.modules.pop(name, None)


def trained(tree: dict) -> dict:
    """A training that takes no time: more accurate with a larger seed, and in bfloat16."""
    accuracy = 0.5 + 0.1 * tree.get("train.seed", 0) + 0.01 * (tree["train.precision"] == "bfloat16")
    return ROW | {"accuracy": accuracy, "weights": []}


def test_rates_are_those_of_a_real_training_and_of_plain_keras(script):
    small = (f"--set=model.name={NETWORK}", "--programs=vgglab bf16;keras", "--seconds=1000")
    rows, kept = script("rates", *small, EPOCHS=1)
    assert [row["program"] for row in rows] == ["vgglab bf16", "keras"]
    assert all(row["images_per_second"] > 0 for row in rows) and rows[0]["accuracy"] is not None
    assert kept["rows"][0]["program"] == "vgglab bf16" and "weights" not in kept["rows"][0]
    assert kept["devices"] and kept["environment"]["packages"]["keras"]


def test_what_fails_or_has_no_time_is_a_row(script):
    rows, _ = script("rates", "--programs=vgglab;keras", "--set=data.name=nowhere", "--seconds=46", NEEDED=0)
    assert rows[0]["status"].startswith("ConfigError: ")
    assert script("rates", "--programs=keras", "--seconds=1", NEEDED=45)[0] == [
        {"program": "keras", "status": "no time left"}
    ]


def test_patience_grows_as_long_as_there_is_time(script, capsys):
    rows, _ = script("strong", "--runs=short,long", "--seeds=2", "--seconds=100", train=trained)
    assert [(row["run"], row["seed"]) for row in rows] == [("short", 0), ("short", 1)]
    assert "short: 0.5600 +- 0.0707, n = 2, 5.0 s in epochs" in capsys.readouterr().out


def test_precisions_are_compared_seed_by_seed(script, capsys):
    script("precision", "--seeds=2", train=trained)
    assert "in bfloat16 less that in float32: +0.0100 (n = 2, standard deviation 0.0000)" in capsys.readouterr().out


def test_signals_cost_what_a_round_takes_longer_with_them(script, capsys):
    def train(tree: dict) -> dict:
        return ROW | {"whole": 10.0 + tree["train.signals"], "accuracy": 0.5, "weights": []}

    rows, _ = script("signals", "--rounds=2", train=train)
    assert len(rows) == 6 and [row["signals"] for row in rows] == ["off", "on", "on", "off", "off", "on"]
    assert "whole: +10.0% with signals (n = 2, +10.0% to +10.0%)" in capsys.readouterr().out


@pytest.mark.skipif(keras.backend.backend() == "tensorflow", reason="it shares no batch")
def test_devices_are_one_and_all_at_the_same_and_at_a_larger_batch(script, monkeypatch):
    asked = []
    shared = {"train": lambda tree: asked.append((tree["train.devices"], tree["train.batch_size"])) or dict(ROW)}
    rows, _ = script("devices", "--batch=8", "--seconds=1000", count_devices=lambda asked: 2, **shared)
    assert asked == [(1, 8), (2, 16), (2, 8)] and rows[1]["images_per_second"] == 100


def test_bits_are_compared_between_processes(script):
    found = {"devices": [{"kind": "cpu"}], **{name: {"digest": name, "epoch": 1.0} for name in ("float32", "bfloat16")}}
    rows, _ = script("bits", in_process=lambda given, flags, seconds: found)
    assert [(row["way"], row["precision"], row["same bits"]) for row in rows] == [
        ("as it comes", "float32", True),
        ("as it comes", "bfloat16", True),
    ]


def test_the_lab_is_read_from_what_it_says_and_from_its_folder(script, write_run):
    def spoken(command: list[str], folder: Path, seconds: float):
        yield 1.0, "[1/1] reference-sgd"
        write_run("reference-sgd", [2.0, 1.0], parent=folder / "runs" / "lab")
        yield 9.0, "code 0"

    rows, kept = script("lab", spoken=spoken)
    assert [(row["run"], row["in epochs"], row["whole"]) for row in rows] == [("reference-sgd", 4.0, 8.0)]
    assert kept["seconds"] == 9.0


def test_the_lab_has_other_weights_where_its_pretrained_networks_are_named(script, tmp_path):
    (tmp_path / "lab.yaml").write_text(importlib.import_module("lab").study_text("none"))
    planned, lab = (plan_runs(load_study(name), {}) for name in (tmp_path / "lab.yaml", "vgg16-lab"))
    assert [plan.name for plan in planned] == [plan.name for plan in lab]
    assert {plan.config.backbone.weights for plan in planned} == {None, "none"}
    assert [plan.config.backbone.weights for plan in planned].count("none") == 4


def test_what_there_is_no_time_for_is_not_asked(tmp_path):
    command = ["bash", str(SCRIPTS / "all.sh"), "10"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=True)
    asked = [line.split(":")[0].removeprefix("== ") for line in done.stdout.splitlines()]
    assert (
        asked == ["rates", "lab", "strong", "bits", "signals", "precision", "devices"]
        and "10 s are left" in done.stdout
    )
