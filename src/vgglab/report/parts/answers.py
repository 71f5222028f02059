"""How the questions of a study are answered: the kinds of answers that a study file can ask for."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from typing import Any

from markupsafe import Markup

from vgglab.config.seeds import group_of
from vgglab.config.study_file import Question
from vgglab.report.blocks import Gap, Points, Section, Table, Text
from vgglab.report.language import Language, code
from vgglab.report.parts import network
from vgglab.report.parts import run as run_part
from vgglab.report.parts.comparison import Difference, explained, overlaid
from vgglab.report.parts.gaps import attempt, known, make_gap
from vgglab.report.parts.seeds import seeds_choice
from vgglab.report.parts.tables import figures_table
from vgglab.report.parts.words import (
    changed_settings,
    name_run,
    tell_accuracy,
    tell_change,
    tell_diagnosis,
    tell_difference,
    tell_figures,
    tell_runs,
    tell_test,
)
from vgglab.report.records import STUDY, Missing, Records
from vgglab.report.seeds import merit

MEASURES = ("loss", "accuracy", "val_loss", "val_accuracy")
SAVED = ("best.keras", "model.weights.h5", "architecture.json")


@dataclass(frozen=True)
class Asked:
    """A question with the runs that answer it.

    Attributes:
        runs: those it is about, in the study's order.
        against: for each pattern of the question, the runs to compare them with.
        choices: name of a selecting run -> name of the run that it took, and the candidates.
        all_runs: every run of the page.
        differences: what explains that some runs do better than others.
    """

    question: Question
    runs: list[Records]
    against: list[list[Records]]
    choices: Mapping[str, Mapping[str, Any]]
    all_runs: list[Records]
    differences: list[Difference]


def ask(
    question: Question,
    runs: Sequence[Records],
    choices: Mapping[str, Mapping[str, Any]],
    differences: list[Difference],
) -> Asked:
    """Find the runs that a question is about."""
    about = [run for run in runs if any(is_named(run, p) for p in question.runs) and fits(question, run)]
    against = [[run for run in runs if is_named(run, pattern) and run not in about] for pattern in question.against]
    return Asked(question, about, against, choices, list(runs), differences)


def is_named(run: Records, pattern: str) -> bool:
    """Whether a pattern fits the name of a run, or that without its seed."""
    return fnmatch(run.name, pattern) or fnmatch(group_of(run.name), pattern)


def fits(question: Question, run: Records) -> bool:
    """Whether a run's config is as the question wants it."""
    if not question.where and not question.unless:
        return True
    config = known(lambda: run.config)
    if config is None:
        return False
    wanted = all(config.get(field) in values for field, values in question.where.items())
    return wanted and not any(config.get(field) in values for field, values in question.unless.items())


def question_section(asked: Asked, anchor: str, say: Language) -> Section | None:
    """A question and its answer; None where it is optional and no run is about it."""
    question = asked.question
    title = say.set_type(question.title_in(say.code))
    if not asked.runs:
        if question.optional:
            return None
        gap = Gap(
            title, say("No run of this report is about it; expected {runs}.", runs=code(", ".join(question.runs)))
        )
        return Section(anchor, title, [gap], label=question.id)
    blocks = [block for kind in question.answer for block in attempt(title, say, _bound(ANSWERS[kind], asked, say))]
    return Section(anchor, title, blocks, label=question.id)


def _bound(answer: Callable[[Asked, Language], list[Any]], asked: Asked, say: Language) -> Callable[[], list[Any]]:
    return lambda: answer(asked, say)


def answer_network(asked: Asked, say: Language) -> list[Any]:
    """What the network is."""
    return network.drawing(first_with_network(asked.runs), say)


def first_with_network(runs: Sequence[Records]) -> Records:
    """The first run whose network is known, else the first."""
    return next((run for run in runs if known(lambda run=run: run.network)), runs[0])


def answer_data(asked: Asked, say: Language) -> list[Any]:
    """What the images are, and how they are split."""
    run, split = next(((run, found) for run in asked.runs if (found := known(lambda run=run: run.split))), (None, None))
    if run is None:
        raise _why(lambda: asked.runs[0].split)
    trained, held = split["train"], split["validation"]
    text = say(
        "The images are those of {data}: {train} to train, {validation} for validation ({share} of the training set), "
        "{test} to test.",
        data=code(split["data"]),
        train=say.whole(trained),
        validation=say.whole(held),
        share=say.percent(held / (trained + held)),
        test=say.whole(split["test"]),
    )
    classes = known(lambda: run.classes)
    if classes:
        text += " " + say("There are {count} classes.", count=say.whole(len(classes)))
    seed = known(lambda: run.config["data.split_seed"])
    if seed is not None:
        text += " " + say("The split keeps the share of every class; it follows from the seed {seed}.", seed=seed)
    return [Text(text), Text(tell_shared_split(asked.all_runs, say))]


