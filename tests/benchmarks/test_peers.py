"""Of the published faulty programs two thirds are diagnosed, and hardly any mended one is warned of."""

from pathlib import Path

import pytest

PEERS = Path(__file__).parents[2] / "benchmarks" / "peers"


@pytest.fixture(scope="module")
def peers():
    """The modules of benchmarks/peers, and each recorded training as judged now."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(PEERS)
        import page
        import program
        import run

        yield page, program.read_posts(), page.judge(run.read_records()), run


def test_there_are_28_posts_one_of_them_without_a_fault(peers):
    _, posts, judged, _ = peers
    assert len(posts) == 28 and [number for number, post in posts.items() if not post.types] == [41372874]
    assert {number for number, form in judged if form == "faulty"} >= set(posts) - {56380303, 31556268}


def test_two_thirds_are_diagnosed_and_one_in_ten_mended_ones_warned_of_at_most(peers):
    page, _, judged, _ = peers
    counts = {name: (n, total) for name, n, total in page.counts(judged)[1:]}
    three, faulty = counts["among the first three"]
    warned, mended = counts["mended, warned of"]
    assert three / faulty >= 2 / 3 and warned / mended <= 0.1


def test_mended_programs_do_what_their_authors_wanted_and_faulty_ones_do_not(peers):
    _, posts, judged, _ = peers
    for number in posts:
        faulty, good = (judged.get((number, form), {}).get("quality") for form in ("faulty", "mended"))
        assert good is None or (good > 0.5 and not (faulty or 0) >= good), number


def test_what_keras_refuses_is_said_before_it_does(peers):
    _, posts, _, run = peers
    seen = run.trained(posts[39810655].build, mended=False, watched=True)
    assert "error" in seen and run.said(seen)[0] == "labels_mismatch.numbers"
