"""Texts of what is checked before a training; see `catalog`."""

from vgglab.diagnosis.text import GOODFELLOW, Text, _

KARPATHY = "Karpathy, A Recipe for Training Neural Networks (2019), section 2"

TEXTS_OF_CHECKS = {
    "loss_fails": Text(
        _("The loss, {loss}, cannot be computed from these targets and outputs: {reason}."),
        _("Targets, outputs and loss must agree in shape and meaning; Keras says where they do not."),
        _("look at the shapes of targets and outputs, and at the loss that takes such targets"),
        "Keras, documentation of losses",
    ),
    "first_loss_high": Text(
        _("The loss before any step is {loss:.3g}, {times:.1f} times that of guessing ({guess:.3g})."),
        _(
            "A network that knows nothing yet should guess. Where its first answers are sure and wrong, weights or "
            "inputs are too large, and the first steps only undo that."
        ),
        _("look at the scale of the inputs and at the initial weights of the last layer"),
        KARPATHY,
    ),
    "first_loss_high.not_finite": Text(
        _("The loss before any step is {loss}: no step can mend that."),
        _("Values that are not finite in inputs or targets, a logarithm of 0 or a sum too large make such a loss."),
        _("look at inputs and targets for missing values, and at what stands before the loss"),
    ),
    "gradient_not_finite": Text(
        _("The gradient of the first step is not finite in {layers}: that step destroys these weights."),
        _(
            "A logarithm or a division at 0, a square root at 0 or a sum too large gives an infinite slope, though the "
            "loss itself may be finite."
        ),
        _("look at the operations between these weights and the loss; add a small number where they divide"),
        f"{GOODFELLOW}, section 4.1",
    ),
    "layer_never_moves.unreached": Text(
        _("No gradient reaches these weights: {layers}."),
    ),
    "examples_mixed": Text(
        _("The output of an example depends on others of its batch: one input changed, {count} of {of} others did."),
        _(
            "Each example must be computed by itself. An axis taken for another, in a reshape, a mean, a softmax or an "
            "attention, mixes examples of a batch: the network learns from its neighbours, and fails on single inputs."
        ),
        _("look for an operation over axis 0: a reshape that does not begin with -1, a mean or softmax with axis=0"),
        KARPATHY,
    ),
    "examples_mixed.rows": Text(
        _("{count} examples give an output of {rows} rows: examples are mixed up with another axis."),
    ),
    "output_constant": Text(
        _("The output does not depend on the input: another input gives the same output."),
        _(
            "Where nothing of the input arrives, only the frequencies of the targets can be learned. A softmax over "
            "one unit, a multiplication by zero or a layer of dead units does that."
        ),
        _("look at the last activation and at what each layer gives"),
        KARPATHY,
    ),
    "modes_differ": Text(
        _(
            "Training and inference give different outputs of the same weights, first in {layer}, though Dropout and "
            "BatchNormalization were at rest."
        ),
        _(
            "Apart from layers made for it, a network should compute the same in training as in inference: otherwise "
            "what is learned is not what is used."
        ),
        _("look at what the layer does with its argument `training`"),
        "Keras, guide to making layers: the training argument",
    ),
    "modes_differ.random": Text(
        _("Inference gives another output each time, first in {layer}."),
        _("A layer that is random in inference too, such as Dropout called with training=True, blurs each prediction."),
        _("call the layer without `training`: Keras then tells it the mode"),
    ),
    "not_by_heart": Text(
        _(
            "{examples} examples cannot be learnt by heart: of {rates} rates, {rate:g} came furthest, from a loss of "
            "{first:.3g} to {last:.3g}."
        ),
        _(
            "A network that has more weights than examples can learn a few by heart. Where it cannot, something "
            "between inputs, weights and loss is broken, and more data will not mend it."
        ),
        _("look at the other checks first; then at frozen layers, at the loss and at the size of the network"),
        KARPATHY,
    ),
    "not_by_heart.rate_large": Text(
        _(
            "At the rate {own:g} the loss of {examples} examples went from {first:.3g} to {own_last:.3g}; at {rate:g} "
            "they are learnt by heart in {steps} steps."
        ),
        _("Steps too large jump over what they look for: not even a few examples can be learnt."),
        _("a smaller learning rate"),
    ),
    "not_by_heart.rate_small": Text(
        _(
            "At the rate {own:g} the loss of {examples} examples hardly moves in {own_steps} steps, from {first:.3g} "
            "to {own_last:.3g}; at {rate:g} they are learnt by heart in {steps} steps."
        ),
        _("Steps this small get nowhere in the epochs of a usual training."),
        _("a larger learning rate"),
    ),
    "values_not_finite": Text(
        _("There are values in {parts} that are not finite (NaN or infinity)."),
        _("One such value makes the loss, its gradient and after one step every weight NaN."),
        _("fill, clip or leave out missing values before the training"),
        f"{GOODFELLOW}, section 11.5",
    ),
    "validation_unlike_training.shapes": Text(
        _("Validation data has another shape than training data: {validation} against {training}."),
        _("A network takes examples of one shape; parts that differ in it were prepared by different code."),
        _("prepare both parts by the same code"),
    ),
    "validation_unlike_training.classes": Text(
        _("Validation has {count} classes that training has not ({classes}): they cannot be learned."),
        _("Where data is cut before it is shuffled, the last classes end up in one part only."),
        _("split at random, or with as many of each class in both parts (stratified)"),
    ),
}

