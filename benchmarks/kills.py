"""Kill trainings with SIGKILL at random moments, go on with them, and compare with a training that was not killed.

    python benchmarks/kills.py [--scenarios usual|recipe|streamed|NAME...] [--kills 100] [--seed 0] [--width 0.05]

Trainings from scratch, on frozen features, in phases, with several seeds and in folds, and studies are killed, or one
with each option of the recipe and one with all of them, or such as decode pictures on the way, at moments drawn from
the seed: half of the kills by the clock, from outside; half at the n-th file operation (opening for writing, renaming,
linking, removing), so that saving and evaluating are hit as often as they have files. What was killed is gone on with
by the command that vgglab advises, which is killed too, and evaluated once more, with a kill in that. In the end
weights, optimizer state, history, metrics, predictions and every other file must be those of an undisturbed training,
to the bit; only times and paths may differ. Prints a Markdown table; code 1 where anything differs or is left behind.
"""

import argparse
import contextlib
import io
import os
import random
import re
import shutil
import signal
import sys
import tarfile
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from same_runs import differences, left_behind

from vgglab.config.yaml_text import dump_yaml
from vgglab.experiments.grid import preloaded  # noqa: F401 - Keras is imported once; each training is a fork
from vgglab.runs.environment import describe_environment
from vgglab.runs.store import Run

SHARED = {"data.limit": 100, "model.width": 0.05, "train.epochs": 4, "train.learning_rate": 0.1}
PHASES = [
    {"epochs": 2, "learning_rate": 0.05, "freeze": "fc1"},
    {"epochs": 2, "learning_rate": 0.01, "freeze": "block5_conv1", "schedule": "cosine"},
]
SCENARIOS: dict[str, dict[str, Any]] = {
    "scratch": {"model.batch_norm": True, "model.dropout": 0.2, "train.momentum": 0.9, "augment.crop": 2},
    "frozen": {"backbone.name": "VGG16", "backbone.weights": "builtin", "train.freeze": "all", "model.width": 0.25},
    "phases": {"model.batch_norm": True, "train.phases": PHASES},
    "study": {},
    "seeds": {"train.epochs": 2},
    "folds": {"train.epochs": 2},
}
MOMENTUM = {"train.momentum": 0.9, "train.learning_rate": 0.05}
RECIPE: dict[str, dict[str, Any]] = {
    "weight-decay": {"train.weight_decay": 0.01},
    "label-smoothing": {"train.label_smoothing": 0.1},
    "ema": {"train.ema": True, "train.ema_momentum": 0.8},
    "nesterov": MOMENTUM | {"train.nesterov": True},
    "clip-norm": MOMENTUM | {"train.clip_norm": 0.1},
    "early-stopping": {"train.early_stopping": 1, "train.monitor": "val_loss", "train.learning_rate": 1.0},
    "class-weights": {"train.class_weights": "balanced"},
    "layer-decay": {"train.layer_decay": 0.5},
    "settled": {"train.settle_batch_norm": True, "model.batch_norm_momentum": 0.9},
}
for settings in RECIPE.values():
    settings["model.batch_norm"] = True  # without it a network of this size stays at chance
ALL = {field: value for settings in RECIPE.values() for field, value in settings.items()}
RECIPE["all-of-them"] = ALL | MOMENTUM | {"train.early_stopping": 3}
STREAMED = {kind: {"data.stream": "on", "model.image_size": 32} for kind in ("pictures", "shards")}
KNOWN = SCENARIOS | RECIPE | STREAMED
SETS = {"usual": tuple(SCENARIOS), "recipe": tuple(RECIPE), "streamed": tuple(STREAMED)}
SEVERAL = {"seeds": ["--seeds", "2"], "folds": ["--folds", "2"]}
STUDIES = ("study", *SEVERAL)  # folders of several runs; the command that began one goes on with it
MOST_IN_A_TRIAL = 4  # kills of one training
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT
TWO_PATHS = ("os.rename", "os.link")  # the second is the one that appears
CHANGES = (*TWO_PATHS, "os.remove", "os.mkdir", "os.rmdir")


