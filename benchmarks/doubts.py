"""How many of the first labels that `vgglab doubts` would show were changed, where some were changed by hand.

python benchmarks/doubts.py PICTURES MOBILENET.h5 [--shares 0.02,0.05,0.1] [--seeds 5] [--folds 5] [--size 128]

Of the labels of a folder of pictures each share is given another class at random. What MobileNetV2 gives of each
picture is computed once; on that a logistic regression (a dense layer with softmax, trained to its end) is
cross-validated, in the folds of `vgglab train --folds`, and its predictions are ranked as `vgglab doubts` ranks them.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from vgglab.config.schema import DataConfig
from vgglab.datasets.folds import fold_parts
from vgglab.datasets.load import load_data
from vgglab.evaluation.doubts import rank_doubts
from vgglab.runs.folds import Judged

STRENGTH = 0.01  # of the regression: small is smooth


def main() -> None:
    """Print a line for each share and seed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pictures", type=Path)
    parser.add_argument("weights")
    parser.add_argument("--shares", default="0.02,0.05,0.1")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--size", type=int, default=128)
    given = parser.parse_args()
    features, labels, classes = describe(given.pictures, given.weights, given.size)
    print(f"{len(labels)} pictures described", file=sys.stderr, flush=True)
    print("share,seed,changed,right,flagged,flagged_changed,first_k_changed,first_10_changed,first_20_changed")
    for share in map(float, given.shares.split(",")):
        for seed in range(given.seeds):
            figures = measure(features, labels, classes, DataConfig(folds=given.folds, fold=1, split_seed=seed), share)
            print(",".join(map(str, (share, seed, *figures))), flush=True)


def describe(pictures: Path, weights: str, size: int) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    """What MobileNetV2 gives of every picture of a folder, float32 (N, 1280); their labels; the class names."""
    import keras

    dataset = load_data(str(pictures), image_size=size)
    parts = (dataset.train, dataset.validation, dataset.test)
    images = np.concatenate([part.images for part in parts])
    network = keras.applications.MobileNetV2(
        include_top=False, weights=weights, input_shape=(size, size, 3), pooling="avg"
    )
    prepared = keras.applications.mobilenet_v2.preprocess_input(images.astype("float32"))
    return network.predict(prepared, verbose=0), np.concatenate([part.labels for part in parts]), dataset.classes


def measure(
    features: np.ndarray, labels: np.ndarray, classes: tuple[str, ...], config: DataConfig, share: float
) -> list[float]:
    """How many labels were changed; the share of pictures whose true class was told; how many are flagged and first."""
    random = np.random.RandomState(config.split_seed)
    changed = random.permutation(len(labels))[: round(share * len(labels))]
    given = labels.copy()
    given[changed] = (given[changed] + random.randint(1, len(classes), len(changed))) % len(classes)
    probabilities = np.zeros((len(labels), len(classes)), "float32")
    for fold in range(1, config.folds + 1):
        parts = fold_parts(given, classes, config.model_copy(update={"fold": fold}))
        head = make_pipeline(StandardScaler(), LogisticRegression(C=STRENGTH, max_iter=500))
        head.fit(features[parts["train"]], given[parts["train"]])
        probabilities[parts["test"]] = head.predict_proba(features[parts["test"]])
    rows = [{"index": place} for place in range(len(labels))]
    ranked = rank_doubts(Judged(list(classes), given, probabilities, rows, []))
    hits = np.isin([doubt.place for doubt in ranked], changed)
    flagged = sum(doubt.likely for doubt in ranked)
    right = float((probabilities.argmax(axis=1) == labels).mean())
    firsts = [int(hits[:count].sum()) for count in (flagged, len(changed), 10, 20)]
    return [len(changed), round(right, 4), flagged, *firsts]


if __name__ == "__main__":
    main()
