"""Several trained networks asked as one: which they are, and the model that averages what they say."""

from collections.abc import Sequence
from pathlib import Path

from vgglab.errors import RunError, UsageError
from vgglab.keras_tools.ensemble import average
from vgglab.runs.saved_model import Classifier, open_classifier

TTA = ("flip",)


def open_members(files: Sequence[Path], classes: Path | str | None = None) -> list[Classifier]:
    """The networks in some `.keras` files, which see the same images and name the same classes.

    Args:
        files: at least one.
        classes: a text file with a class name a line, for files without.

    Raises:
        RunError: a file is missing or damaged, or its network has other classes or takes other images than the first.
        UsageError: `classes` does not fit.
    """
    members = [open_classifier(file, classes) for file in files]
    first = members[0]
    for file, member in zip(files, members, strict=True):
        if member.classes != first.classes:
            raise RunError(f"{file}: has other classes than {files[0]}; only networks of the same ones can be averaged")
        if member.model.input_shape != first.model.input_shape or member.levels != first.levels:
            raise RunError(f"{file}: takes images of another size or other grey levels than {files[0]}")
    return members


def averaged(members: Sequence[Classifier], tta: str | None = None) -> Classifier:
    """One classifier whose probabilities are the mean over some, as `open_members` gives them.

    Args:
        members: at least one.
        tta: `flip` averages over each image and its mirror image too; None does not.

    Raises:
        UsageError: `tta` is unknown.
    """
    check_tta(tta)
    first = members[0]
    model = average([member.model for member in members], flip=tta == "flip")
    return Classifier(model, first.classes, first.named, first.levels)


def check_tta(tta: str | None) -> None:
    """Refuse an unknown way to look at an image several times.

    Raises:
        UsageError: it is one.
    """
    if tta not in (None, *TTA):
        raise UsageError(f"--tta is {tta!r}; expected one of {', '.join(TTA)}")
