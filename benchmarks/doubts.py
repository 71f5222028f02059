"""How many of the first labels that `vgglab doubts` shows were changed, on folders where some were changed by hand.

python benchmarks/doubts.py PICTURES OUT MOBILENET.h5 [--shares 0.02,0.05,0.1] [--seeds 1] [--folds 5] [--size 128]

Of the labels of a folder of pictures each share is given another class at random, in a table beside it; a head on a
frozen MobileNetV2 is cross-validated on that table. Stopped, the same command goes on.
"""

import argparse
import csv
import sys
from pathlib import Path

import numpy as np

import vgglab
from vgglab.config.schema import DataConfig
from vgglab.datasets.layout import find_pictures

SETTINGS = {"preprocessing": "backbone", "pooling": "avg", "head_units": (), "optimizer": "adam"}
SETTINGS |= {"learning_rate": 0.003, "batch_size": 32, "epochs": 10, "signals": False, "progress": "none"}


def main() -> None:
    """Print a line for each share and seed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pictures", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("weights")
    parser.add_argument("--shares", default="0.02,0.05,0.1")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--size", type=int, default=128)
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    print(
        "share,seed,pictures,changed,accuracy,flagged,flagged_right,first_changed_right,first_10_right,first_20_right"
    )
    for seed in range(given.seeds):
        for share in map(float, given.shares.split(",")):
            print(",".join(map(str, measure(given, share, seed))), flush=True)


def measure(given: argparse.Namespace, share: float, seed: int) -> list[float]:
    """One line: a share of labels changed, doubts found, and how many of the first ones were changed."""
    name = f"{given.pictures.name}-{share:g}-{seed}"
    table = given.out / f"{name}.csv"
    changed = change_labels(given.pictures, table, share, seed)
    settings = SETTINGS | {"backbone": "MobileNetV2", "weights": given.weights, "image_size": given.size}
    data = {"data": str(given.pictures), "labels": str(table), "folds": given.folds}
    runs = vgglab.run_folds(**settings, **data, out=given.out, name=name)
    print(f"{name}: trained", file=sys.stderr, flush=True)
    from vgglab.evaluation.doubts import rank_doubts
    from vgglab.runs.folds import read_judged
    from vgglab.runs.seeds import folded

    judged = read_judged(folded(runs)[0])
    ranked = rank_doubts(judged)
    hits = [judged.files[doubt.place] in changed for doubt in ranked]
    flagged = sum(doubt.likely for doubt in ranked)
    accuracy = float(np.mean([row["label"] == row["predicted"] for row in judged.rows]))
    firsts = [sum(hits[:n]) for n in (flagged, len(changed), 10, 20)]
    return [share, seed, len(hits), len(changed), round(accuracy, 4), flagged, *firsts]


def change_labels(folder: Path, table: Path, share: float, seed: int) -> set[str]:
    """Write the table of a folder's labels, a share of them another class; the files of these."""
    pictures = find_pictures(DataConfig(name=str(folder)))
    random = np.random.RandomState(seed)
    which = random.permutation(len(pictures.files))[: round(share * len(pictures.files))]
    labels = pictures.labels.copy()
    labels[which] = (labels[which] + random.randint(1, len(pictures.classes), len(which))) % len(pictures.classes)
    with open(table, "w", newline="", encoding="utf-8") as file:
        rows = [(path, pictures.classes[label]) for path, label in zip(pictures.files, labels, strict=True)]
        csv.writer(file).writerows([("file", "class"), *rows])
    return {pictures.files[place] for place in which}


if __name__ == "__main__":
    main()
