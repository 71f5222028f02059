"""What a run is told: typed, with every default written here and nowhere else."""

import os
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, JsonValue, model_validator
from pydantic_core import PydanticCustomError

from vgglab.config.yaml_text import nearest, parse_yaml

OPTIMIZERS = ("sgd", "adam", "adamw", "rmsprop", "nadam", "adamax", "adagrad", "adadelta", "lion")
DATASETS = ("digits", "cifar10", "cifar100")
PICTURE_SIZE = 224  # side in pixels that a folder's pictures are decoded at where model.image_size is not given
MODELS = ("vgg16",)
OWN = ("FILE.py:FUNCTION", "PACKAGE.MODULE:FUNCTION", "PATH.keras")  # what a person's own network is named by
TAKES_MOMENTUM = ("sgd", "rmsprop")
TAKES_NESTEROV = ("sgd",)
WEIGHT_DECAY = {"adamw": 0.004}  # of optimizers that Keras gives one, where none is asked for
CLASS_WEIGHTS = ("none", "balanced")
MONITORED = ("val_accuracy", "val_loss")
PRECISIONS = ("float32", "bfloat16", "float16")
SCHEDULES = ("constant", "cosine", "step")
RESIDENT = ("auto", "on", "off")
FOR_VGG16 = ("batch_norm", "dropout", "width", "dense_units")  # settings of a network of ours, not of one's own
PREPROCESSING = ("scale", "normalize", "normalize-channels", "backbone", "none")
BUILTIN = ("VGG16", "MobileNetV2")  # networks that are shipped with weights, at BUILTIN_WIDTH
BUILTIN_WIDTH = 0.25
HUB_PREFIX = "hub:"  # of backbone.name: a preset of KerasHub
RUN_PREFIX = "run:"  # of backbone.weights: the best model of a run
NO_FILES = ("imagenet", "builtin", "preset", "none")  # of backbone.weights: what is fetched, shipped, or made up
POOLING = ("flatten", "avg", "max")
STREAM = ("auto", "on", "off")
LAYOUTS = ("auto", "class", "part/class", "class/part")
LOGS = ("tensorboard", "mlflow")
FOLDERS_ONLY = ("layout", "labels", "groups", "without", "stretch", "stream")  # what published sets have no use for
LANGUAGES = ("en", "fr")  # of findings and reports
NAME_PATTERN = r"^\w[\w.+=-]*$"  # a folder's name that is neither hidden, nor "..", nor taken for an option


def _no_bool(value: Any) -> Any:
    """Python takes True for 1; `epochs: true` is a mistake."""
    if isinstance(value, bool):
        raise PydanticCustomError("bool_for_number", "Input should be a number")
    return value


def _read_list(value: Any) -> Any:
    """A list that comes from a command line as YAML text."""
    return parse_yaml(value, "train.phases") if isinstance(value, str) else value


def _read_mapping(value: Any) -> Any:
    """A mapping that comes from a command line as YAML text."""
    return parse_yaml(value, "model.arguments") if isinstance(value, str) else value


def _count_or_all(value: Any) -> Any:
    """A number of devices, perhaps as text, as it comes from a command line; or `all`."""
    if value == "all" or (type(value) is int and value > 0):
        return value
    if isinstance(value, str) and value.isdecimal() and int(value) > 0:
        return int(value)
    raise ValueError(f"train.devices is {value!r}; expected all, or a number from 1")


def is_own(name: str) -> bool:
    """Whether a network's name is that of a person's own: a file with a function, a module with one, or a model."""
    return ":" in name or name.endswith(".keras")


def _known_model(value: str) -> str:
    """A network's name, or what looks like one's own: whether it is there is for its builder to say."""
    if value not in MODELS and not is_own(value):
        known = ", ".join((*MODELS, *OWN))
        raise ValueError(f"model.name is {value!r}; expected one of {known}{nearest(value, MODELS)}")
    return value


