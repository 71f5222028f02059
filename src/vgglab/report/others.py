"""What a report reads of a run's evaluations on other pictures."""

from dataclasses import dataclass
from typing import Any

from vgglab.report.records import EVALUATE, Records, TestFigures, number, pair, reading, test_figures
from vgglab.runs.files import read_json
from vgglab.runs.record import EVALUATIONS, SCHEMA, check_schema


@dataclass(frozen=True)
class OwnTest:
    """The run's own test on the classes of other pictures, and how these differ; intervals as in `TestFigures`."""

    n: int
    accuracy: float
    accuracy_interval: tuple[float, float]
    recall: dict[str, float]
    difference: float
    difference_interval: tuple[float, float]
    differs: bool


@dataclass(frozen=True)
class OtherTest:
    """An evaluation on other pictures.

    Attributes:
        data: their folder.
        figures: of the pictures that count.
        own: the run's own test beside them; None where there is none.
        lacking: class that the network lacks -> pictures of it.
        missing: classes of the network that have no picture there.
        left_out: pictures that the network knows from training, and pictures that cannot be read.
    """

    data: str
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
    with reading(run.folder, f"{EVALUATIONS}/{name}/metrics.json", EVALUATE) as path:
        tree = read_json(path)
        check_schema(tree, SCHEMA, path)
        return OtherTest(
            str(tree["data"]),
            test_figures(tree),
            own_test(tree["own"]) if tree["own"] else None,
            {str(name): int(number(count)) for name, count in tree["lacking"].items()},
            [str(name) for name in tree["missing"]],
            (int(number(tree["seen"])), int(number(tree["unreadable"]))),
        )


def own_test(tree: dict[str, Any]) -> OwnTest:
    """What `own` of an evaluation's `metrics.json` holds."""
    return OwnTest(
        int(number(tree["n"])),
        number(tree["accuracy"]),
        pair(tree["accuracy_interval"]),
        {str(name): number(recall) for name, recall in tree["recall"].items()},
        number(tree["difference"]),
        pair(tree["difference_interval"]),
        bool(tree["differs"]),
    )