@dataclass
class Undisturbed:
    """A training that nobody killed.

    Attributes:
        folder: what it wrote: `runs` and `cache`.
        seconds: what it took.
        events: file operations of the training.
        evaluating: file operations of `vgglab evaluate`; 0 for a study.
    """

    folder: Path
    seconds: float
    events: int
    evaluating: int


@dataclass
class Trial:
    """A training that was killed.

    Attributes:
        scenario: one of KNOWN.
        seed: its own, from which every moment follows.
        kills: what was killed: `training`, `resuming`, `evaluating`, and how: `... by the clock`.
        wrong: how it differs from the undisturbed one; empty where it does not.
        left: files that the kills left behind.
    """

    scenario: str
    seed: str
    kills: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)


class FileEvents:
    """Counts the file operations of this process below a folder; at one of them the process is killed.

    Args:
        below: the folder.
        last: number of the operation that is not done any more; None lets it live.
        name: count only files whose name ends so.
    """

    def __init__(self, below: Path, last: int | None, name: str = ""):
        self.below, self.last, self.name, self.count = str(below), last, name, 0
        sys.addaudithook(self.hear)

    def hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        """An audit hook: Python tells of what it is about to do."""
        if event not in CHANGES and not (event == "open" and isinstance(arguments[2], int) and arguments[2] & WRITES):
            return
        path = arguments[event in TWO_PATHS]
        if not isinstance(path, str | bytes | os.PathLike) or not self.concerns(os.fsdecode(path)):
            return
        self.count += 1
        if self.count == self.last:
            os.kill(os.getpid(), signal.SIGKILL)

    def concerns(self, path: str) -> bool:
        """Whether a path is one to count."""
        return path.startswith(self.below) and path.endswith(self.name)


def attempt(
    folder: Path, arguments: list[str], event: int | None = None, name: str = "", after: float | None = None
) -> int:
    """Run the command line in a process of its own, and perhaps kill it with all its children; as waitpid tells it.

    Args:
        folder: of the trial; the file operations are counted below it, into `log/events`.
        arguments: of `vgglab`.
        event: number of the file operation to be killed at.
        name: what the names of the files end in whose operations are counted.
        after: seconds after which to be killed.
    """
    child = os.fork()
    if child == 0:
        run_command_line(folder, arguments, event, name)
    if after is None:
        return os.waitpid(child, 0)[1]
    until = time.monotonic() + after
    while time.monotonic() < until:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return status
        time.sleep(0.01)
    os.killpg(child, signal.SIGKILL)
    return os.waitpid(child, 0)[1]


