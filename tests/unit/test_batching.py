"""Requests in flight share one call, and nothing else: neither their errors nor their patience."""

import asyncio
import gc
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fulfillment.topic.batching import PATIENCE_SECONDS, Batcher, CallCancelled, Limit, Overloaded, Refused

PLENTY = Limit(1_000, 1_000_000)


@dataclass
class Far:
    """The other end: answers when it is told to, and refuses batches with a poisoned item in them."""

    poisoned: frozenset[int] = frozenset()
    calls: list[list[int]] = field(default_factory=list)
    answers: list[asyncio.Future[None]] = field(default_factory=list)
    at_once: bool = False

    async def call(self, items: Sequence[int]) -> list[str]:
        self.calls.append(list(items))
        if not self.at_once:
            self.answers.append(asyncio.get_running_loop().create_future())
            await self.answers[-1]
        if self.poisoned & set(items):
            raise Refused
        return [f"stored {item}" for item in items]

    async def answer_all(self, added: Sequence[asyncio.Task[str]]) -> None:
        """Answers until everyone has been told, and every call has ended."""
        while (waiting := [answer for answer in self.answers if not answer.done()]) or not all(map(is_done, added)):
            for answer in waiting:
                answer.set_result(None)
            await turns()

    def batcher(
        self, batch: Limit = PLENTY, waiting: Limit = PLENTY, calls: int = 32, patience: float = 3600
    ) -> Batcher[int, str]:
        """With a patience that no busy machine wears out."""
        made = Batcher(self.call, lambda _item: 10, batch=batch, waiting=waiting, calls=calls)
        made._patience = patience
        return made


def is_done(task: asyncio.Task[str]) -> bool:
    return task.done()


async def turns(count: int = 5) -> None:
    """Lets everything happen that needs no time."""
    for _ in range(count):
        await asyncio.sleep(0)


def begin(batcher: Batcher[int, str], *items: int) -> list[asyncio.Task[str]]:
    return [asyncio.create_task(batcher.add(item, 60)) for item in items]


async def test_the_first_goes_at_once_and_alone() -> None:
    far = Far()
    added = begin(far.batcher(), 1)
    await turns()
    assert far.calls == [[1]]
    far.answers[0].set_result(None)
    assert await added[0] == "stored 1"


async def test_what_comes_in_the_same_moment_goes_together() -> None:
    far = Far(at_once=True)
    assert await asyncio.gather(*begin(far.batcher(), 1, 2, 3)) == ["stored 1", "stored 2", "stored 3"]
    assert far.calls == [[1, 2, 3]]


async def test_what_comes_while_a_call_is_under_way_goes_with_the_next() -> None:
    far = Far()
    batcher = far.batcher()
    first = begin(batcher, 1)
    await turns()
    more = begin(batcher, 2, 3)
    await turns()
    assert far.calls == [[1]]
    far.answers[0].set_result(None)
    await turns()
    assert far.calls == [[1], [2, 3]]
    far.answers[1].set_result(None)
    assert await asyncio.gather(*first, *more) == ["stored 1", "stored 2", "stored 3"]


async def test_who_comes_back_at_once_goes_with_those_who_waited() -> None:
    """Or sixteen callers would be served by turns of one and fifteen."""
    far = Far()
    batcher = far.batcher()
    first = begin(batcher, 1)
    await turns()
    begin(batcher, 2)

    async def come_back() -> None:
        await first[0]
        begin(batcher, 3)

    back = asyncio.create_task(come_back())
    await turns()
    assert far.calls == [[1]]
    far.answers[0].set_result(None)
    await back
    await turns(20)
    assert far.calls == [[1], [2, 3]]
    far.answers[1].set_result(None)
    await turns()


async def test_a_caller_that_has_waited_too_long_is_told_so_waiting_or_sent() -> None:
    far = Far()
    batcher = far.batcher(calls=1)
    sent = asyncio.create_task(batcher.add(1, 0.05))
    await turns()
    waiting = asyncio.create_task(batcher.add(2, 0.05))
    for each in (sent, waiting):
        with pytest.raises(TimeoutError):
            await each
    far.answers[0].set_result(None)
    await turns()
    assert far.calls == [[1]]


