"""The progress of a round of reconcile: what it compares, and in which order.

    late ──> sessions ──> waiting ──> owed ──> disputes ──> disputed_orders ──> refunds ──> refunded_orders ──> over

    late                 orders that are paid but not fulfilled; first, so that they are reported even if Stripe is down
    sessions             complete Checkout Sessions, newest first, from the window's end down to its start
    waiting              orders that wait for a delayed payment; once a day also those whose payment failed: it may
                         still succeed
    owed                 orders that owe an effect
    disputes             disputes, newest first, from the window's end down to 130 days before; the decided ones once a
                         day
    disputed_orders      disputed orders: open disputes that are in no list, as those of connected accounts and
                         subscriptions; once a day also their refunds and their other disputes
    refunds              once a day: refunds, newest first, from the window's end down to 31 days before
    refunded_orders      once a day: orders whose money went back or was lost: refunds and disputes that may still
                         change and are in no list

A window begins 26 hours before the last one ended. A session completes within 24 hours of its creation, so each session
that completed after the last window's end was created after the start of this window. A refund can fail until 30 days
after it succeeded. A dispute is decided 60 to 75 days after it was made, an inquiry is closed after 120.

The window of a thorough round begins before the last thorough round ended, however long ago that was.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from fulfillment.domain.shape import read

OVERLAP_SECONDS = 26 * 3600
DAY_SECONDS = 24 * 3600
DISPUTE_DAYS, REFUND_DAYS = 130, 31


class Stage(StrEnum):
    """What is compared, in this order."""

    LATE = "late"
    SESSIONS = "sessions"
    WAITING = "waiting"
    OWED = "owed"
    DISPUTES = "disputes"
    DISPUTED_ORDERS = "disputed_orders"
    REFUNDS = "refunds"
    REFUNDED_ORDERS = "refunded_orders"


_LISTS = frozenset({Stage.SESSIONS, Stage.DISPUTES, Stage.REFUNDS})


@dataclass(frozen=True, kw_only=True)
class Cursor:
    """The progress of a round. Times are in epoch seconds. Immutable: every step makes a new one.

    `since`         sessions created earlier belong to another system and are never compared
    `start`, `end`  the window: sessions created from `start` until before `end`
    `before`        the stage's sessions, disputes or refunds created at this time or later are already compared
    `after`         the stage's orders up to this id are already compared
    `thorough`      whether it is the first round of its day (UTC): it also checks failed payments, refunds
                    and decided disputes
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
        """The cursor after a page whose last object was created at `created`. That second may have more sessions."""
        return replace(self, before=created + 1)

    def up_to(self, order_id: str) -> "Cursor":
        """The cursor after a page of orders that ends with this one."""
        return replace(self, after=order_id)

    def next_stage(self) -> "Cursor":
        """The cursor after the last page of a stage. After the last stage the round is over."""
        stages = list(Stage)
        rest = stages[stages.index(self.stage) + 1 :]
        if not rest:
            return replace(self, after=None, over=True)
        before = self.end if rest[0] in _LISTS else self.before
        return replace(self, after=None, stage=rest[0], before=before)

    def days_back(self, days: int) -> int:
        """The time that many days before the window's end, but no earlier than `since`."""
        return max(self.since, self.end - days * DAY_SECONDS)


def read_cursor(document: Mapping[str, Any]) -> Cursor:
    """The cursor in a checkpoint. If its stage is from a newer version, the round starts its stages again with the
    same window: comparing twice does no harm. Raises ShapeError if the document is not a cursor.
    """
    if document.get("stage") not in set(Stage):
        document = {**document, "stage": Stage.LATE.value, "after": None}
    cursor: Cursor = read(Cursor, document)
    return cursor


def next_cursor(last: Cursor | None, since: datetime | None, now: datetime) -> Cursor:
    """The round to continue: the last one, or a new one if that is over.

    The first round looks back to `since`, or not at all: another system may have fulfilled what was sold before this
    deployment. If `since` is set to an earlier time later, the next round starts there.
    """
    if last and not last.over:
        return last
    moment = int(now.timestamp())
    floor = int(since.timestamp()) if since else last.since if last else moment
    start = floor if last is None or floor < last.since else max(floor, last.end - OVERLAP_SECONDS)
    end = max(moment + 1, last.end if last else 0)
    thorough = last is None or last.end // DAY_SECONDS < end // DAY_SECONDS
    return Cursor(since=floor, start=start, end=end, before=end, thorough=thorough)
