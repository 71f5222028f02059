"""`vgglab summary`: a network layer by layer."""

import json
from typing import Annotated, Any

import typer

from vgglab.cli.options import with_config_options
from vgglab.cli.parameters import Code, Json, run_code
from vgglab.keras_tools.backend import import_keras

MODEL = "vgg16[,FIELD=VALUE...], FILE.py:FUNCTION[,ARGUMENT=VALUE...], a run, a config, or a .keras file."


@with_config_options
def summary(
    model: Annotated[str, typer.Argument(help=MODEL)],
    diff: Annotated[str | None, typer.Option(help="A second model: say what changes from the first to it.")] = None,
    input_shape: Annotated[str | None, typer.Option(help="HxWxC in pixels; else the data set's.")] = None,
    classes: Annotated[int | None, typer.Option(min=1, help="Number of classes; else the data set's.")] = None,
    code: Code = None,
    as_json: Json = False,
    *,
    overrides: dict[str, Any],
) -> None:
    """Show a network layer by layer; with --diff, what changes from it to another."""
    import_keras()
    from vgglab.models.describe import diff_models, diff_text, summary_json, summary_text
    from vgglab.models.find import ModelSource

    run_code(code)
    source = ModelSource(overrides, input_shape, classes)
    first = source.find(model)
    if diff is None:
        typer.echo(json.dumps(summary_json(first), indent=1) if as_json else summary_text(first))
        return
    changes = diff_models(first, source.find(diff))
    typer.echo(json.dumps(changes, indent=1) if as_json else diff_text(changes))
