"""Texts of the findings about scales, weights, batches and losses in anybody's own script; see `catalog`."""

from vgglab.diagnosis.text import GOODFELLOW, Text, _

BACKPROP = "LeCun, Bottou, Orr, Mueller, Efficient BackProp (1998)"
GLOROT = "Glorot and Bengio, Understanding the difficulty of training deep feedforward neural networks (2010)"

TEXTS_OF_SCRIPTS = {
    "labels_outside.from_one": Text(
        _("The class numbers run from 1 to {largest}, but must run from 0 to {last}."),
        "",
        _("labels `y - 1`"),
    ),
    "inputs_out_of_scale.columns": Text(
        _(
            "The columns of `x` are large: values reach from {least:.4g} to {largest:.4g}, where about -3 to 3 is "
            "expected."
        ),
        "",
        _(
            "scale `x`: `keras.layers.Normalization` adapted to the training data, or subtract the mean and divide "
            "by the deviation of each column"
        ),
        f"{BACKPROP}, section 4.3",
    ),
    "inputs_out_of_scale.uneven": Text(
        _(
            "The columns of `x` are very unlike: their deviations reach from {least_deviation:.3g} to "
            "{largest_deviation:.3g}."
        ),
        _(
            "A weight's gradient grows with what it is multiplied by. Where one column is a hundred times larger "
            "than another, no rate suits both: what is right for the large one teaches nothing about the small one."
        ),
        _(
            "scale `x`: `keras.layers.Normalization` adapted to the training data, or subtract the mean and divide "
            "by the deviation of each column"
        ),
        f"{BACKPROP}, section 4.3",
    ),
    "targets_out_of_scale": Text(
        _("The targets reach from {least:.4g} to {largest:.4g}; a network's outputs begin at about one."),
        _(
            "Initial weights and rates are made for outputs of a size of about one. With targets hundreds of times "
            "larger the squared error and its gradient are huge, or weights need thousands of steps to grow that far."
        ),
        _("scale the targets: `y = (y - y.mean()) / y.std()`, and scale the predictions back"),
        f"{BACKPROP}, section 4.3",
    ),
    "targets_out_of_scale.small": Text(
        _("The targets hardly differ: their deviation is {deviation:.2g}, where about one is expected."),
        _(
            "Against the outputs of fresh weights, of a size of about one, such targets are all the same. The loss "
            "is a tiny number from the start, and so is its gradient."
        ),
    ),
    "validation_unlike_training.scale": Text(
        _(
            "Validation inputs have another scale than training inputs: their deviation is {validation:.3g} against "
            "{training:.3g}."
        ),
        "",
        _("scale `validation_data` by the same code and the same figures as `x`"),
    ),
    "validation_unlike_training.moved": Text(
        _("Validation inputs lie elsewhere than training inputs: their means are {apart:.2f} deviations apart."),
        "",
        _("scale `validation_data` by the same figures as `x`, and split at random"),
    ),
    "saturated_units": Text(
        _("Units are saturated: {share:.0%} of the values of {layer} lie at the limits of its activation."),
        _(
            "A sigmoid or a tanh is flat at its ends. A unit that is driven there passes on next to no gradient, and "
            "what lies before it stops learning."
        ),
        _('`activation="relu"` in the hidden layers, or a smaller `learning_rate`'),
        GLOROT,
    ),
    "saturated_units.start": Text(
        _(
            "Units were saturated before the first step: {share:.0%} of the values of {layer} lie at the limits of "
            "its activation."
        ),
        "",
        _('`activation="relu"` in the hidden layers; scale `x`, and leave the `kernel_initializer` as Keras has it'),
    ),
    "initial_weights": Text(
        _("The initial weights of {layers} do not fit the size of the layer."),
        _(
            "The sum of many inputs keeps its size where weights have a deviation of about one over the root of "
            "their number. Otherwise each layer makes the signal larger or smaller, and the gradient on the way back."
        ),
        _("leave `kernel_initializer` as Keras has it (`glorot_uniform`), or `he_normal` before a ReLU"),
        GLOROT,
    ),
    "initial_weights.large": Text(
        _("The initial weights are too large: those of {layer} {ratio:.0f} times as large as usual for its size."),
    ),
    "initial_weights.small": Text(
        _("The initial weights are too small: those of {layer} have {ratio:.1%} of what is usual for its size."),
    ),
    "initial_weights.alike": Text(
        _("The initial weights are all alike in {layers}: its units all compute the same."),
        _(
            "Units that begin with the same weights get the same gradient, and stay the same for ever: a layer of "
            "them is one single unit. Only random weights make them differ."
        ),
    ),
    "signal_lost.squashed": Text(
        _("The gradient does not reach the first layers: one sigmoid or tanh layer after the other makes it smaller."),
        _(
            "The slope of a sigmoid is a quarter at most, that of a tanh one, and less away from the middle. Through "
            "a row of such layers the factors multiply: the first layers learn next to nothing."
        ),
        _('`activation="relu"` in the hidden layers, or fewer of them'),
        GLOROT,
    ),
    "batches_of_one_class": Text(
        _(
            "Of the first {batches} batches of {size}, {alone} are made of one class: the data is in order, not "
            "shuffled."
        ),
        _(
            "Each step then pulls the network to the class of its batch, and the next one away from it. It follows "
            "the order of the data instead of learning what tells the classes apart."
        ),
        _("shuffle: `x` and `y` by one permutation, `dataset.shuffle(len)` before `batch`, or `shuffle=True`"),
        f"{GOODFELLOW}, section 8.1.3",
    ),
    "training_too_short.steps": Text(
        _("The training has {total} steps in all: too few for any rate."),
        _(
            "A step should change weights by about a thousandth to a hundredth of their size. A few dozen such steps "
            "leave them near where they began."
        ),
        _("more `epochs`"),
    ),
    "training_too_short.batch": Text(
        _("The training has {total} steps in all, {steps} in each epoch: with batches of {size} that is too few."),
        _(
            "A step should change weights by about a thousandth to a hundredth of their size, however many examples "
            "it looks at. Few large batches make few steps."
        ),
        _("a smaller `batch_size`, more `epochs`"),
        f"{GOODFELLOW}, section 8.1.3",
    ),
    "learning_rate_too_small.slow": Text(
        _(
            "The learning rate {rate:g} is too small: in {epochs} epochs the loss went from {first_loss:.4g} to "
            "{loss:.4g}, in a straight line."
        ),
        _(
            "A loss that falls by as much at the end as at the beginning, without any noise, is still on its first "
            "slope. Larger steps would go the same way sooner."
        ),
        _("a larger `learning_rate` of the optimizer, then more `epochs`"),
    ),
    "constant_outputs": Text(
        _(
            "The network answers every input with the same number: its outputs differ by {between:.2g}, the targets "
            "by {deviation:.2g}."
        ),
        _(
            "The best answer that does not look at the input is the mean of the targets. A network falls back on it "
            "when a step that was too large cut off its units: only the last bias is left to learn."
        ),
        _("a smaller `learning_rate` of the optimizer"),
        f"{GOODFELLOW}, section 8.4",
    ),
    "constant_outputs.quiet": Text(
        "",
        _(
            "The best answer that does not look at the input is the mean of the targets. No step was large: the "
            "inputs say nothing to the network, or are too small for it to notice."
        ),
        _("look at `x` as the network gets it, and whether `x` and `y` belong together; then more `epochs`"),
    ),
    "overfitting.gap_losses": Text(
        _(
            "The network knows its training examples by heart (loss {loss:.4g}), validation examples far less well "
            "(loss {val_loss:.4g})."
        ),
        "",
        _("more examples, `Dropout` layers, fewer units, or `kernel_regularizer`"),
    ),
    "not_learned_yet.flat": Text(
        _("The training loss does not fall: {first_loss:.4g} in the first epoch, {loss:.4g} in epoch {epoch}."),
        _("Losses alone do not tell why. The network, its inputs and targets, and the size of its steps would."),
        _("give `vgglab.Watch()` to `fit(callbacks=[...])`, which looks at these; or another `learning_rate`"),
    ),
    "underfitting.losses": Text(
        _("The training loss stays at {loss:.4g}, {share:.0%} of that of the best constant answer."),
        _(
            "The loss no longer falls although steps and gradients are there. Either the network has too few units "
            "for the task, or the inputs do not say more about the targets: the figures do not tell which."
        ),
        _("more units or layers; if that changes nothing, better inputs"),
    ),
    "learned.losses": Text(
        _(
            "The network learned: training loss {loss:.4g} against {chance:.4g} of the best constant answer, "
            "validation loss {val_loss:.4g}."
        ),
        _("No cause for a warning was found in data, steps, units or course."),
    ),
    "learned.losses_alone": Text(
        _("The network learned: training loss {loss:.4g} against {chance:.4g} of the best constant answer."),
        _("No cause for a warning was found in data, steps or units; no validation data was looked at."),
    ),
    "learned.curve": Text(
        _(
            "Nothing stands out: the training loss went from {first_loss:.4g} to {loss:.4g}, the validation loss is "
            "{val_loss:.4g}."
        ),
        _("Losses alone tell how a training went, not how good it is: what guessing costs is not known here."),
    ),
    "learned.curve_alone": Text(
        _("Nothing stands out: the training loss went from {first_loss:.4g} to {loss:.4g}."),
        _("Losses alone tell how a training went, not how good it is: what guessing costs is not known here."),
    ),
    "accuracy_of_regression": Text(
        _("The metric, {metric}, counts how often a real number is hit exactly: it says nothing here."),
        _("Predictions of real numbers are near their targets or far from them, hardly ever equal."),
        _('`metrics=["mae"]`'),
        "Keras, documentation of regression metrics",
    ),
}
