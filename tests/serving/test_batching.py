"""What comes together is computed together; each gets its own, nothing more than fits is taken in."""

import asyncio
import threading

import pytest

from vgglab.serving.batching import Batcher, Bounds, Full

BOUNDS = Bounds(places=8, together=4, weight=100, gather=0.05)


class Held:
    """Doubles letters; computes nothing before it is let go."""

    def __init__(self):
        self.batches, self.go = [], threading.Event()

    def __call__(self, items):
        self.go.wait(10)
        self.batches.append(list(items))
        return [item * 2 for item in items]


def run(story, compute, bounds=BOUNDS, threads=1):
    """Tell an asynchronous story about a batcher."""

    async def told():
        batcher = Batcher(compute, bounds, threads)
        try:
            return await story(batcher)
        finally:
            await asyncio.to_thread(batcher.close)

    return asyncio.run(told())


def test_each_gets_its_own_answer_whoever_asks_and_however_many_threads_compute():
    async def story(batcher):
        async def ask(text):
            return await asyncio.gather(*batcher.submit([text, text.upper()]))

        asked = [chr(97 + number) for number in range(26)]
        for _ in range(20):
            together = asked[:4]
            assert await asyncio.gather(*map(ask, together)) == [[text * 2, text.upper() * 2] for text in together]
            asked = asked[4:] + together

    run(story, lambda items: [item * 2 for item in items], threads=3)


def test_what_waits_is_computed_together_up_to_the_bound():
    async def story(batcher):
        waiting = batcher.submit("abcdef")
        held.go.set()
        return await asyncio.gather(*waiting)

    held = Held()
    assert run(story, held) == ["aa", "bb", "cc", "dd", "ee", "ff"]
    assert held.batches == [["a", "b", "c", "d"], ["e", "f"]]


def test_what_weighs_much_is_computed_with_few_others():
    async def story(batcher):
        waiting = batcher.submit(["a", "b" * 99, "c" * 500, "d"])
        held.go.set()
        await asyncio.gather(*waiting)

    held = Held()
    run(story, held)
    assert [len(batch) for batch in held.batches] == [2, 1, 1]


def test_more_than_there_is_room_for_is_refused_at_once_and_wholly():
    async def story(batcher):
        waiting = batcher.submit("abcdef")
        with pytest.raises(Full):
            batcher.submit("ghi")
        more = batcher.submit("gh")
        held.go.set()
        assert await asyncio.gather(*waiting, *more) == [text * 2 for text in "abcdefgh"]
        await asyncio.gather(*batcher.submit("abcdefgh"))  # there is room again

    held = Held()
    run(story, held)


def test_who_goes_before_the_turn_costs_nothing_and_leaves_room():
    async def story(batcher):
        first = batcher.submit("abcd")
        while batcher._waiting:  # until those are being computed
            await asyncio.sleep(0.001)
        for future in batcher.submit("efgh"):
            future.cancel()
        await asyncio.sleep(0)
        kept = batcher.submit("ijkl")
        held.go.set()
        await asyncio.gather(*first, *kept)

    held = Held()
    run(story, held)
    assert held.batches == [["a", "b", "c", "d"], ["i", "j", "k", "l"]]


@pytest.mark.parametrize("wrong", [lambda items: 1 / 0, lambda items: items[1:]])
def test_a_failure_reaches_all_of_its_call_and_the_next_call_is_computed(wrong):
    async def story(batcher):
        first = await asyncio.gather(*batcher.submit("ab"), return_exceptions=True)
        calls.append(list)
        return first, await asyncio.gather(*batcher.submit("c"))

    calls = [wrong]
    failed, after = run(story, lambda items: calls[-1](items))
    assert [type(error) for error in failed] in ([ZeroDivisionError] * 2, [RuntimeError] * 2) and after == ["c"]


def test_what_was_taken_in_is_computed_before_the_end():
    async def story(batcher):
        waiting = batcher.submit("abcdef")
        held.go.set()
        await asyncio.to_thread(batcher.close)
        with pytest.raises(Full):
            batcher.submit("g")
        assert not batcher.alive and await asyncio.gather(*waiting) == [text * 2 for text in "abcdef"]

    held = Held()
    run(story, held)
