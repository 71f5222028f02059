"""Model files that were made to harm: loading ends in one line, nothing is called, nothing is written."""

import io
import json
import os
import zipfile

import h5py
import keras
import numpy as np
import pytest
from keras.src.saving.serialization_lib import in_safe_mode

from vgglab.errors import VgglabError
from vgglab.models.find import ModelSource
from vgglab.models.weights import load_weights
from vgglab.runs.saved_model import load_classifier, open_classifier, save_model

LOADERS = [load_classifier, open_classifier, lambda path: ModelSource({}).find(str(path))]


def network() -> keras.Model:
    layers = [keras.Input((2, 2, 3)), keras.layers.Flatten(), keras.layers.Dense(2, "softmax", name="d")]
    model = keras.Sequential(layers)
    model.compile(loss="sparse_categorical_crossentropy")
    model.optimizer.build(model.trainable_variables)
    return model


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> bytes:
    """A small classifier's `.keras` file."""
    path = tmp_path_factory.mktemp("models") / "a.keras"
    save_model(network(), path, ["a", "b"], {"history": []})
    return path.read_bytes()


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder below which nothing may appear; what would be called is told in `called`."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    return tmp_path


def rewritten(whole: bytes, path, config=None, weights=None, more=None):
    """A copy of a `.keras` file with its members changed."""
    change = {"config.json": config, "model.weights.h5": weights}
    with zipfile.ZipFile(io.BytesIO(whole)) as source, zipfile.ZipFile(path, "w") as target:
        for name in source.namelist():
            edit = change.get(name) or (lambda content: content)
            target.writestr(name, edit(source.read(name)))
        for name in more or ():
            target.writestr(name, "x")
    return path


def dense(**settings):
    """A change of the config: the Dense layer has other settings; `kind` makes another layer of it."""

    def edit(content: bytes) -> bytes:
        tree = json.loads(content)
        layer = next(layer for layer in tree["config"]["layers"] if layer["class_name"] == "Dense")
        layer["class_name"] = settings.get("kind", "Dense")
        layer["config"] |= {key: value for key, value in settings.items() if key != "kind"}
        return json.dumps(tree).encode()

    return edit


def function(module: str, name: str) -> dict:
    return {"module": module, "class_name": "function", "config": name, "registered_name": name}


def h5(edit):
    """A change of the weights' file: `edit` is given the Dense layer's group, without its kernel."""

    def change(content: bytes) -> bytes:
        with h5py.File(buffer := io.BytesIO(content), "r+") as file:
            group = file["layers/dense/vars"]
            del group["0"]
            edit(group)
        return buffer.getvalue()

    return change


def stored_outside(group):
    group.create_dataset("0", (12, 2), "float32", external=[("secret", 0, h5py.h5f.UNLIMITED)])


def linked_outside(group):
    group["0"] = h5py.ExternalLink("other.h5", "/x")


def mapped_outside(group):
    layout = h5py.VirtualLayout((12, 2), "float32")
    layout[:] = h5py.VirtualSource("other.h5", "x", (12, 2))
    group.create_virtual_dataset("0", layout)


def too_large(group):
    group.create_dataset("0", (10**6, 10**7), "float32", chunks=(1000, 1000))


def no_numbers(group):
    group.create_dataset("0", (12, 2), h5py.string_dtype())


LAMBDA = {"class_name": "__lambda__", "config": {"code": "4wAAAA==", "defaults": None, "closure": None}}
GET_FILE = {"module": "keras.utils", "class_name": "get_file", "registered_name": None}
GET_FILE["config"] = {"fname": "trap", "origin": "file:secret"}
CONFIGS = {
    "a Lambda": (dense(kind="Lambda", function=LAMBDA), "Lambda"),
    "os.system by name": (dense(activation="os.system"), "os.system"),
    "os.system": (dense(activation=function("os", "system")), "system"),
    "unsafe": (dense(activation=function("keras.config", "enable_unsafe_deserialization")), "unsafe_deserialization"),
    "get_file": (dense(kernel_initializer=GET_FILE), "get_file"),
    "a huge layer": (dense(units=10**13), "declares 130,000,000,000,000 weights, more than its"),
    "a large layer": (dense(units=10**6), "declares 13,000,000 weights, more than its"),
    "no units": (dense(units="many"), "many"),
}


