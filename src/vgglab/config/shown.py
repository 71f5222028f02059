"""Names that users chose, such as those of classes, as they are shown: on one line, and not too long."""

from collections.abc import Sequence

NAME_WIDTH = 40  # characters of a name that are shown


def one_line(text: str) -> str:
    """A text with what cannot be printed escaped, line breaks above all."""
    return text if text.isprintable() else "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)


def shown_name(name: str, width: int = NAME_WIDTH) -> str:
    """A name as it is shown: a line of at most `width` characters, of a long one the beginning and the end."""
    line, end = one_line(name), (width - 1) // 2
    return line if len(line) <= width else f"{line[: width - 1 - end]}…{line[len(line) - end :]}"


def some_names(names: Sequence[str], most: int = 5) -> str:
    """The first few names, as they are shown, and whether there are more."""
    return ", ".join(map(shown_name, names[:most])) + (", ..." if len(names) > most else "")


def count_of(number: int, thing: str) -> str:
    """`1 file`, `2,000 files`."""
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"
