"""How large numbers and times are written: limits and texts, marked for translation."""

from vgglab.diagnosis.text import _

MAGNITUDES = (
    (1e9, _("{number} billion")),
    (1e6, _("{number} million")),
    (1e4, _("{number} thousand")),
)
# below so many seconds: the larger unit in seconds, and the text
DURATIONS = (
    (60, 1, _("{large} s")),
    (3600, 60, _("{large} min {small} s")),
    (86400, 3600, _("{large} h {small} min")),
)
PREFIXES = ((1e9, "G"), (1e6, "M"), (1e3, "k"))
