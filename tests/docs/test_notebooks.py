"""The notebooks are those of their source, alike in both languages, and run from top to bottom."""

import pytest

nbformat = pytest.importorskip("nbformat", reason="needs the extra test")


@pytest.fixture(scope="module")
def notebooks(script):
    pytest.importorskip("nbclient", reason="needs the extra test")
    return script("notebooks")


def sources(notebook, kind):
    return [cell.source for cell in notebook.cells if cell.cell_type == kind]


names = pytest.mark.parametrize("name", ["vgg16_lab", "why_not_learning"])
languages = pytest.mark.parametrize("language", ["en", "fr"])


@names
@languages
def test_a_notebook_is_valid_small_and_has_the_cells_of_its_source(notebooks, name, language):
    path = notebooks.path_of(name, language)
    saved, made = nbformat.read(path, 4), notebooks.make_notebook(name, language)
    nbformat.validate(saved)
    assert path.stat().st_size < 600_000
    assert [cell.source for cell in saved.cells] == [cell.source for cell in made.cells], (
        "stale: run python docs/scripts/notebooks.py"
    )


@names
@languages
def test_a_notebook_is_saved_with_its_outputs_and_without_errors(notebooks, name, language):
    cells = [cell for cell in nbformat.read(notebooks.path_of(name, language), 4).cells if cell.cell_type == "code"]
    kinds = [output.output_type for cell in cells for output in cell.outputs]
    assert all(cell.execution_count for cell in cells) and kinds.count("execute_result") >= 9
    assert "error" not in kinds and not any("/tmp/" in str(cell.outputs) for cell in cells)


@names
def test_both_languages_have_the_same_code_but_for_the_line_that_names_the_language(notebooks, name):
    english, french = (sources(notebooks.make_notebook(name, language), "code") for language in ("en", "fr"))
    assert [cell.replace('language = "fr"', 'language = "en"') for cell in french] == english
    assert "".join(french).count('language = "fr"') == 1


@names
def test_both_languages_have_as_many_texts_at_the_same_places(notebooks, name):
    english, french = (notebooks.make_notebook(name, language) for language in ("en", "fr"))
    assert [cell.cell_type for cell in english.cells] == [cell.cell_type for cell in french.cells]
    assert not set(sources(english, "markdown")) & set(sources(french, "markdown"))


@pytest.mark.long
def test_the_lab_runs_from_top_to_bottom_and_the_french_one_has_the_same_code(notebooks, tmp_path, monkeypatch):
    monkeypatch.setenv("VGGLAB_NOTEBOOK_EPOCHS", "1")
    monkeypatch.setenv("VGGLAB_NOTEBOOK_IMAGES", "80")
    notebook = notebooks.make_notebook("vgg16_lab", "en")
    notebooks.run_notebook(notebook, tmp_path)
    assert all(cell.execution_count for cell in notebook.cells if cell.cell_type == "code")
    assert len(list(tmp_path.glob("runs/*/*/findings.json"))) == 10


@pytest.mark.long
def test_the_script_that_does_not_learn_is_told_why_and_learns_once_mended(notebooks, tmp_path):
    notebook = notebooks.make_notebook("why_not_learning", "en")
    notebooks.run_notebook(notebook, tmp_path)
    said = [str(cell.outputs) for cell in notebook.cells if cell.source == "watch.findings"]
    expected = ["the last activation, relu, gives none", "learned", "learning rate", "another scale"]
    assert all(part in text for part, text in zip(expected, said, strict=True))
