"""`vgglab devices`: what there is to compute on."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from vgglab.cli.console import print_table, say
from vgglab.cli.options import with_config_options
from vgglab.cli.parameters import Json
from vgglab.keras_tools.backend import import_keras


@with_config_options
def devices(
    path: Annotated[
        Path | None, typer.Argument(metavar="[RUN|CONFIG]", help="Time a step of its network too; so do options.")
    ] = None,
    as_json: Json = False,
    *,
    overrides: dict[str, Any],
) -> None:
    """Show what there is to compute on, how fast it is, and what of that a step of a network reaches."""
    from vgglab.config.resolve import read_config

    config = None
    if path is not None or overrides:
        folder = path if path is not None and path.is_dir() else None
        config = read_config(folder / "config.yaml" if folder else path, overrides)
    import_keras()
    from vgglab.experiments.devices import backend_text, devices_table, devices_text, look_at_devices

    found = look_at_devices(config)
    if as_json:
        typer.echo(json.dumps(found, indent=1))
        return
    say(backend_text(found))
    print_table(*devices_table(found))
    typer.echo(f"\n{devices_text(found)}")
