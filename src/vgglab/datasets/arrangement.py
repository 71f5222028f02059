"""What the folders of a data set are, classes or parts: told by their names and by what they hold, never guessed.

Parts may lie above the classes or below them, have words around their names, lie in a folder of the same name, and all
of it in one wrapping folder. What can be read in two ways is asked for, with both.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from vgglab.config.shown import count_of, some_names
from vgglab.datasets.formats import looks_like_picture
from vgglab.datasets.listing import files_below, files_in, subfolders
from vgglab.datasets.part_names import UNLABELLED, is_part, speaks_of
from vgglab.errors import DataError

ALIKE = 0.5  # of all names that folders hold, the share that each of them holds where they are taken for alike
NO_CLASS = ("images", "image", "imgs", "img", "pictures", "photos", "data", "unknown", "all")
_EXPECTED_PARTS = "expected train, perhaps val and test, and nothing else: rename it or move it away"
_IF_CLASSES = "or give --layout class if its folders are classes"


@dataclass(frozen=True)
class Arrangement:
    """Where the pictures of each class of each part lie.

    Attributes:
        parts: part -> class -> its folder; all in `train` where there are no parts.
        split: whether there are folders for parts.
        notes: what is left out, or not read as it stands; a sentence each.
    """

    parts: Mapping[str, Mapping[str, Path]]
    split: bool = True
    notes: tuple[str, ...] = ()


def arrange(root: Path, layout: str = "auto") -> Arrangement:
    """Tell which folders below `root` are classes, and which are parts.

    Args:
        root: the folder of the data set.
        layout: one of `config.schema.LAYOUTS`; `auto` finds out.

    Raises:
        DataError: that cannot be told, or they do not fit together.
    """
    top = _unwrapped(root)
    chosen = _judge(top) if layout == "auto" else layout
    made = {"class": _classes, "part/class": _parts_above, "class/part": _parts_below}[chosen](top)
    if layout == "auto":
        _check_are_classes(top, made.parts["train"], chosen)
    wrapping = () if top == root else (f"the data set is what lies in {top.relative_to(root)}",)
    return Arrangement(made.parts, made.split, wrapping + made.notes)


def _unwrapped(folder: Path, part: bool = False) -> Path:
    """The folder, or the only one in it that holds folders and no pictures: what an archive is wrapped in.

    Args:
        folder: to begin with.
        part: whether it is one of a part, in which another such name says nothing new.
    """
    names = subfolders(folder)
    if len(names) != 1 or not subfolders(folder / names[0]) or (speaks_of(names[0]) and not part):
        return folder
    loose = not speaks_of(names[0]) and (_pictures_in(folder) or _pictures_in(folder / names[0]))
    return folder if loose else _unwrapped(folder / names[0], part)


def _class_folders(folder: Path, known: Sequence[str] = ()) -> tuple[Path, list[str]]:
    """Where the class folders of a part lie, and their names; none where pictures lie there, or in a mere `images`.

    Args:
        folder: of the part.
        known: names that are those of classes, whatever they say.
    """
    home = _unwrapped(folder, part=True)
    names = subfolders(home)
    if len(names) != 1 or names[0] in known or subfolders(home / names[0]):
        return home, names
    return (home / names[0], []) if speaks_of(names[0]) or names[0].lower() in NO_CLASS else (home, names)


def _pictures_in(folder: Path) -> bool:
    """Whether pictures lie in a folder itself, by their names."""
    return any(map(looks_like_picture, files_in(folder)))


def _judge(top: Path) -> str:
    """One of LAYOUTS but `auto`."""
    held = {name: set(_class_folders(top / name)[1]) for name in subfolders(top)}
    spoken = {name: speaks_of(name) for name in held}
    training = [name for name in held if spoken[name] == "train" and held[name]]
    if all(map(is_part, held)) and (len(held) > 1 or training):
        return "part/class"
    if held and all(spoken.values()):
        return _judge_parts(top, held, spoken, training)
    if any(map(is_part, training)):
        other = next(name for name in held if not spoken[name])
        raise DataError(f"{top}: has a folder for training and one named {other!r}; {_EXPECTED_PARTS}, {_IF_CLASSES}")
    for name, other in ((name, other) for name in held for other in held if spoken[name] and name != other):
        if both := sorted(held[name] & held[other]):
            raise DataError(
                f"{top}: {name!r} and {other!r} both hold {both[0]!r}: are they parts or classes? Name the parts "
                "train, val and test and move what is none of them away, or give --layout class"
            )
    return _judge_below(top)


def _judge_parts(top: Path, held: Mapping[str, set[str]], spoken: Mapping[str, str], training: Sequence[str]) -> str:
    """Where every folder's name speaks of a part, though some with other words around it."""
    if not training and len(set(spoken.values())) < 2:
        return _judge_below(top)
    if training and all(not held[name] or held[name] & held[training[0]] for name in held):
        return "part/class"
    raise DataError(
        f"{top}: has folders named {some_names(list(held))}: are they parts or classes? Give --layout part/class (each "
        "then holds a folder for every class) or --layout class, or rename them"
    )


