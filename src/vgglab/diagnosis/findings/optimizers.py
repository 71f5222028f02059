"""Keras's optimizers: what their steps depend on, and which rates are usual, each in its own scale."""

# Class in lower case -> the rate that is usual, and the largest that is worth trying.
USUAL = {
    "sgd": (0.01, 1.0),
    "adam": (0.001, 0.1),
    "adamw": (0.001, 0.1),
    "schedulefreeadamw": (0.0025, 0.1),
    "adamax": (0.002, 0.1),
    "nadam": (0.001, 0.1),
    "rmsprop": (0.001, 0.1),
    "adagrad": (0.01, 1.0),
    "adadelta": (1.0, 1.0),
    "ftrl": (0.1, 1.0),
    "lion": (0.0001, 0.001),
    "lamb": (0.001, 0.1),
    "muon": (0.02, 0.1),
    "adafactor": (0.01, 0.1),
}
# Their first step does not depend on the gradient's size: it is the rate for each weight, or a share of the weights.
ADAPTIVE = ("adam", "adamw", "schedulefreeadamw", "nadam", "adamax", "rmsprop", "lion", "lamb", "muon", "adafactor")
ADAPTIVE += ("adagrad",)
BY_GRADIENT = ("sgd",)
# They compute weights from sums that begin at zero: the first step takes initial weights to about zero, whatever the
# rate. ScheduleFreeAdamW is meant to begin at the weights; with Keras 3.15 on TensorFlow it was seen to begin at zero.
RESETTING = ("ftrl", "schedulefreeadamw")


def within_scale(optimizer: str, rate: float, larger: bool) -> float:
    """A rate to try, brought to the optimizer's own scale.

    Args:
        optimizer: its class, in lower case.
        rate: what the size of a step asks for.
        larger: whether it is to be larger than it was; an optimizer whose steps do not follow the gradient then begins
            at its usual rate at least.
    """
    if optimizer not in USUAL:
        return rate
    usual, largest = USUAL[optimizer]
    least = usual if larger and optimizer not in BY_GRADIENT else 0.0
    return min(max(rate, least), largest)