CHECKS = {
    "outputs": _("targets, outputs and loss"),
    "start": _("first loss"),
    "gradient": _("gradient"),
    "apart": _("examples apart"),
    "scale": _("scale"),
    "modes": _("training and inference"),
    "by_heart": _("learnt by heart"),
    "parts": _("training and validation data"),
    "cost": _("cost"),
}

VERDICTS = {
    "passed": _("passed"),
    "failed": _("failed"),
    "skipped": _("not applicable"),
    "undone": _("not done"),
    "told": _("for information"),
}

COLUMNS = {"check": _("check"), "verdict": _("verdict"), "seen": _("what was seen")}

SEEN = {
    "undone": _("could not be done: {reason}"),
    "outputs": _("loss {loss}, last activation {activation}, targets: {form}"),
    "outputs_several": _("there are several losses, which can be computed; whether each fits was not looked at"),
    "outputs_wrong": _("loss {loss}, last activation {activation}, targets: {form}, do not fit"),
    "start": _("{loss:.3g}, {times:.2f} times that of guessing ({guess:.3g})"),
    "start_below": _("{loss:.3g}, below that of guessing ({guess:.3g}): the network has learned before"),
    "start_not_finite": _("{loss}"),
    "gradient": _("finite, and not zero, for each of {count} weights"),
    "gradient_lost": _("{missed} of {count} weights get none that is finite"),
    "apart": _("one input changed: its own output by {own:.2g}, others by at most {others:.1g}"),
    "mixed": _("one input changed, and {count} of {of} other outputs did"),
    "rows": _("{count} examples give {rows} rows"),
    "constant": _("one input changed, and no output did"),
    "scale": _("the first layer, {layer}, sees {least:.3g} to {largest:.3g}; targets are {low:.3g} to {high:.3g}"),
    "holes": _("values that are not finite in {parts}"),
    "modes": _("the same outputs, up to {apart:.0e} of their size, with Dropout and BatchNormalization at rest"),
    "modes_differ": _("outputs differ by {apart:.1e} of their size, first in {layer}"),
    "random": _("two passes in inference differ by {apart:.1e} of the outputs' size, first in {layer}"),
    "by_heart": _("{examples} examples in {steps} steps at the own rate {own:g}: loss {first:.3g} to {last:.3g}"),
    "by_heart_faster": _(
        "{examples} examples in {steps} steps at the rate {rate:g}; at the own rate {own:g} the loss came to "
        "{own_last:.3g} in {own_steps} steps"
    ),
    "by_heart_other": _("{examples} examples at the rate {rate:g}, in {steps} steps, not at the own rate {own:g}"),
    "by_heart_nearly": _("{examples} examples nearly: loss {first:.3g} to {last:.3g} in {steps} steps at {rate:g}"),
    "by_heart_falls": _(
        "loss of {examples} examples {first:.3g} to {last:.3g} in {steps} steps at {rate:g}; a network that costs this "
        "much is given no more"
    ),
    "not_by_heart": _("{examples} examples at none of {rates} rates: loss {first:.3g} to {last:.3g} at {rate:g}"),
    "parts": _("{count} validation examples, {share:.1%} of which are training examples too"),
    "parts_unseen": _("{count} validation examples; whether they are training examples too was not looked at"),
    "parts_unlike": _("{count} validation examples are not of the same kind, or not new"),
    "cost": _(
        "about {step:.3g} s a step of {batch}, {epoch:.3g} s an epoch of {steps} steps; {memory}: parameters "
        "{memory_parameters}, gradients {memory_gradients}, optimizer {memory_slots}, activations {memory_activations}"
    ),
    "cost_step": _(
        "about {step:.3g} s a step of {batch}; {memory}: parameters {memory_parameters}, gradients {memory_gradients}, "
        "optimizer {memory_slots}, activations {memory_activations}"
    ),
    "memory": _(
        "{memory}: parameters {memory_parameters}, gradients {memory_gradients}, optimizer {memory_slots}, activations "
        "{memory_activations} for {batch} examples"
    ),
    "no_targets": _("there are no targets"),
    "no_loss": _("the model was compiled without a loss"),
    "loss_fails": _("the loss cannot be computed"),
    "no_optimizer": _("the model was compiled without an optimizer"),
    "no_validation": _("there is no validation data"),
    "no_numbers": _("the first layer with weights takes no real numbers"),
    "not_finite": _("outputs are not finite"),
    "guess_unknown": _("the loss of guessing is not known for this loss"),
    "untrained": _("nothing of the network is trained"),
    "text": _("inputs are text"),
    "alike": _("all examples are alike"),
    "few_steps": _("the few steps that a network of this cost is given say nothing"),
}

RESULT = {
    "passed": _("Nothing speaks against a training."),
    "failed": _("{count} of {all} checks failed."),
}

CHECK_LABELS = {
    "by_heart_first": _("first loss of these examples"),
    "by_heart_last": _("their last loss"),
    "changed_others": _("change of other outputs"),
    "changed_own": _("change of the own output"),
    "classes_unseen": _("classes in validation alone"),
    "modes_apart": _("difference of the outputs, relative"),
    "output_rows": _("rows of the output"),
    "own_rate_last": _("their last loss at the own rate"),
    "trained_weights": _("trained weights"),
    "weights_unreached": _("weights without a gradient"),
}

CHECK_MESSAGES = [text for texts in (CHECKS, VERDICTS, COLUMNS, SEEN, RESULT) for text in texts.values()]
