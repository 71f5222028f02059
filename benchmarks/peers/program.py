"""What a rebuilt program is, and how well it does what its author wanted of it."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np


@dataclass(frozen=True)
class Program:
    """A compiled model and what its author gave to `fit`.

    Attributes:
        model: compiled.
        fit: the arguments of `model.fit`.
        goal: the column of numbers, or the columns of 0 and 1, that the author wanted for `fit["x"]`, whatever was
            trained on.
        aim: `classes` (share of right answers), `labels` (share of rows with all labels right) or `numbers` (share of
            the variance explained).
    """

    model: keras.Model
    fit: dict[str, Any]
    goal: np.ndarray
    aim: str = "classes"


@dataclass(frozen=True)
class Post:
    """A published question, as facts, and the function that rebuilds its program.

    Attributes:
        number: the post's, on Stack Overflow.
        types: of its faults, as an expert labelled them; none where the program is healthy.
        tools: which of D(eepFD), U(MLAUT), A(utoTrainer), L (DeepLocalize) diagnosed it.
        build: takes whether the program is mended.
    """

    number: int
    task: str
    types: tuple[str, ...]
    tools: str
    build: Callable[[bool], Program] = field(repr=False)


POSTS: dict[int, Post] = {}


def post(number: int, task: str, types: str, tools: str = "") -> Callable[..., Callable[[bool], Program]]:
    """Enter a function that builds a program under the number of its post."""

    def enter(build: Callable[[bool], Program]) -> Callable[[bool], Program]:
        POSTS[number] = Post(number, task, tuple(types.split()), tools, build)
        return build

    return enter


def read_posts() -> dict[int, Post]:
    """All programs, under the numbers of their posts."""
    for module in ("regression", "two_classes", "several_classes"):
        importlib.import_module(module)
    return POSTS


def quality(program: Program) -> float:
    """How well the trained model does on its training data what its author wanted: 1 is all, NaN no number."""
    found = np.asarray(program.model.predict(program.fit["x"], verbose=0), "float64")
    if not np.isfinite(found).all():
        return float("nan")
    goal = np.asarray(program.goal).reshape(len(found), -1)
    if program.aim == "numbers":
        return float(1 - np.mean((found - goal) ** 2) / np.mean((goal - goal.mean(axis=0)) ** 2))
    if program.aim == "labels":
        return float(np.mean(np.all((found > 0.5) == goal, axis=1)))
    answers = found.argmax(axis=-1) if found.shape[-1] > 1 else (found[:, 0] > 0.5).astype(int)
    return float(np.mean(answers == goal[:, 0]))
