"""The command that searches for the best settings."""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vgglab.cli.console import print_table, say, say_report
from vgglab.cli.options import with_config_options
from vgglab.cli.parameters import DataDir, Json, Language, Out, Ray, Workers
from vgglab.experiments.grid.where import Where
from vgglab.keras_tools.backend import import_keras

if TYPE_CHECKING:
    from vgglab.config.search_file import Plan

PARAM = "Search a config field: 'FIELD: log|uniform|int LOW HIGH' or 'FIELD: choice A,B,C'; can be given again."


@with_config_options
def search(
    path: Annotated[Path | None, typer.Argument(metavar="[SEARCH.yaml]", help="YAML file of a search.")] = None,
    param: Annotated[list[str], typer.Option("--param", metavar="'FIELD: VALUES'", help=PARAM)] = [],  # noqa: B006
    trials: Annotated[int | None, typer.Option(help="How many trials, in all processes together (20).")] = None,
    timeout: Annotated[float | None, typer.Option(metavar="SECONDS", help="Begin no trial after so long.")] = None,
    sampler: Annotated[str | None, typer.Option(help="What chooses: tpe (default), random, cmaes or grid.")] = None,
    pruner: Annotated[
        str | None, typer.Option(help="What cuts trials short: median (default), hyperband, halving or none.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Of the choices; that of the trainings is train.seed.")] = None,
    out: Out = Path("runs"),
    data_dir: DataDir = None,
    workers: Workers = "auto",
    ray: Ray = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what is searched and what it may cost.")] = False,
    language: Language = "en",
    as_json: Json = False,
    *,
    overrides: dict[str, Any],
) -> None:
    """Search for the best settings: many trials, each a run; the same command goes on. The best alone is tested."""
    from vgglab.config.resolve import make_config
    from vgglab.config.search_file import plan_search, read_params, search_folder_name
    from vgglab.diagnosis.reading import check_language
    from vgglab.runs.remote.folder import brought

    check_language(language)
    name = make_config({}, {"name": overrides.pop("name", None)}, "options").name
    given = {"trials": trials, "sampler": sampler, "pruner": pruner, "seed": seed, "space": read_params(param)}
    plan = plan_search(path or {}, given, overrides)
    folder = out / (name or search_folder_name(plan))
    if dry_run:
        return _show_cost(plan, brought(folder), Where(workers, ray), as_json)
    if data_dir:
        os.environ["VGGLAB_DATA"] = str(data_dir)  # the trials' own processes look there too
    _do_search(plan, folder, timeout, Where(workers, ray), language, as_json)


def _do_search(plan: "Plan", out: Path, timeout: float | None, where: Where, language: str, as_json: bool) -> None:
    """Do the trials that are not done yet in a folder, show all of them, write the report."""
    from vgglab.experiments.trials.ready import check_search

    where.check()
    check_search(plan)
    from vgglab.experiments.trials.loop import run_search, settle_search
    from vgglab.report.outcome import headline
    from vgglab.report.search_folder import read_search
    from vgglab.runs.remote.names import shown
    from vgglab.runs.remote.writing import mirrored

    with mirrored(out) as folder:
        with where.trainer([plan.config()], say, as_json) as (train, workers):
            run_search(plan, folder, as_json, say, timeout, train, workers)
        left = settle_search(plan, folder)
        found = read_search(folder)
        typer.echo(json.dumps(found.as_json(), indent=1) if as_json else str(found))
        if left:
            return say(f"trials that go on in other processes: {left}; the last of these processes tests the best")
        if not as_json:
            typer.echo(f"\n{found.told}\n{headline(found.run.metrics)}")
        say(f"the best as a config: {shown(folder / 'best.yaml')}")
        say_report(folder, language)


def _show_cost(plan: "Plan", folder: Path, where: Where, as_json: bool) -> None:
    """What is searched, and what the costliest trials come to."""
    from vgglab.experiments.grid.room import TRIAL

    room = where.room({TRIAL: plan.config()})
    import_keras()
    from vgglab.experiments.estimate import estimates_table
    from vgglab.experiments.trials.cost import cost_text, estimate_search

    rows = estimate_search(plan, folder)
    if as_json:
        typer.echo(json.dumps({"trials": plan.search.count, "corners": rows}, indent=1))
        return
    print_table(["setting", "chosen from"], [[field, setting.text] for field, setting in plan.search.space.items()])
    typer.echo()
    print_table(*estimates_table(rows))
    typer.echo(cost_text(rows, plan.search.count, room))
