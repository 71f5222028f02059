"""The commands that train: a run, a study, a range of learning rates."""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

import vgglab
from vgglab.cli.console import Complaints, print_table, say, say_report
from vgglab.cli.options import with_config_options
from vgglab.cli.parameters import Code, DataDir, Json, Language, Out, Ray, Seeds, Workers, run_code
from vgglab.cli.runs import show_rows
from vgglab.experiments.grid.where import Where
from vgglab.keras_tools.backend import import_keras

if TYPE_CHECKING:
    from vgglab.config.schema import RunConfig
    from vgglab.config.study_file import PlannedRun, Study


ONE_RUN = "--check is for one new run; before --seeds or --folds, vgglab check CONFIG does it, and --resume goes on"
SEVERAL = "--ray is for several runs: of a study, of a search, or with --seeds or --folds; leave it out for one run"


@with_config_options
def train(
    config: Annotated[Path | None, typer.Argument(metavar="[CONFIG]", help="YAML file of a run.")] = None,
    resume: Annotated[
        Path | None, typer.Option(help="Go on with a run that was stopped; --data tells where its pictures are now.")
    ] = None,
    out: Out = Path("runs"),
    data_dir: DataDir = None,
    seeds: Seeds = None,
    workers: Workers = "auto",
    ray: Ray = None,
    checked: Annotated[bool, typer.Option("--check", help="Check network and data first; an error stops it.")] = False,
    language: Language = "en",
    code: Code = None,
    as_json: Json = False,
    *,
    overrides: dict[str, Any],
) -> None:
    """Train one network on one data set, evaluate it, and keep everything in a run folder."""
    from vgglab.config.resolve import read_config
    from vgglab.errors import UsageError
    from vgglab.report.outcome import outcome_json, outcome_text

    progress = "json" if as_json else os.environ.get("VGGLAB_PROGRESS", "auto")
    if checked and (resume is not None or seeds is not None):
        raise UsageError(ONE_RUN)
    if ray and resume is not None:
        raise UsageError(SEVERAL)
    run_code(code)
    if resume is not None:
        if config or seeds or overrides.keys() - {"data.name"}:
            raise UsageError(
                "--resume goes on with the run's own config; leave the other settings out (--data tells where its "
                "pictures are now)"
            )
        run = vgglab.resume(resume, data=overrides.get("data.name"), data_dir=data_dir, progress=progress)
    else:
        made, before = read_config(config, overrides), _checking(language) if checked else None
        if seeds is not None or (made.data.folds and not made.data.fold):
            if checked:
                raise UsageError(ONE_RUN)
            return _train_several(made, seeds, Where(workers, ray), out, data_dir, as_json)
        if ray:
            raise UsageError(SEVERAL)
        run = vgglab.run(made, out=out, data_dir=data_dir, progress=progress, before=before)
    typer.echo(outcome_json(run) if as_json else outcome_text(run))


@with_config_options
def check(
    config: Annotated[Path | None, typer.Argument(metavar="[CONFIG]", help="YAML file of a run.")] = None,
    data_dir: DataDir = None,
    language: Language = "en",
    as_json: Json = False,
    *,
    overrides: dict[str, Any],
) -> None:
    """Look at a run's network and data before a long training; nothing is written, code 1 where an error is found."""
    from vgglab.config.resolve import read_config
    from vgglab.diagnosis.reading import check_language

    check_language(language)
    made = read_config(config, overrides)
    import_keras()
    from vgglab.datasets.load import read_data
    from vgglab.experiments.run import start_model
    from vgglab.watching.own_runs import check_run

    dataset = read_data(made, data_dir)
    found = check_run(made, dataset, start_model(made, dataset), language=language)
    typer.echo(json.dumps(found.as_json(), indent=1) if as_json else str(found))
    if found.errors:
        raise typer.Exit(1)


def _checking(language: str) -> Any:
    """What checks a run before it is trained; an error of it stops the run, a warning is only said."""
    from vgglab.diagnosis.reading import check_language

    check_language(language)

    def before(*given: Any) -> None:
        from vgglab.watching.own_runs import check_run, stop_at_error

        found = check_run(*given, language=language)
        say(str(found))
        stop_at_error(found)

    return before


