"""Which sessions a round looks at, and how it goes on."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fulfillment.domain.cursor import (
    DISPUTE_DAYS,
    OVERLAP_SECONDS,
    REFUND_DAYS,
    Cursor,
    Stage,
    next_cursor,
    read_cursor,
)

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
SECOND = int(NOW.timestamp())
OVER = Cursor(since=SECOND - 10**6, start=SECOND - 9000, end=SECOND - 3600, before=SECOND - 9000, over=True)


def test_the_first_round_looks_back_as_far_as_it_was_told_or_not_at_all() -> None:
    assert next_cursor(None, None, NOW) == Cursor(since=SECOND, start=SECOND, end=SECOND + 1, before=SECOND + 1)
    assert next_cursor(None, NOW - timedelta(days=2), NOW).start == SECOND - 2 * 86400


def test_a_round_that_is_not_over_is_gone_on_with() -> None:
    under_way = Cursor(since=0, start=1, end=9, before=5)
    assert next_cursor(under_way, None, NOW) is under_way


def test_the_next_round_overlaps_with_the_last_one() -> None:
    following = next_cursor(OVER, None, NOW)
    assert (following.start, following.end) == (OVER.end - 26 * 3600, SECOND + 1)
    assert (following.stage, following.before, following.over) == (Stage.LATE, following.end, False)


def test_no_round_looks_back_behind_the_first_one() -> None:
    assert next_cursor(replace(OVER, since=SECOND - 5), None, NOW).start == SECOND - 5


def test_a_time_that_was_set_further_back_is_caught_up_with_once() -> None:
    earlier = datetime.fromtimestamp(OVER.since, UTC) - timedelta(days=30)
    caught_up = next_cursor(OVER, earlier, NOW)
    assert caught_up.start == OVER.since - 30 * 86400
    over = replace(caught_up, over=True)
    assert next_cursor(over, earlier, NOW + timedelta(hours=1)).start == over.end - OVERLAP_SECONDS


def test_after_a_page_of_sessions_those_of_its_last_second_are_looked_at_again() -> None:
    """Sessions come newest first; one that was created in the same second may be on the next page."""
    under_way = Cursor(since=0, start=1, end=9, before=9)
    assert under_way.down_to(5) == replace(under_way, before=6)


def test_after_a_page_of_orders_the_next_one_begins_behind_its_last() -> None:
    waiting = Cursor(since=0, start=1, end=9, before=1, stage=Stage.WAITING)
    assert waiting.up_to("cs_1") == replace(waiting, after="cs_1")


def test_the_first_round_of_a_day_is_thorough_and_no_other() -> None:
    midnight = NOW.replace(hour=0)
    last = replace(next_cursor(None, None, midnight - timedelta(hours=1)), over=True)
    assert last.thorough
    seen = []
    for hours in (0, 1, 23, 24, 25, 72):
        last = replace(next_cursor(last, None, midnight + timedelta(hours=hours)), over=True)
        seen.append(last.thorough)
    assert seen == [True, False, False, True, False, True]


@pytest.mark.parametrize("after", [None, "cs_1"])
def test_a_round_that_was_kept_is_read_again(after: str | None) -> None:
    """These are the words and fields in the checkpoints of those who have deployed this."""
    kept = {"since": 1, "start": 2, "end": 9, "before": 5, "stage": "waiting", "after": after, "over": True}
    assert read_cursor(kept) == Cursor(since=1, start=2, end=9, before=5, stage=Stage.WAITING, after=after, over=True)
    assert [each.value for each in Stage] == [
        *("late", "sessions", "waiting", "owed"),
        *("disputes", "disputed_orders", "refunds", "refunded_orders"),
    ]


def test_the_stages_follow_each_other_and_then_it_is_over() -> None:
    reached = next_cursor(None, None, NOW)
    for stage in Stage:
        assert (reached.stage, reached.over) == (stage, False)
        reached = reached.up_to("cs_1").next_stage()
        assert reached.after is None
    assert reached.over


@pytest.mark.parametrize("stage", [Stage.LATE, Stage.OWED, Stage.DISPUTED_ORDERS])
def test_each_list_is_read_from_the_windows_end(stage: Stage) -> None:
    reached = Cursor(since=0, start=1, end=9, before=3, stage=stage)
    assert reached.next_stage().before == 9


def test_a_stage_of_orders_leaves_the_window_as_it_is() -> None:
    """The version before reads the checkpoint: it must not list the sessions again for it."""
    reached = Cursor(since=0, start=1, end=9, before=3, stage=Stage.SESSIONS)
    assert reached.next_stage().before == 3


def test_lists_reach_back_as_far_as_stripe_changes_what_is_in_them() -> None:
    """A refund fails up to 30 days after it succeeded. An inquiry is closed after 120 days, a dispute earlier."""
    assert (REFUND_DAYS, DISPUTE_DAYS) == (30 + 1, 120 + 10)


def test_days_back_end_where_the_deployment_begins() -> None:
    reached = Cursor(since=100_000, start=100_000, end=300_000, before=300_000)
    assert (reached.days_back(2), reached.days_back(3)) == (300_000 - 2 * 86400, 100_000)


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=20))
def test_a_thorough_window_reaches_back_to_the_last_thorough_round(pauses: list[int]) -> None:
    """However long reconcile did not run: what has no order here is told in thorough rounds alone."""
    at, last, reached_until = NOW, None, None
    for pause in pauses:
        at += timedelta(seconds=pause)
        last = replace(next_cursor(last, None, at), over=True)
        if last.thorough:
            assert reached_until is None or last.start <= reached_until
            reached_until = last.end


@given(st.lists(st.integers(-3600, 10**6), min_size=1, max_size=20), st.integers(0, 86400))
def test_whenever_it_runs_a_session_is_in_a_window_after_it_was_completed(pauses: list[int], took: int) -> None:
    """Completed within a day after it was created, and before the last of the runs; clocks may go back an hour."""
    at, last, created = NOW, None, SECOND + 100
    seen = False
    for pause in pauses:
        at += timedelta(seconds=pause)
        last = replace(next_cursor(last, None, at), over=True)
        completed = created + took <= at.timestamp()
        seen = seen or (completed and last.start <= created < last.end)
        assert seen or not completed or created < last.since


@pytest.mark.parametrize("stage", ["of_a_newer_version", "", None, 7])
def test_a_stage_that_only_a_newer_version_knows_is_passed_over(stage: object) -> None:
    kept = {"since": 1, "start": 2, "end": 9, "before": 5, "stage": stage, "after": "cs_1", "over": False, "more": 1}
    assert read_cursor(kept) == Cursor(since=1, start=2, end=9, before=5, stage=Stage.LATE, after=None)
