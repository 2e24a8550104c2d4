"""Brings every order to where Stripe says, however many events were lost. Called by a schedule.

| what happened                                           | answer                                            |
|---------------------------------------------------------|---------------------------------------------------|
| the round is over                                       | 200, `reconciled`                                 |
| the time of one run is up                               | 200, `paused`: the next run goes on there         |
| another run goes on with the same round                 | 200, `overtaken`                                  |
| Stripe, the store or the topic is down                  | 503: called again, and goes on where it was       |
| anything else                                           | 500                                               |
| not POST                                                | 405                                               |

Safe at any time, any number of times: what it publishes is a message like Stripe's own, with one id for one claim.
"""

import functools
import time
from datetime import UTC, datetime
from enum import StrEnum

from starlette.requests import Request
from starlette.responses import Response

from fulfillment.domain.cursor import next_cursor
from fulfillment.errors import TransientError
from fulfillment.orders.store import Orders
from fulfillment.reconcile.checkpoint import Checkpoint
from fulfillment.reconcile.rate_limited_stripe import Reader
from fulfillment.reconcile.reconciler import Reconciler
from fulfillment.reconcile.settings import ReconcileSettings
from fulfillment.reconcile.stats import ReconcileStats
from fulfillment.telemetry import Line, Trace
from fulfillment.topic.finder import Finder

SAVE_SECONDS = 5  # between two writes of the checkpoint: one document takes about one a second


class End(StrEnum):
    """How a run ended well."""

    RECONCILED = "reconciled"
    PAUSED = "paused"
    OVERTAKEN = "overtaken"


async def run(
    reconciler: Reconciler, checkpoint: Checkpoint, settings: ReconcileSettings, save_seconds: float = SAVE_SECONDS
) -> End:
    """Goes on with the last round, or begins the next. Raises TransientError.

    No run ends where it began: more sessions of one second than fit on a page would keep every run there.
    """
    began = saved = time.monotonic()
    last, version = await checkpoint.load()
    reached = resumed = next_cursor(last, settings.since, datetime.now(UTC))
    while True:
        reached = await reconciler.step(reached)
        paused = reached != resumed and not reached.over and time.monotonic() - began >= settings.run_seconds
        if reached.over or paused or time.monotonic() - saved >= save_seconds:
            version, saved = await checkpoint.save(reached, version), time.monotonic()
            if version is None:
                return End.OVERTAKEN
        if reached.over:
            return End.RECONCILED
        if paused:
            return End.PAUSED


class Reconcile:
    """The function that the schedule calls."""

    def __init__(
        self, settings: ReconcileSettings, stripe: Reader, orders: Orders, checkpoint: Checkpoint, finder: Finder
    ) -> None:
        self.settings, self._stripe, self._orders = settings, stripe, orders
        self._checkpoint, self._finder = checkpoint, finder

    async def __call__(self, request: Request) -> Response:
        """The answer to one call."""
        line = Line("reconcile", self.settings.project, trace=Trace.of(request.headers))
        with line:
            status = 405
            if request.method == "POST":
                status = await self._run(line)
            else:
                line.say("INFO", "not a POST", outcome="refused")
            line.note(status=status)
        return Response(status_code=status)

    async def _run(self, line: Line) -> int:
        publish = functools.partial(self._finder.publish, trace=line.trace or Trace.of({}))
        reconciler = Reconciler(settings=self.settings, stripe=self._stripe, orders=self._orders, publish=publish)
        try:
            end = await run(reconciler, self._checkpoint, self.settings)
        except TransientError as error:
            line.say("ERROR", f"{error}; the schedule will call again", outcome="retry")
            line.blame(error)
            return 503
        except Exception as error:  # noqa: BLE001 - unknown means try again
            line.say("ERROR", "failed unexpectedly; the schedule will call again", outcome="failed")
            line.blame(error)
            return 500
        else:
            _sum_up(line, end, reconciler.stats)
            return 200
        finally:
            _count(line, reconciler.stats)


def _sum_up(line: Line, end: End, stats: ReconcileStats) -> None:
    """What a person reads first."""
    said = ", ".join(f"{count} {what}" for what, count in stats.problems().items() if count)
    severity = "WARNING" if said else "INFO"
    line.say(severity, said or "every order is where Stripe says", outcome=end.value)


def _count(line: Line, stats: ReconcileStats) -> None:
    line.note(sessions=stats.sessions, waiting=stats.waiting, owed=stats.owed, published=stats.published)
    line.note(missing=stats.missing, behind=stats.behind, unattended=stats.unattended, late=stats.late)
    line.note(unreadable=stats.unreadable, refused=stats.refused, examples=stats.examples or None)
    line.note(oldest_missing_s=stats.oldest_missing_s, oldest_late_s=stats.oldest_late_s)
