"""What recording costs a whole run: the same training with and without signals, in alternating rounds.

    python benchmarks/signals_cost.py [--rounds 3] [--data cifar10 --limit 5000] [--epochs 2] [--width 0.25]

Each round trains both in one process, in turns that change their order; the first round, in which much is compiled,
is not counted. Prints wall-clock and processor seconds of each, and the median of the rounds' relative differences of
the latter, which other programs on the machine disturb less.
"""

import argparse
import tempfile
import time
from statistics import median

import vgglab


def seconds_of(signals: bool, options: dict) -> float:
    """Processor seconds of the whole run: data, training, evaluation, diagnosis."""
    with tempfile.TemporaryDirectory() as folder:
        started, computed = time.perf_counter(), time.process_time()
        run = vgglab.run(**options, signals=signals, out=folder, progress="none")
        whole, computed = time.perf_counter() - started, time.process_time() - computed
        told = f"{run.record.seconds:.2f} s in epochs, whole run {whole:.2f} s, {computed:.2f} s of processor time"
        print(f"signals {'on' if signals else 'off'}: {told}", flush=True)
        return computed


def main() -> None:
    """Time the rounds and print the cost."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--data", default="digits")
    parser.add_argument("--limit", type=int, default=None)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--width", type=float, default=0.25)
    given = parser.parse_args()
    options = {name: getattr(given, name) for name in ("data", "limit", "epochs", "width")}
    options |= {"batch_norm": True, "learning_rate": 0.1}
    costs = []
    for number in range(given.rounds + 1):
        order = (True, False) if number % 2 else (False, True)
        taken = {signals: seconds_of(signals, options) for signals in order}
        if number:
            costs.append(taken[True] / taken[False] - 1)
    spread = f"{min(costs):.1%} to {max(costs):.1%}"
    print(
        f"recording cost {median(costs):.1%} of the processor time of the whole run (median of {len(costs)}, {spread})"
    )


if __name__ == "__main__":
    main()
