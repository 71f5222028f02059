"""The command line: one short function a verb. Imports no backend, nor anything slow, before a verb runs."""

import json
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

import vgglab
from vgglab import cli_data, cli_predict
from vgglab.backend import import_keras
from vgglab.console import Complaints, print_table, run_command, say
from vgglab.options import with_config_options

app = typer.Typer(
    help="Train image classifiers, compare them, and understand what happened.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(cli_data.app, name="data")

Out = Annotated[Path, typer.Option("--out", help="Folder that runs are made in.")]
DataDir = Annotated[Path | None, typer.Option("--data-dir", envvar="VGGLAB_DATA", help="Where the data sets lie.")]
Json = Annotated[bool, typer.Option("--json", help="Machine-readable output on stdout.")]
RunPath = Annotated[Path, typer.Argument(metavar="RUN", help="Run folder, or a run's name below ./runs.")]
Language = Annotated[str, typer.Option("--lang", help="Language: en or fr.")]
Paths = Annotated[list[Path], typer.Argument(metavar="RUN...|STUDY", help="Run folders, or a study's.")]


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"vgglab {vgglab.__version__}")
        raise typer.Exit


@app.callback()
def options(
    debug: Annotated[
        bool, typer.Option("--debug", help="Show the traceback of an error; anywhere on the line.")
    ] = False,
    version: Annotated[bool, typer.Option("--version", callback=_show_version, is_eager=True)] = False,
) -> None:
    """Options of every command."""


@app.command()
@with_config_options
def train(
    config: Annotated[Path | None, typer.Argument(metavar="[CONFIG]", help="YAML file of a run.")] = None,
    resume: Annotated[Path | None, typer.Option(help="Go on with a run that was stopped.")] = None,
    out: Out = Path("runs"),
    data_dir: DataDir = None,
    as_json: Json = False,
    *,
    overrides: dict[str, Any],
) -> None:
    """Train one network on one data set, evaluate it, and keep everything in a run folder."""
    from vgglab.errors import UsageError
    from vgglab.report.outcome import outcome_json, outcome_text
    from vgglab.resolve import read_config

    progress = "json" if as_json else os.environ.get("VGGLAB_PROGRESS", "auto")
    if resume is not None:
        if config or overrides:
            raise UsageError("--resume goes on with the run's own config; leave the other settings out")
        run = vgglab.resume(resume, data_dir=data_dir, progress=progress)
    else:
        run = vgglab.run(read_config(config, overrides), out=out, data_dir=data_dir, progress=progress)
    typer.echo(outcome_json(run) if as_json else outcome_text(run))


@app.command()
@with_config_options
def study(
    study: Annotated[str, typer.Argument(metavar="STUDY", help="Name of a shipped study, or a YAML file.")],
    out: Out = Path("runs"),
    data_dir: DataDir = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only list the runs and what they cost.")] = False,
    language: Language = "en",
    as_json: Json = False,
    *,
    overrides: dict[str, Any],
) -> None:
    """Do every run of a study file that is not done yet, compare them, and write the study's report."""
    from vgglab.diagnosis.reading import check_language
    from vgglab.grid.local import check_data, run_study
    from vgglab.report.compare import compare as compare_runs
    from vgglab.report.compare import explanations
    from vgglab.resolve import make_config
    from vgglab.study import load_study, plan_runs, study_folder_name
    from vgglab.tracking.trackers import check_trackers

    check_language(language)  # an unknown one is told before hours of training, not after
    name = make_config({}, {"name": overrides.pop("name", None)}, "options").name
    loaded = load_study(study)
    planned = plan_runs(loaded, overrides)
    folder = out / (name or study_folder_name(loaded, planned, overrides))
    if dry_run:
        return _show_estimates(planned, folder, as_json)
    if data_dir:
        os.environ["VGGLAB_DATA"] = str(data_dir)  # the runs' own processes look there too
    check_trackers(tuple({name for plan in planned for name in plan.config.log}))
    check_data(planned)
    succeeded = run_study(loaded, planned, folder, quiet=as_json, say=say)
    damaged = Complaints()
    explained = explanations(folder, language=language, damaged=damaged)
    _show_rows(compare_runs(folder, damaged=damaged), as_json, explained)
    say(f"runs are in {folder}")
    _write_study_report(folder, language)
    if not succeeded:
        raise typer.Exit(1)
    damaged.exit()


