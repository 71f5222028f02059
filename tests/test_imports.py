"""Who may import whom, and that asking for help loads nothing slow."""

import ast
import re
import subprocess
import sys
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import vgglab

SOURCE = Path(vgglab.__file__).parent
BACKENDS = {"keras", "tensorflow", "jax", "torch"}
PAGE = (Path(__file__).parents[1] / "docs" / "architecture.md").read_text(encoding="utf-8")
# The rooms of the house, from the ground up: a room may import those on the floors below it, and no other.
FLOORS = (
    {"errors", "interrupts", "keras_tools", "studies"},
    {"config"},
    {"runs", "datasets"},
    {"models", "diagnosis", "evaluation"},
    {"training", "tracking", "report", "locale", "exporting"},
    {"engines"},
    {"experiments", "watching", "serving"},
    {"cli"},
)
# What a room below would be allowed to, and this one is not.
FORBIDDEN = {
    "config": {"numpy"} | BACKENDS,
    "datasets": BACKENDS,
    "diagnosis": {"datasets"},
    "diagnosis.findings": {"numpy", "runs"} | BACKENDS,
    "diagnosis.reading": {"numpy"} | BACKENDS,
    "diagnosis.comparison": {"numpy"} | BACKENDS,
    "diagnosis.rate_range": {"numpy"} | BACKENDS,
    "diagnosis.trial": {"numpy"} | BACKENDS,
    "evaluation": BACKENDS,  # but for NEEDS_THE_NETWORK
    "report": {"models", "datasets", "diagnosis.signals"} | BACKENDS,
    "exporting": {"models"} | BACKENDS - {"tensorflow"},  # what is exported runs without Keras
    "serving": {"models", "training"} | BACKENDS,  # it never trains, and with ONNX it loads no backend
    "tracking": {"models", "datasets", "evaluation"} | BACKENDS,
    "experiments.study": {"training", "models", "report"} | BACKENDS,
}
NEEDS_THE_NETWORK = {("vgglab.evaluation.gradcam", "keras")}  # its gradients; everything else there takes predictions


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(SOURCE.parent).with_suffix("").parts).removesuffix(".__init__")


MODULES = {module_name(path): ast.parse(path.read_text()) for path in sorted(SOURCE.rglob("*.py"))}


def imported(nodes) -> set[str]:
    """The modules that import statements name; `from vgglab import errors` names vgglab.errors."""
    found = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            below = {f"{node.module}.{alias.name}" for alias in node.names} & MODULES.keys()
            found |= below or {node.module}
    return found


def is_below(module: str, package: str) -> bool:
    return f"{module}.".startswith(f"{package}.")


def room(module: str) -> str | None:
    """The room a module is in; None for the two doors, `vgglab` and `vgglab.__main__`."""
    return None if module in ("vgglab", "vgglab.__main__") else module.split(".")[1]


def test_a_room_imports_only_rooms_on_lower_floors():
    floor = {name: number for number, names in enumerate(FLOORS) for name in names}
    assert len(FLOORS) <= 9 and floor.keys() == {room(module) for module in MODULES} - {None}
    breaches = {
        (module, target)
        for module, tree in MODULES.items()
        for target in imported(ast.walk(tree)) & MODULES.keys()
        if room(module) and room(target) not in (None, room(module)) and floor[room(target)] >= floor[room(module)]
    }
    assert not breaches


def test_the_page_of_the_house_shows_every_room_on_its_floor():
    shown = re.findall(r"^(\d|planned) +(\w+)(?:/|\.py) ", PAGE, re.MULTILINE)
    floors = {(str(number), name) for number, names in enumerate(FLOORS) for name in names}
    assert {(floor, name) for floor, name in shown if floor != "planned"} == floors
    assert not [name for floor, name in shown if floor == "planned" and (SOURCE / name).exists()]


