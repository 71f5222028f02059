"""Pictures hold what they claim: names, numbers, lines and notes; files are well-formed and repeatable."""

import itertools
import math
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image

from vgglab.evaluation.displays import draw_confusion_matrix, draw_curves, save_figure

COUNTS = np.array([[8, 2, 0], [0, 5, 5], [0, 0, 10]])
CLASSES = ["cat", "aquarium_fish", "sweet_pepper"]


def make_history(epochs: int, **columns: list) -> list[dict]:
    """Rows of a run that gets better every epoch; a column given replaces the made-up one."""
    rows = []
    for i in range(epochs):
        row = {"epoch": i + 1, "loss": 2 / (i + 1), "accuracy": 1 - 1 / (i + 2)}
        row |= {"val_loss": 2.2 / (i + 1), "val_accuracy": 0.9 - 1 / (i + 2), "seconds": 1.0}
        rows.append(row | {name: values[i] for name, values in columns.items()})
    return rows


def texts(axes) -> set[str]:
    return {text.get_text() for text in axes.texts}


def overlap(labels: list, renderer) -> bool:
    boxes = [label.get_window_extent(renderer) for label in labels]
    return any(a.overlaps(b) for a, b in itertools.pairwise(boxes))


def test_cells_say_count_and_share_in_the_row_of_the_true_class():
    axes = draw_confusion_matrix(COUNTS, CLASSES, "test").axes[0]
    cells = {(text.get_position()[::-1], text.get_text()) for text in axes.texts}
    expected = {((0, 0), "8\n80 %"), ((0, 1), "2\n20 %"), ((1, 1), "5\n50 %"), ((1, 2), "5\n50 %")}
    assert cells == expected | {((2, 2), "10\n100 %")}
    assert (axes.get_ylabel(), axes.get_xlabel()) == ("true class", "predicted class")


def test_both_axes_name_every_class():
    axes = draw_confusion_matrix(COUNTS, CLASSES, "test").axes[0]
    assert [label.get_text() for label in axes.get_xticklabels()] == CLASSES
    assert [label.get_text() for label in axes.get_yticklabels()] == CLASSES


@pytest.mark.parametrize("n", [2, 25, 40])
def test_names_that_are_long_or_have_line_breaks_are_shortened_and_leave_the_cells_in_sight(n):
    names = [f"{number}\n{number * 200}"[:200] for number in map(str, range(100, 100 + n))]
    axes = draw_confusion_matrix(np.eye(n, dtype=int), names, "test").axes[0]
    shown = [label.get_text() for label in axes.get_yticklabels()]
    assert all(len(name) <= 32 and "\n" not in name for name in shown) and shown[0].startswith("100\\n1001")
    assert axes.get_position().width > 0.25


@pytest.mark.parametrize("n", [2, 10, 20, 100])
def test_labels_are_all_there_and_do_not_overlap(n):
    figure = draw_confusion_matrix(np.eye(n, dtype=int), [f"aquarium_fish_{i}" for i in range(n)], "test")
    axes, renderer = figure.axes[0], FigureCanvasAgg(figure).get_renderer()
    assert len(axes.get_yticklabels()) == len(axes.get_xticklabels()) == n
    assert not overlap(axes.get_yticklabels(), renderer)
    if axes.get_xticklabels()[0].get_rotation() in (
        0,
        90,
    ):  # boxes of slanted labels overlap, their ink does not
        assert not overlap(axes.get_xticklabels(), renderer)


def test_a_hundred_classes_are_colours_without_numbers():
    figure = draw_confusion_matrix(np.ones((100, 100), int), [str(i) for i in range(100)], "test")
    assert len(figure.axes[0].texts) == 0
    assert figure.axes[1].get_ylabel() == "share of the true class"


def test_a_class_without_images_is_grey():
    image = draw_confusion_matrix(np.array([[3, 1], [0, 0]]), ["a", "b"], "test").axes[0].images[0]
    red, green, blue, _ = image.to_rgba(image.get_array())[1, 0]
    assert red == green == blue


@pytest.mark.parametrize(("share", "text"), [(5, "5\n<1 %"), (995, "995\n>99 %")])
def test_shares_are_never_rounded_to_none_or_all(share, text):
    axes = draw_confusion_matrix(np.array([[share, 1000 - share], [0, 1]]), ["a", "b"], "test").axes[0]
    assert text in texts(axes)


def test_numbers_stand_out_from_their_cell():
    axes = draw_confusion_matrix(np.array([[99, 1], [0, 1]]), ["a", "b"], "test").axes[0]
    assert [text.get_color() for text in axes.texts[:2]] == ["white", "#222222"]


def test_counts_that_are_not_classes_by_classes_are_refused():
    with pytest.raises(ValueError, match=r"shape \(3, 3\): expected \(2, 2\)"):
        draw_confusion_matrix(COUNTS, ["a", "b"], "test")


