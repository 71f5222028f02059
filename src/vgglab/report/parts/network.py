"""What networks are, and what changed from one to another."""

from collections import Counter
from dataclasses import replace
from typing import Any

from markupsafe import Markup

from vgglab.report.architecture import draw_network, kind_of, size_text
from vgglab.report.blocks import Figure, Table, Text
from vgglab.report.language import Language, code
from vgglab.report.network import Layer, Network
from vgglab.report.parts.gaps import make_gap
from vgglab.report.parts.tables import layers_table
from vgglab.report.parts.words import name_run
from vgglab.report.records import SUMMARY, Missing, Records

LAYERS_NAMED = 4


def drawing(run: Records, say: Language, folded: bool = False) -> list[Any]:
    """A run's network in words, as a drawing and layer by layer."""
    network = run.network
    title = say("Network of {run}", run=run.name)
    layers = layers_table(network, say("Layers of {run}", run=code(run.name)), say)
    figure = Figure([draw_network(network, title, say)], "", [layers], "narrow")
    blocks: list[Any] = [
        Text(tell_network(run, network, say)),
        replace(figure, css="narrow folded") if folded else figure,
    ]
    if not network.complete:
        missing = Missing(run.folder, "network.json", remedy=SUMMARY)
        blocks.append(make_gap(missing, say("Sizes of some layers"), say))
    return blocks


def tell_network(run: Records, network: Network, say: Language) -> Markup:
    """Layers, sizes and parameters in words."""
    kinds = Counter(kind_of(layer) for layer in network.layers)
    parts = [
        say.many("{count} convolution", "{count} convolutions", kinds["conv"]),
        say.many("{count} pooling layer", "{count} pooling layers", kinds["pool"]),
        say.many("{count} dense layer", "{count} dense layers", kinds["dense"]),
    ]
    if kinds["norm"]:
        parts.append(f"{kinds['norm']} BatchNormalization")
    if kinds["drop"]:
        parts.append(f"{kinds['drop']} Dropout")
    first, last = network.layers[0], network.layers[-1]
    text = say("The network of {run} has {layers}.", run=name_run(run), layers=say.list(parts))
    if first.shape and last.shape:
        text += " " + say(
            "From an image of {input} values it makes {classes} probabilities; its feature maps are {size} at the end.",
            input=size_text(first.shape),
            classes=size_text(last.shape),
            size=size_text(last_maps(network)),
        )
    return text + " " + tell_parameters(run, network, say)


def last_maps(network: Network) -> tuple[int | None, ...]:
    """The size of the last feature maps."""
    return next((layer.shape for layer in reversed(network.layers) if layer.side is not None), ())


def tell_parameters(run: Records, network: Network, say: Language) -> Markup:
    """How many parameters there are, and which of them are trained."""
    counts = network.parameters or run.parameters
    total, trainable = counts.get("total"), counts.get("trainable")
    if not total or trainable is None:
        return Markup("")
    if total == trainable:
        text = say("All of its {total} parameters are trained.", total=say.whole(total))
    else:
        text = say(
            "It has {total} parameters; {trainable} are trained ({share}).",
            total=say.whole(total),
            trainable=say.whole(trainable),
            share=say.percent(trainable / total),
        )
        trained = [layer for layer in network.layers if layer.parameters and layer.trainable]
        if len(trained) <= LAYERS_NAMED:
            text += " " + say("The layers that are trained: {names}.", names=say.list([code(a.name) for a in trained]))
    return text + " " + say("Cost of an image, in floating-point operations: {flops}.", flops=say.big(run.record.flops))


def change(before: Records, after: Records, say: Language) -> list[Any]:
    """What was added, what it costs in parameters, and both networks side by side."""
    old, new = before.network, after.network
    pictures = [
        draw_network(network, say("Network of {run}", run=run.name), say)
        for run, network in ((before, old), (after, new))
    ]
    caption = say(
        "Left {before}, right {after}; on a narrow screen one below the other.",
        before=code(before.name),
        after=code(after.name),
    )
    return [
        Text(tell_change_of_networks(before, old, after, new, say)),
        *parameters_table(before, after, say),
        Figure(pictures, caption, [layers_table(new, say("Layers of {run}", run=code(after.name)), say)]),
    ]


