"""Run folders elsewhere: what goes up, what comes down, and what is said where it cannot."""

import json
import shutil
import sqlite3
from pathlib import Path

import keras
import pytest

from vgglab.errors import RemoteError, RunError, UsageError
from vgglab.runs.files import machine
from vgglab.runs.remote.claims import PREFIX, Claim
from vgglab.runs.remote.folder import brought, fetched, sent
from vgglab.runs.remote.mirror import Mirror
from vgglab.runs.remote.names import mirror_of, origin_of, shown, url_of
from vgglab.runs.remote.place import Place
from vgglab.runs.remote.unit import LAST, copy_database, turn
from vgglab.runs.remote.writing import Sending, mirrored, new_parent
from vgglab.runs.store import list_runs, load, lock


@pytest.fixture
def there(tmp_path) -> Path:
    """The folder that is elsewhere."""
    return tmp_path / "there"


@pytest.fixture
def url(there, tmp_path, machine_of) -> str:
    """Its URL, asked for on machine `a`."""
    machine_of("a")
    return f"file://{there}"


@pytest.fixture
def machine_of(tmp_path, monkeypatch):
    """Be on another machine: `machine_of("b")`."""
    return lambda name: monkeypatch.setenv("VGGLAB_CACHE", str(tmp_path / name))


@pytest.fixture
def kept(url, write_run):
    """The folder of a finished run `one` that was kept elsewhere, its models too, as machine `a` has it."""
    with mirrored(url) as folder:
        run = write_run("one", [2.3, 1.1], parent=folder)
        for name in ("best.keras", "last.keras"):
            (run.folder / name).write_text(name)
    return run.folder


def write_epochs(folder: Path, epochs: int, status: str = "running") -> None:
    """Let a run be so far."""
    record = load(folder).record
    record.epochs_done, record.status = epochs, status
    record.save(folder)


@pytest.mark.parametrize(
    ("named", "url"),
    [
        ("s3://bucket/runs/", "s3://bucket/runs"),
        (Path("s3://bucket/runs"), "s3://bucket/runs"),
        (Path("file:///mnt/runs"), "file:///mnt/runs"),
        (Path("GS://bucket") / "a", "gs://bucket/a"),
        ("C:/runs", None),
        (Path("runs"), None),
        ("nets/my.py:make", None),
    ],
)
def test_a_url_is_known_also_where_a_path_took_a_slash_of_it(named, url):
    assert url_of(named) == url
    assert url is None or (origin_of(mirror_of(url)) == url and shown(mirror_of(url)) == url)


@pytest.mark.parametrize("named", ["s3://", "s3://bucket/../other"])
def test_a_url_names_a_folder(named):
    with pytest.raises(UsageError, match="expected the URL of a folder"):
        url_of(named)


def test_what_is_no_mirror_is_of_no_url(tmp_path):
    assert origin_of(tmp_path) is None and shown("runs") == "runs"


def test_a_run_is_there_as_it_is_here(kept, url, there, machine_of):
    names = {path.name for path in (there / "one").iterdir()}
    assert names == {path.name for path in kept.iterdir() if not path.name.startswith(".")}
    machine_of("b")
    run = load(f"{url}/one")
    assert run.folder != kept and run.history == load(kept).history and (run.folder / "best.keras").exists()


def test_models_of_a_finished_run_among_others_come_when_they_are_asked_for(kept, url, machine_of):
    machine_of("b")
    (run,) = list_runs(url)
    assert run.history and not (run.folder / "best.keras").exists()
    assert fetched(run.folder / "best.keras").read_text() == "best.keras"


def test_models_of_a_run_that_goes_on_come_with_the_others(kept, url, machine_of):
    write_epochs(kept, 2)
    sent(kept)
    machine_of("b")
    (run,) = list_runs(url)
    assert (run.folder / "last.keras").exists()


def test_what_tells_of_a_run_goes_last():
    names = ["search.db", "run.json", "history.csv", "last.keras", "best.keras", "examples/mistake-1.png"]
    assert sorted(names, key=turn)[2:] == [*LAST, "search.db"]


def test_what_did_not_get_through_is_no_run_there(url, there, write_run, monkeypatch):
    put = Place.put

    def cut(place, path, name):
        if name == "history.csv":
            raise RemoteError("cut")
        return put(place, path, name)

    monkeypatch.setattr(Place, "put", cut)
    with pytest.raises(RemoteError, match="2 files are not up there"), mirrored(url) as folder:
        write_run("one", [2.3], parent=folder)
    assert {path.name for path in (there / "one").iterdir()} == {"config.yaml"}


def test_only_what_changed_goes_up(kept, there):
    before = {path.name: path.stat().st_mtime_ns for path in (there / "one").iterdir()}
    (kept / "report.html").write_text("new")
    sent(kept)
    after = {path.name: path.stat().st_mtime_ns for path in (there / "one").iterdir()}
    assert after.pop("report.html") and after == before


