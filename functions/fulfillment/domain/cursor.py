"""How far a round of reconcile has come: what is compared in it, and in which order.

    late ──> sessions ──> waiting ──> owed ──> over

    late       orders that are paid and not fulfilled: before all that needs Stripe, as they are told of in any case
    sessions   complete Checkout Sessions, newest first, from the window's end down to its start
    waiting    orders that wait for a delayed payment; once a day those whose payment failed, too: it may come after all
    owed       orders that owe an effect

A window begins 26 hours before the last one ended: a session is completed within 24 hours after it was created, so
one that was completed after the last window's end was created behind the beginning of this one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from fulfillment.domain.shape import read

OVERLAP_SECONDS = 26 * 3600
DAY_SECONDS = 24 * 3600


class Stage(StrEnum):
    """What is compared, in this order."""

    LATE = "late"
    SESSIONS = "sessions"
    WAITING = "waiting"
    OWED = "owed"


@dataclass(frozen=True, kw_only=True)
class Cursor:
    """How far a round has come; times in epoch seconds. Immutable: every step makes a new one.

    `since`         what was created before is another system's, and never looked at
    `start`, `end`  the window: sessions created from one time until before the other
    `before`        the sessions of the window that were created from here on are compared
    `after`         the orders of the stage up to this id are compared
    `thorough`      whether it is the first one of its day (UTC), and asks about failed payments, too
    """

    since: int
    start: int
    end: int
    before: int
    stage: Stage = Stage.LATE
    after: str | None = None
    over: bool = False
    thorough: bool = True

    def down_to(self, created: int) -> "Cursor":
        """After a page of sessions whose last one was created then. There may be more of the same second."""
        return replace(self, before=created + 1)

    def up_to(self, order_id: str) -> "Cursor":
        """After a page of orders, of which this is the last."""
        return replace(self, after=order_id)

    def next_stage(self) -> "Cursor":
        """After the last page of a stage; after the last stage the round is over."""
        stages = list(Stage)
        rest = stages[stages.index(self.stage) + 1 :]
        return replace(self, after=None, **({"stage": rest[0]} if rest else {"over": True}))


def read_cursor(document: Mapping[str, Any]) -> Cursor:
    """The cursor in a checkpoint. A stage that only a newer version knows is passed over: the round goes through its
    stages again, with the same window. What is compared twice does no harm. Raises ShapeError for what is none.
    """
    if document.get("stage") not in set(Stage):
        document = {**document, "stage": Stage.LATE.value, "after": None}
    cursor: Cursor = read(Cursor, document)
    return cursor


def next_cursor(last: Cursor | None, since: datetime | None, now: datetime) -> Cursor:
    """The round to go on with: the last one, unless it is over.

    The very first looks back to `since`, or not at all: what was sold before this was deployed may have been fulfilled
    by something else. A `since` that was set further back later is caught up with.
    """
    if last and not last.over:
        return last
    moment = int(now.timestamp())
    floor = int(since.timestamp()) if since else last.since if last else moment
    start = floor if last is None or floor < last.since else max(floor, last.end - OVERLAP_SECONDS)
    end = max(moment + 1, last.end if last else 0)
    thorough = last is None or last.end // DAY_SECONDS < end // DAY_SECONDS
    return Cursor(since=floor, start=start, end=end, before=end, thorough=thorough)
