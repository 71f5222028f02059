"""The model card of an exported network: what it is, how good, on what, and what it is not for."""

from collections.abc import Mapping
from typing import Any

from vgglab.config.shown import count_of, one_line, shown_name
from vgglab.exporting.formats import Format

CLASSES = 50  # named in the card; labels.txt has all


def card_text(format_: Format, told: Mapping[str, Any], files: Mapping[str, str]) -> str:
    """The text of `README.md`.

    Args:
        format_: of the model.
        told: what the export came to, as of `experiments.export.export`, with `run` (see `experiments.export.of_run`).
        files: SHA-256 of each file, by its path.
    """
    parts = [
        f"# {told['name']}, as {format_.name}{' in ' + told['quantized'] if told['quantized'] else ''}",
        _use(format_, told),
        f"## Classes\n\n{_classes(told['classes'])}",
        f"## Data\n\n{_data(told['run'])}",
        f"## How good it is\n\n{_figures(told['run'])}",
        f"## Does this file answer as the network does?\n\n{_parity(told)}",
        f"## What it is not for\n\n{_limits(told)}",
        "## Versions\n\n" + "\n".join(f"- {name} {version}" for name, version in told["versions"].items()),
        "## SHA-256\n\n```text\n" + "\n".join(f"{digest}  {path}" for path, digest in files.items()) + "\n```",
    ]
    return "\n\n".join(parts) + "\n"


def _use(format_: Format, told: Mapping[str, Any]) -> str:
    side = told["side"]
    return (
        f"`pip install pillow numpy {format_.runtime[0]}`, then `python predict.py photo.jpg`.\n\n"
        f"`{format_.file}` takes float32 (N, {side}, {side}, 3), RGB, 0 to 255, any N, and gives the probabilities of "
        f"the {len(told['classes'])} classes in `labels.txt`. Scaling is inside the model; `preprocessing.json` says "
        f"how a picture becomes {side}x{side} pixels."
    )


def _classes(classes: list[str]) -> str:
    more = f", and {len(classes) - CLASSES:,} more in labels.txt" if len(classes) > CLASSES else ""
    return ", ".join(shown_name(name) for name in classes[:CLASSES]) + more


def _data(run: Mapping[str, Any] | None) -> str:
    if run is None:
        return "Not known: the network came as a model file."
    images = ", ".join(f"{count:,} {part}" for part, count in run["images"].items())
    return f"{one_line(run['data'])}; images: {images}. SHA-256 of images, labels and split: `{run['split']}`."


def _figures(run: Mapping[str, Any] | None) -> str:
    metrics = run and run["metrics"]
    if not metrics:
        return "Not measured: the network came without test figures."
    lines = [f"On {count_of(metrics['n'], 'test image')} that it was not trained on (95 % intervals):\n"]
    lines.append(f"- accuracy {_with_interval(metrics['accuracy'], metrics['accuracy_interval'])}")
    if metrics["loss"] is not None:
        lines.append(f"- loss {_with_interval(metrics['loss'], metrics['loss_interval'])}")
    error = (metrics.get("calibration") or {}).get("error")
    if error is not None:
        meaning = "how far its probabilities are from how often it is right, on average"
        lines.append(f"- expected calibration error {error:.4f}: {meaning}")
    lines += ["\n| class | precision | recall | test images |\n|---|---|---|---|"]
    for row in metrics["per_class"][:CLASSES]:
        name = shown_name(row["class"]).replace("|", r"\|")
        lines.append(f"| {name} | {row['precision']:.3f} | {row['recall']:.3f} | {row['support']} |")
    return "\n".join(lines)


def _parity(told: Mapping[str, Any]) -> str:
    parity = told["parity"]
    lines = [
        f"Compared on {count_of(parity['n'], 'image')}, and on picture files that `predict.py` decodes:\n",
        f"- largest difference of a probability: {_number(parity['largest'])}; of files: "
        f"{_number(parity['largest_of_files'])}; of a decoded pixel: {parity['pixels']}",
        f"- same most probable class: {parity['same']:.1%}",
    ]
    for name, figures in (parity["accuracy"] or {}).items():
        what = "the network" if name == "network" else "this file"
        lines.append(f"- accuracy of {what}: {_with_interval(figures['accuracy'], figures['interval'])}")
    lines.append(f"\n| | bytes | {' | '.join(f'ms for {count}' for count in told['latency'])} |\n|---|---|---|---|")
    before = told["before"]
    rows = [(before["name"], before)] if before else []
    for name, row in [*rows, ("this file", told)]:
        cells = (f"{taken['median']:.2f}" for taken in row["latency"].values())
        lines.append(f"| {name} | {row['size']:,} | {' | '.join(cells)} |")
    return "\n".join([*lines, f"\nMedians of calls on {told['processor']}, {told['cores']} cores."])


def _limits(told: Mapping[str, Any]) -> str:
    return (
        f"It knows {len(told['classes'])} classes and gives every picture one of them, also one that shows none. Its "
        "figures hold for pictures like those of its test; on pictures of another kind, camera or population they do "
        "not, and have to be measured (`vgglab evaluate RUN --data PATH`). A high probability is no proof. Nobody has "
        "examined it for decisions about people, medical ones, or any where a mistake does harm."
    )


def _with_interval(value: float, interval: list[float] | None) -> str:
    return f"{value:.4f}" + (f" ({interval[0]:.4f} to {interval[1]:.4f})" if interval else "")


def _number(value: float | None) -> str:
    return "no finite number" if value is None else f"{value:.1e}"
