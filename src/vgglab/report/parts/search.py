"""The part of the page that tells of a search: its trials, which settings matter, the choice, and what it cost."""

from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

from vgglab.config.schema import option_name
from vgglab.config.search_file import read_setting
from vgglab.report.blocks import Figure, Points, Section, Table, Text
from vgglab.report.charts.parallel import Axis, Line, parallel_chart
from vgglab.report.language import Language, code
from vgglab.report.parts.comparison import overlaid
from vgglab.report.parts.gaps import attempt, known
from vgglab.report.parts.words import written
from vgglab.report.records import Records
from vgglab.report.search_folder import Search

DRAWN = 20  # curves in one picture
FEW = 10  # trials that came to their end; with fewer, what a setting matters is hardly known


def search_section(search: Search, trials: Sequence[Records], anchor: str, say: Language) -> Section:
    """Everything about a search but the best trial itself, which has its own part of the page."""
    parts = [
        ("trials", say("Trials"), lambda: [trials_table(search, say)]),
        ("parallel", say("Settings and what came of them"), lambda: parallel(search, say)),
        ("importance", say("Which settings matter"), lambda: importance(search, say)),
        ("curves", say("Learning curves of the trials"), lambda: curves(search, trials, say)),
    ]
    sections = [Section(f"{anchor}-{name}", title, attempt(title, say, make)) for name, title, make in parts]
    return Section(anchor, say("The search"), [Points(tell_search(search, trials, say))], sections)


def tell_search(search: Search, trials: Sequence[Records], say: Language) -> list[Markup]:
    """How many trials there were, which was chosen and of how many, its test, the cost."""
    told = [say("{trials}: {endings}.", trials=count_trials(search, say), endings=say.list(endings(search, say)))]
    if search.best:
        told.append(
            say(
                "Chosen is {run}: its {measure} of {figure} is the best of {trials}, all judged on the same validation "
                "images. The best of many is flattered by luck; what it is worth is told by the test images.",
                run=code(search.best),
                measure=code(search.measure),
                figure=put(search, next(row["figure"] for row in search.trials if row["name"] == search.best), say),
                trials=count_trials(search, say),
            )
        )
        told.append(tell_test(search, trials, say))
    return [*told, tell_cost(search, say)]


def count_trials(search: Search, say: Language) -> Markup:
    """`20 trials`."""
    return say.many("{count} trial", "{count} trials", len(search.trials))


def endings(search: Search, say: Language) -> list[Markup]:
    """How many trials ended how."""
    counts = search.counts
    told = {
        "finished": say("{count} came to the end", count=counts["finished"]),
        "pruned": say("{count} cut short, being behind others", count=counts["pruned"]),
        "hopeless": say("{count} cut short after an epoch, as the diagnosis was certain", count=counts["hopeless"]),
        "diverged": say("{count} diverged", count=counts["diverged"]),
        "failed": say("{count} failed", count=counts["failed"]),
        "running": say("{count} not done yet", count=counts["running"]),
    }
    return [text for how, text in told.items() if counts[how]]


def tell_test(search: Search, trials: Sequence[Records], say: Language) -> Markup:
    """How often the test images were looked at, and what the best is worth."""
    if not search.tested:
        return say("The test images were not looked at yet.")
    figures = [known(lambda run=run: run.figures) for run in trials if run.folder.name == search.best]
    right = [
        say(
            "It is right in {accuracy} of {n} ({interval}).",
            accuracy=say.percent(found.accuracy),
            n=say.whole(found.n),
            interval=say.interval(*found.accuracy_interval),
        )
        for found in figures
        if found
    ]
    looked = say.many(
        "The test images were looked at once, by the best trial alone.",
        "The test images were looked at {count} times, as the search was gone on with after a test: by {runs}.",
        len(search.tested),
        runs=say.list([code(name) for name in search.tested]),
    )
    return Markup(" ").join([looked, *right])


def tell_cost(search: Search, say: Language) -> Markup:
    """Epochs and seconds, and what was saved."""
    done, planned = (sum(row[name] for row in search.trials) for name in ("epochs", "planned"))
    short = sum(row["planned"] - row["epochs"] for row in search.trials if row["how"] != "running")
    text = say(
        "It trained {done} of {planned} epochs in {time}.",
        done=say.whole(done),
        planned=say.whole(planned),
        time=say.seconds(sum(row["seconds"] for row in search.trials)),
    )
    if not short:
        return text
    return text + " " + say("What ended before its last epoch saved {count} of them.", count=say.whole(short))


