"""Pictures scored: shown one after the other, written into a file that goes on after any end, or as they arrive."""

import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import typer

from vgglab.cli.console import say
from vgglab.cli.pictures import complaining, conclude, say_unnamed
from vgglab.config.shown import one_line, shown_name
from vgglab.datasets.counting import counting
from vgglab.datasets.pictures import find_pictures
from vgglab.errors import UsageError
from vgglab.evaluation.arrivals import Arrivals
from vgglab.evaluation.predict import Prediction, predict_files, predict_found
from vgglab.evaluation.score_files import check_writable, header_of, printable, write_csv
from vgglab.evaluation.score_log import ScoreLog
from vgglab.evaluation.scoring import Scores, Tally
from vgglab.exporting.opening import Asked, open_network

MANY = 2000  # pictures for which writing a network as ONNX pays: it takes as long as they save
RATED = 1000  # pictures for which it is told how many were scored a second
PAUSE = 0.5  # seconds between two looks into a folder

Show = Callable[[Prediction], None]


def printer(form: str) -> Callable[[int], Show]:
    """What prints predictions as `text`, `json` or `csv`, once it is told how many classes a row has."""
    return {"text": lambda columns: _print_text, "json": lambda columns: _print_json, "csv": _csv_printer}[form]


@dataclass(frozen=True)
class Scorer:
    """A network and how it is asked.

    Attributes:
        asked: the network.
        engine: one of `config.export.ENGINES`.
        top: classes named for each picture, at most.
    """

    asked: Asked
    engine: str
    top: int

    def open(self, many: bool) -> tuple[Any, int]:
        """The network, and how many classes are named."""
        network = open_network(self.asked, self.engine, many, say)
        say_unnamed(self.asked.model, network)
        return network, min(self.top, len(network.classes))

    def show(self, paths: list[str], printer: Callable[[int], Show]) -> None:
        """Print what is said of pictures."""
        live = sys.stderr.isatty() and not sys.stdout.isatty()
        number = sum(1 for _ in islice(find_pictures(paths), None if live else MANY))
        network, columns = self.open(number >= MANY)
        show, tally = printer(columns), Tally()
        with counting("pictures", number, live=live) as count:
            for prediction in complaining(predict_files(network, paths, self.top)):
                show(prediction)
                tally.add(prediction)
                count(1)
        conclude(tally.files, tally.failed)

    def write(self, paths: list[str], target: Path) -> None:
        """Write a file; what it was stopped in goes on, and what is finished is not done again."""
        check_writable(target)
        scores = Scores(target, self.asked.digest(), self.top)
        number, told = scores.read_list(find_pictures(paths)), scores.finished()
        changes = told and scores.changes(told)
        if told and not changes:
            say(f"{target}: is finished, {told['files'] - told['failed']:,} pictures; nothing is done again")
            return conclude(told["files"], told["failed"])
        if changes:
            say(f"{target}: was made with another {changes}; it is made anew")
        with scores.held():
            scores.begin()
            self._write(scores, scores.others(find_pictures(paths)), number)
        conclude(scores.tally.files, scores.tally.failed)

    def _write(self, scores: Scores, found: Iterator, number: int) -> None:
        tally, before = scores.tally, scores.tally.files
        if before:
            say(f"{scores.target}: goes on behind {before:,} pictures that are done")
        network, columns = self.open(number - before >= MANY)
        begun, rest = time.perf_counter(), islice(found, before, None)
        with counting("pictures", number, before) as count:
            for _ in scores.keep(complaining(predict_found(network, rest, self.top))):
                count(1)
        rate = (tally.files - before) / (time.perf_counter() - begun)
        scores.finish(columns)
        told = f", {rate:,.0f} a second" if tally.files - before >= RATED else ""
        say(f"written: {scores.target}, {tally.files - tally.failed:,} pictures{told}")

    def watch(self, folder: Path, target: Path | None, printer: Callable[[int], Show]) -> None:
        """Score what is in a folder, and what arrives there, until somebody ends it."""
        if not folder.is_dir():
            raise UsageError(f"--watch {folder}: there is no such folder; make it first")
        network, columns = self.open(many=True)
        log = target and ScoreLog(target, self.asked.digest(), columns)
        show, arrivals = log.add if log else printer(columns), Arrivals(folder, log.known if log else frozenset())
        say(f"{folder}: is watched; Ctrl-C ends it")
        while True:
            found = ((path, None) for path in arrivals.look())
            for prediction in settled(predict_found(network, found, self.top), arrivals):
                show(prediction)
            time.sleep(PAUSE)


def settled(predictions: Iterable[Prediction], arrivals: Arrivals) -> Iterator[Prediction]:
    """What is said of files that arrive, once it stays."""
    return complaining(filter(arrivals.settled, predictions))


def _print_text(prediction: Prediction) -> None:
    if prediction.error is None:
        pairs = zip(prediction.classes, prediction.probabilities, strict=True)
        said = "  ".join(f"{shown_name(name)} {probability:.4f}" for name, probability in pairs)
        typer.echo(f"{one_line(printable(prediction.path))}  {said}")


def _print_json(prediction: Prediction) -> None:
    typer.echo(json.dumps(prediction.as_dict()))


def _csv_printer(columns: int) -> Show:
    typer.echo(",".join(header_of(columns)))

    def show(prediction: Prediction) -> None:
        write_csv([prediction], sys.stdout, columns, header=False)
        sys.stdout.flush()

    return show