def _known_data(value: str) -> str:
    """A data set's name, or what looks like a folder: whether it is there is for its reader to say."""
    if value not in DATASETS and not os.path.isdir(value) and os.sep not in value and not value.startswith("."):
        known = f"{', '.join(DATASETS)}{nearest(value, DATASETS)}"
        raise ValueError(f"data.name is {value!r}; expected one of {known}, or the path of a folder of images")
    return value


def _split(value: Any) -> Any:
    """`"512,256"` or `512`, as they come from a command line, as a list."""
    if isinstance(value, str):
        return [part for part in value.split(",") if part]
    return [value] if isinstance(value, int) else value


def _once_each(values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))


Whole = Annotated[int, BeforeValidator(_no_bool)]
Number = Annotated[float, BeforeValidator(_no_bool)]
Logs = Annotated[tuple[Literal[LOGS], ...], BeforeValidator(_split), AfterValidator(_once_each)]
Devices = Annotated[int | Literal["all"], BeforeValidator(_count_or_all), BeforeValidator(_no_bool)]
Units = Annotated[tuple[Annotated[Whole, Field(ge=1)], ...], BeforeValidator(_split)]


class Section(BaseModel):
    """A part of the config: immutable, and no key is taken that is not declared."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class DataConfig(Section):
    """Which images, and how they are split."""

    name: Annotated[str, AfterValidator(_known_data)] = Field(
        "digits", description=f"data set: {', '.join(DATASETS)}, or a folder of images"
    )
    coarse: bool = Field(False, description="cifar100: the 20 coarse labels in place of the 100 fine ones")
    validation: Number = Field(0.2, gt=0, lt=1, description="share of the training images kept for validation")
    test: Number = Field(0.2, gt=0, lt=1, description="share of an unsplit folder's images kept for the test")
    split_seed: Whole = Field(0, ge=0, description="seed of the split")
    folds: Whole | None = Field(None, ge=2, description="folds of the training images; each is judged in turn")
    fold: Whole | None = Field(None, ge=1, description="the fold that this run judges, from 1; train does all without")
    limit: Whole | None = Field(None, ge=1, description="at most this many images per part, stratified")
    strict: bool = Field(False, description="refuse a folder with unreadable images instead of leaving them out")
    layout: Literal[LAYOUTS] = Field("auto", description="what a folder's folders are")
    labels: str | None = Field(None, min_length=1, description="table of images: file, class, perhaps part; or column")
    groups: str | None = Field(None, min_length=1, description="column of that table: what stays in one part")
    without: str | None = Field(None, min_length=1, description="table of doubtful images, left out or corrected")
    stretch: bool = Field(False, description="stretch the grey levels that a folder's training images use to 0 to 255")
    stream: Literal[STREAM] = Field("auto", description="decode a folder's images anew each time, and keep none")

    @model_validator(mode="after")
    def _suits_the_data(self) -> "DataConfig":
        if self.coarse and self.name != "cifar100":
            raise ValueError(f"data.coarse: only cifar100 has coarse labels, the data set is {self.name}")
        given = [name for name in FOLDERS_ONLY if getattr(self, name) != type(self).model_fields[name].default]
        if given and self.name in DATASETS:
            raise ValueError(f"data.{given[0]} is for folders of images; the data set is {self.name}, leave it out")
        if self.labels is not None and self.layout != "auto":
            raise ValueError("data.layout: data.labels says what the images are; leave one of the two out")
        if self.groups is not None and self.labels is None:
            raise ValueError("data.groups is a column of the table of labels; give that as data.labels")
        return self

    @model_validator(mode="after")
    def _folds_fit(self) -> "DataConfig":
        if self.fold is not None and not self.fold <= (self.folds or 0):
            known = f"expected 1 to {self.folds}" if self.folds else "set data.folds too, or leave it out"
            raise ValueError(f"data.fold is {self.fold} and data.folds {self.folds}; {known}")
        return self


class ModelConfig(Section):
    """Which network."""

    name: Annotated[str, AfterValidator(_known_model)] = Field(
        "vgg16", description=f"network: {', '.join((*MODELS, *OWN))}"
    )
    arguments: Annotated[dict[str, JsonValue], BeforeValidator(_read_mapping)] = Field(
        {}, description="what the function of one's own network takes beside input_shape and classes"
    )
    batch_norm: bool = Field(False, description="BatchNormalization after each convolution")
    batch_norm_momentum: Number | None = Field(
        None,
        ge=0,
        lt=1,
        description="momentum of BatchNormalization's statistics where it trains; else its own",
    )
    dropout: Number = Field(0.0, ge=0, lt=1, description="Dropout after each convolution but a block's last: the rate")
    width: Number = Field(1.0, gt=0, description="factor on the filters and the dense units")
    dense_units: Units = Field((4096, 4096), description="units of fc1, fc2, ...")
    preprocessing: Literal[PREPROCESSING] = Field("scale", description="what the network does to pixel values first")
    image_size: Whole | None = Field(None, ge=8, description="side in pixels that images are resized to")

    @property
    def own(self) -> bool:
        """Whether the network is a person's own."""
        return is_own(self.name)

    @model_validator(mode="after")
    def _arguments_fit(self) -> "ModelConfig":
        if self.arguments and ":" not in self.name:
            raise ValueError(f"model.arguments are for a function, as in my_models.py:make; {self.name} takes none")
        fields = type(self).model_fields
        for field in FOR_VGG16 if self.own else ():
            if getattr(self, field) != fields[field].default:
                raise ValueError(f"model.{field} is for vgg16; {self.name} has model.arguments.{field}, if it takes it")
        return self