@pytest.mark.parametrize("name", CONFIGS)
@pytest.mark.parametrize("load", LOADERS)
def test_a_config_that_asks_for_more_than_a_network_is_refused(whole, folder, monkeypatch, load, name):
    called = []
    monkeypatch.setattr(os, "system", called.append)
    (folder / "secret").write_text("secret")
    change, told = CONFIGS[name]
    refused(lambda: load(rewritten(whole, folder / "a.keras", config=change)), told)
    assert not called and in_safe_mode() is not False
    assert sorted(path.name for path in folder.rglob("*")) == ["a.keras", "secret"]


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        (stored_outside, "external"),
        (linked_outside, "ExternalLink"),
        (mapped_outside, "virtual"),
        (too_large, "declares"),
        (no_numbers, "d"),
    ],
)
@pytest.mark.parametrize("load", LOADERS)
def test_weights_that_are_not_in_the_file_are_refused(whole, folder, load, edit, told):
    give_others(folder)
    refused(lambda: load(rewritten(whole, folder / "a.keras", weights=h5(edit))), told)


@pytest.mark.parametrize("member", ["../up.txt", "assets/../../up.txt", "/tmp/vgglab-trap.txt"])
@pytest.mark.parametrize("load", LOADERS)
def test_a_path_that_leads_out_of_the_file_is_refused(whole, folder, load, member):
    refused(lambda: load(rewritten(whole, folder / "a.keras", more=[member])), f"holds {member}, which leads out of it")
    assert not (folder.parent / "up.txt").exists() and not os.path.exists("/tmp/vgglab-trap.txt")


@pytest.mark.parametrize("suffix", [".keras", ".weights.h5"])
@pytest.mark.parametrize(
    ("edit", "told"),
    [
        (stored_outside, "lie in another file"),
        (linked_outside, "not a readable weights file"),
        (mapped_outside, "lie in another file"),
        (too_large, "the file has d, 1000000x10000000 + 2"),
        (no_numbers, "no numbers"),
    ],
)
def test_weights_are_compared_before_they_are_read(whole, folder, suffix, edit, told):
    give_others(folder)
    path = rewritten(whole, folder / "a.keras", weights=h5(edit))
    if suffix == ".weights.h5":
        path = folder / "a.weights.h5"
        path.write_bytes(zipfile.ZipFile(folder / "a.keras").read("model.weights.h5"))
    target = network()
    before = target.get_weights()
    refused(lambda: load_weights(target, path, "ours"), told)
    assert all(np.array_equal(old, new) for old, new in zip(before, target.get_weights(), strict=True))


def test_weights_that_are_packed_too_tightly_are_refused(folder):
    with zipfile.ZipFile(folder / "a.keras", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("model.weights.h5", bytes(10**7))
    refused(lambda: load_weights(network(), folder / "a.keras", "ours"), "packed more than 100 times")


def test_a_config_that_describes_no_model_is_refused(whole, folder):
    rewritten(whole, folder / "a.keras", config=lambda content: b"{}")
    refused(lambda: load_classifier(folder / "a.keras"), "its config.json describes no model")


def test_names_that_are_not_as_many_as_the_outputs_are_refused(folder):
    save_model(network(), folder / "a.keras", ["a", "b", "c"], {"history": []})
    refused(lambda: load_classifier(folder / "a.keras"), "has 2 outputs and names 3 classes")


def give_others(folder):
    (folder / "secret").write_bytes(bytes(96))
    with h5py.File(folder / "other.h5", "w") as file:
        file["x"] = np.ones((12, 2), "float32")


def refused(load, told: str = ""):
    with pytest.raises(VgglabError) as caught:
        load()
    said = str(caught.value)
    assert told in said and ("a.keras: " in said or "a.weights.h5: " in said)
    assert "\n" not in said and "Skipping variable" not in said
