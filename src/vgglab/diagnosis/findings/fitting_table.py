"""Which last activation, loss and form of the targets fit each other: tables of Keras's losses and activations.

A loss belongs to a family, an activation to a kind. What does not fit is named `code.case`; what is in no table fits.
"""

import math

INF = math.inf
FAMILIES = {
    "categorical_crossentropy": "one-hot",
    "categorical_focal_crossentropy": "one-hot",
    "categorical_generalized_cross_entropy": "one-hot",
    "kl_divergence": "one-hot",
    "sparse_categorical_crossentropy": "numbers",
    "binary_crossentropy": "binary",
    "binary_focal_crossentropy": "binary",
    "hinge": "signs",
    "squared_hinge": "signs",
    "categorical_hinge": "margins",
    "dice": "overlap",
    "tversky": "overlap",
    "mean_squared_error": "values",
    "mean_absolute_error": "values",
    "mean_absolute_percentage_error": "values",
    "mean_squared_logarithmic_error": "values",
    "huber": "values",
    "log_cosh": "values",
    "cosine_similarity": "directions",
    "poisson": "counts",
    "circle": "other",  # takes embeddings
    "ctc": "other",  # takes sequences of labels
}
CATEGORICAL = ("one-hot", "numbers")
# What a family takes its outputs for: shares of classes that exclude each other, or of each class by itself.
PROBABILITIES = ("one-hot", "numbers", "binary", "overlap")

# Kind and range (least, largest) of each activation; a range that is open is given by its limits.
ACTIVATIONS = {
    "linear": ("free", -INF, INF),
    "leaky_relu": ("free", -INF, INF),
    "prelu": ("free", -INF, INF),
    "glu": ("free", -INF, INF),
    "soft_shrink": ("free", -INF, INF),
    "hard_shrink": ("free", -INF, INF),
    "tanh_shrink": ("free", -INF, INF),
    "threshold": ("free", -INF, INF),
    "softmax": ("shares", 0, 1),
    "sparsemax": ("shares", 0, 1),
    "sigmoid": ("sigmoid", 0, 1),
    "hard_sigmoid": ("sigmoid", 0, 1),
    "sparse_sigmoid": ("sigmoid", 0, 1),
    "tanh": ("signed", -1, 1),
    "hard_tanh": ("signed", -1, 1),
    "softsign": ("signed", -1, 1),
    "relu": ("positive", 0, INF),
    "relu6": ("positive", 0, 6),
    "softplus": ("positive", 0, INF),
    "squareplus": ("positive", 0, INF),
    "sparse_plus": ("positive", 0, INF),
    "exponential": ("positive", 0, INF),
    "elu": ("lower", -1, INF),
    "celu": ("lower", -1, INF),
    "selu": ("lower", -1.7581, INF),
    "gelu": ("lower", -0.17, INF),
    "silu": ("lower", -0.2785, INF),
    "swish": ("lower", -0.2785, INF),
    "mish": ("lower", -0.3088, INF),
    "hard_silu": ("lower", -0.375, INF),
    "hard_swish": ("lower", -0.375, INF),
    "log_softmax": ("logarithm", -INF, 0),
    "log_sigmoid": ("logarithm", -INF, 0),
}

UNBOUNDED, SHORT = "activation_mismatch.unbounded", "activation_mismatch.short_logits"
NO_SHARES = dict.fromkeys(("free", "signed", "positive", "lower", "logarithm"), UNBOUNDED)
# Family -> kind of the last activation -> what does not fit.
BY_ACTIVATION = {
    "one-hot": NO_SHARES | {"sigmoid": "activation_mismatch.sigmoid_classes"},
    "numbers": NO_SHARES | {"sigmoid": "activation_mismatch.sigmoid_classes"},
    "binary": NO_SHARES,
    "overlap": NO_SHARES,
    "signs": dict.fromkeys(("shares", "sigmoid", "positive"), "activation_mismatch.hinge"),
    "counts": dict.fromkeys(("free", "signed", "lower", "logarithm"), "activation_mismatch.counts"),
}
# The same where the loss is told that it gets logits: a number of any size for each class.
BY_LOGITS = dict.fromkeys(("shares", "sigmoid"), "loss_mismatch.logits_twice") | dict.fromkeys(
    ("signed", "positive", "lower"), SHORT
)

SEVERAL, REAL, SQUARED = "loss_mismatch.several", "loss_mismatch.values", "loss_mismatch.squared"
NUMBERS, SIGNS = "labels_mismatch.numbers", "labels_mismatch.signs"
ON_CLASSES = dict.fromkeys(("numbers", "one-hot", "column", "signs", "several"), SQUARED)
# Family -> form of the targets -> what does not fit.
BY_FORM = {
    "one-hot": {"numbers": NUMBERS, "column": NUMBERS, "signs": SIGNS, "several": SEVERAL, "values": REAL},
    "numbers": {"one-hot": "labels_mismatch.one_hot", "signs": SIGNS, "several": SEVERAL, "values": REAL},
    "binary": {"numbers": "labels_mismatch.numbers_binary", "signs": SIGNS, "values": REAL},
    "overlap": {"numbers": NUMBERS, "signs": SIGNS, "values": REAL},
    "signs": {"numbers": "labels_mismatch.numbers_binary", "values": REAL},
    "margins": {"numbers": NUMBERS, "column": NUMBERS, "signs": SIGNS, "several": SEVERAL, "values": REAL},
    "values": ON_CLASSES,
    "directions": ON_CLASSES,
    "counts": ON_CLASSES,
}


def kind_of(activation: str | None) -> str:
    """The kind of an activation; "" where it is not known."""
    return ACTIVATIONS.get(activation or "", ("", 0, 0))[0]


def range_of(activation: str | None) -> tuple[float, float]:
    """Where an activation's values lie; anywhere where it is not known."""
    return ACTIVATIONS.get(activation or "", ("", -INF, INF))[1:]


def activation_verdict(loss: str, from_logits: bool, activation: str | None, form: str, columns: int | None) -> str:
    """How the last activation does not fit; "" where it does, or where that cannot be told.

    Args:
        loss: Keras's name, in snake case.
        from_logits: whether the loss makes probabilities of the outputs itself.
        activation: name of the network's last one; None: not known.
        form: of the targets, as in a `task`.
        columns: of the outputs; None: not known.
    """
    family, kind = FAMILIES.get(loss, "other"), kind_of(activation)
    if kind == "shares" and columns == 1:
        return "activation_mismatch.softmax_one_unit"
    if kind == "shares" and form == "several" and family != "other":
        return "activation_mismatch.softmax_several"
    if family in CATEGORICAL and (columns == 1 or (kind == "sigmoid" and form == "several")):
        return ""  # the loss itself is at fault
    if from_logits and family in PROBABILITIES:
        return BY_LOGITS.get(kind, "")
    return BY_ACTIVATION.get(family, {}).get(kind, "")


def loss_verdict(loss: str, activation: str | None, form: str, columns: int | None) -> str:
    """How loss and form of the targets do not fit; "" where they do, or where that cannot be told.

    Arguments are as for `activation_verdict`.
    """
    family = FAMILIES.get(loss, "other")
    if family in (*CATEGORICAL, "margins") and columns == 1:
        return "loss_mismatch.one_unit"
    softmax_of_many = kind_of(activation) == "shares" and (columns or 0) > 2  # of two it is the same
    if family == "binary" and softmax_of_many and form in ("numbers", "one-hot"):
        return "loss_mismatch.binary_softmax"
    return BY_FORM.get(family, {}).get(form, "")