async def test_a_slow_call_keeps_no_other_caller_waiting_for_long() -> None:
    far = Far()
    batcher = far.batcher(patience=PATIENCE_SECONDS)
    slow = begin(batcher, 1)
    await turns()
    fast = begin(batcher, 2)
    while len(far.calls) == 1:
        await asyncio.sleep(0.001)
    far.answers[1].set_result(None)
    assert await fast[0] == "stored 2"
    assert not slow[0].done()
    far.answers[0].set_result(None)
    assert await slow[0] == "stored 1"


async def test_slow_calls_under_way_are_bounded_and_the_last_one_waits_for_any() -> None:
    far = Far()
    batcher = far.batcher(calls=2, patience=0)
    added = []
    for item in range(4):
        added += begin(batcher, item)
        await turns()
    assert far.calls == [[0], [1]]
    far.answers[0].set_result(None)
    await turns()
    assert far.calls == [[0], [1], [2, 3]]
    await far.answer_all(added)


async def test_the_end_of_a_slow_call_does_not_hurry_what_waits_for_a_later_one() -> None:
    far = Far()
    batcher = far.batcher(patience=0)
    added = begin(batcher, 1)
    await turns()
    batcher._patience = 3600
    added += begin(batcher, 2)
    await turns()
    added += begin(batcher, 3)
    far.answers[0].set_result(None)
    await turns()
    assert far.calls == [[1], [2]]
    await far.answer_all(added)


async def test_a_batch_is_bounded_by_count_and_by_size() -> None:
    for limit in (Limit(2, 1_000_000), Limit(1_000, 20)):
        far = Far(at_once=True)
        await asyncio.gather(*begin(far.batcher(batch=limit), 1, 2, 3, 4, 5))
        assert far.calls == [[1, 2], [3, 4], [5]]


async def test_an_item_larger_than_a_batch_goes_alone() -> None:
    far = Far(at_once=True)
    await asyncio.gather(*begin(far.batcher(batch=Limit(10, 5)), 1, 2))
    assert far.calls == [[1], [2]]


@pytest.mark.parametrize("waiting", [Limit(2, 1_000_000), Limit(1_000, 20)])
async def test_more_than_may_wait_is_refused_at_once_and_room_is_made_again(waiting: Limit) -> None:
    far = Far()
    batcher = far.batcher(waiting=waiting)
    added = begin(batcher, 1)
    await turns()
    added += begin(batcher, 2, 3)
    await turns()
    with pytest.raises(Overloaded):
        await batcher.add(4, 60)
    far.answers[0].set_result(None)
    await turns()
    added += begin(batcher, 5)
    await far.answer_all(added)
    assert [await each for each in added] == ["stored 1", "stored 2", "stored 3", "stored 5"]
    assert far.calls == [[1], [2, 3], [5]]


async def test_a_caller_that_gives_up_while_waiting_is_not_sent_and_makes_room() -> None:
    far = Far()
    batcher = far.batcher(waiting=Limit(2, 1_000))
    added = begin(batcher, 1)
    await turns()
    added += begin(batcher, 2, 3)
    await turns()
    added[1].cancel()
    await turns()
    added += begin(batcher, 4)
    far.answers[0].set_result(None)
    await turns()
    far.answers[1].set_result(None)
    assert [await added[at] for at in (0, 2, 3)] == ["stored 1", "stored 3", "stored 4"]
    assert far.calls == [[1], [3, 4]]


async def test_a_caller_that_gives_up_during_the_call_does_not_end_it_for_the_others() -> None:
    far = Far()
    added = begin(far.batcher(), 1, 2)
    await turns()
    added[0].cancel()
    await turns()
    far.answers[0].set_result(None)
    assert await added[1] == "stored 2"


async def test_a_call_that_fails_fails_its_own_and_no_others() -> None:
    far = Far()
    batcher = far.batcher()
    added = begin(batcher, 1, 2)
    await turns()
    later = begin(batcher, 3)
    await turns()
    far.answers[0].set_exception(ValueError("down"))
    for each in added:
        with pytest.raises(ValueError, match="down"):
            await each
    await turns()
    far.answers[1].set_result(None)
    assert await later[0] == "stored 3"