def test_what_is_gone_here_goes_there(kept, there):
    (kept / "best.keras").unlink()
    sent(kept)
    assert not (there / "one" / "best.keras").exists() and (there / "one" / "last.keras").exists()


def test_a_second_name_of_a_file_is_not_sent_again(kept, there, monkeypatch):
    copies, copy = [], Place.copy
    monkeypatch.setattr(Place, "copy", lambda place, *names: copies.append(names) or copy(place, *names))
    (kept / "last.keras").write_text("new")
    (kept / "best.keras").unlink()
    (kept / "best.keras").hardlink_to(kept / "last.keras")
    sent(kept)
    assert copies == [("best.keras", "last.keras")] and (there / "one" / "last.keras").read_text() == "new"


def test_a_lost_mirror_costs_nothing(kept, url):
    shutil.rmtree(kept)
    assert load(f"{url}/one").folder == kept and (kept / "last.keras").read_text() == "last.keras"


def test_a_run_that_is_further_there_comes_down(kept, url, machine_of):
    write_epochs(kept, 3)
    machine_of("b")
    with mirrored(f"{url}/one") as folder:
        write_epochs(folder, 5)
    machine_of("a")
    assert load(f"{url}/one").record.epochs_done == 5


def test_a_run_that_is_further_here_goes_up_whole(kept, url, machine_of):
    machine_of("b")
    with mirrored(f"{url}/one") as folder:
        write_epochs(folder, 5)
        (folder / "best.keras").write_text("another")
    machine_of("a")
    write_epochs(kept, 7)
    brought(f"{url}/one")
    machine_of("c")
    other = load(f"{url}/one")
    assert other.record.epochs_done == 7 and (other.folder / "best.keras").read_text() == "best.keras"


def test_a_run_that_is_trained_here_is_not_touched(kept, url, there):
    (there / "one" / "run.json").write_text((there / "one" / "run.json").read_text().replace("finished", "failed"))
    with lock(kept):
        brought(url)
        assert load(kept).status == "finished"
    brought(url)
    assert load(kept).status == "failed"


def test_a_run_that_was_removed_there_is_gone_here(kept, url, there, write_run):
    with mirrored(url) as folder:
        write_run("two", [2.3], parent=folder)
    shutil.rmtree(there / "one")
    assert [run.name for run in list_runs(url)] == ["two"] and not kept.exists()


def test_a_file_that_is_lost_there_goes_up_again(kept, url, there):
    (there / "one" / "config.yaml").unlink()
    assert [run.name for run in list_runs(url)] == ["one"] and (there / "one" / "config.yaml").exists()


def test_where_nothing_at_all_is_left_there_the_mirror_stays(kept, url, there):
    shutil.rmtree(there)
    assert [run.name for run in list_runs(url)] == ["one"]


def test_a_name_that_is_taken_elsewhere_is_taken(kept, url, machine_of):
    machine_of("b")
    parent, taken = new_parent(url)
    assert not parent.exists() and taken == {"one"}


def test_what_could_not_go_up_is_told_and_goes_up_later(url, there, tmp_path, write_run, capsys):
    with pytest.raises(RemoteError, match="nothing is lost: the folder is whole in"), mirrored(url) as folder:
        write_run("one", [2.3], parent=folder)
        there.rename(tmp_path / "away")
        there.write_text("in its place")
    there.unlink()
    (tmp_path / "away").rename(there)
    assert [run.name for run in list_runs(url)] == ["one"] and (there / "one" / "run.json").exists()


def test_an_epoch_goes_up_while_the_training_goes_on(url, there, write_run):
    sending = Sending(Mirror(url), Claim(Place(url)))
    write_run("one", [2.3], parent=sending.mirror.folder)
    sending.look()
    assert (there / "one" / "run.json").exists()


def test_what_cannot_go_up_meanwhile_is_told_once_and_tried_again(url, there, tmp_path, write_run, capsys):
    sending = Sending(Mirror(url), Claim(Place(url)))
    there.rename(tmp_path / "away")
    there.write_text("in its place")
    for name in ("one", "two"):
        write_run(name, [2.3], parent=sending.mirror.folder)
        sending.look()
    assert capsys.readouterr().err.count("it is tried again after each epoch") == 1
    there.unlink()
    write_run("three", [2.3], parent=sending.mirror.folder)
    sending.look()
    assert {run.name for run in list_runs(there)} == {"one", "two", "three"}


def test_another_error_is_not_hidden_by_what_could_not_go_up(url, there, write_run, capsys):
    with pytest.raises(KeyboardInterrupt), mirrored(url) as folder:
        write_run("one", [2.3], parent=folder)
        shutil.rmtree(there)
        there.write_text("in its place")
        raise KeyboardInterrupt
    assert "not up there" in capsys.readouterr().err


