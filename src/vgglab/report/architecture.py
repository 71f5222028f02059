"""The drawing of a network, from its layers: a bar a layer, from the image at the top to the classes at the bottom.

A bar is as wide as its feature maps are large (logarithmically); what normalises or drops out is a stripe below the
layer that it follows. Stages of many layers are one bar that counts them.
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from vgglab.report.blocks import Path, Picture, Words
from vgglab.report.language import Language
from vgglab.report.network import Layer, Network

WIDTH, CENTRE = 360, 176
NARROWEST, WIDEST = 96, 216
BAR, STRIPE, GAP = 21, 8, 2
MANY_LAYERS = 14  # of a stage: above, it is drawn as one

KINDS = {
    "input": ("InputLayer", "Rescaling", "Normalization"),
    "norm": ("BatchNormalization", "LayerNormalization"),
    "drop": ("Dropout", "SpatialDropout2D"),
    "dense": ("Dense",),
    "shape": ("Flatten", "Reshape"),
}
TIMES = "\u00d7"
STRIPES = {"norm", "drop", "act", "other"}


@dataclass(frozen=True)
class Stage:
    """Layers that follow one another at one size of their feature maps; `side` is None for vectors."""

    side: int | None
    layers: list[Layer]

    @property
    def name(self) -> str:
        """What its layers have in front of their names, such as `block1`, if all with weights agree."""
        prefixes = {layer.name.partition("_")[0] for layer in self.layers if layer.parameters}
        (prefix, *others) = prefixes or {""}
        return "" if others or len(self.layers) < 2 or not prefix[-1:].isdigit() or self.side is None else prefix


def kind_of(layer: Layer) -> str:
    """The kind that a layer is drawn as."""
    for kind, classes in KINDS.items():
        if layer.kind in classes:
            return kind
    if layer.is_convolution:
        return "conv"
    if layer.is_pooling:
        return "pool"
    return "act" if layer.kind in ("Activation", "ReLU", "Softmax", "LeakyReLU") else "other"


def split_stages(layers: Sequence[Layer]) -> list[Stage]:
    """The stages of a network: a pooling ends one, another size of the feature maps begins one."""
    stages: list[Stage] = []
    ended = True
    for layer in layers:
        if ended or (stages[-1].side != layer.side and not layer.is_pooling):
            stages.append(Stage(layer.side, []))
        stages[-1].layers.append(layer)
        ended = layer.is_pooling
    return stages


def draw_network(network: Network, title: Any, say: Language) -> Picture:
    """A picture of a network."""
    drawing = _Drawing(max((layer.side or 1 for layer in network.layers), default=1), say)
    for stage in split_stages(network.layers):
        drawing.add_stage(stage)
    drawing.add_legend(Counter(kind_of(layer) for layer in network.layers), any(map(is_frozen, network.layers)))
    return Picture(title, describe_network(network, say), WIDTH, drawing.y + 4, drawing.shapes, "network")


def is_frozen(layer: Layer) -> bool:
    """Whether it has parameters that training leaves alone."""
    return bool(layer.parameters) and not layer.trainable and kind_of(layer) != "input"


def size_text(shape: Sequence[int | None]) -> str:
    """`32x32x16`, with signs of multiplication."""
    return TIMES.join("?" if size is None else str(size) for size in shape)


def describe_network(network: Network, say: Language) -> Any:
    """What the drawing shows, for who cannot see it."""
    parts = []
    for stage in split_stages(network.layers):
        kinds = Counter(layer.kind for layer in stage.layers)
        inside = ", ".join(f"{count} {kind}" for kind, count in kinds.items())
        parts.append(f"{stage.name or size_text(stage.layers[0].shape)}: {inside}")
    return say("From image to classes: {stages}.", stages="; ".join(parts))


class _Drawing:
    """Shapes of a network, added from top to bottom."""

    def __init__(self, largest: int, say: Language):
        self.largest, self.say, self.y, self.width = largest, say, 4.0, float(WIDEST)
        self.shapes: list[Any] = []
        self.size: tuple[int | None, ...] = ()

    def add_stage(self, stage: Stage) -> None:
        """The bars of a stage, with its name beside them."""
        top = self.y
        self.width = self.bar_width(stage.side)
        if len(stage.layers) > MANY_LAYERS:
            self.add_many(stage)
        else:
            for layer in stage.layers:
                self.add_layer(layer)
        if stage.name:
            frozen = all(map(is_frozen, (layer for layer in stage.layers if layer.parameters)))
            self.shapes.append(Path(f"M62 {top:g}h-5V{self.y - GAP:g}h5", "bracket"))
            middle = (top + self.y) / 2
            self.shapes.append(Words(4, middle + (0 if frozen else 4), stage.name, "name"))
            if frozen:
                self.shapes.append(Words(4, middle + 13, self.say("frozen"), "tick"))
        self.y += 5

    def bar_width(self, side: int | None) -> float:
        """How wide a layer is whose feature maps have this side."""
        if side is None or self.largest <= 1:
            return NARROWEST
        share = math.log(max(side, 1)) / math.log(self.largest)
        return round(NARROWEST + (WIDEST - NARROWEST) * share, 1)

    def add_layer(self, layer: Layer) -> None:
        """The bar of a layer, what it is, and the size of what it gives where that changes."""
        kind = kind_of(layer)
        css = f"k-{kind}" + (" frozen" if is_frozen(layer) else "")
        height = STRIPE if kind in STRIPES else BAR if kind in ("conv", "dense") else 15
        self.add_bar(height, css, layer.name, self.bar_width(layer.side) if kind == "pool" else self.width)
        if kind not in STRIPES:
            self.shapes.append(
                Words(CENTRE, self.y - GAP - height / 2 + 4, self.layer_text(layer, kind), "inside", "middle")
            )
            if layer.shape and layer.shape != self.size:
                self.shapes.append(
                    Words(WIDTH - 4, self.y - GAP - height / 2 + 4, size_text(layer.shape), "tick", "end")
                )
                self.size = layer.shape

    def layer_text(self, layer: Layer, kind: str) -> Any:
        """What stands in a bar."""
        if kind == "conv":
            filters = layer.shape[-1] if layer.shape else "?"
            if layer.kernel:
                return self.say("{kernel} conv, {filters}", kernel=size_text(layer.kernel), filters=filters)
            return self.say("conv, {filters}", filters=filters)
        if kind == "dense":
            return f"{layer.name}, {layer.shape[-1] if layer.shape else '?'}"
        if kind == "pool":
            return self.say("max-pooling") if "Max" in layer.kind else self.say("pooling")
        return layer.name

    def add_many(self, stage: Stage) -> None:
        """One bar that counts the layers of a stage."""
        frozen = all(map(is_frozen, (layer for layer in stage.layers if layer.parameters)))
        self.add_bar(38, "k-conv" + (" frozen" if frozen else ""), stage.layers[0].name, self.width)
        convolutions = sum(layer.is_convolution for layer in stage.layers)
        lines = [
            self.say.many("{count} layer", "{count} layers", len(stage.layers)),
            self.say.many("{count} convolution", "{count} convolutions", convolutions),
        ]
        for order, text in enumerate(lines):
            self.shapes.append(Words(CENTRE, self.y - 25 + 14 * order, text, "inside", "middle"))
        self.size = stage.layers[-1].shape
        self.shapes.append(Words(WIDTH - 4, self.y - 18, size_text(self.size), "tick", "end"))

    def add_bar(self, height: float, css: str, title: str, below: float) -> None:
        """A bar as wide as the stage, or one that narrows to what comes below."""
        above = self.width
        d = f"M{CENTRE - above / 2:g} {self.y:g}h{above:g}L{CENTRE + below / 2:g} {self.y + height:g}h-{below:g}Z"
        self.shapes.append(Path(d, css, title))
        self.width = below
        self.y += height + GAP

    def add_legend(self, counts: Counter, frozen: bool) -> None:
        """What the colours stand for, and how many layers there are of each."""
        names = {
            "conv": self.say("convolution"),
            "norm": "BatchNormalization",
            "drop": "Dropout",
            "pool": self.say("pooling"),
            "dense": self.say("dense layer"),
            "act": self.say("activation"),
            "other": self.say("another layer"),
        }
        entries = [
            (f"k-{kind}", self.say("{kind}: {count}", kind=names[kind], count=counts[kind]))
            for kind in names
            if counts[kind]
        ]
        entries += [("k-conv frozen", self.say("frozen, not trained"))] if frozen else []
        self.y += 6
        for order, (css, text) in enumerate(entries):
            x, y = 8 + 180 * (order % 2), self.y + 18 * (order // 2)
            self.shapes.append(Path(f"M{x} {y:g}h14v12h-14z", css))
            self.shapes.append(Words(x + 20, y + 10, text, "name"))
        self.y += 18 * math.ceil(len(entries) / 2)
