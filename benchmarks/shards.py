"""Pictures decoded a second from a folder, from tar and from Parquet, in their order and at random.

    python benchmarks/shards.py --data pictures/ --count 2000 --size 64 --rounds 5

The pictures of a folder are packed as docs/shards.md says. Then each kind is decoded by this one process: in its order,
as the cache is filled, and in an order at random, as pictures are decoded on the way. Kinds take turns.
"""

import argparse
import os
import random
import re
import statistics
import tempfile
import time
from pathlib import Path

from vgglab.config.schema import DataConfig
from vgglab.datasets.decode import try_decode
from vgglab.datasets.layout import find_pictures

PAGE = Path(__file__).parents[1] / "docs/shards.md"


def pack(folder: Path, count: int, place: Path) -> dict[str, Path]:
    """Kind -> a folder of the first pictures of each class, linked or packed by the code of the page."""
    os.chdir(place)
    kinds = [path for path in sorted(folder.iterdir()) if path.is_dir()]
    for name in kinds:
        (place / "pictures" / name.name).mkdir(parents=True)
        for file in sorted(name.iterdir())[: count // len(kinds)]:
            (place / "pictures" / name.name / file.name).symlink_to(file)
    for code in re.findall(r"```python\n(.+?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL):
        exec(code.replace("tar.add(", "tar.dereference = True; tar.add("), {})
    return {"folder": place / "pictures", "tar": place / "shards", "Parquet": place / "parquet"}


def rate(entries: list, size: int) -> float:
    """Pictures a second."""
    begun = time.perf_counter()
    for entry in entries:
        try_decode(entry, size)
    return len(entries) / (time.perf_counter() - begun)


def main() -> None:
    """Print a line a kind and order: the median of the rounds, the least and the most."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=lambda text: Path(text).absolute(), required=True, help="folder of classes")
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=5)
    told = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        packed = pack(told.data, told.count, Path(place))
        jobs = {
            (kind, "in order"): [*find_pictures(DataConfig(name=str(path))).entries()] for kind, path in packed.items()
        }
        jobs |= {(kind, "at random"): random.Random(0).sample(each, len(each)) for (kind, _), each in jobs.items()}
        rates = {job: [] for job in jobs}
        for _ in range(told.rounds):
            for job, entries in jobs.items():
                rates[job].append(rate(entries, told.size))
        for (kind, order), found in rates.items():
            spread = f"{statistics.median(found):,.0f} ({min(found):,.0f} to {max(found):,.0f})"
            print(f"| {kind}, {order} | {len(jobs[kind, order]):,} | {spread} |")
        os.chdir("/")


if __name__ == "__main__":
    main()