class BackboneConfig(Section):
    """A pretrained network in place of one from scratch, and the head on top of it."""

    name: str | None = Field(
        None, min_length=1, description="backbone: of keras.applications, as MobileNetV2, or hub:PRESET"
    )
    weights: str | None = Field(None, min_length=1, description="imagenet, builtin, preset, none, a file, or run:ID")
    head_units: Units = Field((512,), description="units of the head's fc1, fc2, ...; none without a value")
    head_dropout: Number = Field(0.0, ge=0, lt=1, description="Dropout after each dense layer of the head: the rate")
    pooling: Literal[POOLING] = Field("flatten", description="how the backbone's last feature maps become a vector")

    @property
    def used(self) -> bool:
        """Whether the run starts from a backbone."""
        return self.name is not None or self.weights is not None


class AugmentConfig(Section):
    """How training images are varied at random; validation and test images never are."""

    flip: bool = Field(False, description="mirror left and right, at random")
    crop: Whole = Field(0, ge=0, description="pixels of padding to crop from, at random")
    randaugment: Whole = Field(0, ge=0, description="RandAugment: operations per image")
    cutout: Whole = Field(0, ge=0, description="pixels of a side of a square to cover, at random")
    mixup: Number = Field(0.0, ge=0, description="Mixup: alpha")
    cutmix: Number = Field(0.0, ge=0, description="CutMix: alpha")
    views: Whole | None = Field(None, ge=1, description="varied views of each image, for frozen layers computed once")

    @property
    def used(self) -> bool:
        """Whether anything is varied."""
        return bool(self.flip or self.crop or self.randaugment or self.cutout or self.mixes)

    @property
    def mixes(self) -> bool:
        """Whether images, and with them labels, are mixed."""
        return bool(self.mixup or self.cutmix)

    @model_validator(mode="after")
    def _views_vary(self) -> "AugmentConfig":
        if self.views and (self.mixes or not self.used):
            kinds = "flip, crop, randaugment or cutout"
            raise ValueError(
                f"augment.views: views of single images are kept; use it with {kinds}, not with mixing"
                if self.mixes
                else f"augment.views: nothing varies the images; ask for {kinds}, or leave views out"
            )
        return self


