"""What several devices gain: images a second of VGG-16 with BatchNormalization in bfloat16, on one device and on all.

    KERAS_BACKEND=torch python benchmarks/gpu/devices.py --seconds 230 --out results

vgglab is measured as people run it: 10,000 validation images, signals and checkpoints in its epochs. A batch is so many
images on one device, and as many, or so many times as many, on several. JAX and torch only.
"""

from argparse import Namespace
from collections.abc import Sequence

from common import Clock, Row, keep, parse, say, settings, show, train

from vgglab.engines.counting import count_devices

EPOCHS = 4
NEEDED = 45  # seconds for a row


def shared_row(devices: int, batch_size: int, given: Namespace) -> Row:
    """A run of EPOCHS epochs; what fails is a row that says so."""
    say(f"{devices} devices, batch {batch_size}, {given.clock.left():.0f} s left")
    name = {"devices": devices, "batch": batch_size}
    tree = {"model.batch_norm": True, "train.learning_rate": 0.1, "train.epochs": EPOCHS, "train.precision": "bfloat16"}
    try:
        return name | train(tree | {"train.devices": devices, "train.batch_size": batch_size} | settings(given))
    except Exception as error:
        return name | {"status": f"{type(error).__name__}: {error}"}


def main(arguments: Sequence[str] | None = None) -> list[Row]:
    """Measure what there is time for."""
    given = parse(__doc__, arguments, batch=512)
    given.clock, rows, there = Clock(given.seconds), [], count_devices("all")
    for devices, batch_size in dict.fromkeys([(1, given.batch), (there, there * given.batch), (there, given.batch)]):
        if given.clock.allows(NEEDED):
            rows.append(shared_row(devices, batch_size, given))
            keep(given, "devices", rows)
    show(rows)
    return rows


if __name__ == "__main__":
    main()
