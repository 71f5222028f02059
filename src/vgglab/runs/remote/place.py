"""A folder elsewhere: what lies in it, and files that go there and come back, by fsspec."""

import posixpath
from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from vgglab.errors import RemoteError, first_line
from vgglab.runs.files import temporary_name

OBJECTS = ("s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "adl")  # where a file is seen once it is whole
# What tells that a file is still the same, the best first: file systems have different words for it.
MARKS = ("ETag", "etag", "md5Hash", "mtime", "last_modified", "LastModified", "modified", "modify", "created")


class Place:
    """A folder elsewhere; names are those of files below it, with slashes.

    Args:
        url: of the folder, which need not be there.

    Raises:
        RemoteError: what is needed for such a URL is not installed. So does every method where it cannot do its work.
    """

    def __init__(self, url: str):
        self.url = url
        self.files, self.root = _file_system(url)
        self.whole = url.partition(":")[0] in OBJECTS

    def below(self, name: str) -> "Place":
        """A folder in this one."""
        made = copy(self)
        made.url, made.root = f"{self.url}/{name}", self._path(name)
        return made

    def list(self) -> dict[str, str]:
        """The files below, hidden ones too: name -> what is another text once the file is another."""
        with self._telling("read"):
            self.files.invalidate_cache()
            found = self.files.find(self.root, detail=True).items()
            below = ((path.removeprefix(self.root).strip("/"), info) for path, info in found)
            return {name: _mark(info) for name, info in below if name}

    def names(self) -> set[str]:
        """What lies in the folder itself, files and folders."""
        with self._telling("read"):
            self.files.invalidate_cache()
            try:
                return {path.rstrip("/").rpartition("/")[2] for path in self.files.ls(self.root, detail=False)}
            except FileNotFoundError:
                return set()

    def put(self, path: Path, name: str) -> str:
        """Send a file there, whole or not at all; what tells that it is still the same."""
        return self._make(name, lambda target: self.files.put_file(str(path), target))

    def copy(self, known: str, name: str) -> str:
        """A second file there that is as one that lies there, without sending it again."""
        return self._make(name, lambda target: self.files.cp_file(self._path(known), target))

    def write(self, name: str, content: bytes) -> str:
        """Write a small file there, whole or not at all."""
        return self._make(name, lambda target: self.files.pipe_file(target, content))

    def get(self, name: str, path: Path) -> None:
        """Bring a file here."""
        with self._telling("read"):
            self.files.get_file(self._path(name), str(path))

    def read(self, name: str) -> bytes:
        """What a small file there holds."""
        with self._telling("read"):
            return self.files.cat_file(self._path(name))

    def remove(self, name: str) -> None:
        """Take a file away, where it is there."""
        with self._telling("written"):
            if self.files.exists(self._path(name)):
                self.files.rm_file(self._path(name))

    def _make(self, name: str, write: Any) -> str:
        target = self._path(name)
        with self._telling("written"):
            if self.whole:
                write(target)
            else:
                self.files.makedirs(posixpath.dirname(target), exist_ok=True)
                made = posixpath.join(posixpath.dirname(target), temporary_name(posixpath.basename(target)))
                write(made)
                self.files.mv(made, target)
            return _mark(self.files.info(target))

    def _path(self, name: str) -> str:
        return posixpath.join(self.root, name)

    @contextmanager
    def _telling(self, what: str) -> Iterator[None]:
        """What file systems raise, of many kinds, in a line."""
        try:
            yield
        except Exception as error:
            advice = "look at its spelling, the network, and what you may do there"
            raise RemoteError(f"{self.url}: cannot be {what} ({first_line(error)}); {advice}") from error


def _mark(info: dict[str, Any]) -> str:
    return f"{info['size']} {next((str(info[name]) for name in MARKS if info.get(name)), '')}"


def _file_system(url: str) -> tuple[Any, str]:
    """The file system of a URL, and the folder's path in it."""
    if find_spec("fsspec") is None:
        raise RemoteError(f"{url}: needs fsspec; pip install 'vgglab[remote]'")
    import fsspec

    scheme = url.partition(":")[0]
    try:
        return fsspec.core.url_to_fs(url)
    except ImportError as error:
        raise RemoteError(f"{url}: {_missing(scheme) or first_line(error)}") from None
    except ValueError:
        raise RemoteError(f"{url}: fsspec knows no {scheme}://; expected s3://, gs:// or another that it has") from None
    except Exception as error:
        raise RemoteError(f"{url}: cannot be opened ({first_line(error)})") from error


def _missing(scheme: str) -> str:
    """What to install for a scheme; empty where it is not one package that brings it."""
    from fsspec.registry import known_implementations

    package = known_implementations[scheme]["class"].partition(".")[0]
    return "" if package == "fsspec" else f"needs the package {package}; pip install {package}"