class Phase(Section):
    """A stretch of a run's epochs; what is not given is as in `train`."""

    epochs: Whole = Field(ge=1, description="times through the training images")
    learning_rate: Number | None = Field(None, gt=0, description="learning rate")
    schedule: Literal[SCHEDULES] | None = Field(None, description="course of the learning rate")
    warmup: Number | None = Field(None, ge=0, description="epochs in which the rate rises from 0")
    freeze: str | None = Field(None, min_length=1, description="all, none, or the layer to train from")


class TrainConfig(Section):
    """How the network is trained."""

    optimizer: Literal[OPTIMIZERS] = Field("sgd", description="optimizer")
    learning_rate: Number = Field(0.01, gt=0, description="learning rate")
    momentum: Number = Field(0.0, ge=0, lt=1, description="momentum, for sgd and rmsprop")
    layer_decay: Number = Field(1.0, gt=0, le=1, description="rate of each block below the head, of the one above it")
    nesterov: bool = Field(False, description="Nesterov's momentum, for sgd")
    weight_decay: Number | None = Field(
        None, ge=0, description="decoupled weight decay of kernels; if not given, 0.004 for adamw, 0 for others"
    )
    clip_norm: Number = Field(0.0, ge=0, description="largest norm of the gradient of all weights together; 0: any")
    ema: bool = Field(False, description="validate, save and test the moving average of the weights")
    ema_momentum: Number = Field(0.99, gt=0, lt=1, description="share of that average that a step keeps")
    label_smoothing: Number = Field(0.0, ge=0, lt=1, description="share of each label that goes to all classes alike")
    class_weights: Literal[CLASS_WEIGHTS] = Field("none", description="what an image's loss counts, by its class")
    epochs: Whole = Field(10, ge=1, description="times through the training images")
    schedule: Literal[SCHEDULES] = Field("constant", description="course of the learning rate")
    warmup: Number = Field(0.0, ge=0, description="epochs in which the rate rises from 0")
    freeze: str | None = Field(None, min_length=1, description="all, none, or the layer to train from")
    phases: Annotated[tuple[Phase, ...], BeforeValidator(_read_list)] = Field(
        (), description="stretches of epochs with settings of their own"
    )
    monitor: Literal[MONITORED] = Field("val_accuracy", description="figure by which the best epoch is chosen")
    early_stopping: Whole = Field(0, ge=0, description="epochs without a better one after which to stop; 0: never")
    batch_size: Whole = Field(64, ge=1, description="images per step")
    precision: Literal[PRECISIONS] = Field("float32", description="what layers compute in while they train")
    settle_batch_norm: bool = Field(
        False, description="BatchNormalization's statistics from training images before each validation"
    )
    seed: Whole = Field(0, ge=0, lt=2**32, description="seed of the weights, the data order and dropout")
    signals: bool = Field(True, description="record what a diagnosis needs")
    cache: bool = Field(True, description="compute frozen layers once and keep what they give")
    resident: Literal[RESIDENT] = Field("auto", description="on JAX: images on the device, many steps a call")
    devices: Devices = Field(1, description="devices of JAX or torch that share each batch: a number, or all")

    @model_validator(mode="after")
    def _warmup_fits(self) -> "TrainConfig":
        for place, phase in [("train", self), *((f"train.phases.{n}", p) for n, p in enumerate(self.phases))]:
            if (phase.warmup or 0) > phase.epochs:
                raise ValueError(f"{place}.warmup is {phase.warmup}; it should be at most the {phase.epochs} epochs")
        return self

    @model_validator(mode="after")
    def _momentum_is_used(self) -> "TrainConfig":
        if self.momentum and self.optimizer not in TAKES_MOMENTUM:
            allowed = " or ".join(TAKES_MOMENTUM)
            raise ValueError(f"train.momentum: {self.optimizer} takes none; use {allowed}, or leave it 0")
        return self

    @model_validator(mode="after")
    def _nesterov_has_momentum(self) -> "TrainConfig":
        if self.nesterov and self.optimizer not in TAKES_NESTEROV:
            raise ValueError(f"train.nesterov: {self.optimizer} has none; use {TAKES_NESTEROV[0]}, or leave it out")
        if self.nesterov and not self.momentum:
            raise ValueError("train.nesterov: there is no momentum to look ahead by; set train.momentum, such as 0.9")
        return self

    @model_validator(mode="after")
    def _devices_hold_the_images(self) -> "TrainConfig":
        if self.devices != 1 and self.resident == "off":
            raise ValueError(f"train.resident is off, train.devices {self.devices}: devices that share a batch hold it")
        return self

    @model_validator(mode="after")
    def _averages_are_kept(self) -> "TrainConfig":
        if not self.ema and self.ema_momentum != type(self).model_fields["ema_momentum"].default:
            raise ValueError("train.ema_momentum: no weights are averaged; set train.ema too, or leave it out")
        return self


