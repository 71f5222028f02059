"""Downloads from real servers on this machine that cut off, lie, forget and come back."""

import os
import threading
from pathlib import Path

import pytest

from vgglab.datasets import load_data
from vgglab.datasets.cifar import read_cifar10
from vgglab.datasets.download import mirrors
from vgglab.errors import DataError

NAME = "cifar-10-python.tar.gz"


@pytest.fixture
def home(tmp_path):
    return tmp_path / "data"


@pytest.fixture
def use(monkeypatch):
    """Name the mirrors to use."""
    return lambda *servers: monkeypatch.setenv("VGGLAB_MIRRORS", ",".join(server.url for server in servers))


def test_mirrors_are_folders_or_the_file_itself_and_come_first(monkeypatch):
    monkeypatch.setenv("VGGLAB_MIRRORS", "http://lab/data/, https://other/c10.tgz?x=1")
    assert mirrors(NAME)[:2] == [f"http://lab/data/{NAME}", "https://other/c10.tgz?x=1"]
    assert f"https://www.cs.toronto.edu/~kriz/{NAME}" in mirrors(NAME)


def test_a_download_is_unpacked_and_asked_for_once(mini10, serve, use, home, capsys):
    server = serve(files={NAME: mini10.packed})
    use(server)
    assert len(load_data("cifar10", data_dir=home).test) == len(load_data("cifar10", data_dir=home).test) == 25
    assert server.asked == [(f"/{NAME}", None)]
    assert not list(home.glob("*.partial"))
    assert "Downloading" in capsys.readouterr().err


@pytest.mark.parametrize("ranges", [True, False])
def test_a_partial_file_is_continued_where_the_server_can(mini10, serve, use, home, ranges):
    server = serve(files={NAME: mini10.packed}, ranges=ranges)
    use(server)
    home.mkdir()
    (home / f"{NAME}.partial").write_bytes(mini10.packed[:1000])
    assert len(read_cifar10(home)[1]) == 110
    assert server.asked == [(f"/{NAME}", "bytes=1000-")]


def test_a_server_that_hangs_up_is_asked_for_the_rest(mini10, serve, use, home):
    server = serve(files={NAME: mini10.packed}, cut=len(mini10.packed) // 3)
    use(server)
    assert len(read_cifar10(home)[1]) == 110
    assert 3 <= len(server.asked) <= 4


def test_the_next_mirror_continues_what_the_first_left(mini10, serve, use, home, capsys):
    half = len(mini10.packed) // 2
    first, second = (
        serve(files={NAME: mini10.packed}, cut=half, ranges=False),
        serve(files={NAME: mini10.packed}),
    )
    use(first, second)
    assert len(read_cifar10(home)[1]) == 110
    assert second.asked == [(f"/{NAME}", f"bytes={half}-")]
    assert "did not work: cut off" in capsys.readouterr().err


@pytest.mark.parametrize("lengths", [True, False])
@pytest.mark.parametrize("wrong", [lambda body: b"x" * len(body), lambda body: b"<html>", lambda body: body * 2])
def test_wrong_bytes_are_thrown_away_and_the_next_mirror_serves(mini10, serve, use, home, wrong, lengths):
    bad, good = serve(files={NAME: wrong(mini10.packed)}, lengths=lengths), serve(files={NAME: mini10.packed})
    use(bad, good)
    assert len(read_cifar10(home)[1]) == 110


@pytest.mark.parametrize("leftover", [b"x" * 1000, b"x" * 10_000_000])
def test_a_partial_file_of_something_else_is_started_over(mini10, serve, use, home, leftover):
    use(serve(files={NAME: mini10.packed}))
    home.mkdir()
    (home / f"{NAME}.partial").write_bytes(leftover)
    assert len(read_cifar10(home)[1]) == 110


def test_a_server_without_that_range_is_asked_for_the_whole(mini10, serve, use, home):
    short, good = serve(files={NAME: b"<html>"}), serve(files={NAME: mini10.packed})
    use(short, good)
    home.mkdir()
    (home / f"{NAME}.partial").write_bytes(mini10.packed[:1000])
    assert len(read_cifar10(home)[1]) == 110
    assert [asked[1] for asked in short.asked] == ["bytes=1000-", None]
    assert good.asked == [(f"/{NAME}", "bytes=1000-")]


@pytest.mark.parametrize("address", ["http://127.0.0.1:9", "nonsense", "http://no host/", ""])
def test_offline_one_line_says_which_file_goes_where(mini10, home, monkeypatch, address):
    monkeypatch.setenv("VGGLAB_MIRRORS", address)
    with pytest.raises(DataError) as caught:
        read_cifar10(home)
    size, md5 = mini10.archive.fingerprint
    assert all(word in str(caught.value) for word in (NAME, f"{size:,} bytes", md5, str(home)))
    assert "\n" not in str(caught.value)


def test_a_missing_file_on_every_mirror_is_told_with_the_answer(mini10, serve, use, home):
    use(serve(), serve(files={NAME: b"y" * len(mini10.packed)}))
    with pytest.raises(DataError, match=r"answered 404 .*what it serves is altered"):
        read_cifar10(home)
    assert not list(home.glob(f"{NAME}*"))


def test_what_was_fetched_is_kept_when_every_mirror_fails(mini10, serve, use, home):
    use(serve(files={NAME: mini10.packed}, cut=500, ranges=False))
    with pytest.raises(DataError, match="cut off after 500"):
        read_cifar10(home)
    assert (home / f"{NAME}.partial").read_bytes() == mini10.packed[:500]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no /dev/full")
def test_a_full_disk_is_one_line(mini10, serve, use, home):
    use(serve(files={NAME: mini10.packed}))
    home.mkdir()
    (home / f"{NAME}.partial").symlink_to("/dev/full")
    with pytest.raises(DataError, match=r"No space left on device.*make room"):
        read_cifar10(home)


def test_a_folder_that_cannot_be_made_is_one_line(mini10, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DataError, match=r"cannot use .*another folder in VGGLAB_DATA"):
        read_cifar10(tmp_path / "file/data")


def test_a_folder_without_write_permission_is_one_line(mini10, home):
    mini10.put_archive(home)
    home.chmod(0o500)
    if os.access(home, os.W_OK):
        pytest.skip("this user may write anywhere")
    with pytest.raises(DataError, match="Permission denied"):
        read_cifar10(home)


def test_two_at_once_download_once(mini10, serve, use, home):
    server = serve(files={NAME: mini10.packed})
    use(server)
    read: list[int] = []
    both = [threading.Thread(target=lambda: read.append(len(read_cifar10(Path(home))[1]))) for _ in range(2)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    assert read == [110, 110] and len(server.asked) == 1
