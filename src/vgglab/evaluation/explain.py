"""Which places of a picture speak for a class, drawn next to the picture."""

from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure

from vgglab.config.shown import one_line, shown_name, some_names
from vgglab.config.yaml_text import nearest
from vgglab.datasets.decode import decode_picture
from vgglab.errors import RunError, UsageError
from vgglab.evaluation.displays import QUIET, STYLE
from vgglab.evaluation.gradcam import GradCam, NotExplainable
from vgglab.evaluation.picture import Picture
from vgglab.evaluation.predict import NOT_FINITE
from vgglab.evaluation.thumbnails import fitted, overlay, to_picture
from vgglab.runs.find import find_classifier
from vgglab.runs.saved_model import Classifier

SIDE = 448  # pixels of the longest side of each half, at most
NAME_WIDTH, PATH_WIDTH = 24, 90  # characters that fit


@dataclass(frozen=True)
class Explanation:
    """What speaks for a class in a picture; in a notebook it shows itself.

    Attributes:
        path: of the picture.
        image: what the model sees, uint8 (H, W, 3).
        predicted: name of the most probable class.
        probability: of that class.
        explained: name of the class that is explained.
        explained_probability: of that class.
        heat: how much each place speaks for it, float32 (h, w), 0 to 1, relative to the strongest.
        layer: the layer whose feature maps these places are.
    """

    path: str
    image: np.ndarray
    predicted: str
    probability: float
    explained: str
    explained_probability: float
    heat: np.ndarray
    layer: str

    def as_dict(self) -> dict[str, Any]:
        """The names and numbers, as JSON takes them."""
        return {
            "path": self.path,
            "class": self.predicted,
            "probability": round(self.probability, 6),
            "explained": self.explained,
            "explained_probability": round(self.explained_probability, 6),
            "layer": self.layer,
        }

    def draw(self) -> Figure:
        """The picture, and next to it the same in grey, coloured where it speaks for the class."""
        return draw_explanation(self)

    def save(self, path: Path | str) -> Path:
        """Write the drawing as .png, .svg or .pdf."""
        return Picture(self.draw()).save(path)

    def _repr_png_(self) -> tuple[bytes, dict[str, int]]:
        return Picture(self.draw())._repr_png_()


class Explainer:
    """Explains pictures by one model.

    Args:
        model: a classifier, a run folder, a run's name, or a `.keras` file.

    Raises:
        RunError: there is no such model, or Grad-CAM cannot explain it.
    """

    def __init__(self, model: Classifier | Path | str):
        self.classifier = model if isinstance(model, Classifier) else find_classifier(model)
        self.side = self.classifier.picture_side
        try:
            self.cam = GradCam(self.classifier.model)
        except NotExplainable as error:
            name = self.classifier.model.name
            raise RunError(f"the model {name} cannot be explained: {error}; `vgglab predict` works for it") from None

    def check_class(self, name: str) -> None:
        """Refuse a class that the model does not know.

        Raises:
            UsageError: it does not; the nearest is named.
        """
        known = self.classifier.classes
        if name not in known:
            raise UsageError(f"unknown class {name!r}; the model knows {some_names(known, 10)}{nearest(name, known)}")

    def explain(self, path: str | PathLike[str], class_name: str | None = None) -> Explanation:
        """What speaks for a class in a picture file.

        Args:
            path: the file.
            class_name: the class to explain; None for the most probable one.

        Raises:
            UsageError: the model does not know the class.
            UnreadablePicture: the file gives no picture. (It is a DataError.)
            RunError: the model gives no finite probabilities.
        """
        return self.explain_image(decode_picture(path, self.side, self.classifier.levels), str(path), class_name)

    def explain_image(self, image: np.ndarray, name: str, class_name: str | None = None) -> Explanation:
        """The same of a decoded picture, uint8 (side, side, 3), and the name that it goes by."""
        if class_name is not None:
            self.check_class(class_name)
        (probabilities,) = self.classifier.predict(image[None])
        if not np.isfinite(probabilities).all():
            raise RunError(f"{name}: the model {NOT_FINITE}")
        best, names = int(probabilities.argmax()), self.classifier.classes
        chosen = best if class_name is None else names.index(class_name)
        (heat,) = self.cam.explain(image[None], np.array([chosen]))
        said = (names[best], float(probabilities[best]), names[chosen], float(probabilities[chosen]))
        return Explanation(name, image, *said, heat, self.cam.layer)


def explain_file(
    model: Classifier | Path | str, path: str | PathLike[str], class_name: str | None = None
) -> Explanation:
    """What in a picture file speaks for a class: Grad-CAM of a model. For many files, make one `Explainer`.

    Args:
        model: a classifier, a run folder, a run's name, or a `.keras` file.
        path: the file.
        class_name: the class to explain; None for the most probable one.

    Returns:
        It shows itself in a notebook; `save` writes it.

    Raises:
        RunError: there is no such model, or Grad-CAM cannot explain it.
        UsageError: the model does not know the class.
        DataError: the file gives no picture.
    """
    return Explainer(model).explain(path, class_name)


def draw_explanation(told: Explanation) -> Figure:
    """Draw a picture as the model sees it, and the same in grey, coloured where it speaks for the class."""
    picture = fitted(to_picture(told.image), SIDE)
    title = f"predicted: {shown_name(told.predicted, NAME_WIDTH)} ({_percent(told.probability)})"
    halves = [(picture, title), (overlay(picture, told.heat), _caption(told))]
    with rc_context(STYLE):
        figure = Figure(figsize=(7.4, 3.7))
        figure.suptitle(_path(told.path), x=0.02, y=0.97, ha="left", fontsize=8, color=QUIET, parse_math=False)
        for left, (shown, above) in zip((0.02, 0.47), halves, strict=True):
            axes = figure.add_axes((left, 0.02, 0.43, 0.82))
            axes.imshow(shown, interpolation="none")
            axes.set_axis_off()
            axes.set_title(above, loc="left", fontsize=11, parse_math=False)
        _add_scale(figure)
    return figure


def _caption(told: Explanation) -> str:
    if not told.heat.any():
        return f"nothing speaks for {shown_name(told.explained, NAME_WIDTH)}"
    probability = "" if told.explained == told.predicted else f" ({_percent(told.explained_probability)})"
    return f"speaks for {shown_name(told.explained, NAME_WIDTH)}{probability}"


def _percent(share: float) -> str:
    """One decimal, but never 0 % or 100 % for what is neither."""
    if 0 < share < 0.001:
        return "<0.1 %"
    return ">99.9 %" if 0.999 < share < 1 else f"{100 * share:.1f} %"


def _add_scale(figure: Figure) -> None:
    """What the colours mean, on the same grey."""
    axes = figure.add_axes((0.915, 0.1, 0.015, 0.66))
    grey = to_picture(np.full((256, 8, 3), 128))
    axes.imshow(overlay(grey, np.linspace(1, 0, 256)[:, None]), aspect="auto", extent=(0, 1, 0, 1))
    axes.set_xticks([])
    axes.set_yticks([0, 1], ["nothing", "most"])
    axes.yaxis.tick_right()
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)


def _path(text: str) -> str:
    """The end of a path, as much as fits above both halves."""
    text = one_line(text)
    return text if len(text) <= PATH_WIDTH else f"…{text[1 - PATH_WIDTH :]}"
