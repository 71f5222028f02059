"""Compiled programs as `vgglab cache` lists, clears and bounds them."""

import re
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from vgglab.datasets.kept import Entry, Store, size_of
from vgglab.keras_tools.programs import programs_folder

HASH = re.compile(r"-[0-9a-f]{16,}-\w+$")  # what follows a function's name in the name of a file of JAX's


class ProgramStore(Store):
    """What JAX keeps, the programs of one function as one entry; the ones made longest ago go first.

    JAX could take them away itself, but would then look through the whole folder for each program that it adds.

    Args:
        limit: bytes in all; None for VGGLAB_CACHE_LIMIT (in gigabytes), else 20 GB.
    """

    kind = "programs"

    def __init__(self, limit: int | None = None):
        super().__init__(programs_folder(), limit)

    def find(self) -> Iterator[Entry]:
        """What is kept, in any order."""
        named: dict[str, list[Path]] = defaultdict(list)
        for path in self.folder.glob("[!.]*"):
            if path.suffix != ".lock":
                named[HASH.sub("", path.name)].append(path)
        for name, paths in named.items():
            with suppress(OSError):  # another process has just taken it away
                size, made = sum(map(size_of, paths)), max(path.stat().st_mtime for path in paths)
                yield Entry(
                    name, tuple(paths), self.folder / f".{name}.lock", size, made, f"compiled {len(paths)} times"
                )

    def left_overs(self) -> Iterator[Entry]:
        """None: JAX writes a program in place, and compiles one anew that it cannot read."""
        return iter(())