def _judge_below(top: Path) -> str:
    """`class/part` where every class has folders of parts, `class` where none has."""
    below = {name: subfolders(top / name) for name in subfolders(top)}
    spoken = {name: {speaks_of(inner) for inner in below[name]} for name in below}
    parted = [name for name in below if "train" in spoken[name] and None not in spoken[name]]
    several = [name for name in parted if len(spoken[name]) > 1]
    if not several:
        return "class"
    if len(parted) == len(below) and not any(_pictures_in(top / name) for name in below):
        return "class/part"
    raise DataError(
        f"{top}: {several[0]!r} holds {some_names(below[several[0]])}, but not every class has such folders and "
        "nothing beside them: are they parts? Give --layout class/part if they are, --layout class if they belong to "
        "the class, or rename them"
    )


def _classes(top: Path) -> Arrangement:
    names = subfolders(top)
    if not names:
        raise DataError(no_classes(top))
    return Arrangement({"train": {name: top / name for name in names}}, split=False)


def _parts_above(top: Path) -> Arrangement:
    folders = _by_part(top, subfolders(top))
    if "train" not in folders:
        raise DataError(
            f"{top}: has no folder for training, only {some_names(subfolders(top))}; {_EXPECTED_PARTS}, {_IF_CLASSES}"
        )
    home, classes = _class_folders(top / folders["train"])
    if not classes:
        raise DataError(f"{no_classes(home)}, {_IF_CLASSES}")
    parts, notes = {}, []
    for part, folder in folders.items():
        inner, names = _class_folders(top / folder, classes)
        if part == UNLABELLED or not names:
            notes.append(_left_out(top / folder, part))
        else:
            _check_known(inner, names, classes)
            parts[part] = {name: inner / name for name in names}
    return Arrangement(parts, notes=tuple(notes))


def _parts_below(top: Path) -> Arrangement:
    parts: dict[str, dict[str, Path]] = {"train": {}}
    notes = []
    for name in subfolders(top):
        folders = _by_part(top / name, subfolders(top / name))
        if "train" not in folders:
            raise DataError(f"{top / name}: has no folder for training; {_EXPECTED_PARTS}")
        for part, folder in folders.items():
            if part == UNLABELLED:
                notes.append(_left_out(top / name / folder, part))
            else:
                parts.setdefault(part, {})[name] = top / name / folder
    if not parts["train"]:
        raise DataError(no_classes(top))
    return Arrangement(parts, notes=tuple(notes))


def _by_part(place: Path, names: Sequence[str]) -> dict[str, str]:
    """Part, or UNLABELLED -> name of its folder."""
    folders: dict[str, str] = {}
    for name in names:
        part = speaks_of(name)
        if part is None:
            raise DataError(f"{place}: has a folder named {name!r}; {_EXPECTED_PARTS}")
        if part in folders:
            raise DataError(f"{place}: {folders[part]!r} and {name!r} are both for {part}; {_EXPECTED_PARTS}")
        folders[part] = name
    return folders


def _check_known(folder: Path, names: Sequence[str], classes: Sequence[str]) -> None:
    for name in names:
        if name not in classes:
            raise DataError(
                f"{folder / name}: training has no class {name!r}, only {some_names(classes)}; rename the folder, "
                "or move it away"
            )


def _check_are_classes(top: Path, folders: Mapping[str, Path], layout: str) -> None:
    """Make sure that the folders of classes are not sets of the same classes: in colour, in grey, by year."""
    inner: list[set[str]] = []
    for folder in folders.values():
        inner.append({name.lower() for name in subfolders(_unwrapped(folder))})
        if len(inner[-1]) < 2:  # as in nearly every data set: the others need not be looked into
            return
    shared, every = set.intersection(*inner), set.union(*inner)
    alike = len(inner) > 1 and len(shared) > 1 and len(shared) >= ALIKE * len(every)
    if not alike or any(map(_pictures_in, folders.values())):
        return
    first, one = next(iter(folders)), "keep one of the former"
    if layout != "part/class":
        one = f"give {top / first}, or another one, in its place"
    raise DataError(
        f"{top}: {some_names(list(folders))} each hold {some_names(sorted(shared))}: which of them are the classes? "
        f"Give --layout {layout} if the former are; if the latter are, {one}"
    )


def _left_out(folder: Path, part: str) -> str:
    files = count_of(sum(1 for _ in files_below(folder)), "file")
    cut = "" if part == UNLABELLED else f", and the {part} part is cut from the training pictures"
    return f"{folder}: holds {files} and no class folders, it is left out{cut}; vgglab predict takes it"


def no_classes(folder: Path) -> str:
    """That a folder has no class folders, and what to do."""
    files = count_of(len(files_in(folder)), "file")
    return (
        f"{folder}: holds {files} and no class folders; expected {folder.name}/<class>/"
        "<picture>: put the pictures of each class into a folder of its name, or give a table of them with --labels"
    )
