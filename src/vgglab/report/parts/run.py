"""The part of the page about one run."""

from functools import partial
from typing import Any

from markupsafe import Markup

from vgglab.config.names import clean_name
from vgglab.config.shown import shown_name
from vgglab.diagnosis.reading import Numbers, healthy, to_try, words
from vgglab.report.blocks import Example, Figure, Finding, Findings, Gallery, Section, Table, Text
from vgglab.report.charts.calibration import calibration_chart
from vgglab.report.charts.confusion import TABLED_CLASSES, confusion_picture, confusion_table
from vgglab.report.charts.curves import Course, learning_curves
from vgglab.report.language import Language, code, coded
from vgglab.report.others import other_names
from vgglab.report.parts.gaps import attempt, known
from vgglab.report.parts.network import drawing
from vgglab.report.parts.other import other_pictures
from vgglab.report.parts.tables import classes_table, confused_table, history_table, settings_table
from vgglab.report.parts.words import name_run, tell_accuracy, tell_watched
from vgglab.report.records import Records, Shown

NAMED_PAIRS = 3


def run_section(run: Records, say: Language) -> Section:
    """Everything that is known of a run."""
    anchor = run.anchor or "run"
    parts = [
        ("settings", say("Settings"), lambda: [settings_table(run, say), *precision_of(run, say)]),
        ("curves", say("Learning curves"), lambda: curves(run, say)),
        ("findings", say("Diagnosis"), lambda: findings(run, say)),
        *([] if run.run.watched else parts_of_trained(run, say)),
    ]
    sections = [Section(f"{anchor}-{name}", title, attempt(title, say, make)) for name, title, make in parts]
    return Section(anchor, code(run.name), [Text(headline(run, say))], sections)


def parts_of_trained(run: Records, say: Language) -> list[tuple[str, Any, Any]]:
    """Names, titles and makers of what only a run has that vgglab trained: test figures and the network."""
    return [
        ("test", say("Test figures"), lambda: test_figures(run, say)),
        ("confusion", say("Confusion matrix"), lambda: confusion(run, say)),
        ("calibration", say("Calibration"), lambda: calibration(run, say)),
        ("examples", say("Examples"), lambda: examples(run, say)),
        *(
            (
                f"other-{clean_name(name)}",
                say("Other pictures: {name}", name=name),
                partial(other_pictures, run, name, say),
            )
            for name in other_names(run)
        ),
        ("network", say("Network"), lambda: drawing(run, say, folded=True)),
    ]


STATUSES = {
    "finished": lambda say: say("finished"),
    "diverged": lambda say: say("diverged"),
    "interrupted": lambda say: say("interrupted"),
    "failed": lambda say: say("failed"),
    "running": lambda say: say("still running"),
}


def headline(run: Records, say: Language) -> Markup:
    """What became of the run, in a few words."""
    status = STATUSES[run.status](say) if run.status in STATUSES else run.status
    parts = [
        say.many(
            "Status: {status}, after {count} epoch and {time} of training.",
            "Status: {status}, after {count} epochs and {time} of training.",
            run.record.epochs_done,
            status=status,
            time=say.seconds(run.record.seconds),
        )
    ]
    if run.record.message:
        parts.append(say("Message: {message}.", message=run.record.message.rstrip(".")))
    if run.run.watched:
        parts.append(tell_watched(say))
    elif run.parameters.get("total"):
        parts.append(
            say(
                "{total} parameters, {trainable} of them trained; cost of an image, in floating-point operations: "
                "{flops}.",
                total=say.whole(run.parameters["total"]),
                trainable=say.whole(run.parameters.get("trainable")),
                flops=say.big(run.record.flops),
            )
        )
    return Markup(" ").join(parts)


def precision_of(run: Records, say: Language) -> list[Any]:
    """What half precision was used for, and what not; nothing of any other run."""
    precision = run.config.get("train.precision", "float32")
    if run.run.watched or precision == "float32":
        return []
    text = say(
        "Layers computed in {precision} while the network trained, and for its validation figures. The saved network "
        "computes in float32, and so do the test figures.",
        precision=precision,
    )
    return [Text(text)]


def course_of(run: Records, say: Language) -> Course:
    """What is drawn of a run's training, its findings marked where they happen."""
    best = run.best
    found = known(lambda: run.findings(say.code), [])
    marks = [(item["epoch"], number) for number, item in enumerate(found, 1) if isinstance(item["epoch"], int)]
    return Course(run.name, run.history, best["epoch"] if best else None, len(known(lambda: run.classes, [])), marks)


def curves(run: Records, say: Language) -> list[Any]:
    """The learning curves and every epoch's figures."""
    course = course_of(run, say)
    notes = [say("The ring marks the best epoch, {epoch}.", epoch=course.best)] if course.best else []
    if course.marks:
        notes.append(say("Numbers in circles are findings; the diagnosis of {run} tells them.", run=name_run(run)))
    phases = len({row.get("phase") or 1 for row in run.history})
    if phases > 1:
        notes.append(say.many("{count} phase.", "{count} phases, each with a band of its own.", phases))
    pictures = learning_curves(course, say)
    if len(pictures) == 1:  # its title is shown only beside another
        notes.insert(0, Markup("{}.").format(pictures[0].title))
    return [Figure(pictures, Markup(" ").join(notes), [history_table(run, say)])]


def findings(run: Records, say: Language) -> list[Any]:
    """The findings, with evidence, why, and what to try."""
    items = run.findings(say.code)
    if not items:
        return [Text(say("Nothing to diagnose yet: the run has no whole epoch."))]
    return [Findings([_finding(run, item, number, say) for number, item in enumerate(items, 1)])]


