"""`vgglab cache`: what is kept so that it is computed once."""

import json
from typing import Annotated

import typer

from vgglab.cli.console import print_table, say
from vgglab.cli.parameters import Json


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
