"""What is said of curves that are all there is; see `catalog`."""

from vgglab.diagnosis.text import GOODFELLOW, Text, _

TEXTS_OF_CURVES = {
    "diverged.epoch": Text(_("Training diverged: the loss became {loss} in epoch {epoch}.")),
    "learned.curves": Text(
        _(
            "Nothing stands out: the training loss went from {first_loss:.4g} to {loss:.4g}, where guessing evenly "
            "costs {chance:.4g}; the validation loss is {val_loss:.4g}."
        ),
        _("No cause for a warning was found in the curves, in the last activation or in the loss."),
    ),
    "learned.curves_alone": Text(
        _(
            "Nothing stands out: the training loss went from {first_loss:.4g} to {loss:.4g}, where guessing evenly "
            "costs {chance:.4g}."
        ),
        _("No cause for a warning was found in the curves, in the last activation or in the loss."),
    ),
    "not_learned_yet.curves": Text(
        _("After epoch {epoch} the training loss is still near that of guessing evenly."),
        _("Losses alone do not tell why. The network, its inputs and targets, and the size of its steps would."),
    ),
    "training_too_short.curves": Text(
        why=_("The loss still falls at the end. Whether larger steps would get there sooner, curves do not tell."),
    ),
    "underfitting.curves": Text(
        why=_(
            "The training loss no longer falls. The network may have too few units, its steps may be too small or too "
            "large, or the inputs may say no more: curves do not tell which."
        ),
    ),
    "curves_alone": Text(
        _("Only the curves were looked at: they tell how the training went, not why."),
        _(
            "Curves of many causes look alike. What tells these apart is recorded while a network trains: the size of "
            "its steps (a learning rate too large or too small), units that are zero or saturated, how far signal and "
            "gradient reach, the initial weights, whether last activation, loss and labels fit each other, the scale "
            "of inputs and targets, and the data itself (wrong or shuffled labels, batches of one class, examples "
            "that both parts share)."
        ),
        _(
            "train once more with `callbacks=[vgglab.Watch()]`, or look at the model and its data: "
            "`vgglab.check(model, x, y)`"
        ),
        f"{GOODFELLOW}, section 11.5",
    ),
    "curves_alone.model": Text(
        _("Only the curves and the compiled model were looked at, neither its data nor its steps."),
        _(
            "Curves of many causes look alike. What tells these apart is recorded while a network trains: the size of "
            "its steps (a learning rate too large or too small), units that are zero or saturated, how far signal and "
            "gradient reach, the initial weights, the form of the labels, the scale of inputs and targets, and the "
            "data itself (wrong or shuffled labels, batches of one class, examples that both parts share)."
        ),
    ),
}
