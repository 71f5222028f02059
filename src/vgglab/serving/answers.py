"""What requests are answered: the shapes that the API's page shows, and what fills them."""

from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, Field

from vgglab.evaluation.predict import NOT_FINITE
from vgglab.serving.certainty import judge
from vgglab.serving.networks import Network

Level = Literal["sure", "fair", "unsure"]
DIGITS = 6  # of a probability


class Probability(BaseModel):
    """A class and its probability."""

    class_: str = Field(alias="class")
    probability: float


class PictureAnswer(BaseModel):
    """What the network says of one picture; of one that cannot be read `name` and `error` alone."""

    name: str = Field(description="As it was sent, without folders.")
    class_: str = Field(alias="class", description="The most probable class.")
    probability: float = Field(description="Of that class, 0 to 1.")
    certainty: Level = Field(description="By how often the network was right in its test when it was as sure.")
    right: float | None = Field(description="Share of test images with such a probability that were right.")
    right_of: int = Field(description="How many test images those were.")
    top: list[Probability]
    error: str | None = Field(None, description="What is wrong with the picture.")


class Answers(BaseModel):
    """One answer a picture, in the order in which they were sent."""

    model: str
    predictions: list[PictureAnswer]


class Explained(BaseModel):
    """Where the network looked in a picture."""

    model: str
    name: str
    class_: str = Field(alias="class", description="The most probable class.")
    probability: float
    explained: str = Field(description="The class that was asked for.")
    explained_probability: float
    layer: str = Field(description="Whose feature maps were looked at.")
    overlay: str = Field(description="PNG in base64: the middle square in grey, what speaks for the class in colour.")


class ModelCard(BaseModel):
    """A network that is served, and how good it is known to be."""

    name: str
    classes: list[str]
    engine: str
    side: int = Field(description="Pixels of the square that it sees.")
    explainable: bool = Field(description="Whether it can be asked where it looked.")
    accuracy: float | None = Field(description="Share of test images that it gets right.")
    accuracy_interval: tuple[float, float] | None = Field(description="At 95 %.")
    test_images: int | None
    calibration_error: float | None = Field(description="How far its probabilities are from how often it is right.")
    parity: dict[str, Any] | None = Field(description="How far the engine's answers are from the network's own.")


class Models(BaseModel):
    """The networks that are served; the first answers where none is named."""

    models: list[ModelCard]


class Failure(BaseModel):
    """Why there is no answer, in one line."""

    error: str


def picture_answer(name: str, result: np.ndarray | str, network: Network, top: int) -> dict[str, Any]:
    """The answer for one picture, as `PictureAnswer` has it."""
    if isinstance(result, str):
        return {"name": name, "error": result}
    if not np.isfinite(result).all():
        return {"name": name, "error": NOT_FINITE}
    order = np.argsort(-result, kind="stable")[:top]
    classes = network.classifier.classes
    best = [{"class": classes[number], "probability": round(float(result[number]), DIGITS)} for number in order]
    sure = judge(best[0]["probability"], network.bins)
    right = None if sure.right is None else round(sure.right, 4)
    return {"name": name, **best[0], "certainty": sure.level, "right": right, "right_of": sure.images, "top": best}


def model_card(network: Network) -> dict[str, Any]:
    """What is told of a network, as `ModelCard` has it."""
    metrics = network.metrics or {}
    return {
        "name": network.name,
        "classes": network.classifier.classes,
        "engine": network.engine,
        "side": network.side,
        "explainable": network.explainable,
        "accuracy": metrics.get("accuracy"),
        "accuracy_interval": metrics.get("accuracy_interval"),
        "test_images": metrics.get("n"),
        "calibration_error": (metrics.get("calibration") or {}).get("error"),
        "parity": network.parity,
    }
