"""The commands that tell of runs that are there."""

import json
import os
from pathlib import Path
from typing import Annotated, Any

import typer

import vgglab
from vgglab.cli.console import Complaints, print_table, say
from vgglab.cli.parameters import (
    Classes,
    Code,
    DataDir,
    Ensemble,
    Json,
    Labels,
    Language,
    Layout,
    Model,
    Paths,
    Tta,
    run_code,
)
from vgglab.keras_tools.backend import import_keras


def compare(
    paths: Paths,
    as_json: Json = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="CSV on stdout.")] = False,
    language: Language = "en",
) -> None:
    """Compare runs: figures of the last and best epoch, cost, the settings in which they differ, what explains it."""
    from vgglab.report.compare import find_runs, rows_of, rows_to_csv
    from vgglab.report.seeds import explain_runs

    damaged = Complaints()
    found = find_runs(paths, damaged)
    if as_csv:
        typer.echo(rows_to_csv(rows_of(found)), nl=False)
    else:
        show_rows(rows_of(found), as_json, explain_runs(found, language, damaged))
    damaged.exit()


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


def runs(
    out: Annotated[Path, typer.Argument(metavar="[FOLDER]", help="Folder to look in.")] = Path("runs"),
    as_json: Json = False,
) -> None:
    """List the runs below a folder."""
    from vgglab.report.compare import make_row, number
    from vgglab.runs.remote.names import shown, url_of
    from vgglab.runs.store import list_runs

    damaged = Complaints()
    found = list_runs(out, damaged)
    rows = [
        {"folder": shown(run.folder), "kind": run.record.kind, "created": run.record.created, **make_row(run)}
        | {"early": run.ended_early, "engine": run.record.engine}
        for run in found
    ]
    if as_json:
        typer.echo(json.dumps(rows, indent=1))
        return damaged.exit()
    columns = ["folder", "created", "kind", "status", "epochs", "best_val_accuracy", "best_val_loss"]
    if not any(run.watched for run in found):
        columns = [name for name in columns if name not in ("kind", "best_val_loss")]
    put = {"epochs": str, "best_val_accuracy": number, "best_val_loss": number}
    told = [row | {"status": f"{row['status']}{' early' if row['early'] else ''}"} for row in rows]
    cells = [[put.get(name, str)(row[name]) for name in columns] for row in told]
    if cells:
        print_table([name.replace("best_", "best ") for name in columns], cells)
    else:
        say(f"no runs in {url_of(out) or out}")
    damaged.exit()


def evaluate(
    model: Model,
    data: Annotated[
        Path | None, typer.Option(help="Folder of labelled pictures: other ones, or the run's own in another place.")
    ] = None,
    labels: Labels = None,
    layout: Layout = None,
    out: Annotated[
        Path | None, typer.Option(help="New folder for the figures on other pictures, in place of the run's.")
    ] = None,
    data_dir: DataDir = None,
    ensemble: Ensemble = False,
    tta: Tta = None,
    classes: Classes = None,
    code: Code = None,
    as_json: Json = False,
) -> None:
    """Evaluate a run's best model, or several, on its test images or on other pictures; writes figures and tables."""
    from vgglab.report.outcome import metrics_text, other_text
    from vgglab.runs.remote.names import shown
    from vgglab.runs.store import find_folder

    run_code(code)
    given = {"data": data, "labels": labels, "layout": layout, "out": out, "data_dir": data_dir}
    if ensemble or tta:
        return show_averaged(model, ensemble, tta, classes, as_json, given)
    metrics = vgglab.evaluate(model, classes=classes, **given)
    other, folder = "data" in metrics, metrics.pop("folder", None)
    if data and model.suffix != ".keras":
        what = "other pictures than those of" if other else "the pictures, here in another place, of"
        say(f"{data} holds {what} the run's split: {'another test' if other else 'its own test, once more'}")
    show = other_text if other else metrics_text
    typer.echo(json.dumps(metrics, indent=1) if as_json else show(metrics))
    if folder:
        say(f"written: metrics.json, predictions.csv, confusion_matrix.* in {shown(folder)}")
    elif not other:
        files = "metrics.json, predictions.csv, confusion_matrix.*, curves.*, examples.json"
        say(f"written: {files} in {shown(find_folder(model))}")


