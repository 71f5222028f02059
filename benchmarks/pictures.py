"""Folders of real pictures, and what can be wrong with them: CIFAR as PNG files, photographs of ants and bees."""

import itertools
import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image

import vgglab
from vgglab.datasets.dataset import DataSet

Parts = dict[str, list[tuple[str, np.ndarray]]]  # part -> class name and picture, uint8 (H, W, 3)
Change = Callable[[np.ndarray], np.ndarray]
SIDE = 96  # of photographs, made smaller so that a benchmark takes minutes


@cache
def loaded(name: str) -> DataSet:
    """A published data set, read once."""
    return vgglab.load_data(name)


def cifar(classes: Sequence[str] | None, training: int, validation: int, name: str = "cifar10") -> Parts:
    """So many pictures of each class; classes by name, or all of them."""
    data = loaded(name)
    parts: Parts = {"train": [], "val": []}
    for number, named in enumerate(data.classes):
        if classes is None or named in classes:
            own = data.train.images[np.asarray(data.train.labels) == number][: training + validation]
            parts["train"] += [(named, picture) for picture in own[:training]]
            parts["val"] += [(named, picture) for picture in own[training:]]
    return parts


def photos(training: int = 60, validation: int = 40) -> Parts:
    """Ants and bees, so many photographs of each."""
    root = Path(os.environ["VGGLAB_DATA"]) / "hymenoptera"
    parts: Parts = {"train": [], "val": []}
    for (part, count), named in itertools.product((("train", training), ("val", validation)), ("ants", "bees")):
        files = sorted((root / part / named).glob("*.jpg"))[:count]
        parts[part] += [(named, np.asarray(Image.open(file).convert("RGB").resize((SIDE, SIDE)))) for file in files]
    return parts


def in_groups(parts: Parts, size: int) -> Parts:
    """Each class cut into classes of `size` training pictures and one for validation, as long as these last."""
    cut: Parts = {"train": [], "val": []}
    for named in {name: None for name, _ in parts["train"]}:
        seen, held = ([picture for name, picture in parts[part] if name == named] for part in ("train", "val"))
        for group in range(min(len(seen) // size, len(held))):
            cut["train"] += [(f"{named}_{group}", picture) for picture in seen[group * size : (group + 1) * size]]
            cut["val"].append((f"{named}_{group}", held[group]))
    return cut


def renamed(parts: Parts, names: Mapping[str, str], part: str = "val", kept: int = 0) -> Parts:
    """The pictures of some classes moved to others, but for the first `kept` of each: a class has to have pictures."""
    seen, pairs = Counter[str](), []
    for name, picture in parts[part]:
        seen[name] += 1
        pairs.append((names.get(name, name) if seen[name] > kept else name, picture))
    return parts | {part: pairs}


def shifted(parts: Parts, count: int | None = None) -> Parts:
    """Validation pictures of the first `count` classes moved to the next of these, the last to the first."""
    names = sorted({name for name, _ in parts["train"]})[:count]
    return renamed(parts, dict(zip(names, [*names[1:], names[0]], strict=True)))


def shuffled(parts: Parts, which: Sequence[str], share: float = 1.0, seed: int = 0) -> Parts:
    """A share of the pictures of some parts moved to classes drawn at random."""
    rng = np.random.default_rng(seed)
    names = sorted({name for name, _ in parts["train"]})
    changed = {
        part: [(str(rng.choice(names)) if rng.random() < share else name, picture) for name, picture in parts[part]]
        for part in which
    }
    return parts | changed


def changed(parts: Parts, change: Change, which: Sequence[str] = ("val",), share: float = 1.0) -> Parts:
    """The first so many of each run of pictures, changed."""
    rng = np.random.default_rng(1)
    return parts | {
        part: [(name, change(picture) if rng.random() < share else picture) for name, picture in parts[part]]
        for part in which
    }


def leaked(parts: Parts, share: float, change: Change = lambda picture: picture) -> Parts:
    """A share of the validation pictures added to training, as they are or changed a little."""
    rng = np.random.default_rng(2)
    copies = [(name, change(picture)) for name, picture in parts["val"] if rng.random() < share]
    return parts | {"train": parts["train"] + copies}


def thinned(parts: Parts, kept: Mapping[str, int], divide: int = 4) -> Parts:
    """At most so many training pictures of some classes, a quarter as many for validation."""
    thin: Parts = {"train": [], "val": []}
    for part, pairs in parts.items():
        for named in dict.fromkeys(name for name, _ in pairs):
            own = [pair for pair in pairs if pair[0] == named]
            most = kept.get(named, len(own)) if part == "train" else max(kept.get(named, 10**6) // divide, 1)
            thin[part] += own[:most]
    return thin


def coarse(picture: np.ndarray, side: int = 8) -> np.ndarray:
    """A picture of fewer pixels, enlarged again."""
    size = picture.shape[1::-1]
    return np.asarray(Image.fromarray(picture).resize((side, side)).resize(size))


def blank(picture: np.ndarray) -> np.ndarray:
    """A picture of one colour."""
    return np.full_like(picture, 127)


def brighter(picture: np.ndarray) -> np.ndarray:
    """A picture saved again, a little brighter."""
    return np.clip(picture.astype(int) + 2, 0, 255).astype("uint8")


def write_folder(parts: Parts, folder: Path) -> Path:
    """Write the pictures as PART/CLASS/NUMBER.png."""
    for part, pairs in parts.items():
        for number, (name, picture) in enumerate(pairs):
            place = folder / part / name
            place.mkdir(parents=True, exist_ok=True)
            Image.fromarray(picture).save(place / f"{number:05}.png")
    return folder