def tell_shared_split(runs: Sequence[Records], say: Language) -> Markup:
    """Whether all runs use the same images."""
    hashes = {split["hash"] for run in runs if (split := known(lambda run=run: run.split))}
    if len(runs) == 1:
        return say("The indices of every part are kept with the run, in {file}.", file=code("split.json"))
    if len(hashes) == 1:
        return say("All {count} runs use the very same split, so their figures can be compared.", count=len(runs))
    return say("The runs use {count} different splits: not all of their figures can be compared.", count=len(hashes))


def answer_runs(asked: Asked, say: Language) -> list[Any]:
    """What became of the runs, against one another and against earlier ones."""
    others = [run for group in asked.against for run in group]
    readable = [run for run in asked.runs if known(lambda run=run: run.history)]
    blocks: list[Any] = [
        make_gap(_why(lambda run=run: run.history), say("A run"), say) for run in asked.runs if run not in readable
    ]
    if not readable:
        return blocks
    blocks.append(Text(tell_runs(readable, say)))
    if len(readable) <= 4:
        blocks.append(Points([tell_figures(run, say) for run in readable]))
    sentences = [tell_change(old, new, say) for old, new in pairs(readable, asked.against)]
    if len(readable) == 2:
        sentences.insert(0, tell_change(*sorted(readable, key=_merit), say))
    if sentences:
        blocks.append(Points(sentences))
    told = [sentence for run in readable if (sentence := tell_diagnosis(run, say))]
    if told:
        blocks += [Text(say("The diagnosis says:")), Points(told)]
    names = {run.name for run in [*readable, *others]}
    about = [found for found in asked.differences if names.issuperset(found["runs"])]
    own = [found for found in about if {run.name for run in readable}.intersection(found["runs"])]
    if own:
        blocks += [Text(say("What explains the differences:")), *explained(own, say)]
    blocks.append(figures_table([*readable, *others], say))
    if len(readable) == 1:
        blocks += run_part.curves(readable[0], say)
    if len(readable) > 1 or others:
        columns = MEASURES if len(readable) > 1 else ("val_loss", "val_accuracy")
        blocks += overlaid([*readable, *others], columns, say)
    return blocks


def _merit(run: Records) -> float:
    return merit(run.best)


def pairs(runs: Sequence[Records], against: Sequence[Sequence[Records]]) -> list[tuple[Records, Records]]:
    """Each run with the earlier one of every group that differs from it in the fewest settings."""
    found = []
    for run in runs:
        for group in against:
            usable = [other for other in group if known(lambda other=other: other.history)]
            if usable:
                nearest = min(usable, key=lambda other: len(changed_settings(other, run) or {}))
                found.append((nearest, run))
    return found


def answer_change(asked: Asked, say: Language) -> list[Any]:
    """What changed between two networks."""
    after = first_with_network(asked.runs)
    before = next((old for old, _ in pairs([after], asked.against)), None)
    if before is None:
        return [Gap(say("The change"), say("There is no run to compare {run} with.", run=name_run(after)))]
    return network.change(before, after, say)


def answer_choice(asked: Asked, say: Language) -> list[Any]:
    """Which run was chosen, why, and what was saved of it."""
    run = asked.runs[0]
    choice = asked.choices.get(group_of(run.name))
    if choice is None:
        missing = Missing(run.folder.parent, "study.json", remedy=STUDY)
        return [make_gap(missing, say("The choice"), say), *saved_files(run, say)]
    chosen = next((other for other in asked.all_runs if other.name == choice["chosen"]), None)
    candidates = [other for other in asked.all_runs if group_of(other.name) in choice["candidates"]]
    over_seeds = seeds_choice(choice["chosen"], candidates, say)
    if over_seeds:
        return [*over_seeds, *saved_files(run, say)]
    ranked = sorted((other for other in candidates if known(lambda other=other: other.best)), key=_merit, reverse=True)
    text = say("Chosen is {run}.", run=name_run(chosen) if chosen else code(choice["chosen"]))
    if chosen and chosen in ranked:
        text = tell_choice(chosen, ranked, say)
    rows = [
        [
            name_run(other),
            say.percent(other.best["val_accuracy"]),
            other.best["epoch"],
            say.number(other.best["val_loss"]),
        ]
        for other in ranked
    ]
    header = [say("run"), say("best validation accuracy"), say("epoch"), say("validation loss there")]
    table = [Table(say("The candidates, best first"), header, rows)] if rows else []
    return [Text(text), *table, *saved_files(run, say)]


