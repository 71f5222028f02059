"""Trainings on real pictures through the command line: faults, and healthy runs; written before the rules saw any."""

from collections.abc import Callable
from dataclasses import dataclass

from pictures import (
    Parts,
    blank,
    brighter,
    changed,
    cifar,
    coarse,
    in_groups,
    leaked,
    photos,
    renamed,
    shifted,
    shuffled,
    thinned,
)


@dataclass(frozen=True)
class Plan:
    """One training.

    Attributes:
        name: says what is planted, and in which form.
        causes: codes of findings that name the fault; none for a healthy run.
        options: of `vgglab train`, as one would type them.
        folder: makes the folder of pictures; None where the options name the data.
    """

    name: str
    causes: tuple[str, ...]
    options: str
    folder: Callable[[], Parts] | None = None


SCRATCH = "--width 0.1 --batch-norm --optimizer adam --learning-rate 0.001 --batch-size 32 --image-size 32"
PLAIN = "--width 0.1 --batch-size 32 --image-size 32"
CIFAR = "--data cifar10 --limit 1500"
HEAD = "--backbone VGG16 --weights builtin --preprocessing backbone --freeze all --image-size 32 --head-units 64"
MOBILE = "--backbone MobileNetV2 --weights IMAGENET --preprocessing backbone --freeze all "
MOBILE += "--pooling avg --image-size 96 --head-units 64"
LONG = "--batch-size 16 --epochs 20"  # 600 steps; after 460 BatchNormalization keeps 1 % of its first statistics
ADAM = "--optimizer adam --learning-rate 0.001"
TOO_SMALL = ("learning_rate_too_small",)
UNDERFITTED = ("underfitting",)
TOO_LARGE = ("learning_rate_too_large", "diverged")
TOO_FEW = ("statistics_unsettled", "training_too_short", "not_learned_yet")
BY_HEART = ("overfitting", "validation_at_chance")
EASY = ("airplane", "frog")
FIVE = ("airplane", "automobile", "frog", "horse", "ship")
THREE = ("airplane", "automobile", "frog")


def two() -> Parts:
    """Aeroplanes and frogs."""
    return cifar(EASY, 300, 80)


def five() -> Parts:
    """Five classes that a small network tells apart."""
    return cifar(FIVE, 200, 60)


def ten() -> Parts:
    """CIFAR-10's classes."""
    return cifar(None, 120, 30)


