"""The part of a run's page about other pictures that it was evaluated on."""

from typing import Any

from markupsafe import Markup

from vgglab.config.shown import shown_name
from vgglab.report.blocks import Table, Text
from vgglab.report.charts.confusion import TABLED_CLASSES, confusion_table
from vgglab.report.language import Language, code
from vgglab.report.others import OtherTest, read_other
from vgglab.report.parts.words import name_run
from vgglab.report.records import OTHER, Records
from vgglab.runs.door import EVALUATIONS
from vgglab.runs.shapes import OwnTest


def other_pictures(run: Records, name: str, say: Language) -> list[Any]:
    """How good the run is there, beside its own test; what was left out, figures of each class, the confusions."""
    other = read_other(run, name)
    told = [tell_other(run, other, say)]
    if other.own:
        told.append(tell_difference(other.own, say))
    blocks = [Text(Markup(" ").join([*told, *tell_left_out(other, say)])), classes_beside(other, say)]
    names, counts = run.read_confusion(f"{EVALUATIONS}/{name}/confusion_matrix.csv", OTHER)
    if len(names) <= TABLED_CLASSES:
        caption = say("Rows are the true classes of these pictures, columns the answers.")
        blocks.append(confusion_table(names, counts, caption, say))
    return blocks


def tell_other(run: Records, other: OtherTest, say: Language) -> Markup:
    """Accuracy on the other pictures, with its interval, and the table that says what they are."""
    told = say(
        "On {n} pictures of {data} {run} is right in {accuracy} ({interval}).",
        n=say.whole(other.figures.n),
        data=code(other.data),
        run=name_run(run),
        accuracy=say.percent(other.figures.accuracy),
        interval=say.interval(*other.figures.accuracy_interval),
    )
    if other.labels is None:
        return told
    return Markup(" ").join([told, say("Their classes are those of the table {table}.", table=code(other.labels))])


def tell_difference(own: OwnTest, say: Language) -> Markup:
    """The run's own test, and whether the other pictures differ from it by more than chance."""
    low, high = own["difference_interval"]
    values = {
        "n": say.whole(own["n"]),
        "accuracy": say.percent(own["accuracy"]),
        "interval": say.interval(*own["accuracy_interval"]),
        "points": say.points(own["difference"]),
        "low": say.number(100 * low, 1),
        "high": say.number(100 * high, 1),
    }
    if not own["differs"]:
        return say(
            "In its own test it is right in {accuracy} of {n} images of these classes ({interval}): no difference that "
            "chance could not make (95 % interval of the difference {low} to {high} points).",
            **values,
        )
    if own["difference"] < 0:
        return say(
            "In its own test it is right in {accuracy} of {n} images of these classes ({interval}): here it is worse "
            "by {points}, more than chance explains (95 % interval of the difference {low} to {high} points).",
            **values,
        )
    return say(
        "In its own test it is right in {accuracy} of {n} images of these classes ({interval}): here it is better "
        "by {points}, more than chance explains (95 % interval of the difference {low} to {high} points).",
        **values,
    )


def tell_left_out(other: OtherTest, say: Language) -> list[Markup]:
    """Classes that only one side has, and pictures that do not count; a sentence each."""
    told = []
    if other.lacking:
        names = [
            say("{name} ({count})", name=shown_name(name), count=say.whole(count))
            for name, count in other.lacking.items()
        ]
        told.append(
            say("The network lacks these classes, whose pictures are left out: {names}.", names=say.list(names))
        )
    if other.missing:
        told.append(
            say("There is no picture of these classes: {names}.", names=say.list(list(map(shown_name, other.missing))))
        )
    seen, unreadable = other.left_out
    if seen:
        told.append(
            say.many(
                "{count} picture is left out, as the network was trained or chosen on it.",
                "{count} pictures are left out, as the network was trained or chosen on them.",
                seen,
            )
        )
    if unreadable:
        told.append(
            say.many("{count} picture cannot be read.", "{count} pictures cannot be read.", unreadable),
        )
    return told


def classes_beside(other: OtherTest, say: Language) -> Table:
    """How many of each class are recognised here and in the run's own test."""
    before = other.own["recall"] if other.own else {}
    rows = [
        [
            shown_name(row.name),
            say.percent(row.recall) if row.support else "",
            say.percent(before[row.name]) if row.name in before else "",
            say.percent(row.precision) if row.support else "",
            say.whole(row.support),
        ]
        for row in other.figures.classes
    ]
    header = [say("class"), say("recognised here"), say("in the own test"), say("precision here"), say("images here")]
    return Table(say("Other pictures, class by class"), header, rows)