@with_config_options
def study(
    study: Annotated[str, typer.Argument(metavar="STUDY", help="Name of a shipped study, or a YAML file.")],
    out: Out = Path("runs"),
    data_dir: DataDir = None,
    seeds: Seeds = None,
    only: Annotated[
        str | None, typer.Option(metavar="NAME,...", help="Only the runs of these names; * and ? as in a shell.")
    ] = None,
    workers: Workers = "auto",
    ray: Ray = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only list the runs and what they cost.")] = False,
    language: Language = "en",
    as_json: Json = False,
    *,
    overrides: dict[str, Any],
) -> None:
    """Do every run of a study file that is not done yet, compare them, and write the study's report."""
    from vgglab.config.resolve import make_config
    from vgglab.config.seeds import read_seeds
    from vgglab.config.study_file import load_study, plan_runs, study_folder_name
    from vgglab.diagnosis.reading import check_language
    from vgglab.experiments.study import want_only
    from vgglab.runs.remote.folder import brought

    check_language(language)  # an unknown one is told before hours of training, not after
    name = make_config({}, {"name": overrides.pop("name", None)}, "options").name
    loaded = load_study(study)
    planned = want_only(plan_runs(loaded, overrides, read_seeds(seeds)), only)
    folder = out / (name or study_folder_name(loaded, planned, overrides))
    if dry_run:
        return _show_estimates(planned, brought(folder), Where(workers, ray), as_json)
    _do_study(loaded, planned, folder, Where(workers, ray), data_dir, as_json, language)


def _train_several(
    config: "RunConfig", seeds: str | None, where: Where, out: Path, data_dir: Path | None, as_json: bool
) -> None:
    """A run with several seeds, or with each of its folds, which is a study; the same command goes on with it."""
    from vgglab.config.seeds import read_seeds
    from vgglab.config.study_file import plan_runs
    from vgglab.experiments.study import folds_study, seeds_study

    loaded = folds_study(config) if seeds is None else seeds_study(config, read_seeds(seeds))
    _do_study(loaded, plan_runs(loaded, {}), out / loaded.name, where, data_dir, as_json)


def _do_study(
    loaded: "Study",
    planned: "list[PlannedRun]",
    out: Path,
    where: Where,
    data_dir: Path | None,
    as_json: bool,
    language: str = "en",
) -> None:
    """Do the runs of a study that are not done yet in a folder, show them side by side, write the report."""
    from vgglab.experiments.study import check_data, run_study
    from vgglab.report.compare import find_runs, rows_of
    from vgglab.report.seeds import explain_runs
    from vgglab.runs.remote.names import shown
    from vgglab.runs.remote.writing import mirrored
    from vgglab.tracking.trackers import check_trackers

    where.check()
    if data_dir:
        os.environ["VGGLAB_DATA"] = str(data_dir)  # the runs' own processes look there too
    check_trackers(tuple({name for plan in planned for name in plan.config.log}))
    damaged = Complaints()
    with mirrored(out) as folder:
        check_data(planned)
        with where.trainer([plan.config for plan in planned if plan.wanted], say, as_json) as (train, workers):
            failures = run_study(loaded, planned, folder, as_json, say, train, workers)
        found = find_runs([folder], damaged)
        _write_wholes(found, folder)
        show_rows(rows_of(found), as_json, explain_runs(found, language, damaged))
        say(f"runs are in {shown(folder)}")
        say_report(folder, language)
    if failures:
        raise typer.Exit(1)
    damaged.exit()


def _write_wholes(runs: list[Any], folder: Path) -> None:
    """Put together what folds say, where there are any."""
    from vgglab.runs.remote.names import shown
    from vgglab.runs.seeds import folded

    if folded(runs):
        import_keras()
        from vgglab.experiments.folds import write_wholes

        for whole in write_wholes(runs):
            say(f"each picture judged once: predictions.csv, metrics.json, confusion_matrix.* in {shown(whole)}")


@with_config_options
def lr_range(
    path: Annotated[Path | None, typer.Argument(metavar="[RUN|CONFIG]", help="A run, or a run's YAML file.")] = None,
    out: Out = Path("runs"),
    data_dir: DataDir = None,
    as_json: Json = False,
    *,
    overrides: dict[str, Any],
) -> None:
    """Find a learning rate: let it rise step by step, watch the loss, draw the curve; a run itself is not changed."""
    from vgglab.diagnosis.rate_range import range_text
    from vgglab.runs.remote.names import shown

    import_keras()
    from vgglab.experiments.rate_range import find_range

    folder, tested = find_range(path, overrides, out, data_dir, os.environ.get("VGGLAB_PROGRESS", "auto"))
    typer.echo(json.dumps({"folder": str(folder), **tested}, indent=1) if as_json else range_text(tested))
    say(f"written: lr_range.json, lr_range.svg, lr_range.png in {shown(folder)}")


def _show_estimates(planned: list[Any], folder: Path, where: Where, as_json: bool) -> None:
    from vgglab.experiments.study import order_of

    room = where.room({plan.name: plan.config for plan in planned})
    import_keras()
    from vgglab.experiments.estimate import estimate_runs, estimates_table, estimates_text, place

    wanted = {plan.name for plan in planned if plan.wanted}
    rows = [row for row in estimate_runs(planned, folder) if row["run"] in wanted]
    place(rows, order_of(planned), room)
    if as_json:
        typer.echo(json.dumps(rows, indent=1))
        return
    print_table(*estimates_table(rows))
    typer.echo(estimates_text(rows, room))
