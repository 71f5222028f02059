"""`vgglab.Watch`: a callback that says why somebody's own training goes as it does, and never harms it."""

import contextlib
import functools
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np

from vgglab.config.schema import flatten
from vgglab.diagnosis.findings import Evidence, findings_of
from vgglab.diagnosis.reading import check_language, watched_evidence
from vgglab.errors import UsageError, first_line
from vgglab.report.findings import Findings
from vgglab.runs.measures import measures_of
from vgglab.runs.record import history_row
from vgglab.runs.watched import check_free
from vgglab.tracking.trackers import check_trackers
from vgglab.watching.describe import rate_of
from vgglab.watching.folder import Folder, config_of
from vgglab.watching.live import Live, check_codes, say
from vgglab.watching.recorder import TaskRecorder

Method = Callable[..., None]


def harmless(method: Method) -> Method:
    """Whatever goes wrong in a method is one line, and then nothing more is done."""

    @functools.wraps(method)
    def quietly(self: "Watch", *given: Any, **named: Any) -> None:
        if self.quiet:
            return
        try:
            with np.errstate(all="ignore"):  # weights of somebody's own may be anything
                method(self, *given, **named)
        except Exception as error:
            self.fall_silent(f"watches no more: {type(error).__name__}: {first_line(error)}")

    return quietly


