"""Seeds and folds that a run is trained with, and the names of its folders: `NAME/seed-0`, ..., `NAME/fold-1`, ..."""

import re
from typing import Annotated, Any

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

from vgglab.errors import ConfigError

MOST = 1000
EXPECTED = f"expected how many seeds, from 1 to {MOST}, or a list of different ones such as 1,7,42"
FOLD = "fold-"
FOLDER = re.compile(r"(seed|fold)-\d+")


def read_seeds(value: Any) -> tuple[int, ...]:
    """Seeds as they are written: how many, counted from 0, or a list; None for none.

    Raises:
        ConfigError: it is neither.

    Example:
        >>> read_seeds(3), read_seeds("3"), read_seeds("1,7,42"), read_seeds([5])
        ((0, 1, 2), (0, 1, 2), (1, 7, 42), (5,))
    """
    if value is None:
        return ()
    parts = [part for part in value.split(",") if part] if isinstance(value, str) and "," in value else value
    try:
        listed = isinstance(parts, list | tuple)
        seeds = tuple(map(_whole, parts)) if listed else tuple(range(min(_whole(parts), MOST + 1)))
    except (TypeError, ValueError):
        seeds = ()
    if not 0 < len(set(seeds)) == len(seeds) <= MOST or not 0 <= min(seeds) <= max(seeds) < 2**32:
        raise ConfigError(f"seeds is {value!r}; {EXPECTED}")
    return seeds


def seed_name(seed: int) -> str:
    """The folder of the run with a seed, in the folder that those with other seeds have as well."""
    return f"seed-{seed}"


def fold_name(fold: int) -> str:
    """The folder of the run that judges a fold, in the folder that those of the other folds have as well."""
    return f"{FOLD}{fold}"


def group_of(name: str) -> str:
    """What is common to the names of runs that differ in their seed or fold: `batchnorm/seed-3` -> `batchnorm`."""
    group, _, last = name.rpartition("/")
    return group if group and FOLDER.fullmatch(last) else name


def _whole(value: Any) -> int:
    if isinstance(value, bool | float):
        raise TypeError
    return int(value)


def _checked(value: Any) -> tuple[int, ...]:
    try:
        return read_seeds(value)
    except ConfigError:
        raise PydanticCustomError("seeds", EXPECTED) from None


Seeds = Annotated[tuple[int, ...], BeforeValidator(_checked)]
