"""Curves, costs and confusions become the shapes that they should."""

from itertools import pairwise

import pytest

from vgglab.report.charts.axes import LABEL_GAP, Scale, cut, line, spread
from vgglab.report.charts.confusion import confusion_picture, shade
from vgglab.report.charts.cost import Spent, cost_chart
from vgglab.report.charts.curves import Course, learning_curves, overlaid_curves
from vgglab.report.language import Language

SAY = Language("en")


def rows(losses, phases=None):
    phases = phases or [1] * len(losses)
    pairs = enumerate(zip(losses, phases, strict=True), 1)
    return [
        {"epoch": e, "loss": x, "val_loss": x, "accuracy": 0.5, "val_accuracy": 0.5, "phase": p} for e, (x, p) in pairs
    ]


def with_css(picture, css):
    return [shape for shape in picture.shapes if css in shape.css.split()]


def texts_of(picture):
    return [str(shape.text) for shape in picture.shapes if shape.shape == "words"]


def test_findings_and_the_best_epoch_are_marked_where_they_happen():
    loss, _ = learning_curves(Course("a", rows([2, 1, 0.5, 0.6]), 3, 10, [(2, 1), (2, 2)]), SAY)
    (best,), flags, poles = with_css(loss, "ring"), with_css(loss, "flag"), with_css(loss, "flagpole")
    points = {round(shape.x, 1) for shape in with_css(loss, "point")}
    assert best.x in points and len(flags) == 2 and flags[1].x - flags[0].x >= 2 * flags[0].r
    assert len({pole.d.split("V")[0] for pole in poles}) == 1 and {"1", "2"} <= set(texts_of(loss))


def test_a_finding_of_before_the_first_step_is_marked_at_the_start():
    loss, _ = learning_curves(Course("a", rows([2, 1]), None, 10, [(0, 1)]), SAY)
    assert with_css(loss, "flag")[0].x == min(shape.x for shape in with_css(loss, "point"))


def test_phases_have_bands_and_numbers():
    loss, _ = learning_curves(Course("a", rows([2, 1, 0.5, 0.4], [1, 1, 2, 2])), SAY)
    assert len(with_css(loss, "band")) == 1 and {"phase 1", "phase 2"} <= set(texts_of(loss))


def test_what_is_no_number_leaves_a_gap():
    scale = Scale(0, 4, 0, 100)
    assert line([(1, 1.0), (2, None), (3, float("nan")), (4, 2.0)], scale, scale).count("M") == 2
    loss, accuracy = learning_curves(Course("a", rows([None, None])), SAY)
    assert not with_css(loss, "point") and with_css(accuracy, "point")


@pytest.mark.parametrize(("losses", "expected"), [([2.3, 1], "0"), ([1e6, 1], "10⁵")])
def test_losses_that_exploded_are_on_a_logarithmic_scale(losses, expected):
    assert expected in texts_of(learning_curves(Course("a", rows(losses), None, 10), SAY)[0])


def test_runs_of_very_different_lengths_share_a_logarithmic_scale():
    short, long = Course("a", rows([2, 1])), Course("b", rows([2] * 100))
    assert "epoch, logarithmic scale" in texts_of(overlaid_curves([short, long], "val_loss", SAY))
    assert "epoch" in texts_of(overlaid_curves([short, short], "val_loss", SAY))


def test_names_at_line_ends_never_touch():
    heights = spread([10, 11, 11.5, 80, 80, 200], 5, 200)
    gaps = [after - before for before, after in pairwise(heights)]
    assert min(gaps) >= LABEL_GAP and heights[0] >= 5 and heights[-1] <= 200


def test_a_long_name_keeps_both_ends():
    assert (
        cut("digits-vgg16-width-0.25-sgd") == "digits-vg…0.25-sgd" and cut("frozen-normalized") == "frozen-normalized"
    )


def test_many_classes_are_squares_one_for_every_pair_that_occurs():
    names = [f"class {number}" for number in range(100)]
    counts = [[10 if row == column else int(column == (row + 1) % 100) for column in range(100)] for row in range(100)]
    picture = confusion_picture(names, counts, SAY)
    squares = [shape for shape in picture.shapes if shape.css.startswith("h")]
    assert sum(shape.d.count("M") for shape in squares) == 200 and set(names) <= set(texts_of(picture))
    assert str(picture.description) == "1,000 of 1,100 images are on the diagonal."


def test_rare_confusions_are_seen():
    assert [shade(count, 1000) for count in (0, 1, 10, 250, 1000)] == [0, 1, 1, 4, 9] and shade(0, 0) == 0


def test_accuracy_is_drawn_against_cost_with_its_interval():
    spent = [Spent("a", 0, 0.9, (0.8, 0.95), 10.0), Spent("b", 1, 0.5, None, 1000.0)]
    picture = cost_chart(spent, "cost", "seconds", SAY)
    first, second = with_css(picture, "spot")
    assert first.x < second.x and first.y < second.y and len(with_css(picture, "whisker")) == 1
    assert str(picture.description) == "a: 90.0\u00a0% for 10 and b: 50.0\u00a0% for 10³"