def _finding(run: Records, item: dict[str, Any], number: int, say: Language) -> Finding:
    numbers = Numbers(say.code)
    evidence = [
        [
            figure["label"],
            numbers.format_field(figure["value"], "" if isinstance(figure["value"], int) else ".4g"),
            healthy(figure["healthy"], say.code),
        ]
        for figure in item["evidence"].values()
    ]
    marked = isinstance(item["epoch"], int)
    return Finding(
        item["severity"],
        words(say.code)[item["severity"]],
        *(coded(say.set_type(item[part])) for part in ("sentence", "why", "advice")),
        to_try(item, run.folder, words(say.code))[1],
        say.set_type(item["tried"]),
        item["source"],
        evidence,
        number if marked else None,
        _when(item["epoch"], say) if marked else "",
    )


def _when(epoch: int, say: Language) -> Any:
    return say("epoch {epoch}", epoch=epoch) if epoch else say("before the first step")


def test_figures(run: Records, say: Language) -> list[Any]:
    """Accuracy and loss with their intervals, the classes that are hardest, a table of all."""
    blocks: list[Any] = [Text(tell_accuracy(run, say))]
    ranked = sorted((row for row in run.figures.classes if row.support), key=lambda row: row.recall)
    if len(ranked) > 1 and ranked[0].recall < ranked[-1].recall:
        blocks.append(
            Text(
                say(
                    "Recognised most often: {best} ({high}); least often: {worst} ({low}).",
                    best=ranked[-1].name,
                    high=say.percent(ranked[-1].recall),
                    worst=ranked[0].name,
                    low=say.percent(ranked[0].recall),
                )
            )
        )
    return [*blocks, classes_table(run, say)]


def confusion(run: Records, say: Language) -> list[Any]:
    """The most confused pairs in words, the matrix, and the pairs as a table."""
    names, counts = run.confusion
    blocks: list[Any] = [Text(tell_confusions(run, say))] if known(lambda: run.figures) else []
    caption = say(
        "Rows are the true classes, columns the answers; the stronger the colour, the larger the share of the true "
        "class."
    )
    if len(names) <= TABLED_CLASSES:
        blocks.append(confusion_table(names, counts, caption, say))
    else:
        blocks.append(Figure([confusion_picture(names, counts, say)], caption, css="scroll"))
    if known(lambda: run.figures.confused):
        blocks.append(confused_table(run, say))
    return blocks


def tell_confusions(run: Records, say: Language) -> Markup:
    """The most confused pairs, named."""
    pairs = run.figures.confused[:NAMED_PAIRS]
    if not pairs:
        return say("No test image was confused with another class.")
    told = [
        say(
            "{true} for {predicted} ({count})",
            true=shown_name(p.true),
            predicted=shown_name(p.predicted),
            count=say.whole(p.count),
        )
        for p in pairs
    ]
    return say("Most often taken for another class: {pairs}.", pairs=say.list(told))


def calibration(run: Records, say: Language) -> list[Any]:
    """Whether the network is as often right as it is sure."""
    error, bins = run.calibration
    if error is None:
        return [Text(say("No prediction is a number, so there is nothing to calibrate."))]
    seen = [bin for bin in bins if bin.count]
    total = sum(bin.count for bin in seen) or 1
    lean = sum(bin.count * (bin.confidence - bin.accuracy) for bin in seen) / total
    told = say("The expected calibration error is {error}.", error=say.percent(error))
    if lean > 0.01:
        told += " " + say(
            "It is surer than it should be: confidence exceeds accuracy by {points}.", points=say.points(lean)
        )
    elif lean < -0.01:
        told += " " + say(
            "It is less sure than it could be: accuracy exceeds confidence by {points}.", points=say.points(lean)
        )
    else:
        told += " " + say("On average it is as often right as it is sure.")
    rows = [
        [
            say("{low} to {high}", low=say.percent(bin.low, 0), high=say.percent(bin.high, 0)),
            say.whole(bin.count),
            say.percent(bin.confidence),
            say.percent(bin.accuracy),
        ]
        for bin in bins
    ]
    header = [say("confidence"), say("images"), say("mean confidence"), say("right")]
    table = Table(say("Calibration"), header, rows, folded=True)
    caption = say("Bars: share that is right among images of a confidence. On the dashed line both would agree.")
    return [Text(told), Figure([calibration_chart(bins, say)], caption, [table], "narrow")]


def examples(run: Records, say: Language) -> list[Any]:
    """The most confident mistakes and typical successes."""
    shown = run.examples
    groups = (
        (say("Most confident mistakes"), [item for item in shown if item.mistake]),
        (say("Typical successes"), [item for item in shown if not item.mistake]),
    )
    galleries: list[Any] = [Gallery(title, [_example(item, say) for item in items]) for title, items in groups if items]
    if any(item.explanation for item in shown):
        note = say("Beside some images: Grad-CAM, warm where the network looked to answer as it did.")
        galleries.insert(0, Text(note))
    return galleries or [Text(say("No example was recorded."))]


def _example(item: Shown, say: Language) -> Example:
    share, true, predicted = say.percent(item.confidence), shown_name(item.label), shown_name(item.predicted)
    if item.mistake:
        caption = say("{true}, taken for {predicted} ({share})", true=true, predicted=predicted, share=share)
    else:
        caption = say("{true} ({share})", true=true, share=share)
    alt = say("Test image of class {true}", true=true)
    explained = say("Grad-CAM of the same image for {predicted}", predicted=predicted) if item.explanation else ""
    return Example(item.image, alt, caption, item.explanation, explained)