def test_a_folder_that_cannot_be_written_is_told_before_anything_is_done(told, tmp_path, tiny):
    (tmp_path / "file").write_text("")
    code, _, err = told("train", "--epochs", 1, "--name", "one", "--out", f"file://{tmp_path}/file/runs")
    assert code == 1 and "cannot be written" in err and len(err.splitlines()) == 1


@pytest.mark.parametrize(
    ("url", "line"),
    [("dropbox://runs", "pip install dropboxdrivefs"), ("nosuch://runs", "fsspec knows no nosuch://")],
)
def test_what_is_missing_to_reach_a_url_is_told(url, line):
    with pytest.raises(RemoteError, match=line):
        load(url)


def test_a_url_without_a_run_is_told_by_its_name(url):
    with pytest.raises(RunError, match=f"{url}/none: no such run folder"):
        load(f"{url}/none")


def test_who_else_writes_there_is_told(kept, url, there, capsys):
    claim = {"host": "other", "machine": "00000000", "process": 7, "time": 0.0}
    recent = claim | {"time": (there / "one" / "run.json").stat().st_mtime}
    ended = recent | {"machine": machine(), "process": 2**22}
    for name, known in {"x": recent, "y": claim, "z": ended}.items():
        (there / f"{PREFIX}{name}").write_text(json.dumps(known))
    with mirrored(f"{url}/one"):
        pass
    assert capsys.readouterr().err.count("another process may be writing there (process 7 on other") == 1


def test_that_another_machine_may_be_training_is_told_once_by_who_reads(kept, url, there, capsys):
    now = (there / "one" / "run.json").stat().st_mtime
    claim = {"host": "other", "machine": "00000000", "process": 7, "time": now}
    (there / "one" / f"{PREFIX}x").write_text(json.dumps(claim))
    brought(url), brought(url)
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"vgglab: {url}: process 7 on other, which said so at ")
    assert line.endswith(", may be training there: its run is shown as interrupted")
    (there / "one" / f"{PREFIX}x").write_text(json.dumps(claim | {"time": now - 3600}))
    brought(f"{url}/one")
    assert capsys.readouterr().err == ""


def test_where_another_process_of_this_machine_writes_nothing_comes_down(kept, url, there):
    claim = {"host": "here", "machine": machine(), "process": 1, "time": (there / "one" / "run.json").stat().st_mtime}
    (there / "one" / f"{PREFIX}x").write_text(json.dumps(claim))
    (there / "one" / "report.html").write_text("new")
    brought(url)
    assert not (kept / "report.html").exists()
    (there / "one" / f"{PREFIX}x").unlink()
    brought(url)
    assert (kept / "report.html").exists()


def test_what_another_thread_sent_meanwhile_stays_there(kept, url, there):
    (unit,) = Mirror(url)._units({})
    (kept / "report.html").write_text("new")
    sent(kept)
    unit.send([])
    assert (there / "one" / "report.html").exists()


def test_no_claim_is_left(kept, there):
    assert not list(there.rglob(".*"))


def test_a_database_is_copied_as_it_was_last_committed(tmp_path):
    with sqlite3.connect(tmp_path / "a.db") as writing:
        writing.execute("create table t (x)")
        writing.execute("insert into t values (1)")
        writing.commit()
        writing.execute("insert into t values (2)")
        copy_database(tmp_path / "a.db", tmp_path / "b.db")
    assert sqlite3.connect(tmp_path / "b.db").execute("select x from t").fetchall() == [(1,)]


def test_a_file_that_a_database_writes_meanwhile_stays(kept, url):
    (kept.parent / "search.db-journal").write_text("")
    assert Mirror(url).pending() == []


@pytest.mark.parametrize(
    "command",
    [
        ("report", "RUN", "--output"),
        ("evaluate", "RUN", "--out"),
        ("evaluate", "RUN", "--tta", "flip", "--out"),
        ("ensemble", "RUN", "--output"),
        pytest.param(
            ("export", "RUN", "--to", "onnx", "--out"),
            marks=pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="export needs TensorFlow"),
        ),
        ("explain", "RUN", "photo.png", "--out"),
    ],
)
def test_what_is_written_here_alone_is_not_written_into_a_folder_named_like_a_url(
    command, kept, there, told, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    given = [str(kept) if word == "RUN" else word for word in command]
    code, _, err = told(*given, f"file://{there}/made")
    assert code == 2 and f"{command[-1]} file://{there}/made: this is written on this machine" in err
    assert not (tmp_path / "file:").exists() and not (there / "made").exists()


def test_a_model_file_elsewhere_is_not_read_by_itself(kept, url):
    with pytest.raises(UsageError, match=f"{url}/one/best.keras: a file elsewhere"):
        load(f"{url}/one/best.keras")
