"""When a run stops before its last epoch: a function of its history, so that one that is resumed counts on."""

from collections.abc import Mapping, Sequence
from typing import Any

from vgglab.config.schema import RunConfig
from vgglab.runs.record import best_row


def stopped_early(config: RunConfig, history: Sequence[Mapping[str, Any]]) -> str:
    """Why a run stops after `history`; empty where it goes on, or has come to its end.

    Epochs are counted in the last phase alone, against the best of that phase: a head that is trained first may stand
    still, and what follows it begins lower.

    Args:
        config: of the run.
        history: a row an epoch.
    """
    patience, monitor = config.train.early_stopping, config.train.monitor
    rows = [row for row in history if row.get("phase", 1) == len(config.phases)]  # runs of 0.1.0 may not say
    if not patience or not rows or len(history) >= config.train.epochs:
        return ""
    best, last = best_row(rows, (monitor,)), rows[-1]["epoch"]
    since = best["epoch"] if best else rows[0]["epoch"] - 1
    if last - since < patience:
        return ""
    epochs = f"{patience} epoch{'s' if patience > 1 else ''}"
    return f"stopped early after epoch {last} of {config.train.epochs}: {monitor} got no better for {epochs}"
