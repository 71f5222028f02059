"""What is said otherwise of a training in somebody's own script: of inputs instead of images, in Keras's own words.

Laid over the texts of `catalog`, key by key; a part that is empty here is said as there.
"""

from vgglab.diagnosis.text import Text, _

TEXTS_IN_KERAS = {
    "diverged": Text(keras=_("a smaller `learning_rate` of the optimizer, or `clipnorm=1.0`")),
}