def test_curves_name_their_lines_and_the_best_epoch():
    history = make_history(4, val_accuracy=[0.3, 0.8, 0.8, 0.7], val_loss=[3, 1.5, 1.2, 1])
    loss, accuracy = draw_curves(history, "a run", n_classes=10).axes
    assert texts(loss) == texts(accuracy) == {"training", "validation", "chance"}
    assert accuracy.get_title(loc="right") == "best validation 80.0 % at epoch 3"
    assert loss.lines[0].get_ydata().tolist() == [row["loss"] for row in history]


def test_chance_is_drawn_at_its_level_and_only_for_a_known_number_of_classes():
    loss, accuracy = draw_curves(make_history(3), "a run", n_classes=10).axes
    assert loss.lines[2].get_ydata()[0] == pytest.approx(math.log(10))
    assert accuracy.lines[2].get_ydata()[0] == pytest.approx(0.1)
    assert texts(draw_curves(make_history(3), "a run").axes[0]) == {"training", "validation"}


@pytest.mark.parametrize("epochs", [1, 2, 10, 100])
def test_epoch_ticks_are_integers_within_the_run(epochs):
    axes = draw_curves(make_history(epochs), "a run").axes[0]
    low, high = axes.get_xlim()
    ticks = [tick for tick in axes.get_xticks() if low <= tick <= high]
    assert ticks and all(tick == int(tick) and 1 <= tick <= epochs for tick in ticks)


def test_a_run_of_one_epoch_shows_points():
    lines = draw_curves(make_history(1), "a run").axes[0].lines
    assert lines[0].get_marker() == lines[1].get_marker() == "o"


def test_a_diverged_run_says_since_when():
    losses = [2.0, None, math.nan, math.inf]
    loss, _ = draw_curves(make_history(4, loss=losses), "a run", n_classes=10).axes
    assert loss.get_title(loc="right") == "not finite from epoch 2"
    assert loss.get_ylim()[1] < 3


def test_validation_that_was_not_recorded_is_no_divergence():
    loss, _ = draw_curves(make_history(2, val_loss=[None] * 2, val_accuracy=[None] * 2), "a run").axes
    assert texts(loss) == {"training"}
    assert loss.get_title(loc="right") == ""


def test_an_exploding_loss_is_drawn_on_a_log_scale_and_says_so():
    loss, _ = draw_curves(make_history(3, loss=[2.0, 1e3, 1e6]), "a run", n_classes=10).axes
    assert (loss.get_yscale(), loss.get_title(loc="right")) == ("log", "log scale")


def test_labels_of_lines_that_end_together_do_not_overlap():
    flat = {"loss": [2.3026] * 3, "val_loss": [2.3026] * 3, "accuracy": [0.1] * 3, "val_accuracy": [0.1] * 3}
    figure = draw_curves(make_history(3, **flat), "a run", n_classes=10)
    for axes in figure.axes:
        labels = sorted(axes.texts, key=lambda text: text.xy[1])
        assert not overlap(labels, FigureCanvasAgg(figure).get_renderer())


def test_a_run_without_epochs_says_so():
    assert "no epoch was recorded" in texts(draw_curves([], "a run", n_classes=10).axes[0])


def test_the_svg_is_xml_that_holds_every_class_name_as_text(tmp_path):
    svg, _ = save_figure(draw_confusion_matrix(COUNTS, CLASSES, "cats & $dogs$ <5>"), tmp_path / "matrix")
    root = ElementTree.parse(svg).getroot()
    held = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert [held.count(name) for name in CLASSES] == [2, 2, 2]
    assert "cats & $dogs$ <5>" in held


def test_the_png_opens_and_is_not_blank(tmp_path):
    _, png = save_figure(draw_curves(make_history(3), "a run", n_classes=10), tmp_path / "curves")
    with Image.open(png) as image:
        assert image.width > 1000
        assert len(image.convert("RGB").getcolors(maxcolors=1 << 20)) > 50


@pytest.mark.parametrize("again", ["same figure", "drawn again"])
def test_saving_twice_gives_the_same_bytes_and_leaves_nothing_else(tmp_path, again):
    figure = draw_confusion_matrix(COUNTS, CLASSES, "test")
    other = figure if again == "same figure" else draw_confusion_matrix(COUNTS, CLASSES, "test")
    first, second = save_figure(figure, tmp_path / "vgg16.a"), save_figure(other, tmp_path / "vgg16.b")
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]
    names = ["vgg16.a.png", "vgg16.a.svg", "vgg16.b.png", "vgg16.b.svg"]
    assert sorted(path.name for path in tmp_path.iterdir()) == names


def test_drawing_loads_neither_keras_nor_pyplot():
    code = "import sys, vgglab.evaluation.displays; print({'keras', 'matplotlib.pyplot'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_computing_loads_no_drawing_library():
    code = "import sys, vgglab.evaluation.metrics; print({'keras', 'matplotlib'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
