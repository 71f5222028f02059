"""The notebooks are those of their source, alike in both languages, and run from top to bottom."""

import pytest

nbformat = pytest.importorskip("nbformat", reason="needs the extra test")


@pytest.fixture(scope="module")
def notebooks(script):
    pytest.importorskip("nbclient", reason="needs the extra test")
    return script("notebooks")


def sources(notebook, kind):
    return [cell.source for cell in notebook.cells if cell.cell_type == kind]


@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_notebook_is_valid_small_and_has_the_cells_of_its_source(notebooks, language):
    path = notebooks.NOTEBOOKS[language]
    saved, made = nbformat.read(path, 4), notebooks.make_notebook(language)
    nbformat.validate(saved)
    assert path.stat().st_size < 600_000
    assert [cell.source for cell in saved.cells] == [cell.source for cell in made.cells], (
        "stale: run python docs/scripts/notebooks.py"
    )


@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_notebook_is_saved_with_its_outputs_and_without_errors(notebooks, language):
    cells = [cell for cell in nbformat.read(notebooks.NOTEBOOKS[language], 4).cells if cell.cell_type == "code"]
    kinds = [output.output_type for cell in cells for output in cell.outputs]
    assert all(cell.execution_count for cell in cells) and kinds.count("execute_result") > 10
    assert "error" not in kinds and not any("/tmp/" in str(cell.outputs) for cell in cells)


def test_both_languages_have_the_same_code_but_for_the_line_that_names_the_language(notebooks):
    english, french = (sources(notebooks.make_notebook(language), "code") for language in ("en", "fr"))
    assert [cell.replace('language = "fr"', 'language = "en"') for cell in french] == english
    assert "".join(french).count('language = "fr"') == 1


def test_both_languages_have_as_many_texts_at_the_same_places(notebooks):
    english, french = (notebooks.make_notebook(language) for language in ("en", "fr"))
    assert [cell.cell_type for cell in english.cells] == [cell.cell_type for cell in french.cells]
    assert not set(sources(english, "markdown")) & set(sources(french, "markdown"))


@pytest.mark.timeout(2400)
def test_the_notebook_runs_from_top_to_bottom_and_the_french_one_has_the_same_code(notebooks, tmp_path, monkeypatch):
    monkeypatch.setenv("VGGLAB_NOTEBOOK_EPOCHS", "1")
    monkeypatch.setenv("VGGLAB_NOTEBOOK_IMAGES", "80")
    notebook = notebooks.make_notebook("en")
    notebooks.run_notebook(notebook, tmp_path)
    assert all(cell.execution_count for cell in notebook.cells if cell.cell_type == "code")
    assert len(list(tmp_path.glob("runs/*/*/findings.json"))) == 10
