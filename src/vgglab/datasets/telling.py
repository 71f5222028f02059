"""Lines for people, on stderr."""

from collections.abc import Iterable

from rich.console import Console

from vgglab.config.shown import one_line


def tell(lines: Iterable[str]) -> None:
    """Each of them on stderr, as one line."""
    console = Console(stderr=True, soft_wrap=True, highlight=False, markup=False)
    for line in lines:
        console.print(one_line(line))
