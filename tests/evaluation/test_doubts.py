"""Labels that look wrong: those that were changed come first, and what is written of them."""

import re
import sys

import numpy as np
import pytest

from vgglab.errors import RunError
from vgglab.evaluation.doubts import Doubt, rank_doubts
from vgglab.report.doubts import write_doubts_page
from vgglab.report.language import Language
from vgglab.runs.folds import Judged

CLASSES = ["ant", "bee", "fly"]


def judge(changed: int = 12):
    """What a network that is mostly right says of 240 pictures, the first of which have another label."""
    random = np.random.default_rng(0)
    true = np.arange(240) % 3
    probabilities = 0.7 * np.eye(3)[true] + 0.3 * random.dirichlet([1, 1, 1], 240)
    labels = true.copy()
    labels[:changed] = (labels[:changed] + 1) % 3
    rows = [{"index": n, "file": f"{n}.jpg", "fold": 1 + n % 5} for n in range(240)]
    return Judged(CLASSES, labels, probabilities.astype("float32"), rows, [row["file"] for row in rows])


def test_labels_that_were_changed_come_first_with_the_class_that_they_had():
    pytest.importorskip("cleanlab")
    ranked = rank_doubts(judge())
    assert {doubt.place for doubt in ranked[:12]} == set(range(12)) and len(ranked) == 240
    likely = {doubt.place for doubt in ranked if doubt.likely}
    assert likely <= set(range(12)) and len(likely) >= 9
    assert [CLASSES.index(doubt.suggested) for doubt in ranked[:12]] == [doubt.place % 3 for doubt in ranked[:12]]


def test_without_cleanlab_it_is_said_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "cleanlab.filter", None)
    with pytest.raises(RunError, match=r"pip install 'vgglab\[labels\]'"):
        rank_doubts(judge())


@pytest.mark.parametrize(("language", "text"), [("en", "rather bee"), ("fr", "plutôt bee")])
def test_the_page_shows_label_and_suggestion_and_needs_nothing_else(tmp_path, language, text):
    shown = [(Doubt(0, "a/<0>.jpg", "ant", "bee", 0.1, 0.8, True), "data:image/jpeg;base64,AAAA")]
    write_doubts_page(tmp_path / "d.html", "crossed", shown, (1, 240), Language(language))
    page = (tmp_path / "d.html").read_text()
    spaced = re.sub("[\xa0\u202f]", " ", page).replace(" ;", ";")
    assert f"ant; {text}" in spaced and "a/&lt;0&gt;.jpg" in page
    assert '<link rel="stylesheet' not in page and 'src="http' not in page
