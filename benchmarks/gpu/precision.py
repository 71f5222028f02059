"""Accuracy and speed of float32 and of bfloat16: the same trainings with the same seeds, in turns.

    KERAS_BACKEND=jax python benchmarks/gpu/precision.py --seconds 230 --out results

The training is that of the study vgg16-strong with the least patience.
"""

from collections.abc import Sequence
from statistics import mean, stdev

from common import Clock, Row, keep, parse, say, settings, show, train

from vgglab.config.schema import flatten
from vgglab.config.study_file import load_study, plan_runs

PRECISIONS = ("float32", "bfloat16")
NEEDED = 90  # seconds of the first seed in both


def main(arguments: Sequence[str] | None = None) -> list[Row]:
    """Train with as many seeds as there is time for."""
    given = parse(__doc__, arguments, seeds=10)
    clock, rows, taken = Clock(given.seconds), [], NEEDED
    short = plan_runs(load_study("vgg16-strong"), settings(given))[0].config
    tree = {field: value for field, value in flatten(short).items() if value is not None}
    for seed in range(given.seeds):
        if not clock.allows(taken):
            break
        before = clock.left()
        for precision in PRECISIONS:
            row = train(tree | {"train.precision": precision, "train.seed": seed})
            rows.append({"seed": seed, "precision": precision} | row)
            keep(given, "precision", rows)
        taken = before - clock.left()
        say(f"seed {seed}: {rows[-2]['accuracy']}, {rows[-1]['accuracy']}; {taken:.0f} s")
    show(rows)
    print(sentence(rows))
    return rows


def sentence(rows: list[Row]) -> str:
    """The difference of the accuracies, seed by seed."""
    pairs = [
        [row["accuracy"] for row in rows if row["seed"] == seed and row["accuracy"] is not None]
        for seed in {row["seed"] for row in rows}
    ]
    gains = [half - full for full, half in (pair for pair in pairs if len(pair) == 2)]
    if not gains:
        return "no pair of trainings"
    spread = f", standard deviation {stdev(gains):.4f}" if len(gains) > 1 else ""
    return f"accuracy in bfloat16 less that in float32: {mean(gains):+.4f} (n = {len(gains)}{spread})"


if __name__ == "__main__":
    main()
