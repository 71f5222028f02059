"""The page of results: what is said of each program, and how often that is right."""

from pathlib import Path
from typing import Any

from program import read_posts
from scoring import place, said

TEMPLATE = Path(__file__).parent / "peers.template.md"
Judged = dict[tuple[int, str], dict[str, Any]]


def page_text(records: list[dict[str, Any]]) -> str:
    """The page, from its template."""
    judged = judge(records)
    parts = {"counts": table(counts(judged)), "programs": table(programs(judged))}
    return TEMPLATE.read_text(encoding="utf-8").format(**parts)


def judge(records: list[dict[str, Any]]) -> Judged:
    """Each record with what is `said` of it and the `place` of the first finding that is right (None: none is)."""
    posts, judged = read_posts(), {}
    for record in records:
        codes = said(record)
        found = place(codes, record["post"], posts[record["post"]].types)
        judged[record["post"], record["form"]] = record | {"said": codes, "place": found}
    return judged


def counts(judged: Judged) -> list[list[Any]]:
    """Rows: what is counted, how many, of how many."""
    posts = read_posts()
    faulty = [one for (number, form), one in judged.items() if form == "faulty" and posts[number].types]
    healthy = [one for (number, form), one in judged.items() if form == "mended" or not posts[number].types]
    first = sum(one["place"] == 1 for one in faulty)
    three = sum(one["place"] is not None and one["place"] <= 3 for one in faulty)
    wrong = sum(bool(one["said"]) for one in faulty) - sum(one["place"] is not None for one in faulty)
    nothing = sum(not one["said"] for one in faulty)
    warned = sum(bool(one["said"]) for one in healthy)
    rows = [("a published fault first", first), ("among the first three", three), ("only others", wrong)]
    rows += [("nothing said", nothing)]
    return [["", "n", "of"], *([name, n, len(faulty)] for name, n in rows), ["mended, warned of", warned, len(healthy)]]


def programs(judged: Judged) -> list[list[Any]]:
    """A row a program."""
    head = ["post", "task", "published faults", "quality", "mended", "said of it", "place", "said mended", "others"]
    rows = []
    for number, post in read_posts().items():
        faulty, mended = judged.get((number, "faulty")), judged.get((number, "mended"))
        if faulty is None:
            continue
        told = (", ".join(one["said"]) or "-" if one else "" for one in (faulty, mended))
        of_it, of_mended = told
        found = faulty["place"] or ("-" if post.types else "")
        types = " ".join(post.types) or "none"
        reached = [reached_text(one) for one in (faulty, mended)]
        rows.append([number, post.task, types, *reached, of_it, found, of_mended, post.tools or "-"])
    return [head, *rows]


def reached_text(record: dict[str, Any] | None) -> str:
    """`0.94`, or how it ended."""
    if record is None:
        return ""
    quality = record.get("quality")
    return "refused" if quality is None else "NaN" if quality != quality else f"{quality:.2f}"


def table(rows: list[list[Any]]) -> str:
    """A table of Markdown."""
    lines = [f"| {' | '.join(map(str, row))} |" for row in rows]
    return "\n".join([lines[0], f"|{'---|' * len(rows[0])}", *lines[1:]])
