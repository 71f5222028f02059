"""What recording costs: the same training with and without signals, in alternating rounds; seconds on the wall.

    KERAS_BACKEND=jax python benchmarks/gpu/signals.py --seconds 230 --out results

The first round, in which programs are compiled, does not count.
"""

from collections.abc import Sequence
from statistics import median

from common import Clock, Row, keep, parse, say, settings, show, train

RUN = {"model.batch_norm": True, "train.learning_rate": 0.1, "train.epochs": 3}
NEEDED = 60  # seconds of the first round


def main(arguments: Sequence[str] | None = None) -> list[Row]:
    """Time as many rounds as there is time for."""
    given = parse(__doc__, arguments, rounds=4)
    clock, rows, taken = Clock(given.seconds), [], NEEDED
    for number in range(given.rounds + 1):
        if not clock.allows(taken):
            break
        before = clock.left()
        for signals in (True, False) if number % 2 else (False, True):
            row = train(RUN | settings(given) | {"train.signals": signals})
            rows.append({"round": number, "signals": "on" if signals else "off"} | row)
            keep(given, "signals", rows)
        taken = before - clock.left()
        say(f"round {number}: {taken:.0f} s")
    show(rows)
    for figure in ("whole", "epoch", "epochs"):
        print(f"{figure}: {cost(rows, figure)}")
    return rows


def cost(rows: list[Row], figure: str) -> str:
    """How much longer it takes with signals: the median over the rounds, the first one left out."""
    shares = []
    for number in {row["round"] for row in rows} - {0}:
        seconds = {row["signals"]: row[figure] for row in rows if row["round"] == number}
        shares.append(seconds["on"] / seconds["off"] - 1)
    if not shares:
        return "no round was measured"
    return f"{median(shares):+.1%} with signals (n = {len(shares)}, {min(shares):+.1%} to {max(shares):+.1%})"


if __name__ == "__main__":
    main()
