"""Labels that look wrong: what networks that did not see a picture think of its label.

Confident learning: C. Northcutt, L. Jiang, I. Chuang, "Confident Learning: Estimating Uncertainty in Dataset Labels",
Journal of Artificial Intelligence Research 70 (2021), by its authors' library cleanlab.
"""

from dataclasses import dataclass

import numpy as np

from vgglab.errors import RunError
from vgglab.runs.folds import Judged


@dataclass(frozen=True)
class Doubt:
    """A picture whose label is in doubt.

    Attributes:
        place: its row of the predictions.
        name: its file, or its index in a data set that is no folder.
        label: the class that it has.
        suggested: the most probable class.
        label_probability: of the class that it has, 0 to 1.
        probability: of the suggested one.
        likely: whether the label is likely to be wrong, and not the network.
    """

    place: int
    name: str
    label: str
    suggested: str
    label_probability: float
    probability: float
    likely: bool


def rank_doubts(judged: Judged) -> list[Doubt]:
    """Every picture, the one whose label is most doubtful first: the likely ones, then the others.

    Args:
        judged: what a cross-validation says of each picture.

    Raises:
        RunError: cleanlab is not installed, or a network gave no finite probabilities.
    """
    try:
        from cleanlab.filter import find_label_issues
        from cleanlab.rank import get_label_quality_scores
    except ImportError:
        raise RunError("doubtful labels need the package cleanlab; pip install 'vgglab[labels]'") from None
    probabilities = judged.probabilities.astype("float64")
    if not np.isfinite(probabilities).all():
        raise RunError("a fold gives no finite probabilities, its network has diverged; train with a lower rate")
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    likely = find_label_issues(judged.labels, probabilities, n_jobs=1)
    quality = get_label_quality_scores(judged.labels, probabilities)
    order = np.lexsort((quality, ~likely))
    best, names = probabilities.argmax(axis=1), judged.files or [str(row["index"]) for row in judged.rows]
    return [
        Doubt(
            int(place),
            names[place],
            judged.classes[judged.labels[place]],
            judged.classes[best[place]],
            float(probabilities[place, judged.labels[place]]),
            float(probabilities[place, best[place]]),
            bool(likely[place]),
        )
        for place in order
    ]
