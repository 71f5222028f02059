"""Images and labels as they are put on the device."""

import numpy as np

from vgglab.engines.work import Work


def training_data(work: Work) -> dict[str, np.ndarray]:
    """Images and labels, and what each image counts where classes do not count alike."""
    images, labels = work.part.train
    data = {"images": images, "labels": labels.astype("int32")}
    if work.part.class_weights is not None:
        data["weights"] = np.array([work.part.class_weights.get(label, 1.0) for label in labels.tolist()], "float32")
    return data


def validation_data(work: Work) -> list[dict[str, np.ndarray]]:
    """Images and labels in batches of one size, and in one more if they cannot be divided evenly."""
    images, labels = work.part.validation
    size = even_size(len(labels), work.validation.batch_size)
    whole = len(labels) // size * size
    parts = [(slice(0, whole), size), (slice(whole, None), len(labels) - whole)]
    return [
        {
            "images": images[rows].reshape(-1, each, *images.shape[1:]),
            "labels": labels[rows].astype("int32").reshape(-1, each),
        }
        for rows, each in parts
        if each
    ]


def even_size(count: int, most: int) -> int:
    """The size of the largest batches that `count` images divide into evenly; `most` where they would be too small."""
    fewest = -(-count // most)
    batches = next((number for number in range(fewest, 2 * fewest + 1) if count % number == 0), None)
    return count // batches if batches else most