def put(search: Search, figure: float | None, say: Language) -> Any:
    """The figure of a trial as it is shown."""
    return say.percent(figure) if search.measure == "val_accuracy" else say.number(figure)


def trials_table(search: Search, say: Language) -> Table:
    """A trial a row, the best first."""
    words = {
        "finished": say("came to the end"),
        "pruned": say("behind others"),
        "hopeless": say("hopeless after an epoch"),
        "diverged": say("diverged"),
        "failed": say("failed"),
        "running": say("not done yet"),
    }
    rows = [
        [
            code(row["name"]),
            put(search, row["figure"], say),
            words[row["how"]],
            f"{row['epochs']}/{row['planned']}",
            say.seconds(row["seconds"]),
            *(setting(row["settings"].get(field), say) for field in search.space),
        ]
        for row in search.ranked
    ]
    header = [say("trial"), code(search.measure), say("how it ended"), say("epochs"), say("training time")]
    return Table(say("The trials, the best first"), [*header, *map(code, search.space)], rows)


def parallel(search: Search, say: Language) -> list[Any]:
    """Parallel coordinates: the settings and the figure."""
    figures = [row["figure"] for row in search.trials if row["figure"] is not None]
    if len(figures) < 2:
        return [Text(say("Too few trials have a figure to draw."))]
    low, high = min(figures), max(figures)
    ends = (low, high) if low < high else (low, low + 1)
    settings = {field: read_setting(text) for field, text in search.space.items()}
    axes = [Axis(option_name(field), setting.kind, setting.values) for field, setting in settings.items()]
    axes.append(Axis(search.measure, "uniform", ends, search.measure == "val_accuracy"))
    worst = low if search.measure == "val_accuracy" else high
    lines = [
        Line(
            f"{row['name']}: {put(search, row['figure'], say)}",
            [*(row["settings"].get(field) for field in settings), worst if row["figure"] is None else row["figure"]],
            line_class(search, row, order),
        )
        for order, row in enumerate(search.ranked)
    ]
    note = say(
        "A line is a trial, darker the better its figure; the thick one is the best. Dashed ones were cut short, "
        "diverged or failed; without a figure they end at the worst."
    )
    told = say("The best, {run}: {settings}.", run=lines[0].name, settings=say.list(best_settings(search, say)))
    picture = parallel_chart(axes, lines[::-1], say("Settings and what came of them"), told, say)
    return [Figure([picture], note, css="scroll" if picture.css else "")]


def setting(value: Any, say: Language) -> str:
    """A setting's value, a number short."""
    return say.short(value) if isinstance(value, float) else written(value)


def best_settings(search: Search, say: Language) -> list[str]:
    """The settings of the best trial: `learning_rate 0.01`."""
    return [f"{option_name(field)} {setting(value, say)}" for field, value in search.ranked[0]["settings"].items()]


def line_class(search: Search, row: Any, order: int) -> str:
    """Classes of a trial's line: the best, a quarter of the others, or cut short."""
    if row["name"] == search.best:
        return "trial chosen"
    quarter = 1 + 4 * order // max(len(search.trials), 1)
    return f"trial t{quarter}" + ("" if row["how"] in ("finished", "running") else " short")


def importance(search: Search, say: Language) -> list[Any]:
    """How much of the difference between trials each setting explains."""
    if not search.importance:
        return [Text(say("Too few trials came to their end, or none differs from another, to tell."))]
    ended = search.counts["finished"]
    text = say(
        "Share of each setting in how the {count} trials that came to their end differ (fANOVA, a random forest's "
        "analysis of variance, over the whole space).",
        count=say.whole(ended),
    )
    if ended < FEW:
        text += " " + say("With so few it is a hint, no more.")
    rows = [[code(field), say.percent(share, 0), search.space[field]] for field, share in search.importance.items()]
    header = [say("setting"), say("share"), say("chosen from")]
    return [Text(text), Table(say("What the settings matter"), header, rows)]


def curves(search: Search, trials: Sequence[Records], say: Language) -> list[Any]:
    """The curves of the best trials, one above the other."""
    order = {row["name"]: place for place, row in enumerate(search.ranked)}
    best = sorted((run for run in trials if run.folder.name in order), key=lambda run: order[run.folder.name])
    drawn = overlaid(best[:DRAWN], (search.measure,), say)
    if len(best) <= DRAWN:
        return drawn
    return [Text(say("The {count} best of {all} trials.", count=DRAWN, all=say.whole(len(best)))), *drawn]