@app.command()
def compare(
    paths: Paths,
    as_json: Json = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="CSV on stdout.")] = False,
    language: Language = "en",
) -> None:
    """Compare runs: figures of the last and best epoch, cost, the settings in which they differ, what explains it."""
    from vgglab.report.compare import compare as compare_runs
    from vgglab.report.compare import explanations, rows_to_csv

    damaged = Complaints()
    rows = compare_runs(*paths, damaged=damaged)
    if as_csv:
        typer.echo(rows_to_csv(rows), nl=False)
    else:
        _show_rows(rows, as_json, explanations(*paths, language=language, damaged=damaged))
    damaged.exit()


@app.command()
def report(
    paths: Annotated[list[Path], typer.Argument(metavar="STUDY|RUN...", help="Folders of studies and runs.")],
    language: Language = "en",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File to write; else report.html in the folder.")
    ] = None,
) -> None:
    """Write one HTML file that tells what runs came to: it needs no network, and prints."""
    from vgglab.report.html import write_report

    typer.echo(write_report(paths, output, language))


@app.command()
def runs(
    out: Annotated[Path, typer.Argument(metavar="[FOLDER]", help="Folder to look in.")] = Path("runs"),
    as_json: Json = False,
) -> None:
    """List the runs below a folder."""
    from vgglab.report.compare import make_row, number
    from vgglab.runs.store import list_runs

    damaged = Complaints()
    found = list_runs(out, damaged)
    rows = [{"folder": str(run.folder), "created": run.record.created, **make_row(run)} for run in found]
    if as_json:
        typer.echo(json.dumps(rows, indent=1))
        return damaged.exit()
    header = ["folder", "created", "status", "epochs", "best val_accuracy"]
    cells = [
        [row["folder"], row["created"], row["status"], str(row["epochs"]), number(row["best_val_accuracy"])]
        for row in rows
    ]
    print_table(header, cells) if cells else say(f"no runs in {out}")
    damaged.exit()


@app.command()
def evaluate(run: RunPath, data_dir: DataDir = None, as_json: Json = False) -> None:
    """Evaluate a run's best model on the test images; writes figures, tables and pictures into its folder."""
    from vgglab.report.outcome import metrics_text
    from vgglab.runs.store import load

    metrics = vgglab.evaluate(run, data_dir=data_dir)
    typer.echo(json.dumps(metrics, indent=1) if as_json else metrics_text(metrics))
    say(f"written: metrics.json, predictions.csv, confusion_matrix.*, curves.*, examples.json in {load(run).folder}")


app.command()(cli_predict.predict)
app.command()(cli_predict.explain)


