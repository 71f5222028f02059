"""The command line: one short function a verb. Imports no backend, nor anything slow, before a verb runs."""

from typing import Annotated

import typer

import vgglab
from vgglab.cli import (
    cache,
    data,
    devices,
    doubts,
    ensemble,
    explain,
    export,
    models,
    predict,
    runs,
    search,
    serve,
    summary,
    train,
)

app = typer.Typer(
    help="Train image classifiers, compare them, and understand what happened.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


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


app.command()(train.train)
app.command()(train.check)
app.command()(train.study)
app.command()(search.search)
app.command()(runs.compare)
app.command()(runs.report)
app.command()(runs.runs)
app.command()(runs.evaluate)
app.command()(predict.predict)
app.command()(explain.explain)
app.command()(export.export)
app.command()(serve.serve)
app.command()(runs.diagnose)
app.command()(doubts.doubts)
app.command()(ensemble.ensemble)
app.command("lr-range")(train.lr_range)
app.command()(summary.summary)
app.command()(models.models)
app.command()(cache.cache)
app.command()(devices.devices)
app.add_typer(data.app, name="data")
