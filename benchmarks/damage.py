"""How readers take damage: every file of a run folder, every damage, every command that reads; what ends in one line.

    python benchmarks/damage.py [--files run.json metrics.json] [--every] [--show 20]

A tiny run is trained and copied into a study's folder, with what `lr-range` and `diagnose --prove` leave, so that every
record is there. Each is then damaged, as a whole and field by field, and each command that reads it is called in this
process. Those that would compute are stopped where they have read everything; only of a damaged model `predict` and
`resume` load what is left. The table counts,
for each file and damage, commands / those that ended in one line / those that met something unexpected: an error that
is not ours, or one of Python's in a line or a page. Where nothing else is said a command did its work: a report shows
the damage in its place, or the value is one that may stand there.
"""

import argparse
import contextlib
import csv
import io
import json
import re
import shutil
import tempfile
import zipfile
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

import yaml
from damage_study import OTHER, PASSED_OVER, make_study
from PIL import Image

import vgglab
from vgglab import interrupts
from vgglab.cli.app import app
from vgglab.cli.console import run_command
from vgglab.errors import explain
from vgglab.experiments.proof import prove
from vgglab.experiments.rate_range import find_range
from vgglab.runs import store

FILES = (
    *("run.json", "history.csv", "findings.json", "metrics.json", "classes.json", "split.json", "environment.json"),
    *("network.json", "architecture.json", "examples.json", "predictions.csv", "confusion_matrix.csv", "proof.json"),
    *(
        "lr_range.json",
        "../study.json",
        "best.keras",
        "last.keras",
        "best.keras/vgglab.json",
        "last.keras/vgglab.json",
        "signals.jsonl",
        "config.yaml",
    ),
    *("evaluations/other/metrics.json", "evaluations/other/confusion_matrix.csv", "evaluations/other/predictions.csv"),
)
NOISE = bytes((number * 167 + 13) % 251 for number in range(400))
WHOLE: dict[str, Callable[[bytes], bytes]] = {
    "cut short": lambda content: content[: len(content) // 2],
    "empty": lambda content: b"",
    "noise": lambda content: NOISE,
    "a byte": lambda content: content[: len(content) // 3] + b"\xff" + content[len(content) // 3 + 1 :],
    "`[]`": lambda content: b"[]",
    "`3`": lambda content: b"3",
    "`{}`": lambda content: b"{}",
    "`null`": lambda content: b"null",
    "deep": lambda content: b"[" * 3000 + b"]" * 3000,
}
ABSENT = object()
FIELD: dict[str, Any] = {"null": None, "a list": [], "a word": "word", "-1": -1, "absent": ABSENT}
MORE = {"0": 0, "NaN": float("nan"), "1e308": 1e308}  # with --every
OF_STUDIES = ("predictions.csv", "../study.json")  # only a study's report reads them
ALIKE = ("runs", "compare A B", "report of a study", "lr-range")  # they read what others read, but for OF_STUDIES
Number = float | None
MOST_KEYS = 14  # of a mapping whose keys are fields; of one with more, or of layers, the first is damaged
PYTHON = re.compile(
    r"unexpected|\b(?:Type|Key|Value|Index|Attribute|Unicode\w+|JSONDecode|ZeroDivision|Overflow)Error\b"
)
PYTHON_WORDS = re.compile(r"math domain|not subscriptable|has no attribute|unhashable|not iterable")


class Reached(Exception):
    """Everything was read."""


@dataclass(frozen=True)
class Outcome:
    """What came of a command: its exit code, what it said on stderr, what it printed or wrote."""

    code: int
    said: str
    shown: str = ""

    @property
    def unexpected(self) -> bool:
        """Whether an error that is not ours came out, or an error of Python's stands where people read."""
        return any(pattern.search(text) for text in (self.said, self.shown) for pattern in (PYTHON, PYTHON_WORDS))

    @property
    def one_line(self) -> bool:
        """Whether it ended in a line that says what is wrong."""
        return self.code != 0 and self.said.count("\n") == 1 and not self.unexpected


def command(*arguments: Any, page: Path | None = None) -> Outcome:
    """A command of the command line, in this process."""
    out, said = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(said):
        code = run_command(app, [str(argument) for argument in arguments])
    if code == interrupts.CODE:
        raise KeyboardInterrupt
    shown = re.sub("<[^>]*>", "", page.read_text()) if page and page.exists() else out.getvalue()
    return Outcome(code, said.getvalue(), shown)


def until_read(call: Callable[[], Any]) -> Outcome:
    """A call that computes nothing: it ends where everything was read."""
    try:
        call()
    except Reached:
        return Outcome(0, "")
    except Exception as error:
        return Outcome(1, f"{explain(error)}\n")
    return Outcome(0, "")


class Readers:
    """The commands that read a run of a study, by name.

    Args:
        study: a folder of runs, `a` the one that will be damaged, and `b`.
    """

    def __init__(self, study: Path):
        self.study, self.run = study, study / "a"
        self.page, self.stopped = study.parent / "page.html", study.parent / "stopped"
        self.dataset = vgglab.load_data("digits", limit=vgglab.load(self.run).config.data.limit)
        from vgglab.runs.saved_model import load_model

        self.model = load_model(self.run / "last.keras")
        self.commands: dict[str, Callable[[], Outcome]] = {
            "runs": partial(command, "runs", study),
            "compare": partial(command, "compare", study),
            "compare A B": partial(command, "compare", self.run, study / "b", "--json"),
            "diagnose": partial(command, "diagnose", self.run, "--all"),
            "report": partial(command, "report", self.run, "-o", self.page, page=self.page),
            "report of a study": partial(command, "report", study, "-o", self.page, page=self.page),
            "evaluate": self.evaluate,
            "evaluate --data": self.evaluate_others,
            "resume": partial(self.resume, load_model=self.model),
            "prove": self.prove,
            "lr-range": self.lr_range,
        }
        picture = study.parent / "picture.png"
        Image.new("RGB", (32, 32)).save(picture)
        self.of_heads = {"summary": partial(command, "summary", self.run)}
        self.of_models = {"predict": partial(command, "predict", self.run, picture), "resume": self.resume}

    def readers_of(self, file: str) -> dict[str, Callable[[], Outcome]]:
        """The commands that might read a file."""
        model = ".keras" in file
        heads = model or file in ("run.json", "config.yaml")
        return self.commands | (self.of_heads if heads else {}) | (self.of_models if model else {})

    def evaluate(self) -> Outcome:
        """`vgglab evaluate`, up to the predictions."""
        with stopped_at("evaluation", read_data=self.dataset), mock.patch.object(store.Run, "predict", reached):
            return until_read(lambda: vgglab.evaluate(self.run))

    def evaluate_others(self) -> Outcome:
        """`vgglab evaluate --data` on the same other pictures again, from the predictions up to the writing."""
        tried = {"find_classifier": mock.Mock(classes=[]), "find_fresh": None}
        tried |= {"try_pictures": mock.Mock(metrics={"data": OTHER})}
        with stopped_at("evaluation", "write_tried", **tried):
            return until_read(lambda: vgglab.evaluate(self.run, data=OTHER))

    def prove(self) -> Outcome:
        """`vgglab diagnose --prove`, up to the first training."""
        with stopped_at("proof", "train_run", read_data=self.dataset):
            return until_read(lambda: prove(vgglab.load(self.run), say=lambda text: None))

    def lr_range(self) -> Outcome:
        """`vgglab lr-range`, up to the test."""
        with stopped_at("rate_range", "run_range_test", read_run_data=self.dataset):
            return until_read(lambda: find_range(self.run, {}, self.study, None, "none"))

    def resume(self, **known: Any) -> Outcome:
        """`vgglab train --resume` of a copy that lacks an epoch, up to the training; `known` is not loaded."""
        shutil.rmtree(self.stopped, ignore_errors=True)
        shutil.copytree(self.run, self.stopped, ignore=PASSED_OVER)
        for file, old, new in (("run.json", '"finished"', '"failed"'), ("config.yaml", "epochs: 3", "epochs: 4")):
            path = self.stopped / file
            path.write_bytes(path.read_bytes().replace(old.encode(), new.encode()))
        with stopped_at("run", "fit", read_data=self.dataset, **known):
            return until_read(lambda: vgglab.resume(self.stopped, progress="none"))


def reached(*_: Any, **__: Any) -> None:
    """Stands where a command begins to compute."""
    raise Reached


def stopped_at(room: str, *last: str, **known: Any) -> Any:
    """A module of `experiments` in which functions return what is `known`, and which ends at its `last` one."""
    given = {name: mock.Mock(return_value=value) for name, value in known.items()}
    return mock.patch.multiple(f"vgglab.experiments.{room}", **given, **dict.fromkeys(last, reached))


def paths_of(tree: Any, place: tuple = ()) -> Iterator[tuple]:
    """The places of the values in a tree; of the items of a list, and of figures by layer, the first stands for all."""
    if isinstance(tree, dict):
        alike = len(tree) > 4 and any(
            all(isinstance(value, kind) for value in tree.values()) for kind in (Number, dict)
        )
        keys = list(tree)[:1] if alike or (place and len(tree) > MOST_KEYS) else list(tree)
    else:
        keys = [0] if isinstance(tree, list) and tree else []
    for key in keys:
        yield (*place, key)
        yield from paths_of(tree[key], (*place, key))


def changed(tree: Any, place: tuple, value: Any) -> Any:
    """A copy of a tree with another value, or none, at a place."""
    tree = json.loads(json.dumps(tree))
    target = tree
    for key in place[:-1]:
        target = target[key]
    if value is ABSENT:
        del target[place[-1]]
    else:
        target[place[-1]] = value
    return tree


def fields_of(file: str, content: bytes) -> Iterator[tuple[str, Callable[[Any], bytes]]]:
    """The fields of a record, each with what writes the record with another value in it."""
    if file.endswith(".json") or file.endswith(".yaml"):
        tree = json.loads(content) if file.endswith(".json") else yaml.safe_load(content)
        write = json.dumps if file.endswith(".json") else yaml.safe_dump
        for place in paths_of(tree):
            if len(place) > 1 and file.endswith(".yaml"):
                continue  # a config has a door of its own
            yield ".".join(map(str, place)), lambda value, place=place: write(changed(tree, place, value)).encode()
        if file.endswith(".json"):
            yield "schema", lambda value: json.dumps({**tree, "schema": 99}).encode()
    elif file.endswith(".jsonl"):
        lines = [json.loads(line) for line in content.splitlines()]
        for number in (0, 1):
            for place in paths_of(lines[number]):
                yield f"{number}.{'.'.join(map(str, place))}", partial(_with_line, lines, number, place)
    elif file.endswith(".csv"):
        header, *rows = csv.reader(io.StringIO(content.decode()))
        for column, name in enumerate(header):
            yield name, partial(_with_cell, [header, *rows], column)


def _with_line(lines: list[Any], number: int, place: tuple, value: Any) -> bytes:
    told = [*lines[:number], changed(lines[number], place, value), *lines[number + 1 :]]
    return "".join(json.dumps(line) + "\n" for line in told).encode()


def _with_cell(rows: list[list[str]], column: int, value: Any) -> bytes:
    """The first row with another cell; absent: the file without the column."""
    if value is ABSENT:
        told = [row[:column] + row[column + 1 :] for row in rows]
    else:
        cell = "" if value is None else str(value)
        told = [rows[0], [*rows[1][:column], cell, *rows[1][column + 1 :]], *rows[2:]]
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(told)
    return text.getvalue().encode()


def damages(file: str, content: bytes, kinds: dict[str, Any]) -> Iterator[tuple[str, str, bytes]]:
    """The ways in which a file may be damaged: what is done, to which field (or ""), and what the file then holds."""
    for name, damage in WHOLE.items():
        yield name, "", damage(content)
    for field, write in fields_of(file, content):
        for name, value in kinds.items():
            yield name, field, write(value)


def content_of(path: Path) -> bytes:
    """What is in a file, or in a member of a model's file, `last.keras/vgglab.json`."""
    if path.parent.suffix != ".keras":
        return path.read_bytes()
    with zipfile.ZipFile(path.parent) as archive:
        return archive.read(path.name)


def put(path: Path, content: bytes) -> None:
    """Write a file, or a member of a model's file, whose checksum is then right."""
    if path.parent.suffix != ".keras":
        path.write_bytes(content)
        return
    with zipfile.ZipFile(path.parent) as archive:
        members = {name: archive.read(name) for name in archive.namelist()} | {path.name: content}
    with zipfile.ZipFile(path.parent, "w") as archive:
        for name, each in members.items():
            archive.writestr(name, each)


def sweep(
    readers: Readers, file: str, cases: Iterable[tuple[str, str, bytes]], passed_over: Collection[str] = ()
) -> Iterator[tuple[str, str, str, Outcome]]:
    """Each damage of a file and each command that reads it: damage, field, command, what came of it.

    A command reads a file if it makes a difference that the file is noise; those `passed_over` are left out.
    """
    path, commands = readers.run / file, readers.readers_of(file)
    whole, healthy = content_of(path), {name: read() for name, read in commands.items() if name not in passed_over}
    try:
        put(path, NOISE)
        reading = [name for name, outcome in healthy.items() if commands[name]() != outcome]
        for damage, field, content in cases:
            put(path, content)
            for name in reading:
                yield damage, field, name, commands[name]()
    finally:
        put(path, whole)


def table(counts: dict[tuple[str, str], Counter]) -> str:
    """A row a file, a column a damage: commands / ended in one line / unexpected."""
    columns = [column for column in (*WHOLE, *FIELD, *MORE) if any(name == column for _, name in counts)]
    lines = ["| file | " + " | ".join(columns) + " | all |", "|---" * (len(columns) + 2) + "|"]
    for file in dict.fromkeys(file for file, _ in counts):
        own = [counts.get((file, column), Counter()) for column in columns]
        lines.append(f"| {file} | " + " | ".join(map(_cell, [*own, sum(own, Counter())])) + " |")
    every = [sum((found for (_, name), found in counts.items() if name == column), Counter()) for column in columns]
    lines.append("| all | " + " | ".join(map(_cell, [*every, sum(every, Counter())])) + " |")
    return "\n".join(lines)


def _cell(count: Counter) -> str:
    return f"{count['commands']:,} / {count['line']:,} / {count['unexpected']:,}" if count else ""


def main() -> None:
    """Damage everything, and print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--files", nargs="+", default=list(FILES))
    parser.add_argument("--every", action="store_true", help="more values, and every command for fields too")
    parser.add_argument("--show", type=int, default=20, help="unexpected outcomes to print")
    given = parser.parse_args()
    counts: dict[tuple[str, str], Counter] = {}
    shown: dict[str, str] = {}
    try:
        with tempfile.TemporaryDirectory() as folder:
            readers = Readers(make_study(Path(folder)))
            for file in given.files:
                count_outcomes(readers, file, given.every, counts, shown)
                found = sum((count for (name, _), count in counts.items() if name == file), Counter())
                print(f"{file}: {_cell(found) or 'no command reads it'}", flush=True)
    finally:
        print("\n".join(list(shown.values())[: given.show]))
        print(table(counts))


def count_outcomes(
    readers: Readers, file: str, every: bool, counts: dict[tuple[str, str], Counter], shown: dict[str, str]
) -> None:
    """Damage a file in every way, and add to `counts`, and to what is unexpected, each kind of it once."""
    cases = damages(file, content_of(readers.run / file), FIELD | MORE if every else FIELD)
    for damage, field, name, outcome in sweep(readers, file, cases, () if every or file in OF_STUDIES else ALIKE):
        found = {"commands": 1, "line": outcome.one_line, "unexpected": outcome.unexpected}
        counts.setdefault((file, damage), Counter()).update(found)
        if outcome.unexpected:
            said = outcome.said or next(iter(PYTHON.findall(outcome.shown)), "")
            shown.setdefault(f"{file} {name} {said[-90:]}", f"{file} {field} {damage}, {name}: {said[:300]}")


if __name__ == "__main__":
    main()