@app.command()
def diagnose(
    run: RunPath,
    language: Language = "en",
    everything: Annotated[bool, typer.Option("--all", help="Show every finding, not only the first three.")] = False,
    prove: Annotated[bool, typer.Option("--prove", help="Try the first suggestion in a short training.")] = False,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Say what is the case with a run, with the evidence, why that happens, and what to try first."""
    from vgglab.diagnosis.reading import check_language, describe, findings_text, read_findings
    from vgglab.runs.store import load

    check_language(language)
    opened = load(run)
    if prove:
        import_keras()
        from vgglab.proof import prove as prove_run

        prove_run(opened, data_dir, "none" if as_json else os.environ.get("VGGLAB_PROGRESS", "auto"), say)
    findings = read_findings(opened)
    if as_json:
        typer.echo(json.dumps([describe(finding, language) for finding in findings], indent=1))
        return
    typer.echo(findings_text(opened, findings, language, everything))


@app.command("lr-range")
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

    import_keras()
    from vgglab.lr_range import find_range

    folder, tested = find_range(path, overrides, out, data_dir, os.environ.get("VGGLAB_PROGRESS", "auto"))
    typer.echo(json.dumps({"folder": str(folder), **tested}, indent=1) if as_json else range_text(tested))
    say(f"written: lr_range.json, lr_range.svg, lr_range.png in {folder}")


@app.command()
@with_config_options
def summary(
    model: Annotated[str, typer.Argument(help="vgg16[,FIELD=VALUE...], a run, a config, or a .keras file.")],
    diff: Annotated[str | None, typer.Option(help="A second model: say what changes from the first to it.")] = None,
    input_shape: Annotated[str | None, typer.Option(help="HxWxC in pixels; else the data set's.")] = None,
    classes: Annotated[int | None, typer.Option(min=1, help="Number of classes; else the data set's.")] = None,
    as_json: Json = False,
    *,
    overrides: dict[str, Any],
) -> None:
    """Show a network layer by layer; with --diff, what changes from it to another."""
    import_keras()
    from vgglab.models.describe import diff_models, diff_text, summary_json, summary_text
    from vgglab.models.find import ModelSource

    source = ModelSource(overrides, input_shape, classes)
    first = source.find(model)
    if diff is None:
        typer.echo(json.dumps(summary_json(first), indent=1) if as_json else summary_text(first))
        return
    changes = diff_models(first, source.find(diff))
    typer.echo(json.dumps(changes, indent=1) if as_json else diff_text(changes))


@app.command()
def cache(
    clear: Annotated[bool, typer.Option("--clear", help="Take everything that is kept away.")] = False,
    as_json: Json = False,
) -> None:
    """List what frozen layers gave, kept so that they are computed once; or clear it."""
    from vgglab.training.feature_store import FeatureStore

    store = FeatureStore()
    if clear:
        say(f"{store.clear() / 10**6:,.1f} MB freed in {store.folder}")
        return
    rows = [entry.as_row() for entry in store.entries()]
    if as_json:
        typer.echo(json.dumps(rows, indent=1))
        return
    if rows:
        print_table(list(rows[0]), [[str(value) for value in row.values()] for row in rows])
    total = sum(row["megabytes"] for row in rows)
    say(f"{len(rows)} entries, {total:,.1f} of at most {store.limit / 10**6:,.0f} MB, in {store.folder}")


def _show_rows(rows: list[dict[str, Any]], as_json: bool, explained: list[dict[str, Any]]) -> None:
    from vgglab.report.compare import config_table, results_table

    if as_json:
        reasons = {reason["runs"][0]: reason for reason in explained}
        typer.echo(json.dumps([{**row, "explanation": reasons.get(row["run"])} for row in rows], indent=1))
        return
    print_table(*results_table(rows))
    header, cells = config_table(rows)
    if cells:
        typer.echo("\nThe settings in which they differ:\n")
        print_table(header, cells)
    if explained:
        typer.echo("\nWhat explains the differences:\n")
        typer.echo("\n".join(f"- {reason['sentence']}" for reason in explained))


def _write_study_report(folder: Path, language: str) -> None:
    """Write a study's report; whatever is wrong with it, the runs are done and stay so."""
    from vgglab.errors import explain
    from vgglab.report.html import write_report

    try:
        say(f"report: {write_report([folder], language=language)}")
    except Exception as error:
        say(f"no report was written: {explain(error)}")


def _show_estimates(planned: list[Any], folder: Path, as_json: bool) -> None:
    import_keras()
    from vgglab.grid.estimate import estimate_runs, estimates_table, estimates_text

    rows = estimate_runs(planned, folder)
    if as_json:
        typer.echo(json.dumps(rows, indent=1))
        return
    print_table(*estimates_table(rows))
    typer.echo(estimates_text(rows))


def main() -> None:
    """Entry point of the `vgglab` command."""
    sys.exit(run_command(app, sys.argv[1:]))
