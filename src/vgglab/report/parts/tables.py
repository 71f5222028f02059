"""Tables of runs: figures by epoch, at the end and at the best epoch, settings, layers."""

from collections.abc import Sequence
from typing import Any

from vgglab.config.schema import RunConfig, flatten
from vgglab.config.shown import shown_name
from vgglab.report.architecture import size_text
from vgglab.report.blocks import Table
from vgglab.report.compare import differing
from vgglab.report.language import Language, code
from vgglab.report.network import Network
from vgglab.report.parts.gaps import known
from vgglab.report.parts.words import name_run, written
from vgglab.report.records import Records


def measures_header(say: Language) -> list[Any]:
    """Names of the four measures that the lab compares."""
    return [say("loss"), say("accuracy"), say("validation loss"), say("validation accuracy")]


def measures(row: dict[str, Any], say: Language) -> list[str]:
    """The four measures of an epoch; without an accuracy a loss may be of any size."""
    put = say.short if row["accuracy"] is row["val_accuracy"] is None else say.number
    return [put(row["loss"]), say.percent(row["accuracy"]), put(row["val_loss"]), say.percent(row["val_accuracy"])]


def figures_table(runs: Sequence[Records], say: Language) -> Table:
    """The measures of each run at its last and its best epoch, its test accuracy and how long it took."""
    rows = [row for run in runs for row in figures_rows(run, say)]
    header = [say("run"), say("epoch"), *measures_header(say), say("test accuracy"), say("training time")]
    return Table(say("Figures of the last and of the best epoch"), header, rows)


def figures_rows(run: Records, say: Language) -> list[list[Any]]:
    """A row for the last epoch, with the time of all, and one for the best, with its accuracy on the test images."""
    history = known(lambda: run.history)
    if not history:
        return []
    last, best = history[-1], run.best
    time = say.seconds(run.record.seconds)
    rows = [[name_run(run), say("last, {epoch}", epoch=last["epoch"]), *measures(last, say), "", time]]
    if best:
        test = say.percent(known(lambda: run.figures.accuracy))
        rows.append([name_run(run), say("best, {epoch}", epoch=best["epoch"]), *measures(best, say), test, ""])
    return rows


def history_table(run: Records, say: Language) -> Table:
    """Every epoch of a run."""
    rows = [
        [row["epoch"], *measures(row, say), say.short(row["learning_rate"]), say.number(row["seconds"], 1)]
        for row in run.history
    ]
    header = [say("epoch"), *measures_header(say), say("learning rate"), say("seconds")]
    return Table(say("Figures of every epoch of {run}", run=code(run.name)), header, rows, folded=True)


def column_table(runs: Sequence[Records], column: str, caption: Any, say: Language) -> Table:
    """One measure of several runs, an epoch a row."""
    put = say.percent if "accuracy" in column else say.number
    values = {run.name: {row["epoch"]: row[column] for row in run.history} for run in runs}
    epochs = sorted({epoch for of_run in values.values() for epoch in of_run})
    rows = [[epoch, *(put(of_run[epoch]) if epoch in of_run else "" for of_run in values.values())] for epoch in epochs]
    return Table(caption, [say("epoch"), *map(code, values)], rows, folded=True)


def settings_table(run: Records, say: Language) -> Table:
    """What of a run's config is not at its default; of a watched one all that is known."""
    if run.run.watched:
        rows = [[code(field), written(value)] for field, value in run.config.items() if field != "name"]
        return Table(say("What is known of the training"), [say("setting"), say("value")], rows)
    default = flatten(RunConfig())
    rows = [
        [code(field), written(value), written(default.get(field))]
        for field, value in run.config.items()
        if field != "name" and value != default.get(field)
    ]
    return Table(say("Settings that are not at their default"), [say("setting"), say("value"), say("default")], rows)


def differences_table(runs: Sequence[Records], say: Language) -> Table | None:
    """The settings in which runs differ, a run a row; None where there are none."""
    configs = {id(run): config for run in runs if (config := known(lambda run=run: run.config))}
    fields = [field for field in differing(list(configs.values())) if field != "name"]
    if not fields:
        return None
    told = [(run, configs[id(run)]) for run in runs if id(run) in configs]
    rows = [[name_run(run), *(written(config.get(field)) for field in fields)] for run, config in told]
    return Table(say("Settings in which the runs differ"), [say("run"), *map(code, fields)], rows)


def layers_table(network: Network, caption: Any, say: Language) -> Table:
    """A network layer by layer, as Keras's summary shows it."""
    rows = [
        [code(layer.name), layer.kind, size_text(layer.shape), say.whole(layer.parameters), _trained(layer, say)]
        for layer in network.layers
    ]
    header = [say("layer"), say("kind"), say("output"), say("parameters"), say("trained")]
    return Table(caption, header, rows, folded=True)


def _trained(layer: Any, say: Language) -> Any:
    if not layer.parameters:
        return ""
    return say("yes") if layer.trainable else say("no")


def classes_table(run: Records, say: Language) -> Table:
    """Test figures class by class, and what each is most often taken for."""
    taken = taken_for(run, say)
    rows = [
        [
            shown_name(row.name),
            say.percent(row.precision),
            say.percent(row.recall),
            say.number(row.f1),
            say.whole(row.support),
            taken.get(row.name, ""),
        ]
        for row in run.figures.classes
    ]
    header = [say("class"), say("precision"), say("recall"), "F1", say("images"), say("most often taken for")]
    return Table(say("Test figures of each class"), header, rows, folded=True)


def taken_for(run: Records, say: Language) -> dict[str, Any]:
    """Class -> the class it is most often taken for, and how often; only classes that are."""
    names, counts = known(lambda: run.confusion, ([], []))
    found = {}
    for place, row in enumerate(counts):
        count, other = max(((count, at) for at, count in enumerate(row) if at != place), default=(0, 0))
        if count:
            found[names[place]] = say(
                "{predicted} ({count})", predicted=shown_name(names[other]), count=say.whole(count)
            )
    return found


def confused_table(run: Records, say: Language) -> Table:
    """The pairs of classes that are most often confused."""
    rows = [
        [
            say("{true} for {predicted}", true=shown_name(pair.true), predicted=shown_name(pair.predicted)),
            say.whole(pair.count),
            say.percent(pair.share),
        ]
        for pair in run.figures.confused
    ]
    header = [say("taken for another class"), say("images"), say("share of the true class")]
    return Table(say("Most frequent confusions"), header, rows)
