"""What a small last batch does to a training with BatchNormalization, and what joining it to the one before changes.

    python benchmarks/last_batch.py [--rests 1 2 4] [--seeds 5] [--width 0.125] [--batch-size 16] [--epochs 16]

Digits, as many of them that the last batch of each epoch holds so few pictures. Each seed trains twice: with that batch
on its own, and with it joined to the one before; order, first weights and validation images are the same. Prints for
both the figures over the last quarter of the epochs, and the differences of the pairs.
"""

import argparse
import tempfile
from statistics import fmean, stdev
from unittest import mock

from scipy.stats import t

import vgglab
from vgglab.training import batches

FIGURES = ("loss", "val_loss", "val_accuracy")
COLUMNS = ("last batch", "images", "figure", "on its own", "joined", "joined less on its own (95 %)", "n")
WHOLE = 12  # batches in an epoch


def figures_of(small: int, options: dict) -> dict[str, float]:
    """Figures of a training in which a last batch of up to `small` joins the one before, over its last epochs."""
    with mock.patch.object(batches, "SMALL", small), tempfile.TemporaryDirectory() as folder:
        rows = vgglab.run(**options, out=folder, progress="none", signals=False).history
    return {name: fmean(row[name] for row in rows[-(len(rows) // 4) :]) for name in FIGURES}


def told(values: list[float]) -> str:
    """Mean and standard deviation."""
    return f"{fmean(values):.3f} (sd {stdev(values):.3f})"


def told_difference(before: list[float], after: list[float]) -> str:
    """Mean difference of pairs, with its 95 % interval by Student's t."""
    differences = [new - old for old, new in zip(before, after, strict=True)]
    mean, count = fmean(differences), len(differences)
    reach = t.ppf(0.975, count - 1) * stdev(differences) / count**0.5
    return f"{mean:+.3f} ({mean - reach:+.3f} to {mean + reach:+.3f})"


def table_row(*cells: object) -> str:
    """Of a table in Markdown."""
    return f"| {' | '.join(map(str, cells))} |"


def main() -> None:
    """Train the pairs, and print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rests", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--width", type=float, default=0.125)
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--epochs", type=int, default=16)
    parser.add_argument("--learning-rate", type=float, default=0.05)
    given = parser.parse_args()
    options = {name: getattr(given, name) for name in ("width", "batch_size", "epochs", "learning_rate")}
    print(table_row(*COLUMNS), table_row(*["---"] * len(COLUMNS)), sep="\n")
    for rest in given.rests:
        options |= {"data": "digits", "batch_norm": True, "limit": WHOLE * given.batch_size + rest}
        sides = [[figures_of(small, options | {"seed": seed}) for seed in range(given.seeds)] for small in (0, rest)]
        for name in FIGURES:
            before, after = ([figures[name] for figures in side] for side in sides)
            figures = (name, told(before), told(after), told_difference(before, after), given.seeds)
            print(table_row(rest, options["limit"], *figures), flush=True)


if __name__ == "__main__":
    main()
