"""The lab's F3, a frozen VGG-16 with a new head for 100 epochs: vgglab against a plain Keras script.

    python benchmarks/fine_tune.py --images 40000 --epochs 100

vgglab trains all epochs, validating after each, with signals, checkpoints and the first pass through the frozen
layers counted, in a process of its own that tells its peak memory. The Keras script fits the same network, frozen
layers and all, for two epochs on `--keras-images` images; the time of its second epoch is multiplied to the same
number of images and epochs, which is what it would take, as every epoch does the same work. The weights are
random: what they are makes no difference to the time.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time

VALIDATION_SHARE = 0.2
BATCH = 64


def time_vgglab(images: int, epochs: int) -> dict[str, float]:
    """Seconds of a whole run's training, first pass included, and the process's peak memory in GB."""
    import vgglab

    with tempfile.TemporaryDirectory() as folder:
        os.environ["VGGLAB_CACHE"] = f"{folder}/cache"
        options = {"backbone": "VGG16", "weights": "none", "learning_rate": 0.01, "epochs": epochs, "data": "cifar10"}
        limit = images if images < 40_000 else None
        run = vgglab.run(**options, limit=limit, out=folder, progress="none")
        history = run.history
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return {"seconds": run.record.seconds, "first": history[0]["seconds"], "last": history[-1]["seconds"], "peak": peak}


def time_keras(images: int) -> dict[str, float]:
    """Seconds of the second epoch of a plain Keras script, on `images` and a fifth more for validation."""
    import keras
    import numpy as np

    random = np.random.default_rng(0)
    held_out = round(images * VALIDATION_SHARE / (1 - VALIDATION_SHARE))
    pictures = random.random((images + held_out, 32, 32, 3), dtype="float32")
    labels = random.integers(0, 10, images + held_out)
    base = keras.applications.VGG16(weights=None, include_top=False, input_shape=(32, 32, 3))
    base.trainable = False
    head = [keras.layers.Flatten(), keras.layers.Dense(512, "relu"), keras.layers.Dense(10, "softmax")]
    model = keras.Sequential([base, *head])
    model.compile(keras.optimizers.SGD(0.01), "sparse_categorical_crossentropy", metrics=["accuracy"])
    seconds = []

    class Clock(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            self.started = time.perf_counter()

        def on_epoch_end(self, epoch, logs=None):
            seconds.append(time.perf_counter() - self.started)

    validation = (pictures[images:], labels[images:])
    model.fit(pictures[:images], labels[:images], BATCH, 2, 0, [Clock()], validation_data=validation)
    return {"second_epoch": seconds[1], "images": images}


def in_own_process(program: str, *arguments: int) -> dict[str, float]:
    """The figures of a program that ran in a new process, with oneDNN on for both."""
    environment = os.environ | {"TF_ENABLE_ONEDNN_OPTS": "1", "TF_CPP_MIN_LOG_LEVEL": "2"}
    command = [sys.executable, __file__, "--program", program, "--arguments", json.dumps(arguments)]
    output = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout
    return json.loads(output.splitlines()[-1])


def main() -> None:
    """Measure both in turns, print each round and the ratio of the medians."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=40_000, help="training images; a quarter more for validation")
    parser.add_argument("--epochs", type=int, default=100)
    parser.add_argument("--keras-images", type=int, default=4_000, help="training images of the Keras script")
    parser.add_argument("--rounds", type=int, default=3, help="of the Keras script, before and after vgglab")
    parser.add_argument("--program", help=argparse.SUPPRESS)
    parser.add_argument("--arguments", type=json.loads, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.program:
        print(json.dumps({"vgglab": time_vgglab, "keras": time_keras}[asked.program](*asked.arguments)))
        return
    rounds = []
    for number in range(asked.rounds):
        rounds.append(in_own_process("keras", asked.keras_images)["second_epoch"])
        print(f"keras, second epoch of {asked.keras_images:,} images: {rounds[-1]:.1f} s", flush=True)
        if number == asked.rounds // 2:
            ours = in_own_process("vgglab", asked.images, asked.epochs)
            print(f"vgglab: {json.dumps(ours)}", flush=True)
    keras_seconds = sorted(rounds)[len(rounds) // 2] * asked.images / asked.keras_images * asked.epochs
    print(f"keras, {asked.epochs} epochs of {asked.images:,} images: {keras_seconds:,.0f} s (multiplied)")
    print(f"vgglab is {keras_seconds / ours['seconds']:.1f} times as fast; peak memory {ours['peak']:.2f} GB")


if __name__ == "__main__":
    main()
