"""Servers side by side, in alternating rounds: requests a second, median and 99th percentile of the time to an answer.

`python benchmarks/serving.py RUN EXPORTED PICTURES [--litserve PYTHON]`: RUN is a run, EXPORTED the folder that `vgglab
export RUN --to onnx` wrote, PICTURES a folder of picture files; LitServe is measured where a Python is named that has
it. Each client sends its next picture, in a form, once it has the answer to the last one, over a connection that stays.
"""

import argparse
import asyncio
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np

from vgglab.datasets.decode import decode_content
from vgglab.exporting.exported import open_exported
from vgglab.keras_tools.threads import cores

APPS = Path(__file__).with_name("serving_apps.py")
LITSERVE = Path(__file__).with_name("serving_litserve.py")
BOUNDARY = "vgglab-benchmark"


class Client(asyncio.Protocol):
    """Asks for one picture after the other, until it is stopped."""

    def __init__(self, requests: list[bytes], start: int, until: float, taken: list[float], failed: list[bytes]):
        self.requests, self.next, self.until = requests, start, until
        self.taken, self.failed, self.answer = taken, failed, b""
        self.done = asyncio.get_running_loop().create_future()

    def connection_made(self, transport):
        self.transport = transport
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.ask()

    def ask(self):
        self.begun = time.perf_counter()
        self.transport.write(self.requests[self.next % len(self.requests)])
        self.next += 1

    def data_received(self, data):
        self.answer += data
        head, found, body = self.answer.partition(b"\r\n\r\n")
        if not found:
            return
        length = int(next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))[15:])
        if len(body) < length:
            return
        now = time.perf_counter()
        if b" 200 " in head[:20]:
            self.taken.append(now - self.begun)
        else:
            self.failed.append(head[:40])
        self.answer = b""
        if now < self.until:
            self.ask()
        else:
            self.transport.close()

    def connection_lost(self, error):
        self.done.cancelled() or self.done.set_result(error)


async def load(port: int, requests: list[bytes], clients: int, seconds: float) -> tuple[list[float], list[bytes]]:
    """Times to an answer, in seconds, of so many clients together, and what was no answer."""
    taken, failed, until = [], [], time.perf_counter() + seconds
    pairs = [
        await asyncio.get_running_loop().create_connection(
            lambda number=number: Client(requests, number * 7, until, taken, failed), "127.0.0.1", port
        )
        for number in range(clients)
    ]
    await asyncio.gather(*(client.done for _, client in pairs))
    return taken, failed


def form(path: Path) -> bytes:
    """A request that brings a picture in a form."""
    kind = "image/png" if path.suffix == ".png" else "image/jpeg"
    head = f'Content-Disposition: form-data; name="files"; filename="{path.name}"\r\nContent-Type: {kind}'
    body = f"--{BOUNDARY}\r\n{head}\r\n\r\n".encode() + path.read_bytes() + f"\r\n--{BOUNDARY}--\r\n".encode()
    fields = f"Host: 127.0.0.1\r\nContent-Type: multipart/form-data; boundary={BOUNDARY}\r\nContent-Length: {len(body)}"
    return f"POST /v1/predict HTTP/1.1\r\n{fields}\r\n\r\n".encode() + body


def started(command: list[str], port: int, log: Path) -> subprocess.Popen:
    """A server, once it answers; what it says goes to a file."""
    process = subprocess.Popen(command, stdout=log.open("w"), stderr=subprocess.STDOUT, start_new_session=True)
    for _ in range(600):
        with socket.socket() as trial:
            if trial.connect_ex(("127.0.0.1", port)) == 0:
                return process
        if process.poll() is not None:
            break
        time.sleep(0.5)
    process.kill()
    raise SystemExit(f"{' '.join(command)}: does not answer; see {log}")


def spent(process: int) -> float:
    """Processor seconds of a process and of all that it started, as Linux counts them."""
    found = {}
    for place in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it has just ended
            fields = place.read_text().rpartition(")")[2].split()
            found[int(place.parent.name)] = int(fields[1]), int(fields[11]) + int(fields[12])
    family = {process}
    while more := {each for each, (parent, _) in found.items() if parent in family} - family:
        family |= more
    return sum(found[each][1] for each in family & found.keys()) / os.sysconf("SC_CLK_TCK")


def alone(work: Callable[[int], int], seconds: float) -> float:
    """How many a second a thread a core gets done; `work` is told which turn it is, and tells how many it did."""
    done, until = [0] * cores(), time.perf_counter() + seconds

    def run(number: int) -> None:
        turn = number
        while time.perf_counter() < until:
            done[number] += work(turn)
            turn += 1

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(done))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(done) / seconds


