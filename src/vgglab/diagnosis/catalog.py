"""What findings are called and said, in English; `vgglab/locale` has it in other languages.

A finding's text is found under `code.case`; what a case leaves empty is that of the code alone. Placeholders name the
finding's `values`.
"""

from dataclasses import replace

from vgglab.diagnosis.text import Text, _
from vgglab.diagnosis.texts_in_keras import TEXTS_IN_KERAS
from vgglab.diagnosis.texts_of_checks import CHECK_LABELS, CHECK_MESSAGES, TEXTS_OF_CHECKS
from vgglab.diagnosis.texts_of_curves import TEXTS_OF_CURVES
from vgglab.diagnosis.texts_of_data import TEXTS_OF_DATA
from vgglab.diagnosis.texts_of_fitting import TEXTS_OF_FITTING
from vgglab.diagnosis.texts_of_scripts import TEXTS_OF_SCRIPTS
from vgglab.diagnosis.texts_of_training import TEXTS_OF_TRAINING

TEXTS = TEXTS_OF_DATA | TEXTS_OF_TRAINING | TEXTS_OF_FITTING | TEXTS_OF_SCRIPTS | TEXTS_OF_CHECKS | TEXTS_OF_CURVES
PARTS = tuple(Text.__dataclass_fields__)

LABELS = CHECK_LABELS | {
    "activation": _("last activation"),
    "batch_size": _("batch size"),
    "column_deviation_largest": _("largest deviation of a column"),
    "column_deviation_least": _("least deviation of a column"),
    "explained": _("share of the variance that is explained, training"),
    "explained_validation": _("share of the variance that is explained, validation"),
    "fall_in_all": _("fall of the training loss in all"),
    "form": _("form of the targets"),
    "gap_loss": _("validation above training loss, in losses of guessing"),
    "largest_label": _("largest class number"),
    "loss_name": _("loss function"),
    "metrics": _("metric"),
    "one_class": _("share of batches of one class"),
    "outputs_between": _("deviation of the outputs between inputs"),
    "saturated": _("share of saturated values"),
    "steps_in_all": _("steps in all"),
    "target_deviation": _("deviation of the targets"),
    "target_size": _("size of the targets (root mean square)"),
    "targets_largest": _("largest target"),
    "targets_least": _("least target"),
    "validation_moved": _("difference of the means of the inputs, in deviations"),
    "validation_ratio": _("deviation of validation inputs, relative to training"),
    "weight_ratio": _("initial weights, relative to the usual size"),
    "accuracy": _("training accuracy"),
    "best_val_accuracy": _("best validation accuracy"),
    "between": _("deviation between inputs"),
    "between_first": _("deviation between inputs, first activation layer"),
    "between_last": _("deviation between inputs, last activation layer"),
    "chance_loss": _("loss of guessing"),
    "check_across": _("simple model, right on validation images"),
    "check_renamed": _("the same with the classes renamed"),
    "check_within": _("simple model, right on held-back training images"),
    "class_here": _("share of the class in this part"),
    "class_there": _("share of the class in the other part"),
    "classes_predicted": _("classes predicted"),
    "constant_images": _("share of images of one colour"),
    "dead": _("share of dead units"),
    "duplicates": _("share of validation examples that are training examples"),
    "entropy": _("entropy of the predictions"),
    "fall": _("fall of the training loss in an epoch"),
    "epochs_at_chance": _("epochs at the loss of guessing, from the start"),
    "first_loss": _("loss of the first step"),
    "frozen_layers": _("frozen layers"),
    "gap_accuracy": _("training above validation accuracy"),
    "gradient": _("gradient before the first step, relative to the kernel"),
    "gradient_first": _("gradient of the first kernel, relative to that of the last"),
    "initial_statistics": _("initial share of the moving statistics"),
    "input_largest": _("largest input"),
    "input_size": _("size of the inputs (root mean square)"),
    "largest_fall": _("largest fall of the validation loss"),
    "largest_rise": _("largest rise of the validation loss"),
    "largest_update": _("largest change of a kernel in a step"),
    "layer": _("layer"),
    "layers": _("layers"),
    "loss": _("training loss"),
    "lowest_val_loss": _("lowest validation loss"),
    "majority": _("share of the most frequent class"),
    "moving_update": _("change of a moving mean, in deviations"),
    "names_gain": _("images made right by other names of the classes"),
    "names_lose": _("images made wrong by them"),
    "near_duplicates": _("share of validation images that are nearly a training image"),
    "outputs": _("outputs"),
    "parts_apart": _("difference of the mean images, in deviations"),
    "row_sum_largest": _("largest sum of the outputs of an input"),
    "row_sum_least": _("least sum of the outputs of an input"),
    "since_epoch": _("since epoch"),
    "softmaxes": _("softmaxes in a row"),
    "spread": _("deviation of the predictions between inputs"),
    "standard_errors": _("the same in standard errors"),
    "step": _("step"),
    "stray_labels": _("share of labels outside the classes"),
    "traits_apart": _("difference of single images, in deviations"),
    "trainable": _("trainable weights"),
    "training_loss_in_inference": _("loss on training examples in inference"),
    "typical_update": _("typical change of a kernel in a step"),
    "update": _("change of the kernel"),
    "val_accuracy": _("validation accuracy"),
    "val_loss": _("validation loss"),
    "worst_step_loss": _("largest loss of a step in the first epoch"),
}

