"""The picture of what augmentation does."""

import numpy as np
import pytest
from PIL import Image

from vgglab.evaluation.preview import DPI, draw_preview, make_preview, shares_text, write_preview

CLASSES = ["cat", "dog", "hippopotamus amphibius"]
BATCH = np.zeros((4, 32, 32, 3), "uint8"), np.array([0, 1, 2, 0])


def brighter(images, labels, epoch, batch):
    shares = np.array([[0.724, 0.272, 0.004]] * len(images))
    return images + 10.0 * (epoch + 1), shares if epoch else labels


@pytest.mark.parametrize(
    ("label", "text"),
    [
        (np.array(1), ""),
        (np.array([0.25, 0.75, 0.0]), "dog: 75 %\ncat: 25 %"),
        (np.array([1.0, 0.0, 0.0]), "cat: 100 %"),
        (np.array([0.0, 0.004, 0.996]), "hippopo…hibius: 100 %"),
    ],
)
def test_a_label_says_the_shares_of_its_classes(label, text):
    assert shares_text(label, CLASSES) == text


def test_a_row_is_an_image_with_its_label_and_a_column_an_epoch():
    preview = make_preview(BATCH, CLASSES, brighter, rows=3, columns=2)
    assert preview.labels == ["cat", "dog", "hippopo…hibius"]
    assert preview.variants.shape == (3, 2, 32, 32, 3) and preview.variants.dtype == "uint8"
    assert preview.variants[0, :, 0, 0, 0].tolist() == [10, 20]
    assert preview.captions[2] == ["", "cat: 72 %\ndog: 27 %"]


@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (4, 3)])
def test_the_picture_has_the_size_it_says_and_shows_every_image(tmp_path, rows, columns):
    preview = make_preview(BATCH, CLASSES, brighter, rows, columns)
    write_preview(draw_preview(preview, "a title"), tmp_path / "preview.png")
    with Image.open(tmp_path / "preview.png") as picture:
        assert picture.size == tuple(int(DPI * side) for side in preview.size)
        grey = np.asarray(picture.convert("L"))
    for value in (0, *(10 * (column + 1) for column in range(columns))):
        assert (grey == value).sum() >= rows * 90 * 90