def tell_change_of_networks(before: Records, old: Network, after: Records, new: Network, say: Language) -> Markup:
    """Layers that were added or removed, and where they sit."""
    names = {layer.name for layer in old.layers}, {layer.name for layer in new.layers}
    added = [layer for layer in new.layers if layer.name not in names[0]]
    removed = [layer for layer in old.layers if layer.name not in names[1]]
    sentences = []
    values = {"after": name_run(after), "before": name_run(before)}
    if added:
        sentences.append(
            say.many(
                "{after} has {count} layer that {before} lacks: {kinds}.",
                "{after} has {count} layers that {before} lacks: {kinds}.",
                len(added),
                kinds=count_kinds(added, say),
                **values,
            )
        )
    if removed:
        sentences.append(
            say.many(
                "{before} has {count} layer that {after} lacks: {kinds}.",
                "{before} has {count} layers that {after} lacks: {kinds}.",
                len(removed),
                kinds=count_kinds(removed, say),
                **values,
            )
        )
    if not sentences:
        sentences.append(say("{before} and {after} have the same layers.", **values))
    sentences += tell_places(added, new, say)
    return Markup(" ").join(sentences)


def count_kinds(layers: list[Layer], say: Language) -> Markup:
    """`13 BatchNormalization and 8 Dropout (0.2)`."""
    kinds = Counter(kind_text(layer, say) for layer in layers)
    return say.list([f"{count} {kind}" for kind, count in kinds.items()])


def kind_text(layer: Layer, say: Language) -> Any:
    """A layer's kind, with the rate of a Dropout."""
    return f"{layer.kind} ({say.short(layer.rate)})" if layer.rate else layer.kind


def tell_places(added: list[Layer], network: Network, say: Language) -> list[Markup]:
    """Behind how many convolutions the added layers sit, and whether any is next to a pooling."""
    kinds = {layer.kind for layer in added if kind_of(layer) in ("norm", "drop")}
    sentences = []
    for kind in sorted(kinds):
        own = {layer.name for layer in added if layer.kind == kind}
        behind, beside = places(network, own)
        sentences.append(
            say(
                "{kind} follows {count} of the {all} convolutions.",
                kind=kind,
                count=behind,
                all=len(network.convolutions),
            )
        )
        if kind_of(next(layer for layer in added if layer.kind == kind)) == "drop":
            sentences.append(
                say("None of them is next to a pooling layer.")
                if not beside
                else say.many(
                    "{count} of them is next to a pooling layer.",
                    "{count} of them are next to a pooling layer.",
                    beside,
                )
            )
    return sentences


def places(network: Network, names: set[str]) -> tuple[int, int]:
    """How many convolutions have one of the layers before the next layer of another block, and how many of these
    layers are directly before or after a pooling."""
    behind, beside, last = 0, 0, None
    layers = network.layers
    for order, layer in enumerate(layers):
        if layer.name in names:
            behind += last is not None and last.is_convolution
            around = [*layers[max(order - 1, 0) : order], *layers[order + 1 : order + 2]]
            beside += any(neighbour.is_pooling for neighbour in around)
        if layer.is_convolution or layer.is_pooling or kind_of(layer) == "dense":
            last = layer
    return behind, beside


def parameters_table(before: Records, after: Records, say: Language) -> list[Table]:
    """Parameters of both, trainable and not, and what a prediction costs."""
    if not before.parameters or not after.parameters:
        return []
    rows = []
    for key, label in (("total", say("parameters")), ("trainable", say("trainable")), ("frozen", say("not trainable"))):
        rows.append(_difference_row(label, before.parameters.get(key), after.parameters.get(key), say))
    rows.append(_difference_row(say("operations for an image"), before.record.flops, after.record.flops, say))
    header = ["", code(before.name), code(after.name), say("difference")]
    return [Table(say("Parameters of both networks"), header, rows)]


def _difference_row(label: Any, old: int | None, new: int | None, say: Language) -> list[Any]:
    difference = None if old is None or new is None else new - old
    sign = "" if not difference else "+" if difference > 0 else "\u2212"
    return [label, say.whole(old), say.whole(new), sign + say.whole(None if difference is None else abs(difference))]
