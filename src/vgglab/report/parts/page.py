"""The whole page: what it is about, the questions of the study, the comparison, each run."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

import vgglab
from vgglab.report.blocks import Gap, Points, Section
from vgglab.report.collect import Collected
from vgglab.report.language import Language
from vgglab.report.parts.answers import ask, question_section
from vgglab.report.parts.comparison import Difference, comparison_section, read_differences
from vgglab.report.parts.folds import cross_validations, tell_folds
from vgglab.report.parts.gaps import known, make_gap
from vgglab.report.parts.run import run_section
from vgglab.report.parts.search import search_section
from vgglab.report.parts.words import name_run, tell_runs, tell_watched
from vgglab.report.records import Records
from vgglab.report.study_folder import StudyFolder
from vgglab.runs.seeds import is_fold


@dataclass(frozen=True)
class Page:
    """What is drawn.

    Attributes:
        language: of its texts.
        title: its heading.
        lead: sentences below it, each with its language ("" where that is not known).
        sections: its parts.
        version: of vgglab.
    """

    language: str
    title: Any
    lead: list[tuple[str, str]]
    sections: list[Section]
    version: str


def make_page(collected: Collected, say: Language) -> Page:
    """The page of some runs: of a study with its questions, of several runs, or of one."""
    runs = collected.runs
    differences = read_differences(runs, say)
    sections = [Section("overview", say("At a glance"), overview(collected, say))]
    for number, study in enumerate(collected.studies, 1):
        if study.search:
            below = [run for run in collected.trials if run.folder.parent == study.folder]
            sections.append(search_section(study.search, below, f"search-{number}", say))
        if study.questions:
            sections.append(questions_section(study, number, runs, differences, say))
    if len(runs) > 1:
        sections.append(comparison_section(runs, differences, say))
    if len(runs) == 1:
        sections += run_section(runs[0], say).sections
    elif runs:
        sections.append(Section("runs", say("Run by run"), [], [run_section(run, say) for run in runs]))
    return Page(say.code, title_of(collected, say), lead_of(collected, say), sections, vgglab.__version__)


def title_of(collected: Collected, say: Language) -> Markup:
    """What the page is about, in a few words."""
    names = [study.name for study in collected.studies]
    if not names:
        names = [run.name for run in collected.runs] or [gap.folder.name for gap in collected.gaps]
    data = {found for run in collected.runs if (found := known(lambda run=run: run.split["data"]))}
    subject = names[0] if len(names) == 1 else say.many("{count} run", "{count} runs", len(collected.runs))
    if len(data) == 1 and next(iter(data)) not in str(subject):
        return say("{subject} on {data}", subject=subject, data=data.pop())
    return Markup("{}").format(subject)


def lead_of(collected: Collected, say: Language) -> list[tuple[str, str]]:
    """What each study says of itself, in the page's language where it has it."""
    told = [study.description for study in collected.studies if study.description]
    return [(say.code, texts[say.code]) if say.code in texts else next(iter(texts.items())) for texts in told]


def overview(collected: Collected, say: Language) -> list[Any]:
    """The main results, how they were made, and what cannot be shown."""
    runs = collected.runs
    points = [tell_runs(runs, say)] if runs else []
    points += [sentence for sentence in (tell_best(runs, say), tell_machine(all_runs(collected), say)) if sentence]
    gaps: list[Gap] = [make_gap(gap, say("A run"), say) for gap in collected.gaps]
    gaps += [make_gap(gap, say("The study"), say) for study in collected.studies for gap in study.gaps]
    return [Points(points), *gaps]


def all_runs(collected: Collected) -> list[Records]:
    """The runs, and the trials of searches that are not among them."""
    known = {run.folder for run in collected.runs}
    return [*collected.runs, *(run for run in collected.trials if run.folder not in known)]


def tell_best(runs: list[Records], say: Language) -> Markup:
    """Which run is best on the test images."""
    if runs and all(run.run.watched for run in runs):  # their own scripts may have tested them
        return tell_watched(say) if len(runs) == 1 else Markup("")
    tested = [run for run in runs if known(lambda run=run: run.figures)]
    if tested and all(is_fold(run.run) for run in tested):
        return Markup(" ").join(tell_folds(figures, say) for figures in cross_validations(tested))
    if not tested:
        return say("No run was tested yet.") if runs else Markup("")
    best = max(tested, key=lambda run: run.figures.accuracy)
    values = {
        "run": name_run(best),
        "accuracy": say.percent(best.figures.accuracy),
        "interval": say.interval(*best.figures.accuracy_interval),
        "n": say.whole(best.figures.n),
    }
    if len(runs) == 1:
        return say("On {n} test images it is right in {accuracy} ({interval}).", **values)
    return say("Best on the test images is {run}: right in {accuracy} of {n} ({interval}).", **values)


def tell_machine(runs: list[Records], say: Language) -> Markup:
    """How long the training took, and on what."""
    seconds = sum(run.record.seconds for run in runs)
    text = say("Training took {time} in all.", time=say.seconds(seconds)) if runs else Markup("")
    machines = Counter(found for run in runs if (found := known(lambda run=run: machine(run, say))))
    if machines:
        text += " " + say("Machine: {machines}.", machines=Markup("; ").join(machines))
    return text


def machine(run: Records, say: Language) -> Markup:
    """Processor, cores, and the versions that a run was trained with."""
    known_of = run.environment
    packages = known_of["packages"]
    return say(
        "{processor}, {cores} cores, Keras {keras} with {backend}, vgglab {version}",
        processor=known_of.get("processor", "?"),
        cores=known_of.get("cores", "?"),
        keras=packages.get("keras", "?"),
        backend=known_of.get("backend", "?"),
        version=packages.get("vgglab", "?"),
    )


def questions_section(
    study: StudyFolder, number: int, runs: list[Records], differences: list[Difference], say: Language
) -> Section:
    """The questions of a study with their answers, in its order; a report's other runs may answer them too."""
    answered = []
    for order, question in enumerate(study.questions, 1):
        anchor = f"question-{number}-{order}"
        section = question_section(ask(question, runs, study.choices, differences), anchor, say)
        if section:
            answered.append(section)
    return Section(f"questions-{number}", say("The study, question by question"), [], answered)
