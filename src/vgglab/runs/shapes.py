"""What the records of a run folder look like; `runs.door` holds what it reads to these shapes.

A field that no shape names is passed over: the same schema may have come to hold more. A field that is named has its
type, and lies where such a figure can lie: nothing that is read needs to be checked again.
"""

from typing import (
    Annotated,
    Any,
    Literal,
    NotRequired,  # pydantic takes typing's from Python 3.12 on
)

from pydantic import AfterValidator, Field, JsonValue
from typing_extensions import TypedDict

from vgglab.config.schema import MONITORED

SCHEMA = 1
MEMBER_SCHEMA = 2  # 2: with levels, which vgglab of before would not stretch by; models without them are still 1
TRAINED, WATCHED = KINDS = ("trained", "watched")
STATUSES = ("running", "finished", "diverged", "interrupted", "failed")
# How a trial of a search ended: `pruned` by its curve, `hopeless` by a finding.
ENDINGS = ("running", "finished", "pruned", "hopeless", "diverged", "failed")

Schema = Annotated[int, Field(ge=1, le=SCHEMA)]
Count = Annotated[int, Field(ge=0, le=10**18)]
Place = Annotated[int, Field(ge=1, le=10**9)]  # an epoch, a step, a phase: counted from 1
Number = Annotated[float, Field(ge=-1e50, le=1e50)]  # what single precision holds, and quotients of it
Size = Annotated[float, Field(ge=0, le=1e50)]
Rate = Annotated[float, Field(gt=0, le=1e50)]
Share = Annotated[float, Field(ge=0, le=1 + 1e-5)]  # Keras's means of single precision may end above 1
Name = Annotated[str, Field(min_length=1)]
Interval = Annotated[list[Number], Field(min_length=2, max_length=2)]
Scalar = bool | Annotated[int, Field(ge=-(10**18), le=10**18)] | Number | str | None


class RunTree(TypedDict):
    """`run.json`."""

    schema: Schema
    name: Name
    status: Literal[STATUSES]
    created: str
    message: NotRequired[str]
    epochs_done: NotRequired[Count]
    best_epoch: NotRequired[Place | None]
    seconds: NotRequired[Size]
    parameters: NotRequired[dict[str, Count]]
    flops: NotRequired[Count]
    kind: NotRequired[Literal[KINDS]]  # early runs have none: they were trained
    monitor: NotRequired[Literal[MONITORED]]
    engine: NotRequired[str]


class HistoryRow(TypedDict):
    """A row of `history.csv`, and of the history in a model's file; None for no value."""

    epoch: Place
    loss: Size | None
    accuracy: Share | None
    val_loss: Size | None
    val_accuracy: Share | None
    learning_rate: Size | None
    seconds: Size | None
    phase: NotRequired[Place]


class WatchedRow(HistoryRow):
    """The same of a training that was only watched: a loss of one's own may be negative."""

    loss: Number | None
    val_loss: Number | None


class ClassNames(TypedDict):
    """`classes.json`: the names in the order of the model's outputs."""

    schema: Schema
    classes: Annotated[list[str], Field(min_length=1)]


class Split(TypedDict):
    """`split.json`: the images of each part by their place in the data set, and a hash of them all.

    `files` are those of a folder, by place: folder -> name -> hash of the pixels, None where it was not read.
    """

    schema: Schema
    data: str
    train: list[Count]
    validation: list[Count]
    test: list[Count]
    sha256: NotRequired[str]
    files: NotRequired[dict[str, dict[str, str | None]]]


class SourceTree(TypedDict):
    """`source/source.json`: where a person's own network comes from; see `runs.source`."""

    schema: Schema
    file: Annotated[str, Field(pattern=r"^[^/\\\\]+$")]
    sha256: str
    function: str | None
    module: str | None
    folder: str


class Environment(TypedDict):
    """`environment.json`, as far as it is read again."""

    schema: Schema
    packages: dict[str, str]
    backend: NotRequired[str]
    processor: NotRequired[str]
    cores: NotRequired[int | None]


def _whole(each: dict[str, Any]) -> dict[str, Any]:
    if each["count"] and None in (each["confidence"], each["accuracy"]):
        raise ValueError("a bin with images has a confidence and an accuracy")
    return each


class _Bin(TypedDict):
    low: Share
    high: Share
    count: Count
    confidence: Share | None
    accuracy: Share | None


class Calibration(TypedDict):
    """Of `metrics.json`: the expected calibration error, and images by confidence."""

    error: Share | None
    bins: list[Annotated[_Bin, AfterValidator(_whole)]]


ClassScores = TypedDict(
    "ClassScores", {"class": str, "precision": Share, "recall": Share, "f1": Share, "support": Count}
)


class Confused(TypedDict):
    """How often images of one class were taken for another; `share` is of the true class."""

    true: str
    predicted: str
    count: Count
    share: Share


class Metrics(TypedDict):
    """`metrics.json`; intervals are [low, high] at 95 %, None where there is none."""

    schema: Schema
    n: Count
    loss: Size | None
    loss_interval: Interval | None
    accuracy: Share
    accuracy_interval: Interval
    non_finite: NotRequired[Count]
    macro: NotRequired[dict[str, Share]]
    per_class: Annotated[list[ClassScores], Field(min_length=1)]
    most_confused: list[Confused]
    calibration: NotRequired[Calibration]


