"""What a search would cost at most, from a short timing of its space's corners on this machine."""

import math
from pathlib import Path
from typing import Any

from vgglab.config.search_file import Plan
from vgglab.config.study_file import PlannedRun
from vgglab.experiments.estimate import TIMED_STEPS, estimate_runs
from vgglab.experiments.grid.room import TRIAL, Room
from vgglab.training.progress import format_seconds

Row = dict[str, Any]


def estimate_search(plan: Plan, folder: Path) -> list[Row]:
    """A row, as of `estimate_runs`, for each corner of the space that costs other than those before it."""
    corners = plan.corners
    planned = [PlannedRun(f"corner-{number}", plan.config(corner)) for number, corner in enumerate(corners, 1)]
    rows = estimate_runs(planned, folder)
    told = {(row["epochs"], row["seconds"]): row for row in reversed(rows)}
    return [row for row in rows if told[row["epochs"], row["seconds"]] is row]


def cost_text(rows: list[Row], trials: int, room: Room) -> str:
    """The whole, in a sentence, with as many trials beside each other as have room."""
    most = max(rows, key=lambda row: row["seconds"])
    seconds = math.ceil(trials / max(1, room.at_once(TRIAL))) * most["seconds"]
    return (
        f"{trials} trials of at most {format_seconds(most['seconds'])} ({most['run']}): at most about "
        f"{format_seconds(seconds)} {room.told}, from {TIMED_STEPS} timed steps of each network; "
        "less what is cut short"
    )