def test_every_module_on_the_page_of_the_house_exists():
    rooms = re.findall(r"^\d +(\w+/) (.*)", PAGE, re.MULTILINE)
    below = [SOURCE / room / name for room, text in rooms for name in re.findall(r"\w+(?:\.py|/)", text)]
    written = [SOURCE / name for name in re.findall(r"`([\w/]+\.py)`", PAGE)]
    assert len(below) > 35 and len(written) > 15 and [path for path in below + written if not path.exists()] == []


def test_every_function_on_the_page_of_the_house_exists():
    named = [
        (module, name)
        for row in re.findall(r"^\| \d+ \| ([^|]*) \|", PAGE, re.MULTILINE)
        for module, names in re.findall(r"`([\w/]+\.py)`((?:,? `\w+`)+)", row)
        for name in re.findall(r"\w+", names)
    ]
    defined = {name: {node.name for node in tree.body if hasattr(node, "name")} for name, tree in MODULES.items()}
    assert len(named) > 20 and [pair for pair in named if pair[1] not in defined[module_name(SOURCE / pair[0])]] == []


def test_the_top_has_two_doors_the_errors_and_the_interrupts():
    assert {path.name for path in SOURCE.glob("*.py")} == {"__init__.py", "__main__.py", "errors.py", "interrupts.py"}


@pytest.mark.parametrize("package", FORBIDDEN)
def test_imports_go_downwards_only(package):
    inside = [name for name in MODULES if is_below(name, f"vgglab.{package}")]
    forbidden = {name if name in BACKENDS | {"numpy"} else f"vgglab.{name}" for name in FORBIDDEN[package]}
    breaches = {
        (module, target)
        for module in inside
        for target in imported(ast.walk(MODULES[module]))
        if any(is_below(target, name) for name in forbidden)
    }
    assert inside and breaches <= NEEDS_THE_NETWORK


def test_no_module_imports_itself_by_way_of_others():
    graph = {name: imported(ast.walk(tree)) & MODULES.keys() - {name} for name, tree in MODULES.items()}
    assert len(graph) > 30 and "vgglab.errors" in graph["vgglab.config.resolve"]
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def test_relative_imports_are_not_used():
    assert not [n for tree in MODULES.values() for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) and n.level]


def modules_after(code: str) -> set[str]:
    code = f"import sys\n{code}\nprint(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stderr.split())


@pytest.mark.parametrize("arguments", [["--help"], ["train", "--help"], []])
def test_help_loads_nothing_slow(arguments):
    loaded = modules_after(
        f"from vgglab.cli.app import app\nfrom vgglab.cli.console import run_command\nrun_command(app, {arguments})"
    )
    slow = BACKENDS | {"numpy", "sklearn", "matplotlib"} | ({"pydantic"} if "train" not in arguments else set())
    assert "typer" in loaded and not loaded & slow


@pytest.mark.parametrize(
    "module",
    [
        "vgglab",
        "vgglab.report.compare",
        "vgglab.report.outcome",
        "vgglab.report.html",
        "vgglab.diagnosis.comparison",
        "vgglab.config.study_file",
        "vgglab.watching.curves",
    ],
)
def test_readers_load_no_backend(module):
    loaded = modules_after(f"import {module}")
    assert module in loaded and not loaded & (BACKENDS | {"numpy"})


def test_a_folder_of_this_machine_needs_nothing_that_reaches_others(tmp_path):
    loaded = modules_after(f"from vgglab.runs.store import list_runs\nlist_runs({str(tmp_path)!r})")
    assert "vgglab.runs.remote.folder" in loaded and not loaded & {"fsspec", "vgglab.runs.remote.mirror", "filelock"}


def test_writing_a_report_loads_no_backend(write_run):
    folder = write_run("a", [2.3, 1.1], test_accuracy=0.5).folder
    loaded = modules_after(f"from vgglab.report.html import write_report\nwrite_report([{str(folder)!r}])")
    assert (folder / "report.html").exists() and not loaded & (BACKENDS | {"numpy", "matplotlib", "sklearn"})


def test_metrics_load_no_backend():
    assert not modules_after("import vgglab.evaluation.metrics") & BACKENDS