class RunConfig(Section):
    """One run, fully resolved: nothing else decides what happens but the code and the machine."""

    name: Annotated[str, Field(pattern=NAME_PATTERN, max_length=150)] | None = Field(
        None, description="name of the run's folder"
    )
    log: Logs = Field((), description=f"where to log as well: {', '.join(LOGS)}")
    data: DataConfig = DataConfig()
    model: ModelConfig = ModelConfig()
    backbone: BackboneConfig = BackboneConfig()
    augment: AugmentConfig = AugmentConfig()
    train: TrainConfig = TrainConfig()

    @model_validator(mode="after")
    def _classes_are_not_mixed(self) -> "RunConfig":
        if self.augment.mixes and self.train.class_weights != "none":
            raise ValueError("train.class_weights: mixup and cutmix mix images of several classes; use one of the two")
        return self

    @property
    def soft_labels(self) -> bool:
        """Whether labels are shares of the classes, not class numbers."""
        return self.augment.mixes or self.train.label_smoothing > 0

    @property
    def phases(self) -> tuple[Phase, ...]:
        """The stretches of the run's epochs, in full; one where none were asked for."""
        whole = self.train.model_dump(include=set(Phase.model_fields))
        return self.train.phases or (Phase(**whole),)


ARGUMENTS = "model.arguments"
APART = ("name", "log")  # the fields that decide nothing of what a run computes
SECTIONS = tuple(name for name in RunConfig.model_fields if name not in APART)


def config_fields() -> dict[str, Any]:
    """Dotted name -> pydantic field, for every leaf of the config in its order."""
    fields = {name: RunConfig.model_fields[name] for name in APART}
    for section in SECTIONS:
        for name, field in RunConfig.model_fields[section].annotation.model_fields.items():
            fields[f"{section}.{name}"] = field
    return fields


def option_name(dotted: str) -> str:
    """The short name of a field on the command line and in Python: `train.epochs` -> `epochs`."""
    section, _, name = dotted.rpartition(".")
    return section if section and name == "name" else name


def same_run(config: RunConfig, other: RunConfig) -> bool:
    """Whether two configs of one name compute the same; where they log to does not matter."""
    return config.model_copy(update={"log": other.log}) == other


def flatten(config: Section) -> dict[str, Any]:
    """Dotted name -> value, for every leaf of a run's config, or of one that was only watched.

    The arguments of one's own network are leaves too: `model.arguments.depth`.
    """
    flat: dict[str, Any] = {}
    for section, values in config.model_dump(mode="json", by_alias=True, exclude={"watched"}).items():
        flat |= (
            {f"{section}.{key}": value for key, value in values.items()}
            if isinstance(values, dict)
            else {section: values}
        )
    arguments = flat.pop(ARGUMENTS, None) or {}
    return flat | {f"{ARGUMENTS}.{key}": value for key, value in arguments.items()}


def is_field(dotted: str) -> bool:
    """Whether a dotted name is that of a field, or of an argument of one's own network."""
    return dotted in config_fields() or dotted.startswith(f"{ARGUMENTS}.")
