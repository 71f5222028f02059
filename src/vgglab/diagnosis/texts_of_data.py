"""Texts of the findings about data and networks; see `catalog`."""

from vgglab.diagnosis.text import GOODFELLOW, Text, _

TEXTS_OF_DATA = {
    "labels_outside": Text(
        _("{share:.1%} of the labels name no class: class numbers must run from 0 to {last}."),
        _(
            "The loss looks up the probability of the class that a label names. Class numbers that start at 1 "
            "instead of 0 point one place too far: the last one at nothing at all, and every other one at the wrong "
            "class."
        ),
        _("number the classes from 0, and count them again"),
        "Keras, documentation of SparseCategoricalCrossentropy",
    ),
    "images_constant": Text(
        _("{share:.0%} of the images are one single colour: there is nothing to see in them."),
        _(
            "A network can only tell images apart by what differs between them. Images that are constant come from a "
            "wrong path, a failed decoding or an arithmetic that cut every value to the same one."
        ),
        _("look at a few images as they are loaded"),
        f"{GOODFELLOW}, section 11.5",
    ),
    "images_constant.alike": Text(
        _("What the first layer sees is the same for every image: the preprocessing leaves nothing of them.")
    ),
    "inputs_out_of_scale": Text(
        _("The first layer, {layer}, sees values from {least:.3g} to {largest:.3g}, where about -3 to 3 is expected."),
        _(
            "Initial weights and learning rates are made for inputs of a size of about one. Inputs a hundred times "
            "larger make the first sums, and the gradients of the first weights, as much larger: the same rate "
            "overshoots."
        ),
        _("scale the images to 0 to 1, or normalise them"),
        "LeCun, Bottou, Orr, Mueller, Efficient BackProp (1998), section 4.3",
    ),
    "inputs_out_of_scale.small": Text(
        _("The first layer, {layer}, sees values from {least:.3g} to {largest:.3g}: next to nothing."),
        _(
            "Initial weights and learning rates are made for inputs of a size of about one. Inputs that are a "
            "hundred times smaller, as after dividing by 255 twice, leave a signal and a gradient too small to learn "
            "from."
        ),
    ),
    "inputs_out_of_scale.features": Text(
        _(
            "The head, {layer}, sees features of a size of {size:.1f}, where about one is expected: its loss began at "
            "{loss:.1f}, far above guessing."
        ),
        _(
            "A pretrained network expects images prepared as when it was trained. With another scale its features "
            "are not those it learned, and may be many times larger; the first steps of the head then overshoot."
        ),
        _("prepare the images as the pretrained network expects them"),
    ),
    "inputs_out_of_scale.prepared": Text(
        _(
            "The head, {layer}, sees features of a size of {size:.1f}, where about one is expected: its loss began at "
            "{loss:.1f}, far above guessing."
        ),
        _(
            "The gradient of a weight grows with what it is multiplied by: with features this large, the same learning "
            "rate makes the first steps of the head overshoot."
        ),
        _("a smaller learning rate, or features averaged over places (pooling)"),
    ),
    "labels_renamed": Text(
        _(
            "The validation labels number the classes otherwise than the training labels: a simple model gets "
            "{across:.1%} right as they are, and {renamed:.1%} with the classes renamed."
        ),
        _(
            "Training and validation must number the classes alike. Where the numbers come from the order of folders "
            "or files, that order may differ between the two parts, or be off by one."
        ),
        _("make the class numbers of both parts from one list of class names"),
        f"{GOODFELLOW}, section 11.5",
    ),
    "labels_renamed.merged": Text(
        _(
            "One part lacks a class whose images are found under another class's name there: a simple model gets "
            "{across:.1%} of the validation images right as they are, and {renamed:.1%} with the two taken for one."
        ),
        _(
            "A class that is missing from one part, while another one there has its images, was moved or renamed by "
            "mistake. Its images count as wrong, however well the network knows them."
        ),
        _("look at the folders of both parts: each should have the same classes, each with its own images"),
    ),
    "labels_renamed.counted": Text(
        _(
            "Class {lacking}, counted from 0, has {here:.1%} of the images in one part and {there:.1%} in the other, "
            "and class {to} has just as many more: images of the one were named as the other there."
        ),
        _(
            "A class that is merely rare in one part makes all others there more frequent. Where one class alone gains "
            "what another lacks, and the rest are alike, images were moved or renamed by mistake."
        ),
        _("look at the folders of both parts: each should have the same classes, each with its own images"),
    ),
    "labels_renamed.held": Text(
        _(
            "The validation labels number some classes otherwise than the training labels: other names, chosen by "
            "other validation images than those that they are tried on, make {gained} right and {lost} wrong."
        )
    ),
    "labels_renamed.network": Text(
        _(
            "The network knows its training images, but is right for {accuracy:.1%} of the validation images, less "
            "than guessing ({guessing:.1%}): the labels of the two parts name the classes differently."
        ),
        _(
            "Labels that have nothing to do with the images are right as often as guessing. Far below it the network "
            "does tell the classes apart, and the validation labels call them by each other's names."
        ),
    ),
    "validation_unlike_training": Text(
        _("Validation images are not like training images: their mean images are {apart:.2f} deviations apart."),
        _(
            "What a network learned holds for images like those it saw. Another scale, orientation, order of colours "
            "or origin of the validation images makes its answers worthless there, however well it was trained."
        ),
        _("prepare both parts by the same code, and split at random"),
        f"{GOODFELLOW}, section 5.2",
    ),
    "validation_unlike_training.contrast": Text(
        _(
            "Validation images are not like training images: the contrast of single images is {apart:.1f} deviations "
            "apart, and the network does worse on them."
        )
    ),
    "validation_unlike_training.detail": Text(
        _(
            "Validation images are not like training images: the detail in them, the steps between neighbouring "
            "pixels, is {apart:.1f} deviations apart, and the network does worse on them."
        ),
        _(
            "Pictures that were made smaller and larger again, strongly compressed or drawn by another method show "
            "other detail than those that the network learned from; it goes by detail more than a person does."
        ),
    ),
    "validation_unlike_training.labels": Text(
        _(
            "Validation does not follow training: a simple model is right for {within:.1%} of held-back training "
            "images, but for {across:.1%} of the validation images."
        ),
        _(
            "The simple model saw the same training images in both cases, so the difference lies in the validation "
            "part: its labels do not belong to its images, or its images are of another kind."
        ),
        _("look at some validation images with their labels"),
    ),
    "labels_shuffled": Text(
        _(
            "Nothing shows that the labels belong to the images: a simple model gets {within:.1%} right, guessing "
            "{majority:.1%}, and the network does no better on validation images."
        ),
        _(
            "Mostly even a comparison with the most similar image beats guessing where labels belong to images. Either "
            "the labels are shuffled, or the images are too hard for so few of them; the figures do not tell which. A "
            "network can learn random labels by heart, so its training loss may fall; on new images it can only guess."
        ),
        _(
            "look at some images with their labels; check that both are read, sorted and shuffled together; where they "
            "are right, more images or a pretrained network"
        ),
        "Zhang et al., Understanding deep learning requires rethinking generalization (2017)",
    ),
    "duplicates": Text(
        _("{share:.1%} of the validation images are training images too."),
        _(
            "An image that the network trained on says nothing about images it has not seen: validation figures look "
            "better than they are, and overfitting stays hidden."
        ),
        _("take the duplicates out before the split"),
        "Barz and Denzler, Do we train on test data? (2020)",
    ),
    "duplicates.near": Text(
        _("{share:.1%} of the validation images are nearly the same as a training image."),
        _(
            "These images are much closer to a training image than that one is to any other: copies, frames of one "
            "film, or the same picture saved twice. Validation figures look better than they are, and overfitting "
            "stays hidden."
        ),
        _("keep images of one origin in one part"),
    ),
    "labels_noisy": Text(
        _(
            "The training labels are less right than the validation labels: a simple model is right for {within:.1%} "
            "of held-back training images, but for {across:.1%} of the validation images."
        ),
        _(
            "The simple model learned from training labels in both cases. Where it does better on the other part, a "
            "share of the training labels is wrong, or the validation images are the easier ones. Wrong labels can "
            "only be learned by heart: the longer the training, the more they count."
        ),
        _("look at training images of which the network is sure and the label says otherwise; fewer epochs until then"),
        "Zhang et al., Understanding deep learning requires rethinking generalization (2017)",
    ),
    "labels_noisy.network": Text(
        _(
            "The network is right more often on validation than on training images, {val_accuracy:.1%} against "
            "{accuracy:.1%} in the median epoch, though no dropout or augmentation makes training harder."
        ),
        _(
            "A network knows the images best that it trains on. Where it does better on others, a share of the "
            "training labels is wrong, or the validation images are the easier ones; the figures do not tell which. "
            "Wrong labels can only be learned by heart: the longer the training, the more they count."
        ),
    ),
    "class_imbalance": Text(
        _(
            "An accuracy of {accuracy:.1%} is what the most frequent class alone gives: it has {share:.1%} of the "
            "validation images."
        ),
        _(
            "Where one class is much more frequent than the others, always answering with it lowers the loss "
            "fastest. Accuracy does not show that the other classes were not learned."
        ),
        _("look at the accuracy of each class; balanced class weights, or as many images of each class"),
        "He and Garcia, Learning from imbalanced data (2009)",
    ),
    "nothing_trainable": Text(
        _("Nothing is trained: every layer is frozen."),
        _(
            "Frozen layers keep their weights. With all of them frozen each epoch computes the same outputs again, "
            "and the loss stays as it is."
        ),
        _("let at least the last layers train"),
        "Keras, guide to transfer learning and fine-tuning",
    ),
    "wrong_outputs": Text(
        _("The network has {outputs} outputs for {classes} classes."),
        _(
            "Each class needs an output of its own. Outputs without a class only take probability away until they "
            "are unlearned; a class without an output can never be predicted."
        ),
        _("give the last layer as many units as there are classes"),
        f"{GOODFELLOW}, section 6.2.2.3",
    ),
    "loss_mismatch": Text(
        _("Outputs and loss do not fit each other."),
        _(
            "Cross-entropy needs probabilities, made by one softmax: in the network or in the loss. Two of them "
            "flatten the probabilities, so that the loss cannot come near 0 and gradients stay small."
        ),
        _("use one softmax: in the last layer, or in the loss (from_logits=True), not in both"),
        f"{GOODFELLOW}, section 6.2.2.3",
    ),
    "loss_mismatch.twice": Text(_("The network ends in two softmaxes, one after the other.")),
    "loss_mismatch.logits": Text(
        _("The loss, {loss}, applies a softmax itself, but the network's outputs went through one already.")
    ),
    "loss_mismatch.probabilities": Text(
        _("The loss, {loss}, expects probabilities, but the network's outputs do not sum to one."),
        _(
            "Without a softmax the outputs are no probabilities of classes that exclude each other. The loss takes "
            "their logarithm all the same: its values and gradients mean nothing."
        ),
        _("end the network in a softmax, or use the loss with from_logits=True"),
    ),
    "layers_frozen": Text(
        _("Frozen before they learned anything: {layers}; their weights are random and stay so."),
        _(
            "Freezing keeps what a layer learned before. Layers with random weights pass on random features, and the "
            "others can only make the best of these."
        ),
        _("train all layers, or start from pretrained weights"),
        "Yosinski et al., How transferable are features in deep neural networks? (2014)",
    ),
    "layers_frozen.backbone": Text(
        _("Frozen before it learned anything: {backbone} has no weights but random ones, and keeps them.")
    ),
    "layer_never_moves": Text(
        _("These layers are trained, but their weights never change: {layers}."),
        _(
            "A weight changes by its gradient. Where the path from the layer to the loss is cut, by an operation "
            "without a gradient or an output that is not used, the gradient is exactly zero in every step."
        ),
        _("look at what stands between the layer and the output"),
        f"{GOODFELLOW}, section 6.5",
    ),
    "frozen_batch_norm_trains": Text(
        _("BatchNormalization of frozen layers goes on adapting: {layers}."),
        _(
            "The frozen weights were learned together with the old means and variances. New ones, from the batches "
            "of the new data, change what these layers give, batch by batch, and destroy what was learned."
        ),
        _("freeze the BatchNormalization layers as well: they then run in inference mode"),
        "Keras, guide to transfer learning and fine-tuning",
    ),
}
