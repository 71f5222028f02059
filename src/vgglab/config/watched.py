"""What is known of a training that was only watched: what its script did, not what it was told to do."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from vgglab.config.resolve import checked
from vgglab.config.schema import Number, Section, Whole

Words = Annotated[str, Field(min_length=1)] | None
Count = Annotated[Whole, Field(ge=0)] | None
Positive = Annotated[Whole, Field(ge=1)] | None


class WatchedModel(Section):
    """The network of the script; every field may be None, where it could not be seen."""

    model_config = ConfigDict(populate_by_name=True)

    kind: Words = Field(None, alias="class", description="its class, such as Sequential")
    layers: Count = Field(None, description="layers, those of nested models counted each")
    parameters: Count = Field(None, description="weights, those that are not trained as well")


class WatchedTrain(Section):
    """How the script trains; every field may be None, where it could not be seen."""

    optimizer: Words = Field(None, description="optimizer, as Keras names its class, in lower case")
    learning_rate: Annotated[Number, Field(ge=0)] | None = Field(None, description="None for a schedule")
    batch_size: Positive = Field(None, description="examples per step")
    epochs: Positive = Field(None, description="epochs that were planned")
    loss: Words = Field(None, description="loss, as Keras names it in snake_case")
    steps_per_epoch: Positive = Field(None, description="steps of an epoch")


class WatchedConfig(Section):
    """The `config.yaml` of a training that was only watched."""

    name: Annotated[str, Field(min_length=1)] = Field(description="name of the run's folder")
    watched: Literal[True] = True
    model: WatchedModel = WatchedModel()
    train: WatchedTrain = WatchedTrain()


def make_watched_config(tree: Any, source: str = "config") -> WatchedConfig:
    """A checked config of a watched training.

    Args:
        tree: `name`, `model` (`class`, `layers`, `parameters`) and `train` (`optimizer`, `learning_rate`, ...); what is
            left out, or None, is not known.
        source: what an error names.

    Raises:
        ConfigError: an unknown key or a wrong value, in one line.
    """
    return checked(WatchedConfig, tree, source)
