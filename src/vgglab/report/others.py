"""What a report reads of a run's evaluations on other pictures."""

from dataclasses import dataclass

from vgglab.report.records import OTHER, Records, TestFigures, reading, test_figures
from vgglab.runs.door import EVALUATIONS, read_json
from vgglab.runs.shapes import OtherMetrics, OwnTest


@dataclass(frozen=True)
class OtherTest:
    """An evaluation on other pictures.

    Attributes:
        data: their folder.
        labels: the table of their classes; None where their folders tell them.
        figures: of the pictures that count.
        own: the run's own test beside them; None where there is none.
        lacking: class that the network lacks -> pictures of it.
        missing: classes of the network that have no picture there.
        left_out: pictures that the network knows from training, and pictures that cannot be read.
    """

    data: str
    labels: str | None
    figures: TestFigures
    own: OwnTest | None
    lacking: dict[str, int]
    missing: list[str]
    left_out: tuple[int, int]


def other_names(run: Records) -> list[str]:
    """Names of a run's evaluations on other pictures."""
    return sorted(path.name for path in run.folder.glob(f"{EVALUATIONS}/[!.]*") if path.is_dir())


def read_other(run: Records, name: str) -> OtherTest:
    """One of them.

    Raises:
        Missing: its figures are not there, or damaged.
    """
    with reading(run.folder, f"{EVALUATIONS}/{name}/metrics.json", OTHER) as path:
        tree = read_json(path, OtherMetrics)
    told = tree["data"], tree.get("labels"), test_figures(tree), tree["own"], tree["lacking"], tree["missing"]
    return OtherTest(*told, left_out=(tree["seen"], tree["unreadable"]))