def tell_choice(chosen: Records, ranked: Sequence[Records], say: Language) -> Markup:
    """Why a run was chosen, from the candidates' figures."""
    best = chosen.best
    text = say.many(
        "Chosen is {run}, the only candidate: its best validation accuracy is {accuracy}, in epoch {epoch}.",
        "Chosen is {run}: of {count} candidates it has the best validation accuracy, {accuracy} in epoch {epoch}.",
        len(ranked),
        run=name_run(chosen),
        accuracy=say.percent(best["val_accuracy"]),
        epoch=best["epoch"],
    )
    others = [run for run in ranked if run is not chosen]
    if others:
        text += " " + say(
            "Next is {run} with {accuracy}, {difference}.",
            run=name_run(others[0]),
            accuracy=say.percent(others[0].best["val_accuracy"]),
            difference=tell_difference(others[0].best["val_accuracy"] - best["val_accuracy"], say),
        )
    return text


def saved_files(run: Records, say: Language) -> list[Any]:
    """What of the trained network is in the run folder."""
    sizes = {name: (run.folder / name).stat().st_size for name in SAVED if (run.folder / name).exists()}
    told = [say("{file} ({size} MB)", file=code(name), size=say.number(size / 1e6, 2)) for name, size in sizes.items()]
    blocks: list[Any] = []
    if told:
        blocks.append(Text(say("Saved in {folder}: {files}.", folder=code(run.folder), files=say.list(told))))
    blocks += [
        make_gap(Missing(run.folder, name), say("The saved network"), say) for name in SAVED if name not in sizes
    ]
    return blocks


def answer_test(asked: Asked, say: Language) -> list[Any]:
    """Test figures and confusion matrix of each run."""
    blocks: list[Any] = []
    for run in asked.runs:
        blocks += attempt(say("Test figures"), say, lambda run=run: run_part.test_figures(run, say))
        blocks += attempt(say("Confusion matrix"), say, lambda run=run: run_part.confusion(run, say))
    return blocks


def answer_cost(asked: Asked, say: Language) -> list[Any]:
    """What runs gave for their cost, against others."""
    others = [run for group in asked.against for run in group]
    tested = [run for run in asked.runs if known(lambda run=run: run.figures)]
    if not tested:
        raise _why(lambda: asked.runs[0].figures)
    best = max(tested, key=lambda run: run.figures.accuracy)
    blocks: list[Any] = [Text(tell_accuracy(best, say))]
    for other in others:
        blocks += attempt(say("The comparison"), say, lambda other=other: [Text(tell_cost(best, other, say))])
    return [*blocks, cost_table([*asked.runs, *others], say)]


def tell_cost(run: Records, other: Records, say: Language) -> Markup:
    """Accuracy, time and trained parameters of one run against another's."""
    difference = run.figures.accuracy - other.figures.accuracy
    text = say(
        "{other} is right in {accuracy}; {run} has {difference}.",
        other=name_run(other),
        accuracy=say.percent(other.figures.accuracy),
        run=name_run(run),
        difference=tell_difference(difference, say),
    )
    spent, usual = run.record.seconds, other.record.seconds
    if spent and usual:
        text += " " + say(
            "Its training took {time} instead of {usual}, {factor} times as long.",
            time=say.seconds(spent),
            usual=say.seconds(usual),
            factor=say.short(spent / usual, ".2g"),
        )
    trained, all_trained = run.parameters.get("trainable"), other.parameters.get("trainable")
    if trained and all_trained:
        text += " " + say(
            "It trained {count} parameters instead of {usual}.", count=say.whole(trained), usual=say.whole(all_trained)
        )
    return text + " " + tell_test(other, run, say)


def cost_table(runs: Sequence[Records], say: Language) -> Table:
    """Accuracy and cost, a run a row."""
    rows = []
    for run in runs:
        figures, epochs = known(lambda run=run: run.figures), run.record.epochs_done
        rows.append(
            [
                name_run(run),
                say.percent(figures.accuracy if figures else None),
                say.seconds(run.record.seconds),
                say.whole(epochs),
                say.seconds(run.record.seconds / epochs if epochs else None),
                say.whole(run.parameters.get("trainable")),
            ]
        )
    header = [
        say("run"),
        say("test accuracy"),
        say("training time"),
        say("epochs"),
        say("time for an epoch"),
        say("trained parameters"),
    ]
    return Table(say("What the runs gave, and what they cost"), header, rows)


def _why(read: Callable[[], Any]) -> Missing:
    """The reason why something cannot be read."""
    try:
        read()
    except Missing as missing:
        return missing
    raise AssertionError("it can be read")


ANSWERS: dict[str, Callable[[Asked, Language], list[Any]]] = {
    "network": answer_network,
    "data": answer_data,
    "runs": answer_runs,
    "change": answer_change,
    "choice": answer_choice,
    "test": answer_test,
    "cost": answer_cost,
}
