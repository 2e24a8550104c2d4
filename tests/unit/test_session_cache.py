"""What an instance remembers is bounded, and so is what it asks Stripe."""

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from fulfillment.order_status.rate_limiter import RateLimiter
from fulfillment.order_status.session_cache import CACHE_SECONDS, SessionCache


@dataclass
class Clock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_cached_session_is_the_same_one_until_an_hour_is_over() -> None:
    clock = Clock()
    sessions = SessionCache(clock)
    first = sessions.of("a")
    clock.now += CACHE_SECONDS - 1
    assert sessions.of("a") is first
    assert sessions.age(first) == CACHE_SECONDS - 1
    clock.now += 1
    assert sessions.of("a") is not first
    assert sessions.age(sessions.of("a")) == 0


def test_the_session_that_was_not_looked_at_for_longest_is_forgotten_first() -> None:
    sessions = SessionCache(Clock(), most=2)
    a, b = sessions.of("a"), sessions.of("b")
    assert sessions.of("a") is a
    sessions.of("c")
    assert sessions.of("a") is a
    assert sessions.of("b") is not b


@given(st.integers(0, 5), st.lists(st.floats(0, 40), max_size=40))
def test_no_minute_ever_has_more_than_is_allowed(allowed: int, waits: list[float]) -> None:
    clock, taken = Clock(), list[float]()
    limiter = RateLimiter(allowed, clock)
    for wait in waits:
        clock.now += wait
        if limiter.take():
            taken.append(clock.now)
    for start in taken:
        assert len([at for at in taken if start <= at < start + 60]) <= allowed


def test_what_was_not_taken_for_a_minute_is_there_whole() -> None:
    clock = Clock(now=0.0)
    limiter = RateLimiter(3, clock)
    for _minute in range(3):
        assert [limiter.take() for _ in range(4)] == [True, True, True, False]
        clock.now += 60
