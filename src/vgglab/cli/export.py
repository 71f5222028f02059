"""`vgglab export`: a network in other formats, shown to answer alike."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from vgglab.cli.console import print_table, say
from vgglab.cli.parameters import Classes, Code, DataDir, Json, Model, run_code
from vgglab.config.export import FORMATS, QUANTIZED, ExportSettings
from vgglab.keras_tools.backend import import_keras


def export(
    model: Model,
    to: Annotated[str, typer.Option(metavar="LIST", help=f"Formats, comma-separated: {', '.join(FORMATS)}.")],
    out: Annotated[Path, typer.Option(help="Folder that a folder for each format is made in.")] = Path("exported"),
    quantize: Annotated[
        str | None, typer.Option(metavar="BITS", help=f"Fewer bits: {' or '.join(QUANTIZED)}.")
    ] = ExportSettings.quantize,
    images: Annotated[int, typer.Option(min=1, help="Test images that are compared.")] = ExportSettings.images,
    at_most: Annotated[
        float, typer.Option(min=0, max=1, help="Accuracy that --quantize may cost.")
    ] = ExportSettings.at_most,
    data: Annotated[
        str | None, typer.Option(metavar="DATA", help="Where a run's pictures are now; of a file what to compare on.")
    ] = None,
    data_dir: DataDir = None,
    classes: Classes = None,
    code: Code = None,
    as_json: Json = False,
) -> None:
    """Write a network for other runtimes, and prove that it answers alike; code 1 if it does not."""
    from vgglab.errors import UsageError

    if quantize not in (None, *QUANTIZED):
        raise UsageError(f"--quantize {quantize}: expected {' or '.join(QUANTIZED)}")
    import_keras()
    from vgglab.experiments.export import export as export_model

    run_code(code)
    told = {"classes": classes, "quantize": quantize, "images": images, "at_most": at_most}
    rows = export_model(model, to, out=out, **told, data=data, data_dir=data_dir)
    typer.echo(json.dumps(rows, indent=1)) if as_json else _show(rows)
    for row in rows:
        say(_verdict(row, at_most))
    if any(row["status"] != "exported" for row in rows):
        raise typer.Exit(1)


def _show(rows: list[dict[str, Any]]) -> None:
    """A row for each format; of a quantized one the format as it was comes before."""
    header = ["format", "bytes", "largest difference", "of files", "same class", "accuracy", "95 %", "1 image", "32"]
    print_table(header, [cells for row in rows for cells in _cells(row)])


def _cells(row: dict[str, Any]) -> list[list[str]]:
    parity, before = row["parity"], row["before"]
    network, exported = (parity["accuracy"] or {}).get("network"), (parity["accuracy"] or {}).get("exported")
    answers = [_number(parity["largest"]), _number(parity["largest_of_files"]), f"{parity['same']:.4f}"]
    name = row["format"] if before is None else f"{row['format']} {row['quantized']}"
    lines = [[name, f"{row['size']:,}", *answers, *_accuracy(exported), *_times(row)]]
    if before:
        lines.insert(0, [row["format"], f"{before['size']:,}", "", "", "", *_accuracy(network), *_times(before)])
    return lines


def _accuracy(figures: dict[str, Any] | None) -> list[str]:
    if figures is None:
        return ["", ""]
    low, high = figures["interval"]
    return [f"{figures['accuracy']:.4f}", f"{low:.4f} to {high:.4f}"]


def _times(row: dict[str, Any]) -> list[str]:
    return [f"{taken['median']:.2f} ms" for taken in row["latency"].values()]


def _number(value: float | None) -> str:
    return "not finite" if value is None else f"{value:.1e}"


def _verdict(row: dict[str, Any], at_most: float) -> str:
    what = row["format"]
    if row["status"] == "refused":
        cost = f"costs {row['cost']:.4f} of accuracy, more than --at-most {at_most:g}"
        return f"vgglab: {what} in {row['quantized']} {cost}; nothing is written"
    if row["status"] == "differs":
        return f"vgglab: {what} does not answer as the network does; kept in {row['folder']}, do not use it"
    kept = f"for {row['cost']:.4f} of accuracy" if row["before"] else "the same answers"
    return f"written: {row['folder']}, {kept} on {row['parity']['n']:,} images"
