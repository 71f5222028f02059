"""A server of `vgglab serve` asked: pictures go there, predictions come back, in the order of the pictures.

The standard library's HTTP alone: who asks needs nothing of what the server needs.
"""

import http.client
import json
import mimetypes
import os
import time
import uuid
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from vgglab.datasets.pictures import Found, find_files
from vgglab.errors import RunError, UsageError, first_line
from vgglab.evaluation.predict import Prediction

AT_A_TIME = 4  # requests that are under way
PATIENCE = 60  # seconds until a server that does not answer is given up
TRIES = 30  # how often a server is asked that has no room


@dataclass(frozen=True)
class Server:
    """A server as a person names it.

    Attributes:
        url: such as `http://127.0.0.1:8000`; `?model=NAME` at its end asks another network than the first.
        token: of `--token`; None where it asks for none.
    """

    url: str
    token: str | None = None

    def predict(self, paths: Iterable[str | PathLike[str]], top: int) -> Iterator[Prediction]:
        """What the server says of pictures, in the order of the paths, as `evaluation.predict.predict_files` does.

        Args:
            paths: picture files, and folders of them.
            top: how many classes of each picture, at most.

        Raises:
            UsageError: it is no address.
            RunError: the server does not answer, or refuses to.
        """
        self.parts()
        with ThreadPoolExecutor(AT_A_TIME) as threads:
            waiting = deque()
            for found in find_files(paths):
                waiting.append(threads.submit(self._predict, found, top))
                if len(waiting) > 2 * AT_A_TIME:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()

    def classes(self) -> int:
        """How many classes its network knows.

        Raises:
            UsageError: it is no address.
            RunError: the server does not answer, refuses to, or has no such network.
        """
        parts = self.parts()
        status, _, tree = self._send("GET", f"{parts.path.rstrip('/')}/v1/models", None, {})
        models = {model["name"]: len(model["classes"]) for model in tree.get("models", [])}
        name = dict(parse_qsl(parts.query)).get("model", next(iter(models), None))
        if name not in models:
            told = f"no such model; expected {', '.join(models)}" if models else tree.get("error", f"status {status}")
            raise RunError(f"--url {self.url}: {told}")
        return models[name]

    def parts(self) -> Any:
        """The parts of its address.

        Raises:
            UsageError: it is none.
        """
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise UsageError(f"--url {self.url}: expected an address such as http://127.0.0.1:8000")
        return parts

    def _predict(self, found: Found, top: int) -> Prediction:
        path, problem = found
        try:
            content = b"" if problem else Path(path).read_bytes()
        except OSError as error:
            problem = f"cannot be read ({error.strerror or error})"
        if problem:
            return Prediction(path, error=problem)
        status, tree = self._ask(os.path.basename(path), content, top)
        if "predictions" not in tree:
            if status in (http.client.REQUEST_ENTITY_TOO_LARGE, http.client.REQUEST_TIMEOUT):
                return Prediction(path, error=tree.get("error", "is refused"))
            raise RunError(f"--url {self.url}: {tree.get('error', f'answers with status {status}')}")
        (row,) = tree["predictions"]
        if "error" in row:
            return Prediction(path, error=row["error"])
        names, shares = zip(*((each["class"], each["probability"]) for each in row["top"]), strict=True)
        return Prediction(path, names, shares)

    def _ask(self, name: str, content: bytes, top: int) -> tuple[int, dict[str, Any]]:
        for _ in range(TRIES):
            status, after, tree = self._once(name, content, top)
            if status != http.client.SERVICE_UNAVAILABLE:
                break
            time.sleep(after)
        return status, tree

    def _once(self, name: str, content: bytes, top: int) -> tuple[int, float, dict[str, Any]]:
        """Status, seconds after which to ask again, and the answer."""
        parts, (boundary, body) = self.parts(), form(name, content)
        query = urlencode({**dict(parse_qsl(parts.query)), "top": top})
        headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
        return self._send("POST", f"{parts.path.rstrip('/')}/v1/predict?{query}", body, headers)

    def _send(
        self, method: str, path: str, body: bytes | None, headers: dict[str, str]
    ) -> tuple[int, float, dict[str, Any]]:
        parts = self.parts()
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        connection = kind(parts.hostname, parts.port, timeout=PATIENCE)
        headers |= {"Authorization": f"Bearer {self.token}"} if self.token else {}
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, float(answer.headers.get("Retry-After") or 1), json.loads(answer.read())
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise RunError(f"--url {self.url}: no answer of vgglab serve ({first_line(error)}); does it run?") from None
        finally:
            connection.close()


def form(name: str, content: bytes) -> tuple[str, bytes]:
    """The boundary and the body of a form that brings a picture."""
    boundary = uuid.uuid4().hex
    plain = name.encode("ascii", "replace").decode().translate({34: "_", 13: "_", 10: "_"})
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    head = f'Content-Disposition: form-data; name="files"; filename="{plain}"\r\nContent-Type: {kind}\r\n\r\n'
    return boundary, f"--{boundary}\r\n{head}".encode() + content + f"\r\n--{boundary}--\r\n".encode()