class Watch(keras.callbacks.Callback):
    """Records any Keras training and says what is the case with it.

    Weights are the same bits with and without it, and a training never ends because of it: what goes wrong in it is one
    line on stderr, and then it is quiet. A second `fit` of the same model is more of the same training.

    Args:
        folder: a run folder to write, new or without a run, for `vgglab diagnose`, `compare` and `report`; None for
            none.
        language: of findings, `en` or `fr`.
        every: epochs from one look at the network to the next; fewer are looked at where epochs are very short.
        live: say on stderr what is certain as soon as it is.
        stop_on: codes of findings that end the training, such as `diverged`.
        log: also tell `tensorboard` or `mlflow`; needs a folder.

    Raises:
        UsageError: an unknown language or finding; `every` below 1; `log` without a folder.
        RunError: the folder holds a run already.
        TrackingError: what is logged to is not there.

    Example:
        >>> import keras, numpy, vgglab
        >>> x, y = numpy.random.rand(200, 4), numpy.random.randint(0, 2, 200)
        >>> model = keras.Sequential([keras.layers.Dense(1, activation="softmax")])
        >>> model.compile("adam", "binary_crossentropy")
        >>> watch = vgglab.Watch()
        >>> _ = model.fit(x, y, epochs=3, verbose=0, callbacks=[watch])
        >>> print(watch.findings)  # doctest: +SKIP
    """

    def __init__(
        self,
        folder: Path | str | None = None,
        *,
        language: str = "en",
        every: int = 1,
        live: bool = False,
        stop_on: tuple[str, ...] | list[str] = (),
        log: tuple[str, ...] | list[str] = (),
    ):
        super().__init__()
        stop_on, log = ((one,) if isinstance(one, str) else tuple(one) for one in (stop_on, log))
        check_language(language)
        check_codes(stop_on)
        if not isinstance(every, int) or every < 1:
            raise UsageError(f"every is {every!r}; expected a whole number of epochs, 1 or more")
        if log and folder is None:
            raise UsageError(f"log={log!r} needs a folder that is told of; name one: Watch('runs/mine', log=...)")
        check_trackers(log)
        if folder is not None:
            check_free(folder)
        self.language, self.every, self.stop_on, self.log = language, every, stop_on, log
        self.place = None if folder is None else Path(folder)
        self.live = Live(language) if live else None
        self.quiet, self.seen = False, None
        self.status, self.message = "running", ""
        self.forget()

    def forget(self) -> None:
        """Begin anew: for another model."""
        self.recorder = TaskRecorder(self.every, self.told)
        self.history: list[dict[str, Any]] = []
        self.folder: Folder | None = None

    @property
    def signals(self) -> list[dict[str, Any]]:
        """What was recorded: a line before the first step, and one for each look; see `diagnosis.records`."""
        line = self.recorder.line
        open_ = [line] if "nonfinite" in line and line not in self.recorder.lines else []
        return [*self.recorder.lines, *open_]

    @property
    def findings(self) -> Findings:
        """What is the case, the most severe first; readable when printed, a table in a notebook."""
        try:
            found = findings_of(self.evidence()) if self.signals else []
        except Exception as error:  # a script goes on, whatever is wrong with a rule
            say(f"finds nothing: {type(error).__name__}: {first_line(error)}")
            found = []
        return Findings(found, self.place, self.language)

    def evidence(self) -> Evidence:
        """What there is so far, for the rules."""
        broken = self.recorder.broken
        status, message = self.status, self.message
        if broken:
            status = "diverged"
            message = f"the loss became {broken['loss']} in epoch {broken['epoch']}, step {broken['step']}"
        config = flatten(config_of(self.seen, self.recorder)) if self.seen is not None else {}
        return watched_evidence(status, message, self.history, self.signals, config)

    def fall_silent(self, why: str) -> None:
        """Say why, once, and leave the folder to its readers."""
        self.quiet = True
        say(f"{why}; the training goes on")
        if self.folder is not None:
            with contextlib.suppress(Exception):  # it may be what went wrong
                self.folder.run.end("failed", f"vgglab {why}")

    def told(self) -> None:
        """A line is complete: write it, say what is certain, stop where that was asked for."""
        if self.folder is not None:
            self.folder.keep(self.signals)
        if self.live is not None or self.stop_on:
            evidence, epoch = self.evidence(), self.signals[-1]["epoch"]
            if self.live is not None:
                self.live.update(evidence, epoch)
            self.stop(evidence)

    def stop(self, evidence: Evidence) -> None:
        """End the training where a finding is there that it was to be ended on."""
        codes = [found["code"] for found in findings_of(evidence) if found["code"] in self.stop_on]
        if codes and not self.model.stop_training:
            self.model.stop_training = True
            say(f"the training is stopped, as {codes[0]} was found")

    @harmless
    def on_train_begin(self, logs: dict | None = None) -> None:
        model = self.model
        if self.seen is not None and self.seen is not model:
            self.forget()
            self.place = None  # the folder is the first model's
        self.seen, self.status, self.message = model, "running", ""
        self.recorder.set_model(model)
        self.recorder.set_params(self.params)
        self.recorder.on_train_begin(logs)
        if self.place is not None:
            self.folder = self.folder or Folder(self.place, config_of(model, self.recorder), self.log)
            self.folder.go_on()
            self.folder.keep(self.signals)

    @harmless
    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        self.started, self.rate = time.perf_counter(), rate_of(self.model)
        self.recorder.on_epoch_begin(epoch, logs)

    @harmless
    def on_train_batch_begin(self, batch: int, logs: dict | None = None) -> None:
        self.recorder.on_train_batch_begin(batch, logs)

    @harmless
    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        if self.recorder.first or not math.isfinite((logs or {}).get("loss", 0.0)):
            self.recorder.on_train_batch_end(batch, logs)

    @harmless
    def on_test_begin(self, logs: dict | None = None) -> None:
        self.recorder.on_test_begin(logs)

    @harmless
    def on_test_end(self, logs: dict | None = None) -> None:
        self.recorder.on_test_end(logs)

    @harmless
    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        measures, seconds = measures_of(logs or {}), time.perf_counter() - self.started
        if self.folder is None:
            self.history.append(history_row(len(self.history) + 1, measures, self.rate, seconds))
        else:
            self.history = self.folder.add_epoch(measures, self.rate, seconds)
        self.recorder.on_epoch_end(epoch, logs)

    @harmless
    def on_train_end(self, logs: dict | None = None) -> None:
        self.recorder.on_train_end(logs)
        evidence = self.evidence()
        self.status = "diverged" if evidence.status == "diverged" else "finished"
        self.message = evidence.message
        if self.folder is not None:
            self.folder.end(self.status, self.message, self.findings)
