"""Programs that people published as faulty, rebuilt: train each with its fault and mended, and see what Watch says of it.

    python benchmarks/peers/run.py alone [POST...]     train without vgglab's eyes: does the fault show, is it mended
    python benchmarks/peers/run.py judge [POST...]     the same with `vgglab.Watch`, and count
    python benchmarks/peers/run.py table               write docs/results/peers.md from what both kept

Both keep what they saw in `benchmarks/peers/results.json`. The photos are those of CIFAR-10, looked for as everywhere
(VGGLAB_DATA).
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
KEPT = HERE / "results.json"
PAGE = HERE.parents[1] / "docs" / "results" / "peers.md"
FORMS = ("faulty", "mended")
Results = dict[str, dict[str, dict[str, Any]]]  # by post, then by form


def read_results() -> Results:
    """What was kept so far."""
    return json.loads(KEPT.read_text(encoding="utf-8")) if KEPT.exists() else {}


def main() -> None:
    """Train, judge or write the page, as the first argument says."""
    command, *names = sys.argv[1:] or ["table"]
    if command == "table":
        import page

        PAGE.write_text(page.text(read_results()), encoding="utf-8")
        return
    train_all({int(name) for name in names}, watched={"alone": False, "judge": True}[command])


def train_all(chosen: set[int], watched: bool) -> None:
    """Train the programs of these posts, or all, and keep after each what was seen."""
    import regression  # noqa: F401
    import several_classes  # noqa: F401
    import two_classes  # noqa: F401
    from program import POSTS

    for number, post in POSTS.items():
        for form in FORMS if post.types else FORMS[:1]:
            if chosen and number not in chosen:
                continue
            seen = train(post.build, form == "mended", watched)
            results = read_results()
            results.setdefault(str(number), {}).setdefault(form, {}).update(seen)
            KEPT.write_text(json.dumps(results, indent=1, sort_keys=True) + "\n", encoding="utf-8")
            print(number, form, json.dumps(seen), flush=True)


def train(build: Any, mended: bool, watched: bool) -> dict[str, Any]:
    """Build and train a program from a fixed seed.

    Returns:
        Without Watch `loss` (of the first and the last epoch), `quality` and `seconds`; with it `found`, the codes of its
        findings with their severities, in their order. `error` where Keras refused to train.
    """
    import keras
    from program import quality

    import vgglab

    keras.backend.clear_session()
    keras.utils.set_random_seed(0)
    program, began = build(mended), time.perf_counter()
    watch = vgglab.Watch() if watched else None
    try:
        history = program.model.fit(**program.fit, callbacks=[watch] if watch else [], verbose=0).history
    except (ValueError, RuntimeError) as refused:
        seen: dict[str, Any] = {"error": str(refused).splitlines()[0]}
    else:
        seen = {} if watch else {"loss": [history["loss"][0], history["loss"][-1]], "quality": quality(program)}
    if watch:
        return seen | {"found": [[found["code"], found["severity"]] for found in watch.findings]}
    return seen | {"seconds": round(time.perf_counter() - began, 1)}


if __name__ == "__main__":
    main()