WORDS = {
    "error": _("error"),
    "warning": _("warning"),
    "info": _("info"),
    "said": _("{severity}: {sentence}"),
    "healthy": _("healthy: {range}"),
    "at_least": _("at least {low}"),
    "at_most": _("at most {high}"),
    "between": _("{low} to {high}"),
    "why": _("why:"),
    "try": _("try:"),
    "source": _("source:"),
    "command": _("as a run:"),
    "set": _("set:"),
    "range_rate": _("range test: it suggests the rate {suggested:g}."),
    "range_none": _("range test: it found no rate at which the loss falls."),
    "confirmed": _("confirmed:"),
    "not_confirmed": _("not confirmed:"),
    "tried_training": _(
        "tried for {epochs} epochs of {images} images, {changes} took the training loss from {before} to {after}."
    ),
    "tried_validation": _(
        "tried for {epochs} epochs of {images} images, {changes} took the validation loss, averaged over the later "
        "half, from {before} to {after}."
    ),
    "no_number": _("no number"),
    "more": _("{count} more: vgglab diagnose {folder} --all"),
    "nothing": _("Nothing to diagnose yet: the run has no whole epoch."),
}


DIFFERENCES = {
    "stuck": _(
        "With {others} ({other}) the network learns, accuracy {trained:.3f} in training and {better:.3f} in "
        "validation; with {settings} ({name}) it does not, {worse:.3f}."
    ),
    "diverged": _(
        "With {others} ({other}) the network learns, accuracy {trained:.3f} in training and {better:.3f} in "
        "validation; with {settings} ({name}) the training diverged."
    ),
    "shared": _("The same is found in {other}, but less."),
    "worse": _(
        "With {others} ({other}) the validation accuracy is {better:.3f}, with {settings} ({name}) only {worse:.3f}."
    ),
    "diverged_by_loss": _(
        "With {others} ({other}) the network learns, its validation loss is {better:.4g}; with {settings} ({name}) the "
        "training diverged."
    ),
    "worse_by_loss": _(
        "With {others} ({other}) the validation loss is {better:.4g}, with {settings} ({name}) it is {worse:.4g}."
    ),
    "cause": _("In {name}: {finding}"),
    "contrast": _("For comparison, {label}: {worse:.3g}, against {better:.3g} in {other}."),
    "nothing": _("The signals of {name} name no cause that explains the difference."),
}


def text_of(code: str, case: str = "", keras: bool = False) -> Text:
    """The text of a finding, what its case leaves empty taken from its code's.

    With `keras` it is that for somebody's own script, and the advice that in Keras's words, where there is one.
    """
    key = f"{code}.{case}"
    texts = [TEXTS.get(key, Text()), TEXTS[code]]
    if keras:  # what the case says is nearer than what the code says, in either wording
        texts = [TEXTS_IN_KERAS.get(key, Text()), texts[0], TEXTS_IN_KERAS.get(code, Text()), texts[1]]
        texts = [replace(text, advice=text.keras or text.advice) for text in texts]
    return Text(*(next(filter(None, (getattr(text, part) for text in texts)), "") for part in PARTS))


def messages() -> list[str]:
    """Everything that is translated."""
    texts = [*TEXTS.values(), *TEXTS_IN_KERAS.values()]
    parts = [part for text in texts for part in (text.sentence, text.why, text.advice, text.keras)]
    return sorted(
        {part for part in [*parts, *LABELS.values(), *WORDS.values(), *DIFFERENCES.values(), *CHECK_MESSAGES] if part}
    )
