"""Formats and networks: do they answer alike, how large are they, how long does a call take; a Markdown table.

    python benchmarks/exporting.py runs/quarter runs/mobilenetv2 vgg16.keras --rounds 15

Every round times Keras and each format once, in turn, so that what else the machine does meets them alike. A `.keras`
file is compared on the digits.
"""

import argparse
import os
import platform
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np

FORMATS = "onnx,litert,savedmodel,openvino"
TOGETHER = (1, 32)
BRIEF = 0.1  # seconds: a call that takes less is repeated until it has taken so long


def timed(engine, batch: np.ndarray) -> float:
    """Milliseconds of a call."""
    begun, calls = time.perf_counter(), 0
    while calls == 0 or time.perf_counter() - begun < BRIEF:
        engine(batch)
        calls += 1
    return 1000 * (time.perf_counter() - begun) / calls


def rounds_of(engines: dict, side: int, rounds: int) -> dict:
    """Milliseconds of each round, by engine and number of images."""
    images = np.random.default_rng(0).integers(0, 256, (max(TOGETHER), side, side, 3)).astype(np.float32)
    taken = {(name, count): [] for name in engines for count in TOGETHER}
    for number in range(rounds + 1):
        for name, count in taken:
            spent = timed(engines[name], images[:count])
            if number:  # the first round warms up
                taken[name, count].append(spent)
    return taken


def told(values: list[float]) -> str:
    return f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


def lines_of(run: Path, rounds: int, out: Path) -> list[str]:
    """Rows of the table of one network."""
    from vgglab.experiments.export import export
    from vgglab.exporting.exported import open_exported
    from vgglab.runs.find import find_classifier

    classifier, data = find_classifier(run), "digits" if run.is_file() else None
    rows = {row["format"]: row for row in export(run, FORMATS, out=out, data=data)}
    engines = {"Keras": classifier.model.predict_on_batch}
    engines |= {name: open_exported(Path(row["folder"])).engine for name, row in rows.items()}
    taken = rounds_of(engines, classifier.picture_side, rounds)
    size = (run if run.is_file() else run / "best.keras").stat().st_size
    lines = []
    for name in engines:
        parity = rows[name]["parity"] if name in rows else None
        difference = "" if parity is None else f"{max(parity['largest'], parity['largest_of_files']):.1e}"
        same = "" if parity is None else f"{parity['same']:.1%} of {parity['n']}"
        megabytes = (rows[name]["size"] if name in rows else size) / 1e6
        cells = [
            run.stem,
            name,
            difference,
            same,
            f"{megabytes:.1f}",
            *(told(taken[name, count]) for count in TOGETHER),
        ]
        lines.append(f"| {' | '.join(cells)} |")
        print(lines[-1], flush=True)
    return lines


def main() -> None:
    from vgglab.keras_tools.backend import import_keras
    from vgglab.runs.environment import installed_versions, package_version, processor_name

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("runs", nargs="+", type=Path)
    parser.add_argument("--rounds", type=int, default=15)
    arguments = parser.parse_args()
    import_keras()
    with tempfile.TemporaryDirectory() as out:
        lines = [line for run in arguments.runs for line in lines_of(run, arguments.rounds, Path(out))]
    runtimes = {name: package_version(name) for name in ("onnxruntime", "ai-edge-litert", "openvino")}
    print(f"\n{processor_name()}, {os.cpu_count()} cores, Python {platform.python_version()}, {installed_versions()}")
    print(f"{runtimes}; n = {arguments.rounds} rounds; milliseconds a call, median (min to max)\n")
    print("| network | format | largest difference | same class | MB | 1 image | 32 images |")
    print("|---|---|---|---|---|---|---|")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
