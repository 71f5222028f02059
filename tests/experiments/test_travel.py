"""What travels to another machine and back: what has changed in a run's folder, and once what it reads beside it."""

import json
import os
import shutil

import numpy as np
import pytest
from filelock import FileLock

import vgglab
from vgglab.config.resolve import make_config
from vgglab.datasets.load import load_dataset
from vgglab.errors import DataError, RunError
from vgglab.experiments.estimate import estimates_text, place
from vgglab.experiments.grid import freight
from vgglab.experiments.grid.beside import Order
from vgglab.experiments.grid.cluster import GIB, connect, memory_of, needs
from vgglab.experiments.grid.freight import Freight, at_hand, receive
from vgglab.experiments.grid.parcel import changed, unpack
from vgglab.experiments.grid.room import room_of_cluster
from vgglab.experiments.grid.travelled import TravelledStore
from vgglab.experiments.grid.versions import check_versions, own_versions
from vgglab.experiments.outside import DATA, PRESET, WEIGHTS, outside, relocated
from vgglab.models.build import build_model
from vgglab.runs.files import write_text
from vgglab.runs.source import kept_source

PC = {"CPU": 8.0, "memory": 16.0 * GIB}


def contents(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_run_travels_whole_but_for_what_is_hidden(trained, tmp_path):
    parcel, _ = changed(trained.folder, {})
    unpack(parcel, tmp_path)
    assert contents(tmp_path) == {name: held for name, held in contents(trained.folder).items() if name != ".lock"}


def test_only_what_has_changed_travels_and_the_last_model_is_read_first(trained, tmp_path):
    folder = shutil.copytree(trained.folder, tmp_path / "run")
    _, known = changed(folder, {})
    assert changed(folder, known)[0] == []
    write_text(folder / "history.csv", "epoch\n")
    write_text(folder / "last.keras", "anew")
    assert [names for names, _ in changed(folder, known)[0]] == [("last.keras",), ("history.csv",)]


def test_a_file_of_two_names_travels_once(tmp_path):
    (tmp_path / "here").mkdir()
    write_text(tmp_path / "here" / "last.keras", "a model")
    os.link(tmp_path / "here" / "last.keras", tmp_path / "here" / "best.keras")
    (parcel,), _ = changed(tmp_path / "here", {})
    unpack([parcel], tmp_path / "there")
    assert parcel[0] == ("last.keras", "best.keras") and os.path.samefile(*(tmp_path / "there").iterdir())


@pytest.fixture
def pictures(make_folder, tmp_path):
    """The config of a run on a folder of pictures with a table from elsewhere."""
    folder = make_folder({"cats": 8, "dogs": 8})
    (tmp_path / "doubts.csv").write_text("file,correct\ncats/000.png,\n")
    return make_config({"data": {"name": str(folder), "without": str(tmp_path / "doubts.csv")}})


def freight_of(config):
    return Freight(outside(config)[DATA])


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """The freight of a folder, as seen from a machine on which that folder is another."""

    def change(config):
        sent = freight_of(config)
        assert sent.ticket.listing
        os.utime(tmp_path / "pictures" / "cats" / "001.png", (0, 0))
        monkeypatch.setenv("VGGLAB_DATA", str(tmp_path / "elsewhere"))
        return sent

    return change


def test_a_machine_that_sees_the_same_pictures_needs_no_copy(pictures, tmp_path):
    ticket = freight_of(pictures).ticket
    assert at_hand(ticket) == tmp_path / "pictures"
    (tmp_path / "doubts.csv").write_text("file,correct\n")
    assert at_hand(ticket) is None


def test_pictures_are_the_same_where_they_have_travelled_to(pictures, elsewhere, tmp_path):
    sent, here = elsewhere(pictures), load_dataset(pictures.data, image_size=16)
    copy = receive(sent.ticket, sent.parts)
    shutil.rmtree(tmp_path / "pictures")
    (tmp_path / "doubts.csv").unlink()
    there = load_dataset(relocated(pictures, {DATA: at_hand(sent.ticket)}).data, image_size=16)
    assert at_hand(sent.ticket) == copy and there.name == here.name and there.classes == here.classes
    assert len(here.train) + len(here.validation) + len(here.test) == 15 and [*there.files] == [*here.files]
    assert np.array_equal(there.train.images, here.train.images)


def test_a_copy_is_made_whole_or_not_at_all_and_once(pictures, elsewhere, monkeypatch):
    monkeypatch.setattr(freight, "PART", 1)
    sent = elsewhere(pictures)

    def cut_off():
        yield next(sent.parts())
        raise RuntimeError("the cable")

    with pytest.raises(RuntimeError):
        receive(sent.ticket, cut_off)
    assert at_hand(sent.ticket) is None
    copy = receive(sent.ticket, sent.parts)
    assert receive(sent.ticket, cut_off) == copy and len(list(copy.rglob("*.png"))) == 16


def test_what_has_travelled_is_listed_and_taken_away_unless_it_is_just_being_made(pictures, elsewhere, told):
    sent = elsewhere(pictures)
    copy = receive(sent.ticket, sent.parts)
    (row,) = json.loads(told("cache", "--kind", "travelled", "--json")[1])
    assert row["about"] == "pictures" and row["key"] == copy.parent.name == sent.ticket.key[:16]
    with FileLock(TravelledStore().lock(row["key"])):
        told("cache", "--clear", "--kind", "travelled")
    assert at_hand(sent.ticket) == copy
    _, out, said = told("cache", "--clear", "--kind", "travelled")
    assert not out and said.startswith("travelled: 0.0 MB freed in ") and not list(copy.parent.parent.iterdir())


def test_there_has_to_be_room_for_a_copy(pictures, tmp_path, monkeypatch):
    told = freight.Ticket(None, "/nowhere/pictures", key="0" * 64, bytes=10**18)
    with pytest.raises(DataError, match=r"needs 1000000000\.0 GB"):
        receive(told, lambda: [])


def test_digits_are_everywhere_and_published_sets_are_known_by_their_name(tmp_path, monkeypatch):
    assert outside(make_config({})) == {}
    for name in freight.CIFAR100.files:
        (tmp_path / name).write_bytes(name.encode())
    monkeypatch.setenv("VGGLAB_DATA", str(tmp_path))
    sent = freight_of(make_config({"data": {"name": "cifar100"}}))
    monkeypatch.setenv("VGGLAB_DATA", str(tmp_path / "elsewhere"))
    copy = receive(sent.ticket, sent.parts)
    assert copy.name == "cifar-100-python" and at_hand(sent.ticket) == copy and len(contents(copy)) == 3


@pytest.fixture
def from_a_run(trained, tmp_path, monkeypatch):
    """The config of a run that starts from another, one below a folder that the study is started in."""
    shutil.copytree(trained.folder, tmp_path / "runs" / "first")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VGGLAB_DATA", str(tmp_path / "elsewhere"))
    return make_config({"backbone": {"weights": "run:first"}})


def test_weights_of_a_run_travel_with_the_code_of_its_layers_and_nothing_else_of_it(from_a_run, trained, tmp_path):
    sent, first = Freight(outside(from_a_run)[WEIGHTS]), tmp_path / "runs" / "first"
    ticket, parts = sent.ticket, list(sent.parts())
    assert at_hand(ticket) == first / "best.keras" and len(parts[0]) == 3
    shutil.rmtree(first)
    assert at_hand(ticket) is None
    copy = receive(ticket, lambda: parts)
    start = build_model(relocated(from_a_run, {WEIGHTS: at_hand(ticket)}), (32, 32, 3), 10)
    there, here = (model.get_layer("block1_conv1").get_weights() for model in (start, trained.classifier.model))
    assert all(map(np.array_equal, there, here)) and kept_source(copy.parent).function == "make"


def test_a_run_that_needs_no_file_waits_for_none_and_the_folder_of_a_preset_travels(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for weights in ("imagenet", "builtin", "gone.weights.h5", "run:gone"):
        assert outside(make_config({"backbone": {"name": "MobileNetV2", "weights": weights}})) == {}
    (tmp_path / "mine").mkdir()
    preset = make_config({"backbone": {"name": "hub:mine"}})
    assert outside(preset)[PRESET].place == tmp_path / "mine"
    assert relocated(preset, {PRESET: "/there/mine"}).backbone.name == "hub:/there/mine"


def test_a_dry_run_places_runs_on_the_machines_that_have_what_they_need():
    needs_of = {name: {"num_cpus": 4, "num_gpus": name == "gpu", "memory": 9 * GIB} for name in ("a", "b", "c", "gpu")}
    room = room_of_cluster([PC, PC | {"GPU": 1.0}], needs_of)
    rows = [{"run": name, "seconds": 10} for name in needs_of]
    place(rows, Order(dict.fromkeys(needs_of, ())), room)
    assert [row["begins"] for row in rows] == [0, 0, 10, 10] and room.at_once("a") == 2 and room.at_once("gpu") == 1
    assert estimates_text(rows, room).startswith(
        "about 20 s on the cluster's 2 machines, taken to be as fast as this one"
    )
    with pytest.raises(RunError, match=r"^gpu: no machine has the cores, GPUs and memory together"):
        place(rows[-1:], Order({"gpu": ()}), room_of_cluster([PC], needs_of))


def test_a_machine_with_other_versions_is_refused_in_a_line():
    check_versions(own_versions())
    with pytest.raises(RunError, match=r"^\S+ has keras 3\.\S+ instead of 2\.0; install the same versions there$"):
        check_versions({"keras": "2.0"})


def test_a_run_takes_a_machine_or_the_share_of_a_gpu():
    config = make_config({"model": {"width": 0.1}})
    assert needs(config, [PC, PC | {"CPU": 4.0}]) == {"num_gpus": 0, "num_cpus": 4, "memory": memory_of(config)}
    server = {"CPU": 32.0, "GPU": 4.0, "memory": 1.0 * GIB}  # less memory than is thought: it is tried all the same
    assert needs(config, [PC, server]) == {"num_gpus": 1, "num_cpus": 8, "memory": GIB}
    every = make_config({"train": {"devices": "all"}})
    assert needs(every, [server])["num_gpus"] == 4 and needs(every, [server])["num_cpus"] == 32


@pytest.mark.parametrize("command", [["train", "--folds", "2"], ["train", "--seeds", "2"], ["study", "vgg16-lab"]])
def test_where_no_cluster_answers_there_is_a_line(told, tmp_path, monkeypatch, command):
    monkeypatch.setattr("vgglab.experiments.grid.cluster.find_spec", lambda name: True)
    code, out, said = told(*command, "--data", "digits", "--ray", "127.0.0.1:9", "--out", tmp_path)
    (line,) = said.splitlines()
    assert code == 1 and not out and line.startswith("vgglab: --ray 127.0.0.1:9: no cluster answers there")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("call", [vgglab.run_seeds, vgglab.run_folds, vgglab.search])
def test_from_python_a_cluster_is_asked_for_as_on_the_command_line(tmp_path, monkeypatch, call):
    monkeypatch.setattr("vgglab.experiments.grid.cluster.find_spec", lambda name: True)
    given = {"seeds": 2} if call is vgglab.run_seeds else {"folds": 2} if call is vgglab.run_folds else {}
    given |= {"config": {"space": {"train.epochs": "int 1 9"}}} if call is vgglab.search else {}
    with pytest.raises(RunError, match=r"^--ray 127\.0\.0\.1:9: no cluster answers there"):
        call(**given, ray="127.0.0.1:9", out=tmp_path)
    assert not list(tmp_path.iterdir())


def test_without_ray_and_for_a_single_run_there_is_a_line(told, monkeypatch):
    assert told("train", "--ray", "auto")[0] == 2
    monkeypatch.setattr("vgglab.experiments.grid.cluster.find_spec", lambda name: None)
    with pytest.raises(RunError, match=r"pip install 'vgglab\[ray\]'"):
        connect("auto")
