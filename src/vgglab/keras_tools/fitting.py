"""What `Model.fit` was given, found from a callback: Keras tells callbacks of neither data nor batches.

`tests/keras_tools/test_graph.py` says which versions of Keras it was tried with.
"""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import keras
from keras.src.backend import compute_output_spec

Keep = Callable[[Any], None]
TAPPED = 8  # batches that are listened to, of data that comes batch by batch


@dataclass(frozen=True)
class Fitting:
    """The arguments of a `fit` that goes on.

    Attributes:
        x, y: of training, after a split; `x` may be data that comes batch by batch, then `y` is None.
        validation: x and y of validation, or None.
        iterator: what gives the batches of an epoch.
        batch_size: as asked for, or Keras's default; None where the data decides.
        shuffled: whether Keras shuffles arrays.
        begins: the first epoch, from 0.
    """

    x: Any
    y: Any
    validation: tuple[Any, Any] | None
    iterator: Any
    batch_size: int | None
    shuffled: bool
    begins: int

    @property
    def source(self) -> str:
        """`Array`, `TFDataset`, `PyDataset`, `Generator`, `TorchDataLoader` or another adapter's name."""
        return type(self.iterator.data_adapter).__name__.removesuffix("DataAdapter").removesuffix("Adapter")


def current_fit(model: keras.Model) -> Fitting | None:
    """The `fit` of a model that the calling function was called from, however deep; None where there is none."""
    frame = sys._getframe(1)
    while frame is not None:
        if frame.f_code.co_name == "fit" and "epoch_iterator" in frame.f_code.co_varnames:
            given = frame.f_locals
            if given.get("self") is model and "epoch_iterator" in given:
                return _fitting(given)
        frame = frame.f_back
    return None


def _fitting(given: dict[str, Any]) -> Fitting:
    held_out = given.get("validation_data") is not None
    iterator = given["epoch_iterator"]
    return Fitting(
        x=given["x"],
        y=given["y"],
        validation=(given.get("val_x"), given.get("val_y")) if held_out else None,
        iterator=iterator,
        batch_size=getattr(iterator.data_adapter, "batch_size", None),
        shuffled=bool(given.get("shuffle")),
        begins=int(given.get("initial_epoch") or 0),
    )


def metric_names(model: keras.Model) -> list[str]:
    """The metrics that a model was compiled with, as far as they have names."""
    given = keras.tree.flatten(getattr(model._compile_metrics, "_user_metrics", None) or [])
    named = (one if isinstance(one, str) else getattr(one, "name", getattr(one, "__name__", "")) for one in given)
    return [str(name) for name in named if name]


def steps_itself(model: keras.Model) -> bool:
    """Whether a model has a training step of its own."""
    return type(model).train_step is not keras.Model.train_step


def validation_iterator(model: keras.Model) -> Any:
    """What gives the validation batches of a `fit` that goes on; None where there is none yet."""
    return getattr(model, "_eval_epoch_iterator", None)


def first_batches(iterator: Any) -> list[Any]:
    """Batches that Keras drew before the first step and holds: of a generator; none of anything else."""
    return list(getattr(iterator.data_adapter, "_first_batches", None) or ())


def build(model: keras.Model, iterator: Any, inputs: Any = None) -> bool:
    """Build a model as its first step would, so that there are weights to look at; whether it is built.

    Every backend but TensorFlow does so before callbacks are called. What a layer draws its first weights from is
    chosen when the layer is made: they are the same ones.

    Args:
        model: of any kind.
        iterator: of training batches.
        inputs: arrays as the model takes them; None to ask the iterator.
    """
    if all(layer.built for layer in model._flatten_layers()):
        return True
    if inputs is None:
        dataset = getattr(iterator, "_distributed_dataset", None)
        if dataset is None:
            return False
        inputs = keras.utils.unpack_x_y_sample_weight(dataset.element_spec)[0]
    symbols = keras.tree.map_structure(_symbol, inputs)
    options = {"training": False} if model._call_has_training_arg else {}
    compute_output_spec(model, symbols, **options)
    return all(layer.built for layer in model._flatten_layers())


def _symbol(given: Any) -> keras.KerasTensor:
    dtype = keras.backend.standardize_dtype(given.dtype)
    return keras.KerasTensor((None, *given.shape[1:]), keras.config.floatx() if dtype.startswith("float") else dtype)


def listen(iterator: Any, keep: Keep) -> Callable[[], None]:
    """Have `keep` called with each of the next batches that training draws; gives what ends that.

    No batch is drawn for it, and none is changed: what shuffles or makes random numbers does so as without it.

    Args:
        iterator: as of a `Fitting`, before an epoch begins.
        keep: called with a batch as the data gives it, perhaps from another thread.
    """
    if type(iterator.data_adapter).__name__ == "PyDatasetAdapter":
        return _listen_to_method(iterator.data_adapter, "_standardize_batch", keep)
    if hasattr(iterator, "_distributed_dataset"):
        return _listen_in_tensorflow(iterator, keep)
    given = iterator._get_iterator
    iterator._get_iterator = lambda: _Heard(given(), keep)
    return lambda: vars(iterator).pop("_get_iterator", None)


def _listen_to_method(owner: Any, name: str, keep: Keep) -> Callable[[], None]:
    made = getattr(owner, name)

    def heard(*given: Any) -> Any:
        batch = made(*given)
        keep(batch)
        return batch

    setattr(owner, name, heard)
    return lambda: vars(owner).pop(name, None)


class _Heard:
    """Batches that are told of as they pass.

    The data's own iterator is begun when this one is, not at its first batch: beginning may draw random numbers.
    """

    def __init__(self, data: Any, keep: Keep):
        self.data, self.keep = data, keep

    def __iter__(self) -> Iterator[Any]:
        return self.each(iter(self.data))

    def each(self, batches: Iterator[Any]) -> Iterator[Any]:
        """The batches, each told of before it is given on."""
        for batch in batches:
            self.keep(batch)
            yield batch


def _listen_in_tensorflow(iterator: Any, keep: Keep) -> Callable[[], None]:
    """TensorFlow draws batches inside its compiled step: the first ones of an epoch are told of from there."""
    import tensorflow as tf

    dataset = iterator._distributed_dataset
    if not isinstance(dataset, tf.data.Dataset):
        return lambda: None
    spec = dataset.element_spec

    def tell(*parts: Any) -> Any:
        keep(tf.nest.pack_sequence_as(spec, parts))
        return 0

    @tf.autograph.experimental.do_not_convert
    def passed(number: Any, batch: Any) -> Any:
        parts = tf.nest.flatten(batch)
        nothing = tf.constant(0, tf.int64)
        told = tf.cond(number < TAPPED, lambda: tf.numpy_function(tell, parts, tf.int64), lambda: nothing)
        with tf.control_dependencies([told]):
            return tf.nest.map_structure(tf.identity, batch)

    iterator._distributed_dataset = dataset.enumerate().map(passed)

    def end() -> None:
        iterator._distributed_dataset = dataset

    return end
