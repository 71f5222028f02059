"""YAML as text and as files; what cannot be read is told in one line."""

from collections.abc import Iterable
from difflib import get_close_matches
from itertools import accumulate
from pathlib import Path
from typing import Any

import yaml

from vgglab.errors import ConfigError

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
DEEPEST = 50  # lists and mappings within each other
Opened, Closed = yaml.CollectionStartEvent, yaml.CollectionEndEvent


def read_yaml(path: Path | str) -> Any:
    """The content of a YAML file.

    Raises:
        ConfigError: there is no such file, or it is not YAML; the line and column are named.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        raise ConfigError(f"{path}: no such file; expected a YAML file") from None
    except (IsADirectoryError, UnicodeDecodeError):
        raise ConfigError(f"{path}: not a text file; expected a YAML file") from None
    return parse_yaml(text, str(path))


def parse_yaml(text: str, source: str) -> Any:
    """YAML text as Python values; errors are one line that names `source`."""
    try:
        if sum(map(text.count, "[{-?")) > DEEPEST and depth_of(text) > DEEPEST:  # the C parser would end the process
            raise ConfigError(f"{source}: lists lie over {DEEPEST} deep in each other; expected a config or a study")
        return yaml.load(text, Loader=LOADER)
    except (yaml.YAMLError, ValueError) as error:  # ValueError: what looks like a date and is none
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        problem = " ".join(str(getattr(error, "problem", error)).split())
        raise ConfigError(f"{source}: not valid YAML{where}: {problem}") from None


def depth_of(text: str) -> int:
    """How deep lists and mappings lie in each other.

    Example:
        >>> depth_of("a: [[1], 2]")
        3
    """
    steps = ((isinstance(event, Opened) - isinstance(event, Closed)) for event in yaml.parse(text, Loader=LOADER))
    return max(accumulate(steps), default=0)


def dump_yaml(tree: Any) -> str:
    """Python values as YAML text, keys in their order."""
    return yaml.safe_dump(tree, sort_keys=False, allow_unicode=True)


def nearest(given: str, known: Iterable[str]) -> str:
    """`; did you mean 'adam'?` for a near miss, else nothing."""
    matches = get_close_matches(str(given), list(known), n=1, cutoff=0.5)
    return f"; did you mean {matches[0]!r}?" if matches else ""
