"""What is said otherwise of a training in somebody's own script: of inputs instead of images, in Keras's own words.

Laid over the texts of `catalog`, key by key; a part that is empty here is said as there.
"""

from vgglab.diagnosis.text import Text, _

RATE = _("a smaller `learning_rate` of the optimizer")
FEWER = _("`Dropout` layers, fewer units or a `kernel_regularizer`, more examples, or `EarlyStopping`")

TEXTS_IN_KERAS = {
    "diverged": Text(
        keras=_("a smaller `learning_rate` of the optimizer, or `clipnorm=1.0`; and look for NaN in `x` and `y`"),
    ),
    "diverged.start": Text(
        keras=_("look for NaN in `x` and `y`, scale `x`, and leave `kernel_initializer` as Keras has it"),
    ),
    "learning_rate_too_large": Text(
        why=_(
            "A healthy step changes weights by about a thousandth to a hundredth of their size. One that replaces "
            "them leaves units that are zero for every input, or an output that no longer depends on the input: the "
            "gradient through them is zero, and later steps repair nothing."
        ),
        keras=RATE,
    ),
    "learning_rate_too_large.adaptive": Text(
        why=_(
            "A healthy step changes weights by about a thousandth to a hundredth of their size. The size of the "
            "first step of Adam and its kin does not depend on the gradient: it is the learning rate, for each "
            "weight. It replaced the weights; the output no longer depends on the input, and no gradient is left to "
            "repair it."
        ),
        keras=RATE,
    ),
    "dead_units": Text(
        sentence=_("Since epoch {epoch} at least 99 % of the units are zero for every input in {layers}."),
        why=_(
            "A ReLU gives zero, and passes no gradient on, where its input is negative. A unit whose input is "
            "negative for every example never changes again; a layer of such units cuts the network in two."
        ),
        keras=_('a smaller `learning_rate` of the optimizer, or `activation="leaky_relu"`'),
    ),
    "dead_units.start": Text(
        sentence=_("Before the first step at least 99 % of the units were zero for every input already, in {layers}."),
        keras=_('`kernel_initializer="he_normal"` and `bias_initializer="zeros"`, or `BatchNormalization` layers'),
    ),
    "signal_lost": Text(
        sentence=_("The inputs do not reach the output, nor the gradient the weights, though no step was large."),
        why=_(
            "In a deep plain network each layer passes on a little less of what tells inputs apart, and of the "
            "gradient on the way back: the last layers learn what is most frequent, the first ones nothing. "
            "BatchNormalization restores the scale at each layer."
        ),
        keras=_('`BatchNormalization` layers, `kernel_initializer="he_normal"` before a ReLU, or fewer layers'),
    ),
    "learning_rate_too_small": Text(
        keras=_("a larger `learning_rate` of the optimizer; the one to try is in its own scale"),
    ),
    "collapsed": Text(
        sentence=_("The network answers with one and the same class for every input."),
        why=_(
            "One output outweighs the others, whatever the input. That follows from a step or an initial bias that "
            "is too large; the gradient then first has to undo it."
        ),
        keras=RATE,
    ),
    "collapsed.quiet": Text(
        why=_(
            "One output outweighs the others, whatever the input, although no step was large: its initial bias or "
            "the frequency of its class does that, and the gradient first has to undo it."
        ),
        keras=_(
            "look at the frequencies of the classes (`class_weight` of `fit`) and at `bias_initializer` of the last "
            "layer; then more `epochs`"
        ),
    ),
    "collapsed.start": Text(
        sentence=_("Before the first step the network answered with one class for every input, and it still does."),
        keras=_("leave `kernel_initializer` and `bias_initializer` of the last layer as Keras has them; scale `x`"),
    ),
    "not_learned_yet": Text(
        keras=_("more `epochs`, then another `learning_rate` of the optimizer"),
    ),
    "statistics_unsettled": Text(
        sentence=_(
            "The network is better than its validation shows: its loss on training examples is {loss:.3f} in "
            "training and {inferred:.3f} in inference, as BatchNormalization's moving statistics still hold "
            "{share:.0%} of their initial values."
        ),
        keras=_("more steps: more `epochs` or a smaller `batch_size`; or `BatchNormalization(momentum=0.9)`"),
    ),
    "statistics_unsettled.lagging": Text(
        sentence=_(
            "The network is better than its validation shows: its loss on training examples is {loss:.3f} in "
            "training and {inferred:.3f} in inference, as BatchNormalization's moving statistics lag behind the "
            "weights."
        ),
        keras=_("a `learning_rate` ten times smaller, at least for the last epochs"),
    ),
    "statistics_unsettled.initial": Text(
        sentence=_(
            "Inference says nothing of the network yet: it gives every input one class, with a loss of "
            "{inferred:.3f} on training examples against {loss:.3f} in training, as BatchNormalization's moving "
            "statistics still hold {share:.0%} of their initial values."
        ),
    ),
    "validation_unsettled": Text(
        sentence=_(
            "The validation loss jumps from epoch to epoch, once from {before:.3f} to {after:.3f}: the last epoch "
            "says little."
        ),
        keras=_(
            "a `learning_rate` ten times smaller, at least for the last epochs, and "
            "`ModelCheckpoint(save_best_only=True)`"
        ),
    ),
    "validation_unsettled.kept": Text(
        sentence=_(
            "The validation loss jumps from epoch to epoch, once from {before:.3f} to {after:.3f}; the best epoch is "
            "as good as one beside it."
        ),
    ),
    "validation_at_chance": Text(
        sentence=_(
            "The network knows its training examples (loss {loss:.3f}), but on validation data it was never better "
            "than guessing: the lowest loss is {lowest:.3f}, that of guessing {chance:.3f}."
        ),
        why=_(
            "What it learned does not carry over: too few examples, targets that have nothing to do with them, or "
            "validation data that is treated otherwise. The signals do not tell which."
        ),
        keras=_(
            "look at `validation_data` first: made by the same code as `x` and `y`, split at random; then more examples"
        ),
    ),
    "overfitting": Text(
        sentence=_(
            "Since epoch {epoch} the network learns its training examples by heart: the training loss fell from "
            "{first_loss:.3f} to {loss:.3f}, the validation loss rose from {lowest:.3f} to {val_loss:.3f}."
        ),
        why=_(
            "What is left to learn in the training examples is particular to them, and does not carry over to "
            "others. The more weights and the fewer examples there are, the sooner it begins."
        ),
        keras=FEWER,
    ),
    "overfitting.gap": Text(
        sentence=_(
            "The network knows its training examples by heart (loss {loss:.3f}), validation examples far less well "
            "(loss {val_loss:.3f}): {gap:.0%} of accuracy lie between them."
        ),
        keras=FEWER,
    ),
    "overfitting.stalled": Text(
        sentence=_(
            "Since epoch {epoch} only the training examples gain: their loss fell from {first_loss:.3f} to "
            "{loss:.3f}, that of validation stays at {lowest:.3f} or above; {gap:.0%} of accuracy lie between them."
        ),
        keras=FEWER,
    ),
    "training_too_short": Text(
        keras=_("more `epochs`"),
    ),
    "training_too_short.late": Text(
        why=_(
            "In a deep network that begins with small weights, each layer passes on a little less of what tells "
            "inputs apart, and of the gradient on the way back. Steps stay tiny until the weights have grown; only "
            "then does learning begin."
        ),
        keras=_("`BatchNormalization` layers, or more `epochs`"),
    ),
    "underfitting": Text(
        sentence=_(
            "The network does not even learn its training examples: the accuracy on them stays at {accuracy:.1%}."
        ),
        why=_(
            "The training loss no longer falls although steps and gradients are there. The network has too few units "
            "for the task, or the inputs do not say more about the classes: the figures do not tell which."
        ),
        keras=_(
            "more units or layers, less `Dropout` and `kernel_regularizer`; if that changes nothing, better inputs"
        ),
    ),
    "underfitting.dropout": Text(
        why=_(
            "On the same inputs the network does much better without dropout: its noise is more than the network can "
            "learn against."
        ),
        keras=_("a smaller `rate` of the `Dropout` layers"),
    ),
    "learned": Text(
        why=_(
            "No cause for a warning was found in data, steps, units or course, and what was learned carries over to "
            "examples that the network has not seen."
        ),
    ),
    "learned.unvalidated": Text(
        why=_("No cause for a warning was found in data, steps or units; no validation data was looked at."),
    ),
    "still_improving": Text(
        keras=_("more `epochs`"),
    ),
    "labels_outside": Text(
        keras=_("class numbers in `y` from 0 to one less than there are units in the last layer"),
    ),
    "inputs_out_of_scale": Text(
        keras=_(
            "scale `x`: `keras.layers.Rescaling(1 / 255)` first in the model for images, `Normalization` otherwise"
        ),
    ),
    "inputs_out_of_scale.small": Text(
        keras=_("scale `x` once only: look for a second division by 255, or a `Rescaling` layer in the model"),
    ),
    "inputs_out_of_scale.features": Text(
        sentence=_(
            "The first layer with weights, {layer}, sees values of a size of {size:.1f}, where about one is "
            "expected: the loss began at {loss:.1f}, far above guessing."
        ),
        why=_(
            "The gradient of a weight grows with what it is multiplied by: with inputs this large, the same learning "
            "rate makes the first steps overshoot."
        ),
        keras=_("scale `x`: `keras.layers.Normalization` adapted to the training data"),
    ),
    "images_constant": Text(
        keras=_("look at a few inputs as the network gets them: `x.min()`, `x.max()`"),
    ),
    "images_constant.alike": Text(
        sentence=_("What the first layer sees is the same for every input: the preparation leaves nothing of them."),
    ),
    "duplicates": Text(
        sentence=_("{share:.1%} of the validation examples are training examples too."),
        why=_(
            "An example that the network trained on says nothing about examples it has not seen: validation figures "
            "look better than they are, and overfitting stays hidden."
        ),
    ),
    "labels_renamed.network": Text(
        sentence=_(
            "The network knows its training examples, but is right for {accuracy:.1%} of the validation examples, "
            "less than guessing ({guessing:.1%}): the labels of the two parts name the classes differently."
        ),
        why=_(
            "Labels that have nothing to do with the inputs are right as often as guessing. Far below it the network "
            "does tell the classes apart, and the validation labels call them by each other's names."
        ),
        keras=_("make the class numbers of `y` and of `validation_data` from one list of class names"),
    ),
    "validation_unlike_training": Text(
        why=_(
            "What a network learned holds for inputs like those it saw. Another scale, order or origin of the "
            "validation data makes its answers worthless there, however well it was trained."
        ),
        keras=_("prepare `x` and `validation_data` by the same code, and split at random"),
    ),
    "class_imbalance": Text(
        sentence=_(
            "An accuracy of {accuracy:.1%} is what the most frequent class alone gives: it has {share:.1%} of the "
            "validation examples."
        ),
        keras=_("look at the accuracy of each class; `class_weight` of `fit`, or as many examples of each class"),
    ),
    "nothing_trainable": Text(
        keras=_("`layer.trainable = True` for at least the last layers, then `compile` again"),
    ),
    "wrong_outputs": Text(
        keras=_("as many units in the last layer as there are classes"),
    ),
    "loss_mismatch": Text(
        keras=_('either `activation="softmax"` in the last layer or `from_logits=True` in the loss, not both'),
    ),
    "loss_mismatch.probabilities": Text(
        keras=_('`activation="softmax"` in the last layer, or `from_logits=True` in the loss'),
    ),
    "layers_frozen": Text(
        keras=_("`layer.trainable = True` for all layers, then `compile` again; or pretrained weights"),
    ),
    "layer_never_moves": Text(
        keras=_(
            "look at what stands between the layer and the output: an operation without a gradient (`argmax`, "
            "`round`), or an output that is not used"
        ),
    ),
    "frozen_batch_norm_trains": Text(
        keras=_("`layer.trainable = False` for the BatchNormalization layers of the frozen part, then `compile` again"),
    ),
}