def run_command_line(folder: Path, arguments: list[str], event: int | None, name: str) -> None:
    """In the child: `vgglab` with these arguments, its words in a file; never returns."""
    code = 1
    try:
        os.setsid()
        (folder / "log").mkdir(exist_ok=True)
        log = os.open(folder / "log" / "said", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.environ.update(VGGLAB_CACHE=str(folder / "cache"), VGGLAB_PROGRESS="none")
        events = FileEvents(folder, event, name)
        from vgglab.cli.app import app
        from vgglab.cli.console import run_command

        code = run_command(app, arguments)
        (folder / "log" / "events").write_text(str(events.count))
    finally:
        os._exit(code)


def start(scenario: str, folder: Path) -> list[str]:
    """The command that starts a scenario in a folder."""
    kind, more = "study" if scenario == "study" else "train", SEVERAL.get(scenario, [])
    return [kind, str(folder / f"{scenario}.yaml"), "--out", str(folder / "runs"), *more]


def go_on(scenario: str, folder: Path) -> list[str] | None:
    """The command that goes on with what was killed, as a person would; None where it is done."""
    run = folder / "runs" / scenario
    if scenario in STUDIES or not run.exists():
        return start(scenario, folder)
    if Run(run).status == "finished":
        return None
    return ["train", "--resume", str(run)]


def prepare(scenario: str, folder: Path, settings: dict[str, Any]) -> None:
    """A folder with the file that a scenario starts from."""
    folder.mkdir(parents=True)
    settings = settings | KNOWN[scenario]
    if scenario in STREAMED:
        settings["data.name"] = str(make_pictures(folder.parent / "data", packed=scenario == "shards"))
    tree: dict[str, Any] = {"name": scenario}
    if scenario == "study":
        steps = [{"name": "slow"}, {"name": "fast", "set": {"train.learning_rate": 0.2}}]
        steps.append({"name": "best", "select": {"best": "val_accuracy", "among": ["*"]}, "set": {"train.seed": 1}})
        tree["defaults"], tree["runs"] = nested(settings), steps
    else:
        tree |= nested(settings)
    (folder / f"{scenario}.yaml").write_text(dump_yaml(tree), encoding="utf-8")


def make_pictures(home: Path, packed: bool) -> Path:
    """A folder of 200 pictures of noise in two classes, or of a tar of them; made once."""
    pictures, tars, random = home / "pictures", home / "shards", np.random.default_rng(0)
    for name in ("ants", "bees") if not home.exists() else ():
        (pictures / name).mkdir(parents=True)
        for number in range(100):
            noise = random.integers(0, 256, (40, 40, 3), dtype=np.uint8)
            Image.fromarray(noise // (1 + (name == "bees"))).save(pictures / name / f"{number:03}.png")
    if packed and not tars.exists():
        tars.mkdir()
        with tarfile.open(tars / "all.tar", "w") as tar:
            for path in sorted(pictures.glob("*/*")):
                tar.add(path, f"{path.parent.name}/{path.name}")
                label = tarfile.TarInfo(f"{path.parent.name}/{path.stem}.cls")
                label.size = len(path.parent.name)
                tar.addfile(label, io.BytesIO(path.parent.name.encode()))
    return tars if packed else pictures


def nested(settings: dict[str, Any]) -> dict[str, Any]:
    """Dotted fields as a tree."""
    tree: dict[str, Any] = {}
    for dotted, value in settings.items():
        section, name = dotted.split(".")
        tree.setdefault(section, {})[name] = value
    return tree


def undisturbed(scenario: str, folder: Path, settings: dict[str, Any]) -> Undisturbed:
    """Train without a kill, and evaluate again."""
    prepare(scenario, folder, settings)
    started = time.monotonic()
    check(folder, attempt(folder, start(scenario, folder)))
    seconds, events, evaluating = time.monotonic() - started, count_of(folder), 0
    if scenario not in STUDIES:
        check(folder, attempt(folder, ["evaluate", str(folder / "runs" / scenario)]))
        evaluating = count_of(folder)
    return Undisturbed(folder, seconds, events, evaluating)


def kill_and_go_on(trial: Trial, folder: Path, whole: Undisturbed, settings: dict[str, Any]) -> None:
    """One training, killed until it is done or was killed often enough, then compared."""
    rng = random.Random(trial.seed)
    prepare(trial.scenario, folder, settings)
    command: list[str] | None = start(trial.scenario, folder)
    most, kind = rng.randint(1, MOST_IN_A_TRIAL), "training"
    while command:
        moment = draw_moment(rng, whole.events, whole.seconds) if len(trial.kills) < most else {}
        if not was_killed(trial, kind, moment, attempt(folder, command, **moment), folder):
            break
        command, kind = go_on(trial.scenario, folder), "resuming"
    if whole.evaluating and not trial.wrong:
        moment = {"event": rng.randint(1, whole.evaluating)}
        evaluate = ["evaluate", str(folder / "runs" / trial.scenario)]
        if was_killed(trial, "evaluating", moment, attempt(folder, evaluate, **moment), folder):
            was_killed(trial, "evaluating", {}, attempt(folder, evaluate), folder)
    for part in ("runs", "cache"):
        trial.wrong += differences(whole.folder / part, folder / part)
        trial.left += left_behind(folder / part)


def draw_moment(rng: random.Random, events: int, seconds: float) -> dict[str, Any]:
    """By the clock or at a file operation, evenly over an undisturbed training."""
    return {"after": rng.uniform(0, seconds)} if rng.random() < 0.5 else {"event": rng.randint(1, events)}


def was_killed(trial: Trial, kind: str, moment: dict[str, Any], status: int, folder: Path) -> bool:
    """Whether an attempt was killed, which is noted; another failure is one of the trial."""
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
        trial.kills.append(f"{kind} {'by the clock' if 'after' in moment else 'at a file operation'}")
        return True
    if status:
        trial.wrong.append(f"{kind} ended with {status}: {(folder / 'log' / 'said').read_text()[-300:]}")
    return False


def check(folder: Path, status: int) -> None:
    """Stop where what nobody killed failed."""
    if status:
        sys.exit(f"undisturbed, and yet it failed: {(folder / 'log' / 'said').read_text()}")


def count_of(folder: Path) -> int:
    """File operations of the last attempt."""
    return int((folder / "log" / "events").read_text())


def run_trials(folder: Path, scenarios: list[str], kills: int, seed: int, settings: dict[str, Any]) -> list[Trial]:
    """Trials of scenarios in turn, until so many kills were done, or until this process is interrupted."""
    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, signal.default_int_handler)
    whole = {name: undisturbed(name, folder / f"undisturbed-{name}", settings) for name in scenarios}
    trials: list[Trial] = []
    with contextlib.suppress(KeyboardInterrupt):
        while sum(len(trial.kills) for trial in trials) < kills:
            scenario = scenarios[len(trials) % len(scenarios)]
            trial = Trial(scenario, f"{seed}-{len(trials)}")
            place = folder / f"trial-{len(trials)}"
            kill_and_go_on(trial, place, whole[scenario], settings)
            trials.append(trial)
            told = f"{trial.seed} {scenario}: {', '.join(trial.kills)}; left {', '.join(trial.left) or 'nothing'}"
            print(told, *trial.wrong, sep="\n  ", file=sys.stderr, flush=True)
            if not trial.wrong:
                shutil.rmtree(place)
    return trials


def table(trials: list[Trial]) -> str:
    """What came of it, a row a scenario, as Markdown."""
    lines = ["| what | trainings | kills | of these | differ | leave files |", "|---|---|---|---|---|---|"]
    for scenario in [*dict.fromkeys(trial.scenario for trial in trials), "all"]:
        own = [trial for trial in trials if scenario in (trial.scenario, "all")]
        kinds = Counter(kill for trial in own for kill in trial.kills)
        told = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items(), reverse=True))
        wrong, left = sum(bool(trial.wrong) for trial in own), sum(bool(trial.left) for trial in own)
        lines.append(f"| {scenario} | {len(own)} | {kinds.total()} | {told} | {wrong} | {left} |")
    return "\n".join(lines)


def main() -> None:
    """Do the trials and print what came of them."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--scenarios", nargs="+", choices=[*SETS, *KNOWN], default=["usual"])
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="folder for the trials; those that differ stay in it")
    for dotted, value in SHARED.items():
        parser.add_argument(f"--{dotted.split('.')[1].replace('_', '-')}", dest=dotted, type=type(value), default=value)
    given = vars(parser.parse_args())
    settings = {dotted: given[dotted] for dotted in SHARED}
    scenarios = [each for name in given["scenarios"] for each in SETS.get(name, [name])]
    with tempfile.TemporaryDirectory() as folder:
        trials = run_trials(
            (given["keep"] or Path(folder)).absolute(), scenarios, given["kills"], given["seed"], settings
        )
    print(table(trials))
    left = Counter(re.sub(r"\d+", "N", Path(name).name) for trial in trials for name in trial.left)
    print("left behind:", ", ".join(f"{count} {name}" for name, count in left.most_common()) or "nothing")
    print(describe_environment(given["seed"], 0, "tensorflow"))
    sys.exit(any(trial.wrong or trial.left for trial in trials))


if __name__ == "__main__":
    main()
