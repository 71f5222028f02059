"""The study vgg16-strong: accuracy of its patience, and what it takes; every seed of the shortest before a longer one.

    KERAS_BACKEND=jax python benchmarks/gpu/strong.py --seconds 230 --out results [--runs short,medium --seeds 5]

The test accuracy is that of the epoch with the best validation accuracy; nothing is averaged over flips.
"""

from collections.abc import Sequence
from statistics import mean, stdev

from common import Clock, Row, keep, parse, say, settings, show, train

from vgglab.config.schema import flatten
from vgglab.config.study_file import load_study, plan_runs

NEEDED = 60  # seconds for the first run of a kind, where nothing is known of it


def main(arguments: Sequence[str] | None = None) -> list[Row]:
    """Train what there is time for."""
    given = parse(__doc__, arguments, runs="short,medium,long", seeds=5)
    clock, rows = Clock(given.seconds), []
    planned = {plan.name: plan.config for plan in plan_runs(load_study("vgg16-strong"), settings(given))}
    for name in given.runs.split(","):
        for seed in range(given.seeds):
            if not clock.allows(expected(rows, name, planned)):
                say(f"{name}, seed {seed}: no time left")
                break
            tree = {field: value for field, value in flatten(planned[name]).items() if value is not None}
            rows.append({"run": name, "seed": seed} | train(tree | {"name": name, "train.seed": seed}))
            say(f"{name}, seed {seed}: {rows[-1]['accuracy']}, {clock.left():.0f} s left")
            keep(given, "strong", rows)
    show(rows)
    print("\n".join(sentence(name, rows) for name in dict.fromkeys(row["run"] for row in rows)))
    return rows


def expected(rows: list[Row], name: str, planned: dict) -> float:
    """Seconds of a run, from those before: what a shorter one took beside its epochs, and its own epochs."""
    if not rows:
        return NEEDED
    last = rows[-1]
    return last["whole"] - last["epochs"] + last["first"] + last["epoch"] * planned[name].train.epochs


def sentence(name: str, rows: list[Row]) -> str:
    """Mean and standard deviation over the seeds."""
    found = [row["accuracy"] for row in rows if row["run"] == name and row["accuracy"] is not None]
    if not found:
        return f"{name}: no accuracy"
    spread = f" +- {stdev(found):.4f}" if len(found) > 1 else ""
    seconds = mean(row["epochs"] for row in rows if row["run"] == name)
    return f"{name}: {mean(found):.4f}{spread}, n = {len(found)}, {seconds:.1f} s in epochs"


if __name__ == "__main__":
    main()
