"""Are two trainings of one seed equal to the bit? In processes of their own, as two commands would be.

    KERAS_BACKEND=jax python benchmarks/gpu/bits.py --seconds 230 --out results

The second process reads the programs that the first one compiled. As it comes, and on a GPU with XLA asked for
deterministic operations too (`--xla_gpu_deterministic_ops=true`).
"""

import hashlib
import json
import os
import subprocess
import sys
from argparse import Namespace
from collections.abc import Sequence
from typing import Any

from common import Clock, Row, backend, devices_here, keep, parse, say, settings, show, train

PRECISIONS = ("float32", "bfloat16")
WAYS = {"as it comes": "", "deterministic": "--xla_gpu_deterministic_ops=true"}
NEEDED = 100  # seconds of two trainings in each precision
RUN = {"model.batch_norm": True, "train.learning_rate": 0.1, "train.epochs": 2, "data.limit": 2000}


def digests(given: Namespace) -> dict[str, Any]:
    """Precision -> a hash of the weights after a training, and its seconds; and the `devices`."""
    found = {"devices": devices_here()}
    for precision in PRECISIONS:
        row = train(RUN | settings(given) | {"train.precision": precision})
        digest = hashlib.sha256(b"".join(each.tobytes() for each in row["weights"])).hexdigest()
        found[precision] = {"digest": digest, "epoch": row["epoch"]}
    return found


def in_process(given: Namespace, flags: str, seconds: float) -> dict[str, Any]:
    """The same, by another process with more of XLA's flags."""
    environment = os.environ | {"XLA_FLAGS": f"{os.environ.get('XLA_FLAGS', '')} {flags}".strip()}
    options = ["--child", "yes", "--data", given.data, *(f"--set={each}" for each in given.set)]
    done = subprocess.run(
        [sys.executable, __file__, *options], stdout=subprocess.PIPE, text=True, env=environment, timeout=seconds
    )
    return json.loads(done.stdout.strip().splitlines()[-1])


def main(arguments: Sequence[str] | None = None) -> list[Row]:
    """Train twice in each way, and compare."""
    given = parse(__doc__, arguments, child="")
    if given.child:
        print(json.dumps(digests(given)))
        return []
    clock, rows, one = Clock(given.seconds), [], {"devices": []}
    for way, flags in WAYS.items():
        if rows and not (clock.allows(NEEDED) and backend() == "jax" and one["devices"][0]["kind"] == "gpu"):
            say(f"{way}: no time left, or no GPU")
            break
        one, other = (in_process(given, flags, max(1, clock.left())) for _ in range(2))
        rows += [compared(way, precision, one[precision], other[precision]) for precision in PRECISIONS]
        keep(given, "bits", rows, devices=one["devices"])
    show(rows)
    return rows


def compared(way: str, precision: str, one: dict, other: dict) -> Row:
    """A row: whether two trainings gave the same weights."""
    same = one["digest"] == other["digest"]
    return {"way": way, "precision": precision, "same bits": same, "epoch": other["epoch"]}


if __name__ == "__main__":
    main()
