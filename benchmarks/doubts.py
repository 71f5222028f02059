"""How many of the first labels that `vgglab doubts` would show were changed, where some were changed by hand.

python benchmarks/doubts.py PICTURES MOBILENET.h5 [--shares 0.02,0.05,0.1] [--seeds 5] [--folds 5] [--gains]

Of the labels of a folder of pictures each share is given another class at random. What MobileNetV2 gives of each
picture is computed once; on that a logistic regression (a dense layer with softmax, trained to its end) is
cross-validated, in the folds of `vgglab train --folds`, and its predictions are ranked as `vgglab doubts` ranks them.

With --gains a fifth of the pictures, with their own labels, is held out of all that first, and tests a regression
trained on the rest: with the wrong labels, without those that are likely to be wrong, with all of these looked at and
corrected, and with no label changed.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from vgglab.config.schema import DataConfig
from vgglab.datasets.folds import fold_parts
from vgglab.datasets.load import load_data
from vgglab.datasets.split import hold_out
from vgglab.evaluation.doubts import Doubt, rank_doubts
from vgglab.runs.folds import Judged

STRENGTH = 0.01  # of the regression: small is smooth
MEASURED = "changed,right,flagged,flagged_changed,first_k_changed,first_10_changed,first_20_changed"
GAINS = "changed,flagged,flagged_changed,tested,wrong,without,corrected,unchanged"


def main() -> None:
    """Print a line for each share and seed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pictures", type=Path)
    parser.add_argument("weights")
    parser.add_argument("--shares", default="0.02,0.05,0.1")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--gains", action="store_true")
    given = parser.parse_args()
    features, labels, classes = describe(given.pictures, given.weights, given.size)
    print(f"{len(labels)} pictures described", file=sys.stderr, flush=True)
    told, columns = (gains, GAINS) if given.gains else (measure, MEASURED)
    print(f"share,seed,{columns}")
    for share in map(float, given.shares.split(",")):
        for seed in range(given.seeds):
            figures = told(features, labels, classes, DataConfig(folds=given.folds, fold=1, split_seed=seed), share)
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
    given, changed = wronged(labels, len(classes), config.split_seed, share)
    probabilities = judged(features, given, classes, config)
    ranked = ranking(given, classes, probabilities)
    hits = np.isin([doubt.place for doubt in ranked], changed)
    flagged = sum(doubt.likely for doubt in ranked)
    right = float((probabilities.argmax(axis=1) == labels).mean())
    firsts = [int(hits[:count].sum()) for count in (flagged, len(changed), 10, 20)]
    return [len(changed), round(right, 4), flagged, *firsts]


def gains(
    features: np.ndarray, labels: np.ndarray, classes: tuple[str, ...], config: DataConfig, share: float
) -> list[float]:
    """How many labels were changed, are flagged, and both; pictures tested; test accuracies, as GAINS names them."""
    kept, tested = hold_out(labels, 0.2, config.split_seed)
    x, true = features[kept], labels[kept]
    given, changed = wronged(true, len(classes), config.split_seed, share)
    flagged = [doubt.place for doubt in ranking(given, classes, judged(x, given, classes, config)) if doubt.likely]
    corrected, rest = given.copy(), np.delete(np.arange(len(given)), flagged)
    corrected[flagged] = true[flagged]
    trained = [(x, given), (x[rest], given[rest]), (x, corrected), (x, true)]
    accuracies = [head().fit(*pair).score(features[tested], labels[tested]) for pair in trained]
    counts = [len(changed), len(flagged), int(np.isin(flagged, changed).sum()), len(tested)]
    return [*counts, *(round(accuracy, 5) for accuracy in accuracies)]


def wronged(labels: np.ndarray, classes: int, seed: int, share: float) -> tuple[np.ndarray, np.ndarray]:
    """Labels of which a share was given another class, and which those are."""
    random = np.random.RandomState(seed)
    changed = random.permutation(len(labels))[: round(share * len(labels))]
    given = labels.copy()
    given[changed] = (given[changed] + random.randint(1, classes, len(changed))) % classes
    return given, changed


def judged(features: np.ndarray, given: np.ndarray, classes: tuple[str, ...], config: DataConfig) -> np.ndarray:
    """What a regression that did not see it says of each picture, float32 (N, classes)."""
    probabilities = np.zeros((len(given), len(classes)), "float32")
    for fold in range(1, config.folds + 1):
        parts = fold_parts(given, classes, config.model_copy(update={"fold": fold}))
        fitted = head().fit(features[parts["train"]], given[parts["train"]])
        probabilities[parts["test"]] = fitted.predict_proba(features[parts["test"]])
    return probabilities


def head() -> Pipeline:
    """What is trained on the features."""
    return make_pipeline(StandardScaler(), LogisticRegression(C=STRENGTH, max_iter=500))


def ranking(given: np.ndarray, classes: tuple[str, ...], probabilities: np.ndarray) -> list[Doubt]:
    """Every picture as `vgglab doubts` ranks it."""
    rows = [{"index": place} for place in range(len(given))]
    return rank_doubts(Judged(list(classes), given, probabilities, rows, []))


if __name__ == "__main__":
    main()
