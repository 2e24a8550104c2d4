"""What an instance remembers is bounded, and so is what it asks Stripe."""

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from fulfillment.order_status.visits import VISIT_SECONDS, Allowance, Visits


@dataclass
class Clock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_visit_is_the_same_one_until_an_hour_is_over() -> None:
    clock = Clock()
    visits = Visits(clock)
    first = visits.of("a")
    clock.now += VISIT_SECONDS - 1
    assert visits.of("a") is first
    assert visits.age(first) == VISIT_SECONDS - 1
    clock.now += 1
    assert visits.of("a") is not first
    assert visits.age(visits.of("a")) == 0


def test_the_visit_that_was_not_looked_at_for_longest_is_forgotten_first() -> None:
    visits = Visits(Clock(), most=2)
    a, b = visits.of("a"), visits.of("b")
    assert visits.of("a") is a
    visits.of("c")
    assert visits.of("a") is a
    assert visits.of("b") is not b


@given(st.integers(0, 5), st.lists(st.floats(0, 40), max_size=40))
def test_no_minute_ever_has_more_than_is_allowed(allowed: int, waits: list[float]) -> None:
    clock, taken = Clock(), list[float]()
    allowance = Allowance(allowed, clock)
    for wait in waits:
        clock.now += wait
        if allowance.take():
            taken.append(clock.now)
    for start in taken:
        assert len([at for at in taken if start <= at < start + 60]) <= allowed


def test_what_was_not_taken_for_a_minute_is_there_whole() -> None:
    clock = Clock(now=0.0)
    allowance = Allowance(3, clock)
    for _minute in range(3):
        assert [allowance.take() for _ in range(4)] == [True, True, True, False]
        clock.now += 60
