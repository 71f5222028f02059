"""A run of one's own network: kept with its code, gone on with by that code, and never executed unasked."""

import json
from pathlib import Path

import numpy as np
import pytest

import vgglab
from vgglab.config.resolve import make_config
from vgglab.config.study_file import load_study, plan_runs
from vgglab.errors import RunError
from vgglab.experiments.grid.local import finish
from vgglab.experiments.run import start_model
from vgglab.keras_tools.graph import inner_layers
from vgglab.models.build import build_model
from vgglab.runs.saved_model import load_model
from vgglab.runs.source import keep_source, kept_config, kept_source
from vgglab.runs.store import create_run

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "residual.py"
ARGUMENTS = {"depth": 8, "filters": 2}
PHASES = [{"epochs": 1}, {"epochs": 1, "freeze": "classify"}]
STUDY = {"data": {"limit": 60}, "train": {"phases": PHASES}}


def config_of(path: Path, name: str):
    return make_config({**STUDY, "name": name, "model": {"name": f"{path}:make", "arguments": ARGUMENTS}})


@pytest.fixture(scope="module")
def example(tmp_path_factory) -> Path:
    """The example of the documentation, in a folder of its own."""
    path = tmp_path_factory.mktemp("code") / "residual.py"
    path.write_text(EXAMPLE.read_text())
    return path


@pytest.fixture(scope="module")
def own(example, tmp_path_factory) -> vgglab.Run:
    """A finished run of the example, its features frozen in the second phase."""
    return vgglab.run(config_of(example, "own"), out=tmp_path_factory.mktemp("own"), progress="none")


@pytest.fixture
def not_trusted(monkeypatch, tmp_path):
    """A user who has not trained anything here, and a process that has not executed anything."""
    import keras

    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    known = keras.saving.get_custom_objects()
    monkeypatch.delitem(known, "residual>Block", raising=False)


def test_a_run_keeps_its_code_and_its_hash(own, example):
    kept = json.loads((own.folder / "source" / "source.json").read_text())
    assert (own.folder / "source" / "residual.py").read_bytes() == example.read_bytes()
    assert kept["function"] == "make" and len(kept["sha256"]) == 64
    assert own.settings["model.arguments.depth"] == 8 and own.status == "finished"
    assert own.findings and "dense_units" not in str([found["try"] for found in own.findings])


def test_a_run_that_was_killed_at_once_goes_on_by_the_code_that_it_keeps(example, tmp_path):
    data, config = vgglab.load_data("digits", limit=60), config_of(example, "killed")
    before, source = start_model(config, data).get_weights(), example.read_text()
    folder, _ = create_run(config, tmp_path)
    example.write_text(source.replace("depth - 2", "depth - 3"))
    again = start_model(kept_config(folder, config), data).get_weights()
    with pytest.raises(RunError, match=r"made by another residual.py than there is now"):
        finish(tmp_path, config, quiet=True)
    example.write_text(source)
    assert all(map(np.array_equal, before, again))


def test_somebody_elses_code_is_executed_only_where_it_is_named(own, told, tmp_path, not_trusted):
    picture = next((own.folder / "examples").glob("*.png"))
    code, out, err = told("predict", own.folder, picture)
    assert (code, out) == (1, "") and "read it, and if you trust it say --code" in err
    code, out, err = told("predict", own.folder, picture, "--code", own.folder / "source" / "residual.py")
    assert code == 0 and out.startswith(str(picture))


def test_a_run_that_starts_from_its_model_takes_the_code_along(own, example, tmp_path):
    model = {"name": str(own.folder / "best.keras"), "preprocessing": "none"}
    folder, config = create_run(make_config({**STUDY, "name": "next", "model": model}), tmp_path)
    start = build_model(kept_config(folder, config), (32, 32, 3), 10)
    assert kept_source(folder).path == folder / "source" / "code" / "residual.py"
    assert kept_source(folder / "source") == kept_source(folder)  # the model there is loaded in a process of its own
    assert all(map(np.array_equal, start.get_weights(), own.classifier.model.get_weights()))
    weights, _ = create_run(make_config({"name": "w", "backbone": {"weights": f"run:{own.folder}"}}), tmp_path)
    assert kept_source(weights).function == "make"


def test_the_study_of_the_documentation_plans_a_run_for_each_depth():
    planned = plan_runs(load_study(EXAMPLE.with_suffix(".yaml")), {})
    assert [run.name for run in planned] == ["depth-8", "depth-14", "depth-20", "longer"]
    assert [run.config.model.arguments["depth"] for run in planned[:3]] == [8, 14, 20]


def test_a_model_that_is_loaded_is_frozen_as_it_was_also_inside_its_layers(own):
    model = load_model(own.folder / "last.keras")  # of the second phase
    assert [weight.path.partition("/")[0] for weight in model.trainable_variables] == ["classify"] * 2
    assert int(model.optimizer.iterations) == 1


def test_code_that_was_changed_is_not_executed(own, example, tmp_path):
    config = config_of(example, "changed")
    keep_source(tmp_path, config)
    with (tmp_path / "source" / "residual.py").open("a") as file:
        file.write("raise SystemExit")
    with pytest.raises(RunError, match="was changed since the run began"):
        start_model(kept_config(tmp_path, config), vgglab.load_data("digits", limit=60))


def test_the_summary_of_a_layer_with_layers_counts_each_weight_once(own):
    network = json.loads((own.folder / "network.json").read_text())
    assert sum(layer["parameters"] for layer in network["layers"]) == network["parameters"]["total"]
    assert network["flops"] > 0 and all(layer["output_shape"] for layer in network["layers"][1:])
    assert len(network["layers"]) == sum(len(inner_layers(each)) for each in own.classifier.model.layers)