def limits(exported: Path, pictures: list[bytes]) -> dict[str, Callable[[int], int]]:
    """What bounds any server here: decoding alone, and the network alone, 16 pictures at a time."""
    network = open_exported(exported)
    side = network.picture_side
    batch = np.stack([decode_content(each, side, None, 10**9) for each in (pictures * 16)[:16]])

    def decode(turn: int) -> int:
        decode_content(pictures[turn % len(pictures)], side, None, 10**9)
        return 1

    return {"decoding alone": decode, "the network alone": lambda turn: len(network.predict(batch))}


def commands(run: Path, exported: Path, litserve: str | None, more: list[str]) -> dict[str, list[str]]:
    """What starts each server, but for its port."""
    apps = {
        "plain, predict_on_batch": [sys.executable, str(APPS), "plain-keras", str(run / "best.keras")],
        "plain, ONNX Runtime": [sys.executable, str(APPS), "plain-onnx", str(exported)],
    }
    if litserve:
        apps["LitServe, ONNX Runtime"] = [litserve, str(LITSERVE), str(exported)]
    return apps | {"vgglab serve": [sys.executable, "-m", "vgglab", "serve", str(run), *more, "--port"]}


def measure(options: argparse.Namespace) -> dict[str, list[dict[str, float]]]:
    """Of each server a row a round."""
    paths = sorted(options.pictures.iterdir())[: options.most]
    requests, bounds = [form(path) for path in paths], limits(options.exported, [path.read_bytes() for path in paths])
    rows, servers = defaultdict(list), {}
    try:
        for number, (name, command) in enumerate(
            commands(options.run, options.exported, options.litserve, options.serve).items()
        ):
            port = options.port + number
            servers[name] = port, started([*command, str(port)], port, options.logs / f"{number}.log")
        for round_ in range(options.rounds + 1):
            for name, work in bounds.items() if round_ else ():
                rows[name].append({"requests/s": alone(work, options.seconds)})
            for name, (port, process) in servers.items():
                before = spent(process.pid)
                taken, failed = asyncio.run(load(port, requests, options.clients, options.seconds if round_ else 3))
                if failed:
                    raise SystemExit(f"{name}: {len(failed)} requests failed, the first with {failed[0]!r}")
                if round_:  # the first one warms up
                    rows[name].append(figures(taken, options.seconds, spent(process.pid) - before))
                    print(round_, name, json.dumps(rows[name][-1]), file=sys.stderr, flush=True)
    finally:
        for _, process in servers.values():
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)  # LitServe's others do not end with the first
            process.wait(60)
    return rows


def figures(taken: list[float], seconds: float, processor: float) -> dict[str, float]:
    """Requests a second; milliseconds to an answer, median and 99th percentile; and what a request cost."""
    ordered = sorted(taken)
    p50, p99 = (1000 * ordered[int(share * (len(ordered) - 1))] for share in (0.5, 0.99))
    rate, cost = len(taken) / seconds, 1000 * processor / len(taken)
    return {"requests/s": rate, "p50 ms": p50, "p99 ms": p99, "p99 / p50": p99 / p50, "processor ms a request": cost}


def table(rows: dict[str, list[dict[str, float]]]) -> str:
    """Medians over the rounds, and the lowest and highest."""
    names = list(list(rows.values())[-1][0])
    lines = [f"| server | {' | '.join(names)} |", f"|---|{'---|' * len(names)}"]
    for server, measured in rows.items():
        cells = []
        for name in names:
            values = [row[name] for row in measured if name in row]
            told = values and f"{statistics.median(values):.4g} ({min(values):.4g} to {max(values):.4g})"
            cells.append(told or "")
        lines.append(f"| {server} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("exported", type=Path)
    parser.add_argument("pictures", type=Path)
    parser.add_argument("--litserve", help="a Python that has LitServe and ONNX Runtime")
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=10, help="of a round")
    parser.add_argument("--most", type=int, default=200, help="pictures")
    parser.add_argument("--port", type=int, default=8200, help="of the first server; the others have the next ones")
    parser.add_argument("--logs", type=Path, default=Path("."), help="folder for what servers say")
    parser.add_argument("--serve", nargs="*", default=[], help="more options of vgglab serve, without their dashes")
    options = parser.parse_args()
    options.serve = [f"--{word}" if number % 2 == 0 else word for number, word in enumerate(options.serve)]
    print(table(measure(options)))
    print(f"\n{options.clients} clients, {options.rounds} rounds of {options.seconds:g} s, {os.cpu_count()} cores")


if __name__ == "__main__":
    main()
