"""`vgglab models`: the networks that can be named."""

import json
from typing import Annotated

import typer

from vgglab.cli.console import print_table, say
from vgglab.cli.parameters import Json


def models(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="One of them, in full.")] = None,
    as_json: Json = False,
) -> None:
    """List the networks that can be named: parameters, FLOPs, image size, and whether weights are at hand."""
    from vgglab.models.listing import find_model, list_models, model_text, models_table

    listed = [find_model(name)] if name else list_models()
    if as_json:
        typer.echo(json.dumps([each.as_dict() for each in listed], indent=1))
    elif name:
        typer.echo(model_text(listed[0]))
    else:
        print_table(*models_table(listed))
        say("and your own: --model FILE.py:FUNCTION, PACKAGE.MODULE:FUNCTION or PATH.keras; vgglab summary shows any")