class OwnTest(TypedDict):
    """A run's own test on the classes of other pictures, and how these differ; see `evaluation.other.beside`."""

    n: Count
    accuracy: Share
    accuracy_interval: Interval
    loss: Size | None
    loss_interval: Interval | None
    recall: dict[str, Share]
    difference: Number
    difference_interval: Interval
    differs: bool


class OtherMetrics(Metrics):
    """`metrics.json` of an evaluation on other pictures; see `evaluation.other.Tried`."""

    data: str
    layout: NotRequired[str]
    labels: NotRequired[str]
    lacking: dict[str, Count]
    missing: list[str]
    unreadable: Count
    seen: Count
    own: OwnTest | None


class Prediction(TypedDict):
    """A row of `predictions.csv`, as far as it is read again."""

    index: Count
    label: str
    predicted: str


class Measured(TypedDict):
    """A figure of a finding's evidence."""

    value: Scalar
    healthy: Annotated[list[Number | None], Field(min_length=2, max_length=2)] | None


class Suggested(TypedDict):
    """What the range test said of a finding's rate."""

    verdict: Literal["rate", "no_fall", "out_of_range"]
    suggested: Rate | None


Severity = Literal["error", "warning", "info"]
Changes = dict[str, JsonValue]
# An early version wrote the texts themselves, and what to try as one of them.
Finding = TypedDict(
    "Finding",
    {
        "code": NotRequired[str],
        "case": NotRequired[str],
        "severity": Severity,
        "epoch": NotRequired[Count | None],
        "values": NotRequired[dict[str, Scalar]],
        "evidence": NotRequired[dict[str, Measured]],
        "try": Changes | str,
        "range": NotRequired[Suggested],
        "keras": NotRequired[bool],
        "sentence": NotRequired[str],
        "why": NotRequired[str],
        "source": NotRequired[str],
    },
)


class Findings(TypedDict):
    """`findings.json`."""

    schema: Schema
    findings: list[Finding]


class ProofSide(TypedDict):
    """One of the two trainings of a proof; see `experiments.proof`."""

    loss: Size | None
    source: NotRequired[str]
    status: NotRequired[str]
    rows: NotRequired[list[dict[str, JsonValue]]]


Proof = TypedDict(
    "Proof",
    {
        "schema": Schema,
        "code": str,
        "case": str,
        "try": Changes,
        "epochs": Count,
        "images": Count,
        "limit": NotRequired[Count | None],
        "measure": Literal["training", "validation"],
        "before": ProofSide,
        "after": ProofSide,
        "confirmed": bool,
    },
)


class RateRange(Suggested):
    """`lr_range.json`, as far as it is read again; see `diagnosis.rate_range`."""

    schema: Schema


LayerTree = TypedDict(
    "LayerTree",
    {
        "name": Name,
        "class": Name,
        "output_shape": list[Place | None],
        "parameters": Count,
        "trainable": NotRequired[bool],
        "rate": NotRequired[Share | None],
        "inputs": NotRequired[list[str] | None],
    },
)


class NetworkTree(TypedDict):
    """`network.json`."""

    schema: Schema
    layers: Annotated[list[LayerTree], Field(min_length=1)]
    parameters: dict[str, Count]


class Example(TypedDict):
    """A test image of `examples.json`: classes by number or name, pictures by their path in the folder."""

    kind: Literal["mistake", "success"]
    label: Count | str
    predicted: Count | str
    confidence: Share
    image: Name
    explanation: NotRequired[str | None]


class Examples(TypedDict):
    """`examples.json`."""

    schema: Schema
    examples: list[Example]


class Choice(TypedDict):
    """The run that a selecting run took, and why."""

    chosen: Name
    reason: NotRequired[str]


class StudyTree(TypedDict):
    """`study.json`: selecting run -> its choice."""

    schema: Schema
    choices: dict[str, Choice]


class TrialMark(TypedDict):
    """`trial.json` in a run's folder: which trial of the search above it is, and what may cut it short."""

    schema: Schema
    search: Name
    number: Count
    pruner: Name
    epochs: Place


class TrialRow(TypedDict):
    """A trial of a search; `figure` is the best one that validation gave, None for none."""

    name: Name
    how: Literal[ENDINGS]
    why: str
    settings: dict[str, JsonValue]
    figure: Number | None
    epochs: Count
    planned: Count
    seconds: Size


class SearchTree(TypedDict):
    """`search.json`."""

    schema: Schema
    name: Name
    measure: Literal[MONITORED]
    space: dict[str, str]
    trials: list[TrialRow]
    best: str | None
    importance: dict[str, Share]
    tested: list[str]


class Tracked(TypedDict):
    """`tracking.json`: tracker -> what it has to remember."""

    schema: Schema
    trackers: dict[str, dict[str, JsonValue]]


def _timed(row: HistoryRow) -> HistoryRow:
    if row["seconds"] is None:
        raise ValueError("an epoch that was trained took seconds")
    return row


class Progress(TypedDict):
    """Where a training stood when its model was saved."""

    history: list[Annotated[HistoryRow, AfterValidator(_timed)]]


class Member(TypedDict):
    """What vgglab adds to a `.keras` file."""

    schema: Annotated[int, Field(ge=1, le=MEMBER_SCHEMA)]
    classes: Annotated[list[str], Field(min_length=1)]
    training: Progress
    levels: NotRequired[dict[str, Interval]]
