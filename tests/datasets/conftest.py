"""CIFAR archives in miniature, a server that can misbehave, and a machine on which nothing is cached."""

import hashlib
import pickle
import re
import tarfile
import tempfile
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from vgglab.datasets import cifar, download
from vgglab.datasets.archives import Archive
from vgglab.datasets.checksums import Fingerprint


@pytest.fixture
def empty_machine(tmp_path, monkeypatch):
    """No data folder, no Keras cache, no mirror: everything under a temporary folder."""
    for variable in ("VGGLAB_DATA", "VGGLAB_MIRRORS"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(download, "MIRRORS", ())
    return tmp_path


def fingerprint(content: bytes) -> Fingerprint:
    return Fingerprint(len(content), hashlib.md5(content).hexdigest())


def batch(count: int, **class_counts: int) -> dict:
    """As the published files: one row an image, 1024 reds, then greens, then blues."""
    pixels = np.random.RandomState(count).randint(0, 256, (count, 3072)).astype(np.uint8)
    return {"data": pixels, **{key: (np.arange(count) % size).tolist() for key, size in class_counts.items()}}


@dataclass
class Miniature:
    """An archive as published, only smaller: its description and its bytes."""

    archive: Archive
    files: dict[str, bytes]
    packed: bytes

    def put_folder(self, home: Path) -> Path:
        folder = home / self.archive.folder
        folder.mkdir(parents=True)
        for name, content in self.files.items():
            (folder / name).write_bytes(content)
        return folder

    def put_archive(self, home: Path) -> Path:
        home.mkdir(parents=True, exist_ok=True)
        (home / self.archive.name).write_bytes(self.packed)
        return home / self.archive.name


def miniature(published: Archive, contents: dict[str, dict], tmp_path: Path) -> Miniature:
    files = {name: pickle.dumps(content, protocol=4) for name, content in contents.items()}
    box = tmp_path / f"packing-{published.folder}"
    for name, content in files.items():
        (box / published.folder).mkdir(parents=True, exist_ok=True)
        (box / published.folder / name).write_bytes(content)
    with tarfile.open(box / "packed", "w:gz") as tar:
        tar.add(box / published.folder, published.folder)
    packed = (box / "packed").read_bytes()
    prints = {name: fingerprint(content) for name, content in files.items()}
    return Miniature(Archive(published.name, fingerprint(packed), published.folder, prints), files, packed)


@pytest.fixture
def mini10(empty_machine, monkeypatch) -> Miniature:
    """CIFAR-10 with 20 to 25 images in each of the six files, taken for the real one."""
    contents = {name: batch(20 + i, labels=10) for i, name in enumerate(list(cifar.CIFAR10.files)[1:])}
    contents["batches.meta"] = {"label_names": [f"class {i}" for i in range(10)]}
    made = miniature(cifar.CIFAR10, contents, empty_machine)
    monkeypatch.setattr(cifar, "CIFAR10", made.archive)
    return made


@pytest.fixture
def mini100(empty_machine, monkeypatch) -> Miniature:
    """CIFAR-100 with 500 training and 200 test images, taken for the real one."""
    labels = {"fine_labels": 100, "coarse_labels": 20}
    names = {"fine_label_names": [f"fine {i}" for i in range(100)]}
    names |= {"coarse_label_names": [f"coarse {i}" for i in range(20)]}
    contents = {"meta": names, "train": batch(500, **labels), "test": batch(200, **labels)}
    made = miniature(cifar.CIFAR100, contents, empty_machine)
    monkeypatch.setattr(cifar, "CIFAR100", made.archive)
    return made


@dataclass
class Server:
    """What a test's server serves, how it misbehaves, and what it was asked for."""

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    ranges: bool = True  # honours Range
    lengths: bool = True  # says how long an answer is
    cut: int | None = None  # bytes after which it hangs up
    asked: list[tuple[str, str | None]] = field(default_factory=list)

    def reply(self, handler: BaseHTTPRequestHandler) -> None:
        wanted = handler.headers.get("Range")
        self.asked.append((handler.path, wanted))
        body = self.files.get(handler.path.strip("/"))
        if body is None:
            return handler.send_error(404)
        start = int(re.match(r"bytes=(\d+)-", wanted).group(1)) if wanted and self.ranges else 0
        if start >= len(body):
            return handler.send_error(416)
        handler.send_response(206 if start else 200)
        if start:
            handler.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
        if self.lengths:
            handler.send_header("Content-Length", str(len(body) - start))
        handler.end_headers()
        handler.wfile.write(body[start:][: self.cut])


@pytest.fixture
def serve():
    """Start a server on this machine: `serve(files={...}, cut=100)`."""
    running = []

    def start(**settings) -> Server:
        server = Server(**settings)
        kind = {"do_GET": lambda handler: server.reply(handler), "log_message": lambda *_: None}
        listener = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (BaseHTTPRequestHandler,), kind))
        threading.Thread(target=listener.serve_forever, args=(0.01,), daemon=True).start()
        running.append(listener)
        server.url = f"http://127.0.0.1:{listener.server_port}"
        return server

    yield start
    for listener in running:
        listener.shutdown()
        listener.server_close()
