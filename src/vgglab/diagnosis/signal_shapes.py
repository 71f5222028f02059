"""What the lines of `signals.jsonl` look like, for `runs.door`; `diagnosis.records` says what they mean."""

from typing import Annotated, Literal, NotRequired

from pydantic import AfterValidator, Field
from typing_extensions import TypedDict

from vgglab.runs.shapes import Count, Number, Place, Share, Size

ByLayer = dict[str, Size | None]
ByPart = dict[str, Share]


class Layer(TypedDict):
    """A layer with weights."""

    name: str
    kind: str
    trainable: bool
    activation: NotRequired[str | None]
    shape: NotRequired[list[Count] | None]
    fan_in: NotRequired[Count | None]
    kernel_deviation: NotRequired[Size | None]


class Task(TypedDict):
    """What is learned, and how its targets are written."""

    kind: Literal["classes", "binary", "labels", "regression", "unknown"]
    form: Literal["numbers", "one-hot", "column", "signs", "several", "values", "unknown"]
    columns: NotRequired[Count | None]
    classes: NotRequired[Count | None]
    least: NotRequired[Number | None]
    largest: NotRequired[Number | None]
    mean: NotRequired[Number | None]
    deviation: NotRequired[Size | None]
    guess_loss: NotRequired[Number | None]


class Model(TypedDict):
    """The network, its loss and its outputs."""

    layers: NotRequired[list[Layer]]
    trainable: NotRequired[Count]
    optimizer: NotRequired[str]
    learning_rate: NotRequired[Size | None]
    loss: str
    from_logits: bool
    metrics: NotRequired[list[str]]
    outputs: NotRequired[Place]
    activation: NotRequired[str | None]
    softmaxes: Count
    unseen: NotRequired[list[str]]


class Spread(TypedDict):
    """Where values lie; `between` is their deviation between inputs."""

    least: Number | None
    largest: Number | None
    mean: Number | None
    deviation: Size | None
    between: NotRequired[Size | None]


class Columns(TypedDict):
    """The columns of a table, and how unlike they are."""

    count: Count
    least: Number | None
    largest: Number | None
    least_deviation: Size | None
    largest_deviation: Size | None
    constant: Count


class Batch(TypedDict):
    """The first batches: how many classes there are in each, and the share of those that have but one."""

    size: NotRequired[Count | None]
    classes: NotRequired[list[Count]]
    one_class: NotRequired[Share | None]


class Steps(TypedDict):
    """What was planned; steps of an epoch, None where they are not known beforehand."""

    steps: NotRequired[Count | None]
    epochs: NotRequired[Count | None]


class Pixels(TypedDict):
    """Raw pixels of a part, and the share of its images that are one constant."""

    least: NotRequired[Number | None]
    largest: NotRequired[Number | None]
    mean: NotRequired[Number | None]
    constant: Share


class Difference(TypedDict):
    """How far the parts' mean images are apart."""

    deviations: Size | None
    errors: Size | None


GainedLost = Annotated[list[Count], Field(min_length=2, max_length=2)]


class Held(TypedDict):
    """What other names of the classes gain and lose on images that they were not chosen by."""

    renamed: GainedLost
    merged: GainedLost


class Check(TypedDict):
    """How far simple models get."""

    model: NotRequired[str]
    within: Share
    across: Share
    across_half: NotRequired[Share]
    renamed: Share
    held: NotRequired[Held]
    majority: Share
    n_within: Count
    n_across: Count


class Images(TypedDict):
    """How many images each part has."""

    training: Count
    validation: Count


def _alike(counts: dict[str, list[int]]) -> dict[str, list[int]]:
    if len({len(each) for each in counts.values()}) > 1:
        raise ValueError("it should count the same classes in each part")
    return counts


class Data(TypedDict):
    """What was found in images and labels."""

    images: NotRequired[Images]
    counts: NotRequired[Annotated[dict[str, list[Count]], AfterValidator(_alike)]]
    majority: NotRequired[Share]
    stray_labels: NotRequired[ByPart]
    pixels: NotRequired[dict[str, Pixels]]
    duplicates: NotRequired[Share]
    near_duplicates: NotRequired[Share]
    difference: NotRequired[Difference]
    traits: NotRequired[dict[str, Difference]]
    check: NotRequired[Check]
    validation_scale: NotRequired[dict[str, Spread]]


class Seen(TypedDict):
    """What the first layer with weights sees."""

    images: NotRequired[bool]
    layer: str
    channels: Count
    least: Number | None
    largest: Number | None
    mean: Number | None
    deviation: Size | None
    between: Size | None


class Score(TypedDict):
    """Loss and accuracy on a half of the probe."""

    loss: Size | None
    accuracy: Share | None


class Moving(TypedDict):
    """Mean and variance of the probe against a BatchNormalization's moving ones."""

    shift: Size | None
    ratio: Size | None


class NonFinite(TypedDict):
    """Where the loss stopped being a number."""

    step: Place
    loss: str
    layers: list[str]


class SignalLine(TypedDict):
    """A line: the state before the first step (epoch 0), or of an epoch."""

    epoch: Count
    data: NotRequired[Data | None]
    task: NotRequired[Task | None]
    model: NotRequired[Model | None]
    columns: NotRequired[Columns | None]
    batch: NotRequired[Batch | None]
    steps: NotRequired[Steps | None]
    input: NotRequired[Seen]
    gradient: NotRequired[ByLayer]
    norm: NotRequired[ByLayer]
    dead: NotRequired[ByPart]
    mean: NotRequired[dict[str, Number | None]]
    deviation: NotRequired[ByLayer]
    between: NotRequired[ByLayer]
    classes_predicted: NotRequired[Count]
    entropy: NotRequired[Number | None]
    spread: NotRequired[Size | None]
    largest_probability: NotRequired[Number | None]
    row_sum: NotRequired[Annotated[list[Number | None], Field(min_length=2, max_length=2)]]
    validation: NotRequired[Score]
    training: NotRequired[Score]
    saturated: NotRequired[ByPart]
    outputs: NotRequired[Spread | None]
    fit: NotRequired[dict[str, Number | None]]
    batch_norm: NotRequired[dict[str, Moving]]
    held: NotRequired[Held]
    update: NotRequired[ByLayer]
    moving_update: NotRequired[ByLayer]
    initial_statistics: NotRequired[Share]
    first_update: NotRequired[ByLayer]
    step_update: NotRequired[dict[Annotated[str, Field(pattern=r"^[1-9]\d{0,8}$")], ByLayer]]
    step_loss: NotRequired[list[Number | None]]  # differences of a mean: rounding takes huge ones below 0
    nonfinite: NotRequired[NonFinite]
    seconds: NotRequired[Size]
