"""`vgglab serve` for a long time: good, bad, huge and cut requests, mixed; no answer may be wrong or lost, memory flat.

`python benchmarks/serving_soak.py RUN PICTURES --minutes 60`: PICTURES is a folder of picture files, no two alike. Each
is asked for alone first; what is answered under load is held against that, probability by probability.
"""

import argparse
import http.client
import json
import random
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

BOUNDARY = "vgglab-soak"
TOLERANCE = 1e-4  # of a probability: how many are computed together rounds it otherwise
KINDS = {"one": 50, "several": 25, "with a bad one": 10, "bad": 5, "huge": 2, "cut": 5, "hung up": 3}  # of a hundred


def form(contents: list[bytes]) -> bytes:
    """A request's body that brings pictures."""
    head = 'Content-Disposition: form-data; name="files"; filename="a"'
    parts = [f"--{BOUNDARY}\r\n{head}\r\n\r\n".encode() + content + b"\r\n" for content in contents]
    return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()


class Asker:
    """One of those who ask, each over connections of its own.

    Args:
        port: of the server.
        pictures: contents of picture files.
        expected: what each is answered alone.
        seed: of what it asks.
    """

    def __init__(self, port: int, pictures: list[bytes], expected: list[dict], seed: int):
        self.port, self.pictures, self.expected = port, pictures, expected
        self.random, self.counts, self.wrong = random.Random(seed), Counter(), []

    def run(self, until: float) -> None:
        """Ask for one thing after the other, until a time."""
        while time.monotonic() < until:
            (kind,) = self.random.choices(list(KINDS), KINDS.values())
            self.counts[kind] += 1
            other = {"huge": self.huge, "cut": self.cut, "hung up": self.hung_up}.get(kind)
            other() if other else self.ask(kind)

    def ask(self, kind: str) -> None:
        """Send pictures, and hold the answers against what is known."""
        count = 1 if kind in ("one", "bad") else self.random.randrange(2, 9)
        chosen = self.random.choices(range(len(self.pictures)), k=count)
        contents = [self.pictures[number] for number in chosen]
        if kind in ("bad", "with a bad one"):
            place = self.random.randrange(count)
            chosen[place], contents[place] = None, contents[place][: self.random.randrange(40)]
        status, tree = request(self.port, form(contents))
        if status == http.client.SERVICE_UNAVAILABLE:
            self.counts["no room"] += 1
            return
        rows = tree.get("predictions", [])
        if len(rows) != count:
            self.wrong.append((kind, status, tree))
        for number, row in zip(chosen, rows, strict=False):
            known = ("error" in row) if number is None else alike(row, self.expected[number])
            self.counts["right" if known else "wrong"] += 1
            if not known:
                self.wrong.append((kind, number, row))

    def huge(self) -> None:
        """Send more than is let in."""
        status, _ = request(self.port, b"a" * 25_000_000, whole=False)
        self.counts["refused" if status in (413, None) else "let in"] += 1

    def cut(self) -> None:
        """Go in the middle of a request."""
        self._send(form(self.pictures[:1])[: self.random.randrange(200)])

    def hung_up(self) -> None:
        """Go before the answer."""
        self._send(form(self.random.choices(self.pictures, k=4)))

    def _send(self, sent: bytes) -> None:
        length = len(form(self.pictures[:4])) if len(sent) < 200 else len(sent)
        head = f"POST /v1/predict HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n{content_type()}\r\n\r\n"
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=60) as connection:
            connection.sendall(head.encode() + sent)
            time.sleep(self.random.random() / 50)


def content_type() -> str:
    return f"Content-Type: multipart/form-data; boundary={BOUNDARY}"


def request(port: int, body: bytes, whole: bool = True) -> tuple[int | None, dict]:
    """Status and answer; status None where the connection ended, which only what is refused may meet."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=300)
    name, _, kind = content_type().partition(": ")
    try:
        connection.request("POST", "/v1/predict?top=10", body, {name: kind})
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    except (OSError, http.client.HTTPException) as error:
        return None, {"lost": str(error)} if whole else {}
    finally:
        connection.close()


def alike(row: dict, expected: dict) -> bool:
    """Whether two answers are the same, but for rounding."""
    given, wanted = ({each["class"]: each["probability"] for each in one.get("top", [])} for one in (row, expected))
    return given.keys() == wanted.keys() and all(abs(given[name] - wanted[name]) <= TOLERANCE for name in wanted)


def memory(port: int) -> float:
    """MB that the server holds."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", "/metrics")
    lines = connection.getresponse().read().decode().splitlines()
    connection.close()
    return float(next(line for line in lines if line.startswith("process_resident_memory_bytes")).split()[1]) / 1e6


def watch(port: int, minutes: float, askers: list[Asker]) -> list[float]:
    """Let all of them ask; MB that the server holds, every ten seconds."""
    until, held = time.monotonic() + 60 * minutes, []
    threads = [threading.Thread(target=asker.run, args=(until,)) for asker in askers]
    for thread in threads:
        thread.start()
    while time.monotonic() < until:
        time.sleep(10)
        held.append(memory(port))
        print(f"{held[-1]:.0f} MB", dict(sum((asker.counts for asker in askers), Counter())), file=sys.stderr)
    for thread in threads:
        thread.join()
    return held


def report(held: list[float], askers: list[Asker]) -> bool:
    """Print what it came to; whether all is well."""
    counts = sum((asker.counts for asker in askers), Counter())
    wrong = [each for asker in askers for each in asker.wrong]
    early, late = (
        sorted(part)[len(part) // 2] for part in (held[: len(held) // 4 or 1], held[-(len(held) // 4 or 1) :])
    )
    print(json.dumps(dict(counts), indent=1))
    print(f"memory, median of the first and the last quarter: {early:.1f} and {late:.1f} MB, {late / early - 1:+.1%}")
    print(f"wrong or lost: {len(wrong)}", *wrong[:5], sep="\n")
    return not wrong and not counts["let in"] and late <= 1.05 * early


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run")
    parser.add_argument("pictures", type=Path)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--askers", type=int, default=8)
    options = parser.parse_args()
    command = [sys.executable, "-m", "vgglab", "serve", options.run, "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            port = urlsplit(server.stdout.readline().strip()).port
            pictures = [path.read_bytes() for path in sorted(options.pictures.iterdir())[:200]]
            expected = [request(port, form([each]))[1]["predictions"][0] for each in pictures]
            askers = [Asker(port, pictures, expected, number) for number in range(options.askers)]
            good = report(watch(port, options.minutes, askers), askers)
        finally:
            server.terminate()
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
