"""`vgglab cache`: what is kept so that it is done once."""

import json
from enum import StrEnum
from math import isfinite
from pathlib import Path
from typing import Annotated, Any

import typer

from vgglab.cli.console import print_table, say
from vgglab.cli.parameters import DataDir, Json


class Kind(StrEnum):
    """What there is a cache of."""

    FEATURES = "features"
    PICTURES = "pictures"
    EXPORTED = "exported"
    PROGRAMS = "programs"
    SHARDS = "shards"
    TRAVELLED = "travelled"
    MIRRORS = "mirrors"


KINDS = (
    "Only `features`, decoded `pictures`, `exported` networks, `programs` of JAX, `shards`: what is in tars, what "
    "has `travelled` here, or `mirrors` of runs elsewhere."
)


def cache(
    clear: Annotated[bool, typer.Option("--clear", help="Take everything that is kept away.")] = False,
    kind: Annotated[Kind | None, typer.Option(metavar="KIND", help=KINDS)] = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """List what is kept so that it is done once: features, pictures, networks as ONNX, programs, data of a cluster.

    Mirrors of runs elsewhere are cleared where all that is in them is found there.
    """
    stores = [store for store in _stores(data_dir) if kind in (None, store.kind)]
    if clear:
        for store in stores:
            say(f"{store.kind}: {store.clear() / 10**6:,.1f} MB freed in {store.folder}{_in_use(store)}")
        return
    listed = [(store, store.entries()) for store in stores]
    rows = [{"kind": store.kind, **entry.as_row()} for store, entries in listed for entry in entries]
    if as_json:
        typer.echo(json.dumps(rows, indent=1))
        return
    if rows:
        print_table(list(rows[0]), [[str(value) for value in row.values()] for row in rows])
    for store, entries in listed:
        used = sum(entry.bytes for entry in entries) / 10**6
        most = f" of at most {store.limit / 10**6:,.0f}" if isfinite(store.limit) else ""
        count = "1 entry" if len(entries) == 1 else f"{len(entries):,} entries"
        say(f"{store.kind}: {count}, {used:,.1f}{most} MB, in {store.folder}")


def _stores(data_dir: Path | None) -> list[Any]:
    """What frozen layers gave, and of the rest what is there: decoded pictures, exported networks, programs, ..."""
    from vgglab.datasets.picture_store import PictureStore, picture_folders
    from vgglab.datasets.shard_index import IndexStore
    from vgglab.experiments.grid.travelled import TravelledStore
    from vgglab.experiments.mirrors import MirrorStore
    from vgglab.exporting.kept import ExportStore
    from vgglab.training.feature_store import FeatureStore
    from vgglab.training.program_store import ProgramStore

    pictures = [PictureStore(folder) for folder in picture_folders(data_dir) if folder.is_dir()]
    others = (ExportStore(), ProgramStore(), IndexStore(), TravelledStore(data_dir), MirrorStore())
    return [FeatureStore(), *pictures, *(store for store in others if store.folder.is_dir())]


def _in_use(store: Any) -> str:
    left = len(store.entries())
    return f"; {left} left, in use or not to be removed" if left else ""
