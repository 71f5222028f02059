"""Which part of a data set a name speaks of: `train` and `Testing` do, `training_set` and `images_val` too."""

import re

SPELLINGS = {
    "train": ("train", "training"),
    "validation": ("val", "valid", "validation", "dev"),
    "test": ("test", "testing"),
}
PART_OF = {spelling: part for part, spellings in SPELLINGS.items() for spelling in spellings}
UNLABELLED = "unlabelled"  # pictures to predict: no part, and no class either
_WORDS = PART_OF | {"trainval": "train"} | dict.fromkeys(("pred", "predict", "unlabeled", "unlabelled"), UNLABELLED)
_GLUED = re.compile(r"(?<=.)(set|data|images|imgs|pics)$")


def is_part(name: str) -> bool:
    """Whether a name is that of a part, in any usual spelling, and nothing else."""
    return name.lower() in PART_OF


def speaks_of(name: str) -> str | None:
    """The part that a name speaks of, or UNLABELLED; None where it speaks of none, or of several."""
    if is_part(name):
        return PART_OF[name.lower()]
    words = [_GLUED.sub("", word.lower()) for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+", name)]
    spoken = {_WORDS[word] for word in words if word in _WORDS}
    return spoken.pop() if len(spoken) == 1 else None
