"""scikit-learn's 1,797 handwritten digits, as 32x32 RGB images: small, real, and on every machine."""

import numpy as np

from vgglab.datasets.dataset import Part
from vgglab.datasets.split import TEST_SEED, split_indices

TEST_SHARE = 0.2


def read_digits() -> tuple[tuple[str, ...], Part, Part]:
    """Class names "0" to "9", 1,437 training images and 360 test images.

    Each pixel of the 8x8 originals (0 to 16) becomes a block of 4x4 equal pixels (0 to 255). Smoother
    enlargements round differently from one library version to the next; blocks are the same bytes everywhere,
    and so is the hash of the split. `Part.indices` are positions in `sklearn.datasets.load_digits()`.
    """
    from sklearn.datasets import load_digits

    digits = load_digits()
    labels = digits.target.astype(np.int64)
    images = _enlarge(digits.images)
    training, test = (
        Part(images[chosen], labels[chosen], chosen) for chosen in split_indices(labels, TEST_SHARE, TEST_SEED)
    )
    return tuple(str(name) for name in digits.target_names), training, test


def _enlarge(images: np.ndarray) -> np.ndarray:
    """(N, 8, 8) in 0 to 16 -> (N, 32, 32, 3) uint8 in 0 to 255."""
    grey = (images.astype(np.int64) * 255 + 8) // 16
    blocks = grey.astype(np.uint8).repeat(4, axis=1).repeat(4, axis=2)
    return np.stack([blocks] * 3, axis=-1)
