"""What `vgglab train --without doubts.csv` gains where some labels of a folder are wrong: by the commands themselves.

    python benchmarks/doubts_trained.py PICTURES MOBILENET.h5 [--shares 0.05,0.1] [--seeds 3] [--out FOLDER]

A fifth of the pictures, with their own labels, is the test part. Of the others a share is put in the folder of
another class at random; `vgglab train --folds 5` and `vgglab doubts` look for these, and the network is trained with
all, without those that are doubtful, nobody having looked at them, and with what was moved put back. What is done is
kept in FOLDER, and the same command goes on.
"""

import argparse
import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
from doubts import wronged

from vgglab.datasets.split import hold_out

NETWORK = "--backbone MobileNetV2 --preprocessing backbone --image-size 128 --pooling avg --optimizer adam"
HEAD = "--learning-rate 0.001 --epochs 10 --head-units"


def main() -> None:
    """Print a line for each share and seed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pictures", type=Path)
    parser.add_argument("weights", type=Path)
    parser.add_argument("--shares", default="0.05,0.1")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--out", type=Path, default=Path("doubts"))
    given = parser.parse_args()
    print("share,seed,changed,doubtful,doubtful_changed,tested,wrong,without,right")
    for share in map(float, given.shares.split(",")):
        for seed in range(given.seeds):
            folder = given.out / f"{share}-{seed}"
            figures = measure(given.pictures, given.weights.absolute(), folder, share, seed)
            print(",".join(map(str, (share, seed, *figures))), flush=True)


def measure(pictures: Path, weights: Path, folder: Path, share: float, seed: int) -> list[float]:
    """How many were changed, are doubtful, and both; pictures tested; test accuracy with all, without, put back."""
    changed = make_folder(pictures, folder, share, seed)
    network = [*NETWORK.split(), "--weights", str(weights), *HEAD.split(), "", "--seed", str(seed)]
    train(folder, "crossed", [*network, "--data", "wrong", "--folds", "5"])
    if not (folder / "runs/crossed/doubts.csv").exists():
        vgglab(folder, "doubts", "runs/crossed")
    train(folder, "all", [*network, "--data", "wrong"])
    train(folder, "without", [*network, "--data", "wrong", "--without", "runs/crossed/doubts.csv"])
    train(folder, "right", [*network, "--data", "right"])
    with (folder / "runs/crossed/doubts.csv").open(encoding="utf-8") as file:
        doubtful = {Path(row["file"]).name for row in csv.DictReader(file)}
    tests = [json.loads((folder / "runs" / name / "metrics.json").read_text()) for name in ("all", "without", "right")]
    counts = [len(changed), len(doubtful), len(doubtful & changed), tests[0]["n"]]
    return [*counts, *(round(each["accuracy"], 5) for each in tests)]


def make_folder(pictures: Path, folder: Path, share: float, seed: int) -> set[str]:
    """Make `wrong` and `right`, with parts `train` and `test`, of links; the names of pictures in a wrong class."""
    classes = sorted(path.name for path in pictures.iterdir() if path.is_dir())
    files = [file for name in classes for file in sorted((pictures / name).iterdir())]
    labels = np.array([classes.index(file.parent.name) for file in files])
    kept, tested = hold_out(labels, 0.2, seed)
    given, changed = wronged(labels[kept], len(classes), seed, share)
    for tree, said in (("right", labels[kept]), ("wrong", given)):
        for part, places, shown in (("train", kept, said), ("test", tested, labels[tested])):
            for place, label in zip(places, shown, strict=True):
                link(files[place], folder / tree / part / classes[label] / named(files[place]))
    return {named(files[place]) for place in kept[changed]}


def named(file: Path) -> str:
    """A picture's name, which is one of its own whatever class it is put in."""
    return f"{file.parent.name}-{file.name}"


def link(file: Path, there: Path) -> None:
    """Have a picture there too."""
    there.parent.mkdir(parents=True, exist_ok=True)
    if not there.exists():
        os.symlink(file.absolute(), there)


def train(folder: Path, name: str, options: list[str]) -> None:
    """Have a run, or the runs of a cross-validation; what is done stays as it is."""
    if not (folder / "runs" / name / "metrics.json").exists():
        vgglab(folder, "train", *options, "--name", name)


def vgglab(folder: Path, *arguments: str) -> None:
    """A command, in a folder."""
    subprocess.run([sys.executable, "-m", "vgglab", *arguments], cwd=folder, check=True, stdout=sys.stderr)


if __name__ == "__main__":
    main()
