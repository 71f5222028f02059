"""Make notebooks/NAME.ipynb and NAME.fr.ipynb from notebooks/NAME.py, and run them.

    python docs/scripts/notebooks.py [NAME...]          all, which takes minutes

VGGLAB_NOTEBOOK_EPOCHS and VGGLAB_NOTEBOOK_IMAGES make the lab's short; what is committed was made without them.
"""

import sys
import tempfile
from base64 import b64decode, b64encode
from io import BytesIO
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from PIL import Image

FOLDER = Path(__file__).parents[2] / "notebooks"
NAMES = ("vgg16_lab", "why_not_learning")
LANGUAGES = ("en", "fr")
MARK = "# %% "
COLOURS = 64
MOST_SECONDS = 3600  # for one cell


def write_all(names: list[str]) -> None:
    """Make these notebooks in both languages, and run them."""
    for name in names:
        for language in LANGUAGES:
            notebook = make_notebook(name, language)
            with tempfile.TemporaryDirectory() as folder:
                run_notebook(notebook, Path(folder))
            tidy(notebook)
            nbformat.write(notebook, path_of(name, language))


def path_of(name: str, language: str) -> Path:
    """Where a notebook is kept."""
    return FOLDER / (f"{name}.ipynb" if language == "en" else f"{name}.{language}.ipynb")


def make_notebook(name: str, language: str) -> NotebookNode:
    """A notebook in a language, without outputs."""
    cells = []
    for kind, text in read_cells(name):
        if kind == "code":
            cells.append(new_code_cell(text.replace('language = "en"', f'language = "{language}"')))
        elif kind == language:
            cells.append(new_markdown_cell(uncomment(text)))
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return new_notebook(cells=cells, metadata={"kernelspec": kernel, "language_info": {"name": "python"}})


def read_cells(name: str) -> list[tuple[str, str]]:
    """Kind (`code`, `en`, `fr`) and text of each cell of a source."""
    cells = []
    for part in (FOLDER / f"{name}.py").read_text(encoding="utf-8").split(f"\n{MARK}")[1:]:
        kind, _, text = part.partition("\n")
        cells.append((kind.strip(" []"), text.strip("\n")))
    return cells


def uncomment(text: str) -> str:
    """A text without the signs that make it a comment; lines that were wrapped in the source are put together."""
    lines = [line.removeprefix("#").removeprefix(" ") for line in text.splitlines()]
    joined = []
    for line in lines:
        begins = not line or line.startswith(("#", "- "))
        follows = bool(joined) and bool(joined[-1]) and not joined[-1].startswith("#")
        if begins or not follows:
            joined.append(line)
        else:
            joined[-1] += f" {line}"
    return "\n".join(joined)


def run_notebook(notebook: NotebookNode, folder: Path) -> None:
    """Run every cell in `folder`; outputs go into the notebook.

    Raises:
        CellExecutionError: a cell failed.
    """
    NotebookClient(notebook, timeout=MOST_SECONDS, resources={"metadata": {"path": str(folder)}}).execute()


def tidy(notebook: NotebookNode) -> None:
    """Take out of the outputs what is of no use to a reader, and make pictures small enough for a repository."""
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)  # times of day
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if is_of_use(output)]
            for output in cell.outputs:
                if "image/png" in output.get("data", {}):
                    output["data"]["image/png"] = fewer_colours(output["data"]["image/png"])


def is_of_use(output: NotebookNode) -> bool:
    """Whether it is neither a backend's greeting nor the empty line that Keras leaves of a summary."""
    empty = output.output_type == "display_data" and not output.data.get("text/plain", "x")
    return output.get("name") != "stderr" and not empty


def fewer_colours(png: str) -> str:
    """A PNG in base64, of at most COLOURS colours."""
    buffer = BytesIO()
    picture = Image.open(BytesIO(b64decode(png))).convert("RGB")
    picture.quantize(COLOURS).save(buffer, "png", optimize=True)
    return b64encode(buffer.getvalue()).decode()


if __name__ == "__main__":
    write_all(sys.argv[1:] or list(NAMES))