async def test_a_call_that_was_cancelled_leaves_no_caller_waiting() -> None:
    far = Far()
    batcher = far.batcher()
    added = begin(batcher, 1, 2)
    await turns()
    far.answers[0].cancel()
    for each in added:
        with pytest.raises(CallCancelled):
            await each
    far.at_once = True
    assert await batcher.add(3, 60) == "stored 3"


async def test_a_batch_whose_own_task_is_cancelled_leaves_no_caller_waiting() -> None:
    far = Far()
    batcher = far.batcher()
    added = begin(batcher, 1, 2)
    await turns()
    for task in batcher._calls:
        task.cancel()
    for each in added:
        with pytest.raises(CallCancelled):
            await each
    far.at_once = True
    assert await batcher.add(3, 60) == "stored 3"


async def test_too_few_results_are_an_error_for_all() -> None:
    async def call(_items: Sequence[int]) -> list[str]:
        await asyncio.sleep(0)
        return ["one"]

    batcher: Batcher[int, str] = Batcher(call, lambda _item: 1, batch=PLENTY, waiting=PLENTY)
    outcomes = await asyncio.gather(*begin(batcher, 1, 2), return_exceptions=True)
    assert [type(each) for each in outcomes] == [ValueError, ValueError]


@given(st.integers(1, 20), st.frozensets(st.integers(0, 19)))
async def test_of_a_refused_batch_exactly_those_to_blame_fail(count: int, poisoned: frozenset[int]) -> None:
    far = Far(poisoned=poisoned, at_once=True)
    outcomes = await asyncio.gather(*begin(far.batcher(), *range(count)), return_exceptions=True)
    for item, outcome in enumerate(outcomes):
        assert isinstance(outcome, Refused) if item in poisoned else outcome == f"stored {item}"


@dataclass(frozen=True)
class Step:
    """What happens next: so many are added, one gives up, or the oldest call under way ends so."""

    add: int = 0
    give_up: int | None = None
    answer: str | None = None


STEPS = st.lists(
    st.one_of(
        st.builds(Step, add=st.integers(1, 5)),
        st.builds(Step, give_up=st.integers(0, 30)),
        st.builds(Step, answer=st.sampled_from(["stored", "fails", "cancelled"])),
    ),
    max_size=30,
)


@given(STEPS, st.frozensets(st.integers(0, 60), max_size=5), st.integers(1, 4), st.sampled_from([0, 3600]))
async def test_whatever_happens_everyone_gets_their_own_answer_and_nothing_is_left(
    steps: list[Step], poisoned: frozenset[int], most: int, patience: float
) -> None:
    far = Far(poisoned=poisoned)
    batcher = far.batcher(batch=Limit(most, 1_000), waiting=Limit(12, 1_000), calls=2, patience=patience)
    added: list[asyncio.Task[str]] = []
    failed: set[int] = set()
    for step in steps:
        added += begin(batcher, *range(len(added), len(added) + step.add))
        if step.give_up is not None and step.give_up < len(added):
            added[step.give_up].cancel()
        await turns()
        under_way = [at for at, answer in enumerate(far.answers) if not answer.done()]
        if step.answer and under_way:
            if step.answer != "stored":
                failed |= set(far.calls[under_way[0]])
            _answer(far.answers[under_way[0]], step.answer)
        await turns()
        assert all(len(call) <= most for call in far.calls)
    await far.answer_all(added)
    for item, task in enumerate(added):
        _judge(task, item, failed, poisoned, far)
    assert (batcher._waiting, batcher._waiting_size, batcher._calls, batcher._latest) == ({}, 0, set(), None)
    gc.collect()  # an error that reached no caller would be told here


def _answer(answer: asyncio.Future[None], how: str) -> None:
    match how:
        case "stored":
            answer.set_result(None)
        case "fails":
            answer.set_exception(ValueError("down"))
        case _:
            answer.cancel()


def _judge(task: asyncio.Task[str], item: int, failed: set[int], poisoned: frozenset[int], far: Far) -> None:
    if task.cancelled():
        return
    match task.exception():
        case None:
            assert task.result() == f"stored {item}"
            assert any(item in call for call in far.calls)
        case Refused():
            assert item in poisoned
        case ValueError() | CallCancelled():
            assert item in failed
        case error:
            assert isinstance(error, Overloaded)
            assert not any(item in call for call in far.calls)
