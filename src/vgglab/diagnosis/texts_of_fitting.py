"""Texts of the findings about how last activation, loss and targets fit each other; see `catalog`."""

from vgglab.diagnosis.text import GOODFELLOW, Text, _

OUTPUTS = f"{GOODFELLOW}, section 6.2.2"

TEXTS_OF_FITTING = {
    "activation_mismatch": Text(
        _("The last activation, {activation}, does not fit the loss, {loss}."),
        _(
            "The loss says what the outputs mean: probabilities, numbers of any size, or distances to a margin. The "
            "last activation has to give just that, or the loss and its gradient mean nothing."
        ),
        _("another `activation` in the last layer"),
        OUTPUTS,
    ),
    "activation_mismatch.unbounded": Text(
        _("The loss, {loss}, takes the outputs for probabilities, but the last activation, {activation}, gives none."),
        _(
            "Cross-entropy takes the logarithm of a probability. Keras cuts what lies outside of 0 to 1, and what is "
            "cut has no gradient: those examples teach nothing, and the loss jumps between very large and zero."
        ),
        _(
            '`activation="sigmoid"` in the last layer (`"softmax"` for classes that exclude each other), or '
            '`"linear"` and `from_logits=True` in the loss'
        ),
    ),
    "activation_mismatch.outputs": Text(
        _("The loss, {loss}, takes the outputs for probabilities, but outputs outside of 0 to 1 were seen."),
        _(
            "Cross-entropy takes the logarithm of a probability. Keras cuts what lies outside of 0 to 1, and what is "
            "cut has no gradient: those examples teach nothing, and the loss jumps between very large and zero."
        ),
        _("end the network in a sigmoid, or use `from_logits=True` in the loss"),
    ),
    "activation_mismatch.softmax_one_unit": Text(
        _("A softmax over one single unit is always 1, whatever the input: the network cannot learn."),
        _(
            "A softmax divides each output by the sum of all of them. With one output that is 1 by itself: it does "
            "not depend on any weight, and every gradient is zero."
        ),
        _('`activation="sigmoid"` in the last layer for two classes, `"linear"` for real numbers'),
        f"{GOODFELLOW}, section 6.2.2.3",
    ),
    "activation_mismatch.softmax_several": Text(
        _("Several classes may be on at once, but a softmax lets them share one probability."),
        _(
            "The outputs of a softmax sum to one: where one class gains, another loses. Where an example has two "
            "classes neither can come above a half, and where it has none, one of them is answered all the same."
        ),
        _('`activation="sigmoid"` in the last layer and `loss="binary_crossentropy"`'),
        f"{GOODFELLOW}, section 6.2.2.2",
    ),
    "activation_mismatch.sigmoid_classes": Text(
        _(
            "The loss, {loss}, is for classes that exclude each other, but the last activation, {activation}, judges "
            "each class by itself."
        ),
        _(
            "The loss looks at the true class alone and expects that the others lose what it gains. After a sigmoid "
            "they do not: every output may go to 1."
        ),
        _('`activation="softmax"` in the last layer'),
        f"{GOODFELLOW}, section 6.2.2.3",
    ),
    "activation_mismatch.short_logits": Text(
        _(
            "The loss makes probabilities of the outputs itself, but the last activation, {activation}, cuts them "
            "short."
        ),
        _(
            "Outputs that a loss turns into probabilities have to be free: far below zero for what is improbable, "
            "far above for what is sure. Where the range is cut, the probabilities are, and so is the gradient."
        ),
        _('`activation="linear"` in the last layer, as the loss has `from_logits=True`'),
    ),
    "activation_mismatch.hinge": Text(
        _("The loss, {loss}, wants outputs from -1 to 1, but the last activation, {activation}, gives none below 0."),
        _(
            "A hinge loss pulls one class to 1 and the other to -1 (Keras takes labels 0 for -1). Outputs that stop "
            "at 0 never reach the other side: half of the examples cost something for ever."
        ),
        _('`activation="tanh"` or `"linear"` in the last layer; for a sigmoid `loss="binary_crossentropy"`'),
        "Keras, documentation of Hinge",
    ),
    "activation_mismatch.counts": Text(
        _(
            "The loss, {loss}, takes the logarithm of the outputs, but the last activation, {activation}, may give "
            "negative ones."
        ),
        _("A Poisson loss expects a mean count, which is above zero. The logarithm of a negative output is no number."),
        _('`activation="softplus"` or `"exponential"` in the last layer'),
        "Keras, documentation of Poisson",
    ),
    "activation_mismatch.range": Text(
        _("Targets reach from {least:.4g} to {largest:.4g}, where the last activation, {activation}, cannot go."),
        _(
            "An activation bounds what a network can answer. Targets beyond are never reached, however long it "
            "trains; on the way there it sits at its limit, where it has no gradient."
        ),
        _('`activation="linear"` in the last layer, or scale the targets `y` into its range'),
    ),
    "loss_mismatch.logits_twice": Text(
        _("The loss, {loss}, makes probabilities of the outputs itself, but these went through {activation} already."),
        "",
        _('`activation="linear"` in the last layer, or `from_logits=False` in the loss; not both'),
    ),
    "loss_mismatch.one_unit": Text(
        _("The loss, {loss}, compares the outputs of several classes, but there is only one output."),
        _(
            "Probabilities of classes that exclude each other sum to one. With a single output its share is 1 from "
            "the start: the loss is next to nothing, or says nothing, and no gradient is left to learn from."
        ),
        _('`loss="binary_crossentropy"` with one sigmoid unit, or one unit for each class with a softmax'),
    ),
    "loss_mismatch.binary_softmax": Text(
        _("The loss, {loss}, judges each of {outputs} classes by itself, but a softmax makes them exclude each other."),
        _(
            "Binary cross-entropy asks of every class whether it is on or off, and takes the mean. Nearly all are "
            "off: a network that says so for all of them has a low loss already, and the true class counts for "
            "little."
        ),
        _('`loss="categorical_crossentropy"` (`"sparse_categorical_crossentropy"` for class numbers)'),
    ),
    "loss_mismatch.several": Text(
        _("Several classes may be on at once, but the loss, {loss}, is for classes that exclude each other."),
        _(
            "Such a loss expects that the targets of an example sum to one. Where two classes are on it asks for "
            "twice a whole, where none is on it asks for nothing."
        ),
        _('`loss="binary_crossentropy"` with `activation="sigmoid"` in the last layer'),
        f"{GOODFELLOW}, section 6.2.2.2",
    ),
    "loss_mismatch.values": Text(
        _("The targets are real numbers from {least:.4g} to {largest:.4g}, but the loss, {loss}, is for classes."),
        _(
            "A loss for classes takes targets for shares of 0 to 1, or for numbers of classes. With others it has no "
            "lowest value at the right answer: it may fall below zero and go on falling while the answers get worse."
        ),
        _('`loss="mean_squared_error"` with `activation="linear"` in the last layer'),
        f"{GOODFELLOW}, section 6.2.2.1",
    ),
    "loss_mismatch.squared": Text(
        _("The targets are classes, but the loss, {loss}, is for real numbers."),
        _(
            "Behind a sigmoid or a softmax a squared error has hardly any gradient where an answer is sure and "
            "wrong: just where it is needed most. Cross-entropy takes the logarithm, which undoes that."
        ),
        _('`loss="binary_crossentropy"` with a sigmoid, or `"categorical_crossentropy"` with a softmax'),
    ),
    "loss_mismatch.below": Text(
        _("The loss, {loss}, takes logarithms, but targets go down to {least:.4g}."),
        _("A logarithm needs numbers above zero. What lies below is cut off or gives no number, and is never learned."),
        _('`loss="mean_squared_error"`, or shift the targets `y` above zero'),
        "Keras, documentation of regression losses",
    ),
    "loss_mismatch.direction": Text(
        _("The loss, {loss}, compares directions: of a single number it sees nothing but the sign."),
        _("Cosine similarity is the same for 1 and for 1000. With one output the size of an answer costs nothing."),
        _('`loss="mean_squared_error"`'),
        "Keras, documentation of CosineSimilarity",
    ),
    "labels_mismatch": Text(
        _("The labels are not written as the loss, {loss}, expects them."),
        _(
            "Labels may be class numbers (0, 1, 2), one column for each class with a single 1 (one-hot), or 0 and 1 "
            "in one column. Each loss takes one of these; another form means something else to it."
        ),
        _("the loss that goes with the form of the labels"),
        "Keras, documentation of probabilistic losses",
    ),
    "labels_mismatch.numbers": Text(
        _("The labels are class numbers, but the loss, {loss}, expects a column for each class."),
        "",
        _('`loss="sparse_categorical_crossentropy"`, or labels through `keras.utils.to_categorical(y)`'),
    ),
    "labels_mismatch.one_hot": Text(
        _("The labels have a column for each class, but the loss, {loss}, expects class numbers."),
        "",
        _('`loss="categorical_crossentropy"`, or labels through `y.argmax(axis=-1)`'),
    ),
    "labels_mismatch.signs": Text(
        _("The labels are -1 and 1, but the loss, {loss}, expects 0 and 1."),
        _(
            "A label is the probability that an example should have. With -1 the loss has no lowest value: it "
            "rewards an output for moving away from it without end."
        ),
        _('labels 0 and 1: `(y + 1) / 2`; or `loss="hinge"` with `activation="tanh"`'),
    ),
    "labels_mismatch.numbers_binary": Text(
        _(
            "The labels are numbers from {least:.4g} to {largest:.4g}, but the loss, {loss}, is for two classes, 0 "
            "and 1."
        ),
        _(
            "A label of 2 asks for a probability of 2. The loss falls below zero and pulls the output to 1 for every "
            "example: one output cannot tell more than two classes apart."
        ),
        _('one unit for each class, `activation="softmax"` and `loss="sparse_categorical_crossentropy"`'),
    ),
}