RATES = [
    Plan("rate sgd 30", TOO_LARGE, f"{CIFAR} {SCRATCH} --optimizer sgd --learning-rate 30 --epochs 3"),
    Plan("rate adam 0.5", TOO_LARGE, f"{CIFAR} {SCRATCH} --learning-rate 0.5 --epochs 3"),
    Plan("rate adam 0.1 plain", TOO_LARGE, f"{CIFAR} {PLAIN} --optimizer adam --learning-rate 0.1 --epochs 3"),
    Plan("rate rmsprop 0.3", TOO_LARGE, f"{CIFAR} {SCRATCH} --optimizer rmsprop --learning-rate 0.3 --epochs 3"),
    Plan("rate head sgd 10", TOO_LARGE, f"{CIFAR} {HEAD} --learning-rate 10 --epochs 4"),
    Plan("small sgd 1e-6", TOO_SMALL, f"{CIFAR} {SCRATCH} --optimizer sgd --learning-rate 1e-6 --epochs 3"),
    Plan("small adam 1e-7", TOO_SMALL, f"{CIFAR} {SCRATCH} --learning-rate 1e-7 --epochs 3"),
    Plan(
        "small sgd 1e-5 dropout",
        TOO_SMALL,
        f"{CIFAR} {SCRATCH} --optimizer sgd --learning-rate 1e-5 --dropout 0.2 --epochs 3",
    ),
    Plan("small head 1e-7", TOO_SMALL, f"{CIFAR} {HEAD} --optimizer adam --learning-rate 1e-7 --epochs 5"),
    Plan("plain sgd", ("signal_lost",), f"{CIFAR} {PLAIN} --learning-rate 0.01 --epochs 3"),
    Plan("plain sgd momentum", ("signal_lost",), f"{CIFAR} {PLAIN} --learning-rate 0.05 --momentum 0.9 --epochs 3"),
]
LENGTHS = [
    Plan("steps 7 of ten classes", TOO_FEW, f"--data cifar10 --limit 500 {SCRATCH} --batch-size 64 --epochs 1"),
    Plan("steps 7 of hundred classes", TOO_FEW, f"--data cifar100 --limit 500 {SCRATCH} --batch-size 64 --epochs 1"),
    Plan("steps 19 of hundred classes", TOO_FEW, f"--data cifar100 --limit 1500 {SCRATCH} --batch-size 64 --epochs 1"),
    Plan("steps 1", TOO_FEW, f"--data cifar10 --limit 300 {SCRATCH} --batch-size 256 --epochs 1"),
    Plan("steps 15 in three epochs", TOO_FEW, f"{CIFAR} {SCRATCH} --batch-size 256 --epochs 3"),
    Plan("steps 18 sgd", TOO_FEW, f"{CIFAR} {SCRATCH} --optimizer sgd --learning-rate 0.1 --batch-size 64 --epochs 1"),
    Plan("two epochs", TOO_FEW, f"{CIFAR} {SCRATCH} --learning-rate 0.0003 --epochs 2"),
    Plan("head two epochs", TOO_FEW, f"{CIFAR} {HEAD} --learning-rate 0.003 --epochs 2"),
    Plan("dropout 0.85", UNDERFITTED, f"{CIFAR} {SCRATCH} --dropout 0.85 --epochs 6"),
    Plan("dropout 0.85 plain", UNDERFITTED, f"{CIFAR} {PLAIN} {ADAM} --dropout 0.85 --epochs 6"),
    Plan(
        "dropout 0.9 sgd",
        UNDERFITTED,
        f"{CIFAR} {SCRATCH} --optimizer sgd --learning-rate 0.05 --dropout 0.9 --epochs 6",
    ),
    Plan("heart scratch", BY_HEART, f"--data cifar10 --limit 500 {SCRATCH} --batch-size 16 --epochs 25"),
    Plan("heart head", BY_HEART, f"--data cifar10 --limit 800 {HEAD} --head-units 512 {ADAM} --epochs 30"),
    Plan(
        "heart tiny cats and dogs",
        BY_HEART,
        f"{SCRATCH} --batch-size 8 --epochs 90",
        lambda: cifar(("cat", "dog"), 30, 25),
    ),
    Plan("heart photos", BY_HEART, f"{SCRATCH} --batch-size 8 --epochs 45", lambda: photos(60, 40)),
    Plan(
        "random features",
        ("layers_frozen",),
        f"{CIFAR} --backbone MobileNetV2 --weights none --freeze all --pooling avg --image-size 32 {ADAM} --epochs 4",
    ),
]
LABELS = [
    Plan("swapped two", ("labels_renamed",), f"{SCRATCH} --epochs 6", lambda: shifted(two())),
    Plan("swapped two head", ("labels_renamed",), f"{HEAD} {ADAM} --epochs 6", lambda: shifted(two())),
    Plan("swapped photos", ("labels_renamed",), f"{MOBILE} {ADAM} --epochs 10", lambda: shifted(photos())),
    Plan(
        "swapped horses and deer",
        ("labels_renamed",),
        f"{HEAD} {ADAM} --epochs 8",
        lambda: shifted(cifar(("deer", "horse"), 400, 80)),
    ),
    Plan("permuted three", ("labels_renamed",), f"{HEAD} {ADAM} --epochs 6", lambda: shifted(cifar(THREE, 250, 60))),
    Plan("permuted five head", ("labels_renamed",), f"{MOBILE} {ADAM} --epochs 8", lambda: shifted(five())),
    Plan("permuted ten", ("labels_renamed",), f"{SCRATCH} --epochs 6", lambda: shifted(ten())),
    Plan("permuted three of ten", ("labels_renamed",), f"{HEAD} {ADAM} --epochs 8", lambda: shifted(ten(), 3)),
    Plan("swapped two of five", ("labels_renamed",), f"{HEAD} {ADAM} --epochs 10", lambda: shifted(five(), 2)),
    Plan(
        "merged in validation",
        ("labels_renamed",),
        f"{HEAD} {ADAM} --epochs 8",
        lambda: renamed(five(), {"frog": "horse"}),
    ),
    Plan(
        "merged in training",
        ("labels_renamed",),
        f"{HEAD} {ADAM} --epochs 8",
        lambda: renamed(five(), {"ship": "horse"}, "train", kept=10),
    ),
    Plan(
        "merged of three",
        ("labels_renamed",),
        f"{HEAD} {ADAM} --epochs 6",
        lambda: renamed(cifar(THREE, 250, 60), {"frog": "airplane"}),
    ),
    Plan("shuffled training", ("labels_shuffled",), f"{HEAD} {ADAM} --epochs 8", lambda: shuffled(ten(), ("train",))),
    Plan(
        "shuffled both", ("labels_shuffled",), f"{HEAD} {ADAM} --epochs 15", lambda: shuffled(two(), ("train", "val"))
    ),
    Plan(
        "shuffled validation",
        ("validation_unlike_training", "labels_shuffled"),
        f"{HEAD} {ADAM} --epochs 8",
        lambda: shuffled(five(), ("val",)),
    ),
    Plan("noisy 40 %", ("labels_noisy",), f"{HEAD} {ADAM} --epochs 10", lambda: shuffled(five(), ("train",), 0.5)),
    Plan("noisy two", ("labels_noisy",), f"{HEAD} {ADAM} --epochs 8", lambda: shuffled(two(), ("train",), 0.7)),
]
PICTURES = [
    Plan(
        "blank fifth",
        ("images_constant",),
        f"{HEAD} {ADAM} --epochs 4",
        lambda: changed(five(), blank, ("train", "val"), 0.2),
    ),
    Plan(
        "blank most", ("images_constant",), f"{HEAD} {ADAM} --epochs 4", lambda: changed(two(), blank, ("train",), 0.8)
    ),
    Plan("leaked half", ("duplicates",), f"{HEAD} {ADAM} --epochs 8", lambda: leaked(five(), 0.5)),
    Plan("leaked brighter", ("duplicates",), f"{HEAD} {ADAM} --epochs 8", lambda: leaked(five(), 0.4, brighter)),
    Plan("leaked photos", ("duplicates",), f"{MOBILE} {ADAM} --epochs 8", lambda: leaked(photos(), 0.3)),
    Plan(
        "validation coarse",
        ("validation_unlike_training",),
        f"{HEAD} {ADAM} --epochs 8",
        lambda: changed(five(), lambda x: coarse(x, 6)),
    ),
    Plan(
        "validation inverted",
        ("validation_unlike_training",),
        f"{HEAD} {ADAM} --epochs 6",
        lambda: changed(five(), lambda x: 255 - x),
    ),
    Plan(
        "validation dark",
        ("validation_unlike_training",),
        f"{HEAD} {ADAM} --epochs 6",
        lambda: changed(two(), lambda x: x // 4),
    ),
    Plan(
        "validation colours",
        ("validation_unlike_training",),
        f"{HEAD} {ADAM} --epochs 8",
        lambda: changed(two(), lambda x: x[:, :, ::-1].copy()),
    ),
    Plan(
        "validation photos dark",
        ("validation_unlike_training",),
        f"{MOBILE} {ADAM} --epochs 8",
        lambda: changed(photos(), lambda x: x // 4),
    ),
    Plan(
        "imbalance cats and dogs",
        ("class_imbalance",),
        f"{SCRATCH} --epochs 4",
        lambda: thinned(cifar(("cat", "dog"), 400, 100), {"dog": 20}),
    ),
    Plan(
        "imbalance of ten",
        ("class_imbalance",),
        f"{PLAIN} --optimizer adam --learning-rate 0.0003 --epochs 4",
        lambda: thinned(cifar(None, 600, 150), dict.fromkeys(NINE, 15)),
    ),
    Plan(
        "three hundred classes scratch",
        (*BY_HEART, *TOO_FEW, "underfitting"),
        f"{HEAD} {ADAM} --epochs 8",
        lambda: in_groups(cifar(None, 9, 3, "cifar100"), 3),
    ),
    Plan(
        "three hundred classes head",
        (*BY_HEART, *TOO_FEW, "underfitting"),
        f"{MOBILE} {ADAM} --epochs 10",
        lambda: in_groups(cifar(None, 9, 3, "cifar100"), 3),
    ),
]
NINE = ("automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
HEALTHY = [
    Plan("photos adam", (), f"{MOBILE} {ADAM} --epochs 10", lambda: photos(120, 70)),
    Plan("photos dropout", (), f"{MOBILE} {ADAM} --head-dropout 0.5 --epochs 15", lambda: photos(120, 60)),
    Plan("photos sgd", (), f"{MOBILE} --learning-rate 0.05 --epochs 15", lambda: photos(120, 40)),
    Plan("photos few", (), f"{MOBILE} {ADAM} --head-dropout 0.3 --epochs 10", lambda: photos(60, 30)),
    Plan("photos flip", (), f"{MOBILE} {ADAM} --flip --views 4 --epochs 8", lambda: photos(120, 70)),
    Plan("photos no units", (), f"{MOBILE} --head-units '' {ADAM} --epochs 12", lambda: photos(120, 70)),
    Plan("two scratch", (), f"{SCRATCH} --dropout 0.2 {LONG}", two),
    Plan("two scratch mixup", (), f"{SCRATCH} --mixup 0.2 {LONG}", two),
    Plan("two scratch crops", (), f"{SCRATCH} --crop 4 --flip {LONG}", two),
    Plan("two scratch cosine", (), f"{SCRATCH} --dropout 0.2 --schedule cosine --warmup 1 {LONG}", two),
    Plan("two head", (), f"{HEAD} {ADAM} --epochs 10", two),
    Plan("two mobile few", (), f"{MOBILE} {ADAM} --epochs 10", lambda: cifar(EASY, 75, 30)),
    Plan(
        "two uneven",
        (),
        f"{MOBILE} {ADAM} --head-dropout 0.3 --epochs 10",
        lambda: thinned(cifar(EASY, 300, 75), {"frog": 150}),
    ),
    Plan("three head dropout", (), f"{HEAD} {ADAM} --head-dropout 0.5 --epochs 12", lambda: cifar(THREE, 250, 60)),
    Plan("three mobile", (), f"{MOBILE} {ADAM} --epochs 8", lambda: cifar(THREE, 250, 60)),
    Plan("five mobile", (), f"{MOBILE} {ADAM} --head-dropout 0.5 --epochs 10", five),
    Plan("five mobile mixup", (), f"{MOBILE} {ADAM} --mixup 0.2 --epochs 10", five),
    Plan("ten mobile", (), f"{CIFAR} {MOBILE} {ADAM} --head-dropout 0.5 --epochs 8"),
    Plan(
        "twenty classes mobile",
        (),
        f"{MOBILE} {ADAM} --head-dropout 0.5 --epochs 15",
        lambda: cifar(
            (
                "apple",
                "bicycle",
                "bottle",
                "camel",
                "castle",
                "chair",
                "orange",
                "oak_tree",
                "rocket",
                "road",
                "rose",
                "sea",
                "sunflower",
                "tank",
                "telephone",
                "tractor",
                "wardrobe",
                "whale",
                "wolf",
                "skyscraper",
            ),
            30,
            8,
            "cifar100",
        ),
    ),
    Plan("digits mixup", (), f"--data digits {SCRATCH} --mixup 0.2 --epochs 10"),
    Plan("digits crops", (), f"--data digits {SCRATCH} --crop 3 --epochs 10"),
    Plan("digits dropout", (), f"--data digits {SCRATCH} --dropout 0.2 --epochs 10"),
]
FAULTY = [*LABELS, *PICTURES, *LENGTHS, *RATES]
