"""Texts of the findings about steps and the course of a training; see `catalog`."""

from vgglab.diagnosis.text import GOODFELLOW, Text, _

BATCH_NORM = "Ioffe and Szegedy, Batch Normalization (2015)"
GLOROT = "Glorot and Bengio, Understanding the difficulty of training deep feedforward neural networks (2010)"

TEXTS_OF_TRAINING = {
    "diverged": Text(
        _("Training diverged: the loss became {loss} in epoch {epoch}, step {step}."),
        _(
            "A step that is too large lands where the loss is higher and its gradient larger still; repeated, the "
            "numbers outgrow what float32 can hold."
        ),
        _("a smaller learning rate"),
        f"{GOODFELLOW}, section 8.2.4",
    ),
    "diverged.layers": Text(
        _(
            "Training diverged: the loss became {loss} in epoch {epoch}, step {step}; "
            "the weights are not finite in {layers}."
        )
    ),
    "diverged.start": Text(
        _(
            "Training diverged: the loss became {loss} in epoch {epoch}, step {step}; "
            "it was out of range before any step."
        ),
        _(
            "Before the first step a classifier should guess: its loss is the logarithm of the number of classes. A "
            "loss far above comes from initial weights or inputs that are too large, or from labels that name no "
            "class."
        ),
        _("look at the initial weights, the inputs and the labels"),
    ),
    "learning_rate_too_large": Text(
        _("The learning rate {rate:g} is too large: step {step} changed {layer} by {update:.0%} of its norm."),
        _(
            "A healthy step changes weights by about a thousandth to a hundredth of their size. One that replaces "
            "them leaves units that are zero for every image, or an output that no longer depends on the image: the "
            "gradient through them is zero, and later steps repair nothing."
        ),
        _("a smaller learning rate"),
        f"{GOODFELLOW}, section 8.2.4",
    ),
    "learning_rate_too_large.adaptive": Text(
        "",
        _(
            "A healthy step changes weights by about a thousandth to a hundredth of their size. The size of the "
            "first step of Adam and its kin does not depend on the gradient: it is the learning rate, for each "
            "weight. It replaced the weights; the output no longer depends on the image, and no gradient is left to "
            "repair it."
        ),
        "",
        "Kingma and Ba, Adam (2015), section 2.1",
    ),
    "learning_rate_too_large.exploded": Text(
        _("The learning rate {rate:g} is too large: it drove the loss of a step up to {loss:.3g} in the first epoch.")
    ),
    "learning_rate_too_large.noisy": Text(
        _(
            "The learning rate {rate:g} is too large: step {step} changed {layer} by {update:.0%} of its norm, the "
            "loss of a step reached {loss:.3g}, and the network has not recovered."
        )
    ),
    "learning_rate_too_large.noisy_exploded": Text(
        _(
            "The learning rate {rate:g} is too large: it drove the loss of a step up to {loss:.3g} in the first "
            "epoch, and the network has not recovered."
        )
    ),
    "dead_units": Text(
        _("Since epoch {epoch} at least 99 % of the units are zero for every image in {layers}."),
        _(
            "A ReLU gives zero, and passes no gradient on, where its input is negative. A unit whose input is "
            "negative for every image never changes again; a layer of such units cuts the network in two."
        ),
        _("a smaller learning rate"),
        "Lu et al., Dying ReLU and initialization (2019)",
    ),
    "dead_units.start": Text(
        _("Before the first step at least 99 % of the units were zero for every image already, in {layers}."),
        "",
        _("other initial weights and biases: He's weights, biases of zero; or BatchNormalization"),
    ),
    "signal_lost": Text(
        _("The images do not reach the output, nor the gradient the weights, though no step was large."),
        _(
            "In a deep plain network each layer passes on a little less of what tells images apart, and of the "
            "gradient on the way back: the last layers learn the frequencies of the classes, the first ones nothing. "
            "BatchNormalization restores the scale at each layer."
        ),
        _("BatchNormalization, or weights and steps that make up for the depth (He's weights, Adam)"),
        f"{GLOROT}; {BATCH_NORM}",
    ),
    "learning_rate_too_small": Text(
        _("The learning rate {rate:g} is too small: a typical step changes a kernel by {update:.2g} of its norm."),
        _(
            "The gradient is there, but steps this small get nowhere in the epochs given: a healthy step changes "
            "weights by about a thousandth to a hundredth of their size."
        ),
        _("a larger learning rate"),
        f"{GOODFELLOW}, section 11.4.1",
    ),
    "collapsed": Text(
        _("The network answers with one and the same class for every image."),
        _(
            "One output outweighs the others, whatever the image. That follows from a step or an initial bias that "
            "is too large; the gradient then first has to undo it."
        ),
        _("a smaller learning rate"),
        f"{GOODFELLOW}, section 8.4",
    ),
    "collapsed.quiet": Text(
        "",
        _(
            "One output outweighs the others, whatever the image, although no step was large: its initial bias or the "
            "frequency of its class does that, and the gradient first has to undo it."
        ),
        _("look at the frequencies of the classes and at the bias of the last layer; then more epochs"),
    ),
    "collapsed.start": Text(
        _("Before the first step the network answered with one class for every image, and it still does."),
        "",
        _("look at the initial weights and biases of the last layer"),
    ),
    "not_learned_yet": Text(
        _("After epoch {epoch} the training loss is still near that of guessing; the signals name no cause."),
        _("No cause was found in data, steps, gradients or units; the training may just be too short."),
        _("more epochs, then another learning rate"),
        f"{GOODFELLOW}, section 11.5",
    ),
    "statistics_unsettled": Text(
        _(
            "The network is better than its validation shows: its loss on training images is {loss:.3f} in training "
            "and {inferred:.3f} in inference, as BatchNormalization's moving statistics still hold {share:.0%} of "
            "their initial values."
        ),
        _(
            "Training normalises with the statistics of each batch, inference with a moving average of them, which "
            "starts at mean 0 and variance 1 and forgets that a little with each step. After few steps the average "
            "is wrong at every layer, and the errors multiply."
        ),
        _(
            "statistics computed from training images before each validation (settle_batch_norm), a momentum of 0.9 "
            "(batch_norm_momentum), or more steps: more epochs or smaller batches"
        ),
        f"{BATCH_NORM}, section 3.1",
    ),
    "statistics_unsettled.lagging": Text(
        _(
            "The network is better than its validation shows: its loss on training images is {loss:.3f} in training "
            "and {inferred:.3f} in inference, as BatchNormalization's moving statistics lag behind the weights."
        ),
        _(
            "Training normalises with the statistics of each batch, inference with a moving average over the last "
            "steps. Steps so large that the network changes much within these leave the average wrong at every "
            "layer."
        ),
        _(
            "statistics computed from training images before each validation (settle_batch_norm), or a learning rate "
            "ten times smaller, at least for the last epochs"
        ),
    ),
    "statistics_unsettled.initial": Text(
        _(
            "Inference says nothing of the network yet: it gives every image one class, with a loss of {inferred:.3f} "
            "on training images against {loss:.3f} in training, as BatchNormalization's moving statistics still hold "
            "{share:.0%} of their initial values."
        ),
    ),
    "validation_unsettled": Text(
        _(
            "The validation loss jumps from epoch to epoch, once from {before:.3f} to {after:.3f}: the last epoch "
            "says little, best.keras is the model to use."
        ),
        _(
            "Steps are so large that the network changes much between two epochs. With BatchNormalization its moving "
            "statistics, which only inference uses, lag behind the weights."
        ),
        _("a learning rate ten times smaller, at least for the last epochs"),
        f"{BATCH_NORM}, section 3.1",
    ),
    "validation_unsettled.kept": Text(
        _(
            "The validation loss jumps from epoch to epoch, once from {before:.3f} to {after:.3f}; nothing is lost by "
            "it: the best epoch, which best.keras keeps, is as good as one beside it."
        ),
    ),
    "validation_at_chance": Text(
        _(
            "The network knows its training images (loss {loss:.3f}), but on validation images it was never better "
            "than guessing: the lowest loss is {lowest:.3f}, that of guessing {chance:.3f}."
        ),
        _(
            "What it learned does not carry over: too few images, labels that have nothing to do with them, or "
            "validation images that are treated otherwise. The signals do not tell which."
        ),
        _("look at the images and labels first; then more images"),
        "Zhang et al., Understanding deep learning requires rethinking generalization (2017)",
    ),
    "overfitting": Text(
        _(
            "Since epoch {epoch} the network learns its training images by heart: the training loss fell from "
            "{first_loss:.3f} to {loss:.3f}, the validation loss rose from {lowest:.3f} to {val_loss:.3f}."
        ),
        _(
            "What is left to learn in the training images is particular to them, and does not carry over to others. "
            "The more weights and the fewer images there are, the sooner it begins."
        ),
        _("dropout, varied or more images, or fewer epochs; best.keras is from the best epoch already"),
        f"{GOODFELLOW}, sections 5.2 and 7.8",
    ),
    "overfitting.gap": Text(
        _(
            "The network knows its training images by heart (loss {loss:.3f}), validation images far less well (loss "
            "{val_loss:.3f}): {gap:.0%} of accuracy lie between them."
        ),
        "",
        _("dropout, varied or more images"),
    ),
    "overfitting.stalled": Text(
        _(
            "Since epoch {epoch} only the training images gain: their loss fell from {first_loss:.3f} to {loss:.3f}, "
            "that of validation stays at {lowest:.3f} or above; {gap:.0%} of accuracy lie between them."
        ),
        "",
        _("dropout, varied or more images"),
    ),
    "training_too_short": Text(
        _("The training is too short: after epoch {epoch} the loss, {loss:.3f}, still falls by {fall:.0%} an epoch."),
        _("Nothing holds the network back but the number of steps it was given: training and validation still gain."),
        _("more epochs"),
        f"{GOODFELLOW}, section 11.4.1",
    ),
    "training_too_short.late": Text(
        _(
            "The training is too short for so late a start: for {still} of {epoch} epochs the loss was that of "
            "guessing; it is {loss:.3f} now, and still falls by {fall:.0%} an epoch."
        ),
        _(
            "In a deep network that begins with small weights, each layer passes on a little less of what tells images "
            "apart, and of the gradient on the way back. Steps stay tiny until the weights have grown; only then does "
            "learning begin."
        ),
        _("BatchNormalization, which restores the scale at each layer, or more epochs"),
        f"{GLOROT}; {BATCH_NORM}",
    ),
    "underfitting": Text(
        _("The network does not even learn its training images: the accuracy on them stays at {accuracy:.1%}."),
        _(
            "The training loss no longer falls although steps and gradients are there. The network has too few units "
            "for the task, or is kept from using them."
        ),
        _("a wider or deeper network, less regularisation"),
        f"{GOODFELLOW}, section 5.2",
    ),
    "underfitting.frozen": Text(
        "",
        _(
            "Only the head is trained; the frozen layers give features that were made for other images, and the head "
            "gets no more out of them."
        ),
        _("train the pretrained layers too, or the last of them, at a smaller learning rate"),
        "Yosinski et al., How transferable are features in deep neural networks? (2014)",
    ),
    "underfitting.dropout": Text(
        "",
        _(
            "On the same images the network does much better without dropout: the noise of a dropout of {dropout:g} "
            "is more than it can learn against."
        ),
        _("less dropout"),
        "Srivastava et al., Dropout (2014), section 7.3",
    ),
    "underfitting.drowned": Text(
        _("Under a dropout of {dropout:g} the network learns nothing, and gives every image one and the same class."),
        _(
            "Dropout at a rate p adds noise of p / (1 - p) of the signal's power at each layer: above 0.5 it is more "
            "than the signal, and layers multiply it. No step was large: the loss in training stays that of guessing "
            "as the noise does, not the weights, decide the output."
        ),
        _("less dropout"),
        "Srivastava et al., Dropout (2014), section 7.3",
    ),
    "learned": Text(
        _(
            "The network learned: training accuracy {accuracy:.3f} against {chance:.3f} by guessing, validation "
            "accuracy {val_accuracy:.3f}, and the validation loss is near its lowest."
        ),
        _(
            "No cause for a warning was found in data, steps, units or course, and what was learned carries over to "
            "images that the network has not seen."
        ),
        "",
        f"{GOODFELLOW}, section 11.5",
    ),
    "learned.past_best": Text(
        _(
            "The network learned: training accuracy {accuracy:.3f} against {chance:.3f} by guessing, validation "
            "accuracy {val_accuracy:.3f}; the validation loss was lowest in epoch {epoch}, but little is lost since."
        )
    ),
    "learned.unvalidated": Text(
        _("The network learned: training accuracy {accuracy:.3f} against {chance:.3f} by guessing."),
        _("No cause for a warning was found in data, steps or units; no validation images were looked at."),
    ),
    "still_improving": Text(
        _("The loss still falls by {fall:.0%} an epoch: more epochs would gain something."),
        _("Training and validation loss both still fall at the end."),
        _("more epochs"),
        f"{GOODFELLOW}, section 7.8",
    ),
}
