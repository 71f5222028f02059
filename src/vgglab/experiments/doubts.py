"""Labels that look wrong, from a cross-validation: a table to correct and a page to look through."""

import base64
import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from vgglab.config.shown import count_of
from vgglab.datasets.dataset import DataSet
from vgglab.errors import RunError, UsageError
from vgglab.evaluation.doubts import Doubt, rank_doubts
from vgglab.evaluation.thumbnails import fitted, to_picture
from vgglab.experiments.run_data import check_data, read_run_data
from vgglab.report.compare import find_runs
from vgglab.report.doubts import write_doubts_page
from vgglab.report.language import Language
from vgglab.runs.files import write_csv
from vgglab.runs.folds import Judged, read_judged
from vgglab.runs.remote.folder import sent
from vgglab.runs.seeds import Group, folded
from vgglab.runs.store import find_folder

SHOWN = 200  # pictures of the page: about 2 MB
SIDE = 160  # pixels of one


def find_doubts(
    folder: Path | str,
    *,
    data: Path | str | None = None,
    data_dir: Path | str | None = None,
    top: int | None = None,
    output: Path | str | None = None,
    language: str = "en",
) -> list[Doubt]:
    """Rank the labels of a cross-validation by how doubtful they are; write a table to correct and a page to look at.

    Args:
        folder: that the folders `fold-1`, `fold-2` and so on are in.
        data: the folder that the pictures are in now, if it is another.
        data_dir: where the data sets lie; None for VGGLAB_DATA, then Keras's cache.
        top: how many to tell of; None for those that are likely to be wrong.
        output: the table, a `.csv` file that is not there yet; None for `doubts.csv` in the folder. The page is beside
            it, `.html` in place of `.csv`.
        language: of the page, `en` or `fr`.

    Returns:
        The doubts that are in the table, the most doubtful first.

    Raises:
        RunError: it is no cross-validation, not all folds are done, or cleanlab is not installed.
        DataError: the pictures are missing, or not those that were trained on.
        UsageError: there is no such language, or the table is there already.

    Example:
        >>> import vgglab
        >>> for doubt in vgglab.find_doubts("runs/crossed"):
        ...     print(doubt.label, doubt.suggested)
    """
    say, group = Language(language), _group(folder)
    table = Path(output) if output else group.folder / "doubts.csv"
    if table.suffix != ".csv" or table.exists():
        wrong = "is there already, and may have been corrected" if table.exists() else "is no .csv"
        raise UsageError(f"{table}: {wrong}; name another one with --output")
    judged = read_judged(group)
    ranked = rank_doubts(judged)
    likely = sum(doubt.likely for doubt in ranked)
    chosen = ranked[: likely if top is None else top]
    dataset = read_run_data(group.runs[0].config, data, data_dir)
    check_data(group.runs[0], dataset)
    shown = chosen[:SHOWN]
    images = _images(dataset, [judged.rows[doubt.place]["index"] for doubt in shown])
    told = list(zip(shown, images, strict=True))
    write_doubts_page(table.with_suffix(".html"), group.name, told, (likely, len(ranked)), say)
    write_table(table, chosen, judged)
    sent(table.parent)
    return chosen


def write_table(path: Path, doubts: Sequence[Doubt], judged: Judged) -> None:
    """Write doubts as a table to correct: of a folder's pictures one that `data.without` takes."""
    which = "file" if judged.files else "index"
    fields = (which, "class", "suggested", "class_probability", "suggested_probability", "fold", "correct")
    rows = [
        {
            which: doubt.name,
            "class": doubt.label,
            "suggested": doubt.suggested,
            "class_probability": round(doubt.label_probability, 6),
            "suggested_probability": round(doubt.probability, 6),
            "fold": judged.rows[doubt.place]["fold"],
            "correct": "",
        }
        for doubt in doubts
    ]
    write_csv(path, fields, rows)


def _group(folder: Path | str) -> Group:
    place = find_folder(folder)
    groups = folded(find_runs([place]))
    if len(groups) != 1:
        raise RunError(
            f"{folder}: holds {count_of(len(groups), 'cross-validation')}; expected the folder of one, as vgglab train "
            "--folds 5 makes it"
        )
    return groups[0]


def _images(dataset: DataSet, indices: Sequence[int]) -> list[str]:
    """Images by their indices, small, as data URIs."""
    parts = (dataset.train, dataset.validation, dataset.test)
    places = {int(index): (part, row) for part in parts for row, index in enumerate(part.indices)}
    return [_uri(part.images[row]) for part, row in (places[index] for index in indices)]


def _uri(image: np.ndarray) -> str:
    buffer = io.BytesIO()
    fitted(to_picture(image), SIDE).save(buffer, format="JPEG", quality=85)
    return f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode('ascii')}"
