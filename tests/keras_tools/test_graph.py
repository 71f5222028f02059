"""What is taken of Keras's inside: where, for which versions of Keras, and that it is what it is taken for."""

import ast
from pathlib import Path

import keras
import pytest

import vgglab
from vgglab.keras_tools.graph import functional, inlined, inner_layers, nodes_in_order, operation_of, own_variables

TRIED = ("3.15",)  # the versions of Keras that these tests have passed with; a new one is tried, then added here
PRIVATE = {
    *("_flatten_layers", "_functional", "_inbound_nodes", "_keras_history", "_nodes_by_depth", "_run_through_graph"),
    *("_trainable_variables", "_non_trainable_variables", "_call_has_training_arg", "_compute_loss", "_clear_losses"),
    *("_loss_tracker", "_moments"),
    *("_eval_epoch_iterator", "_compile_metrics"),
    *("_get_jax_state", "_jax_state", "_jax_state_synced"),
}
SOURCE = Path(vgglab.__file__).parent


@pytest.fixture
def nested() -> keras.Model:
    inner = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, name="first"), keras.layers.ReLU()], name="in")
    image = keras.Input((4,))
    return keras.Model(image, keras.layers.BatchNormalization(name="last")(inner(image)))


def test_this_version_of_keras_was_tried():
    assert keras.__version__.rpartition(".")[0] in TRIED, "see whether these tests pass, and add it to TRIED"


def test_what_keras_keeps_to_itself_is_used_in_one_room_and_all_of_it_is_listed():
    used = {
        path: {node.attr for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Attribute)}
        | {node.value for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Constant)}
        for path in SOURCE.rglob("*.py")
    }
    kinds = (keras.Model, keras.layers.Layer, keras.layers.BatchNormalization, keras.KerasTensor)
    keras_names = {name for kind in kinds for name in dir(kind)}
    private = {name for name in keras_names | PRIVATE if name.startswith("_") and not name.startswith("__")}
    found = {path.relative_to(SOURCE).as_posix(): names & private for path, names in used.items() if names & private}
    assert {path.partition("/")[0] for path in found} == {"keras_tools"}
    assert set().union(*found.values()) == PRIVATE


def test_a_graph_gives_its_operations_in_order_and_nested_ones_taken_apart(nested):
    assert [node.operation.name for node in nodes_in_order(nested)][1:] == ["in", "last"]
    flat = [node.operation.name for node in nodes_in_order(inlined(nested))]
    assert flat[1:] == ["first", functional(nested.get_layer("in")).layers[-1].name, "last"]


def test_a_tensor_knows_its_operation_and_a_layer_what_is_inside_it(nested):
    assert operation_of(nested.output).name == "last" and operation_of(3) is None
    assert {"in", "first", "last"} <= {layer.name for layer in inner_layers(nested)}


def test_own_weights_come_in_the_order_of_files(nested):
    names = [variable.name for variable in own_variables(nested.get_layer("last"))]
    assert names == ["gamma", "beta", "moving_mean", "moving_variance"] and own_variables(nested.get_layer("in")) == []
