"""An archive can write nothing beside its own folder, whatever it holds."""

import hashlib
import io
import tarfile

import pytest

from vgglab.datasets.archives import Archive, unpack
from vgglab.datasets.checksums import Fingerprint
from vgglab.errors import DataError


def packed(folder, kind: bytes, name: str, target: str = "") -> tuple:
    """An archive of one member, and its description, which asks for `box/batch`."""
    member = tarfile.TarInfo(name)
    member.type, member.linkname, member.size = kind, target, 0 if target else 1
    with tarfile.open(folder / "a.tar.gz", "w:gz") as tar:
        tar.addfile(member, io.BytesIO(b"x"))
    content = (folder / "a.tar.gz").read_bytes()
    fingerprint = Fingerprint(len(content), hashlib.md5(content).hexdigest())
    return folder / "a.tar.gz", Archive("a.tar.gz", fingerprint, "box", {"batch": fingerprint})


@pytest.mark.parametrize(
    ("kind", "name", "target"),
    [
        (tarfile.REGTYPE, "../up", ""),
        (tarfile.REGTYPE, "box/../../up", ""),
        (tarfile.SYMTYPE, "box/batch", "../../secret"),
        (tarfile.LNKTYPE, "box/batch", "../secret"),
        (tarfile.CHRTYPE, "box/batch", ""),
    ],
)
def test_a_member_that_leads_out_of_the_archive_ends_in_one_line(tmp_path, kind, name, target):
    (tmp_path / "home").mkdir()
    (tmp_path / "secret").write_text("secret")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(DataError, match="cannot be unpacked") as caught:
        unpack(*packed(tmp_path, kind, name, target), tmp_path / "home")
    assert "\n" not in str(caught.value)
    assert sorted(tmp_path.rglob("*")) == sorted([*before, tmp_path / "a.tar.gz"])
