"""Runs in a notebook: everything shows itself, and is still what it was."""

import json

import numpy as np
import pytest

import vgglab
from vgglab.errors import RunError, UsageError
from vgglab.evaluation.picture import Picture
from vgglab.report.findings import Findings
from vgglab.report.notebook import Metrics, Probabilities
from vgglab.report.tables import html_table, text_table


def png_size(shown) -> tuple[int, int]:
    data, size = shown._repr_png_()
    assert data.startswith(b"\x89PNG")
    return size["width"], size["height"]


def test_curves_and_confusion_matrix_are_pictures_that_can_be_saved(trained, tmp_path):
    run = vgglab.load(trained.folder)
    assert 700 < png_size(run.curves())[0] < 1100 and png_size(run.confusion())[0] > 300
    for name in ("curves.svg", "curves.png", "curves.pdf"):
        assert run.curves().save(tmp_path / name).stat().st_size > 1000
    with pytest.raises(UsageError, match=r"expected .png, .svg or .pdf"):
        run.curves().save(tmp_path / "curves.doc")


def test_a_saved_picture_is_the_one_of_the_run_folder(trained, tmp_path):
    vgglab.load(trained.folder).confusion().save(tmp_path / "matrix.svg")
    assert (tmp_path / "matrix.svg").read_bytes() == (trained.folder / "confusion_matrix.svg").read_bytes()


def test_a_run_that_was_not_evaluated_has_no_confusion_matrix_and_says_what_to_do(write_run):
    run = vgglab.load(write_run("a", [1.0]).folder)
    with pytest.raises(RunError, match=r"confusion_matrix.csv is missing; make it with vgglab evaluate"):
        run.confusion()
    assert run.metrics is None and isinstance(run.curves(), Picture)


def test_findings_are_a_list_that_prints_in_two_languages(trained):
    findings = vgglab.load(trained.folder).findings
    assert isinstance(findings, list) and findings[0]["code"] and json.dumps(findings)
    french = findings.translated("fr")
    assert (
        str(findings).startswith(f"{findings[0]['severity']}: ") and str(french) != str(findings) and french == findings
    )
    assert "<table>" in findings._repr_html_() and "<strong>" in french._repr_html_()
    with pytest.raises(UsageError, match="expected one of en, fr"):
        findings.translated("de")


def test_no_findings_say_so():
    assert "Nothing to diagnose yet" in Findings([])._repr_html_()


def test_metrics_are_a_dict_that_prints_as_a_table(trained):
    metrics = vgglab.load(trained.folder).metrics
    assert isinstance(metrics, Metrics) and metrics["n"] == 100 and json.loads(json.dumps(metrics)) == metrics
    assert str(metrics).startswith("test accuracy") and metrics._repr_html_().count("<tr>") == 11


def test_predictions_are_an_array_that_shows_class_names(trained):
    images = vgglab.load_data("digits", limit=100).test.images
    found = vgglab.load(trained.folder).predict(images)
    assert isinstance(found, np.ndarray) and found.shape == (100, 10) and found.sum(axis=1) == pytest.approx(1)
    html = found._repr_html_()
    assert html.count("<tr>") == 21 and "80 more" in html
    assert f"<td>0</td><td>{found[0].argmax()} {found[0].max():.4f}</td>" in html
    assert found.argmax(axis=1)._repr_html_() is None and (found[:3] * 2).shape == (3, 10)


def test_a_run_classifies_predicts_files_and_explains(trained, tmp_path):
    from PIL import Image

    images, run = vgglab.load_data("digits", limit=100).test.images, vgglab.load(trained.folder)
    Image.fromarray(images[0]).save(tmp_path / "a.png")
    (told,) = run.predict_files([tmp_path], top=2)
    assert (told.classes[0],) == tuple(run.classify(images[:1])) and len(told.classes) == 2
    explanation = run.explain_file(tmp_path / "a.png")
    assert explanation.predicted == told.classes[0] and 600 < png_size(explanation)[0] < 800
    assert vgglab.explain_file(run.folder, tmp_path / "a.png", "3").explained == "3"


def test_a_run_and_a_comparison_are_tables(trained):
    run, rows = vgglab.load(trained.folder), vgglab.compare(trained.folder)
    assert "<td>finished</td>" in run._repr_html_() and "val_accuracy there" in run._repr_html_()
    assert (
        rows[0]["run"] == "trained" and str(rows).startswith("run      status") and "<th>run</th>" in rows._repr_html_()
    )


def test_what_is_in_a_table_is_text_and_no_html():
    assert html_table(["<b>"], [["<script>", 1]]) == (
        "<table><thead><tr><th>&lt;b&gt;</th></tr></thead><tbody><tr><td>&lt;script&gt;</td><td>1</td></tr></tbody></table>"
    )
    shown = Probabilities(np.array([[0.75, 0.25]]), ["<i>cat", "dog"])._repr_html_()
    assert "&lt;i&gt;cat 0.7500" in shown and "<i>" not in shown


def test_columns_of_a_text_table_are_aligned():
    assert text_table(["a", "n"], [["xyz", "5"], ["x", "10"]]) == "a     n\nxyz   5\nx    10"
