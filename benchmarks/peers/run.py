"""Programs that people published as faulty, rebuilt: train each with its fault and mended, see what is said of it.

    VGGLAB_DATA=DATA python benchmarks/peers/run.py record [POST...]    train with `vgglab.Watch`, keep what it recorded
    python benchmarks/peers/run.py alone [POST...]                      the same without: does it come to the same loss
    python benchmarks/peers/run.py judge                                what the rules say of what was recorded
    python benchmarks/peers/run.py table                                write docs/results/peers.md

What was recorded is kept in `benchmarks/peers/recorded.jsonl.gz`. The photos are those of CIFAR-10.
"""

import gzip
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from scoring import TOLD, said

KEPT = Path(__file__).parent / "recorded.jsonl.gz"
PAGE = Path(__file__).parents[2] / "docs" / "results" / "peers.md"
Record = dict[str, Any]


def main() -> None:
    """Train, judge or write the page, as the first argument says."""
    command, *names = sys.argv[1:] or ["judge"]
    if command in ("record", "alone"):
        return train_all({int(name) for name in names}, command == "record")
    if command == "table":
        from page import page_text

        PAGE.write_text(page_text(read_records()), encoding="utf-8")
        return None
    for record in read_records():
        print(record["post"], record["form"], said(record))
    return None


def read_records(path: Path = KEPT) -> list[Record]:
    """What was recorded: post, form (`faulty` or `mended`), what `trained` gives, and the evidence for the rules."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def keep(record: Record) -> None:
    """Put a record among those kept, in the place of what it replaces."""
    others = read_records() if KEPT.exists() else []
    kept = {(other["post"], other["form"]): other for other in [*others, record]}
    text = "".join(json.dumps(kept[key]) + "\n" for key in sorted(kept))
    KEPT.write_bytes(gzip.compress(text.encode(), mtime=0))


def train_all(chosen: set[int], watched: bool) -> None:
    """Train the programs of these posts, or all."""
    from program import read_posts

    for number, post in read_posts().items():
        for form in ("faulty", "mended") if post.types else ("faulty",):
            if chosen and number not in chosen:
                continue
            seen = {"post": number, "form": form, **trained(post.build, form == "mended", watched)}
            if watched:
                keep(seen)
            print(number, form, {key: seen.get(key) for key in ("error", "losses", "quality")}, flush=True)


def trained(build: Callable[[bool], Any], mended: bool, watched: bool) -> Record:
    """Build a program and train it from a fixed seed.

    Returns:
        `losses` of the first and the last epoch and the `quality` reached, or the `error` of Keras where it refused to
        train; with `watched` also what the rules are told.
    """
    import keras
    from program import quality

    import vgglab

    keras.backend.clear_session()
    keras.utils.set_random_seed(0)
    program, watch = build(mended), vgglab.Watch()
    try:
        fitted = program.model.fit(**program.fit, callbacks=[watch] * watched, verbose=0)
    except ValueError as refused:
        seen: Record = {"error": str(refused).splitlines()[0]}
    else:
        seen = {"losses": [fitted.history["loss"][0], fitted.history["loss"][-1]], "quality": quality(program)}
    if watched:
        evidence = watch.evidence()
        seen |= {name: getattr(evidence, name) for name in TOLD}
    return seen


if __name__ == "__main__":
    main()