def show_averaged(
    model: Path, ensemble: bool, tta: str | None, classes: Path | None, as_json: bool, given: dict[str, Any]
) -> None:
    """Evaluate the mean over several networks, or over several views of each image, and print what comes out."""
    from vgglab.errors import UsageError
    from vgglab.report.outcome import metrics_text, other_text
    from vgglab.runs.find import find_models

    if classes:
        raise UsageError(f"--classes {classes}: --ensemble and --tta evaluate networks that know theirs; leave it out")
    find_models(model, ensemble)  # first: it says what is wrong with the name
    metrics = vgglab.evaluate_ensemble(model, tta=tta, **given)
    show = other_text if "data" in metrics else metrics_text
    typer.echo(json.dumps(metrics, indent=1) if as_json else show(metrics))
    if given["out"]:
        say(f"written: metrics.json, predictions.csv, confusion_matrix.* in {given['out']}")


def diagnose(
    run: Annotated[
        Path,
        typer.Argument(metavar="RUN|FILE.csv", help="Run folder, a run's name below ./runs, or a table of losses."),
    ],
    language: Language = "en",
    everything: Annotated[bool, typer.Option("--all", help="Show every finding, not only the first three.")] = False,
    prove: Annotated[bool, typer.Option("--prove", help="Try the first suggestion in a short training.")] = False,
    data: Annotated[
        Path | None, typer.Option(help="With --prove: the folder that the run's pictures are in now.")
    ] = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Say what is the case with a run, with the evidence, why that happens, and what to try first."""
    from vgglab.diagnosis.reading import check_language, describe, findings_text, read_findings
    from vgglab.errors import UsageError
    from vgglab.runs.store import load
    from vgglab.watching.curves import is_table

    check_language(language)
    if data and not prove:
        raise UsageError("--data is for --prove, which trains on the run's pictures; leave it out or add --prove")
    if is_table(run):
        if prove:
            raise UsageError(f"{run}: a table of losses; --prove trains a run of vgglab's again, leave it out")
        folder, findings, everything = run, list(vgglab.diagnose(run)), True
    else:
        opened = load(run)
        folder = opened.folder
        if prove:
            _prove(opened, data, data_dir, as_json)
        findings = read_findings(opened)
    if as_json:
        typer.echo(json.dumps([describe(finding, language) for finding in findings], indent=1))
        return
    typer.echo(findings_text(findings, folder, language, everything))


def _prove(run: Any, data: Path | None, data_dir: Path | None, as_json: bool) -> None:
    """Try the first suggestion; a line on stderr for each short training."""
    import_keras()
    from vgglab.experiments.proof import prove

    prove(run, data, data_dir, "none" if as_json else os.environ.get("VGGLAB_PROGRESS", "auto"), say)


def show_rows(rows: list[dict[str, Any]], as_json: bool, explained: list[dict[str, Any]]) -> None:
    """Runs side by side on stdout, with the settings in which they differ and what explains it."""
    from vgglab.report.compare import config_table, rank_table, results_table
    from vgglab.report.folds import folds_table
    from vgglab.report.seeds import seeds_table, verdicts_table

    if as_json:
        reasons = {reason["runs"][0]: reason for reason in explained}
        typer.echo(json.dumps([{**row, "explanation": reasons.get(row["run"])} for row in rows], indent=1))
        return
    print_table(*results_table(rows))
    more = {
        "Runs without accuracy, ranked by their lowest validation loss": rank_table(rows),
        "Cross-validation, over its folds and over all pictures": folds_table(rows),
        "Over the seeds, mean and standard deviation": seeds_table(rows),
        "Whether they differ by more than seeds do, by the best val_accuracy": verdicts_table(rows),
        "The settings in which they differ": config_table(rows),
    }
    for title, (header, cells) in more.items():
        if cells:
            typer.echo(f"\n{title}:\n")
            print_table(header, cells)
    if len(rows) > 1 and all(row["seeds"]["n"] == 1 and not row["folds"] for row in rows):
        typer.echo("\nOne seed a run: it cannot tell whether a difference is larger than seeds make; --seeds 5 can.")
    if explained:
        typer.echo("\nWhat explains the differences:\n")
        typer.echo("\n".join(f"- {reason['sentence']}" for reason in explained))
