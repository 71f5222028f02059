"""What several seeds, or folds, asked as one and mirror images gain in accuracy, and what they cost in time.

python benchmarks/ensemble.py FOLDER [--rounds 15] [--batch 256]

FOLDER is that of `vgglab train --seeds N`, or of `--folds N` of a data set with a test part of its own. All ways to ask
the networks answer the same test images, which none was trained or chosen on. A gain is against the single networks'
mean accuracy; its interval is that of the mean over the images, each of which counts what it gains (paired, normal
approximation): it tells what other images would say of these networks, not what other seeds would. Each round times
every way once on the same batch, in this process, from another one on each time; a ratio is of medians.
"""

import argparse
import statistics
import time
from pathlib import Path

import numpy as np

from vgglab.evaluation.significance import Z_95, wilson_interval
from vgglab.experiments.judging import unseen_test
from vgglab.keras_tools.backend import import_keras
from vgglab.runs.seeds import find_group


def main() -> None:
    """Print a table of accuracies, and one of times."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--batch", type=int, default=256)
    given = parser.parse_args()
    import_keras()
    from vgglab.runs.ensemble import averaged, open_members

    runs = find_group(given.folder).runs
    members = open_members([run.folder / "best.keras" for run in runs])
    test = unseen_test(given.folder, runs, None, None)
    singles, flips = ([averaged([member], tta) for member in members] for tta in (None, "flip"))
    ways = {"single": singles, "mirrored": flips}
    ways |= {f"{len(runs)} as one": [averaged(members)], f"{len(runs)}, mirrored": [averaged(members, "flip")]}
    right = {
        name: np.mean([network.predict(test.images).argmax(axis=1) == test.labels for network in networks], axis=0)
        for name, networks in ways.items()
    }
    print("| way | accuracy | gain | 95 % interval of the gain |\n|---|---|---|---|")
    for name, hits in right.items():
        print(f"| {name} | {told(hits)} | {gain(hits - right['single'])} |")
    *_, together, both = right.values()
    print(f"| mirrored, on top of {len(runs)} as one | | {gain(both - together)} |")
    each = [network.predict(test.images).argmax(axis=1) == test.labels for network in singles]
    print(f"\nsingle networks: {', '.join(f'{hits.mean():.4f}' for hits in each)}\n")
    first = {name: networks[0] for name, networks in ways.items()}
    times = seconds(first, np.resize(test.images, (given.batch, *test.images.shape[1:])), given.rounds)
    medians = {name: statistics.median(taken) for name, taken in times.items()}
    print("| way | ms an image, median (least to most) | times a single network |\n|---|---|---|")
    for name, taken in times.items():
        shown = [1000 * value / given.batch for value in (medians[name], min(taken), max(taken))]
        ratio = medians[name] / medians["single"]
        print(f"| {name} | {shown[0]:.3f} ({shown[1]:.3f} to {shown[2]:.3f}) | {ratio:.2f} |")


def told(hits: np.ndarray) -> str:
    """The share of images that are right; with Wilson's interval where one answer to each was counted."""
    share = f"{hits.mean():.4f}"
    if set(np.unique(hits)) <= {0, 1}:
        low, high = wilson_interval(int(hits.sum()), len(hits))
        share += f" ({low:.4f} to {high:.4f})"
    return share


def gain(differences: np.ndarray) -> str:
    """The mean of what each image gains, and its interval."""
    mean, half = differences.mean(), Z_95 * differences.std(ddof=1) / len(differences) ** 0.5
    return f"{mean:+.4f} | {mean - half:+.4f} to {mean + half:+.4f}" if half else "- | -"


def seconds(networks: dict, images: np.ndarray, rounds: int) -> dict[str, list[float]]:
    """What each network takes for the images in each round, after one that does not count."""
    names, taken = list(networks), {name: [] for name in networks}
    for number in range(rounds + 1):
        for name in names[number % len(names) :] + names[: number % len(names)]:
            started = time.perf_counter()
            networks[name].predict(images)
            if number:
                taken[name].append(time.perf_counter() - started)
    return taken


if __name__ == "__main__":
    main()
