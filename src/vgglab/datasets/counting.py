"""A live bar on a terminal for work on many pictures: how many a second, and how long it still takes."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def counting(what: str, total: int, done: int = 0, live: bool = True) -> Iterator[Callable[[int], None]]:
    """Yields what to call with each number that is done; nothing is shown where stderr is no terminal.

    Args:
        what: that is counted, as the bar says it.
        total: how many there are.
        done: how many of these an earlier process has done.
        live: whether there is a bar at all.
    """
    if not live or not sys.stderr.isatty():
        yield lambda done: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    class Rate(TextColumn):
        def render(self, task):
            return super().render(task) if task.speed else ""

    bar, left = BarColumn(bar_width=20), TimeRemainingColumn(compact=True)
    columns = (TextColumn(what), bar, MofNCompleteColumn(), Rate("{task.speed:,.0f}/s"), left)
    screen = {"console": Console(stderr=True), "transient": True, "redirect_stdout": False}  # stdout is for data
    with Progress(*columns, **screen) as shown:
        task = shown.add_task("", total=total, completed=done)
        yield lambda done: shown.advance(task, done)
