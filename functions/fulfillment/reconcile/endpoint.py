"""Brings every order to the status of its session, however many events were lost. Cloud Scheduler calls it.

| what happened                                           | answer                                            |
|---------------------------------------------------------|---------------------------------------------------|
| the round is over                                       | 200, `reconciled`                                 |
| the time of one run is up                               | 200, `paused`: the next run continues there       |
| another run continues the same round                    | 200, `overtaken`                                  |
| Stripe, the store or the topic is down                  | 503: the next call continues there                |
| anything else                                           | 500                                               |
| not POST                                                | 405                                               |

It is safe to call at any time and any number of times: repeating a claim publishes the same event id.
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

SAVE_SECONDS = 5  # between two writes of the checkpoint: Firestore allows about one a second for one document


class End(StrEnum):
    """How a successful run ended."""

    RECONCILED = "reconciled"
    PAUSED = "paused"
    OVERTAKEN = "overtaken"


async def run(
    reconciler: Reconciler, checkpoint: Checkpoint, settings: ReconcileSettings, save_seconds: float = SAVE_SECONDS
) -> End:
    """Continues the last round, or starts the next one. Raises TransientError.

    A run makes at least one step of progress. Otherwise a second with more sessions than a page would stop every run.
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
        except Exception as error:  # noqa: BLE001 - an unknown error is retried
            line.say("ERROR", "failed unexpectedly; the schedule will call again", outcome="failed")
            line.blame(error)
            return 500
        else:
            _sum_up(line, end, reconciler.stats)
            return 200
        finally:
            _count(line, reconciler.stats)


def _sum_up(line: Line, end: End, stats: ReconcileStats) -> None:
    """Sets the message of the log line."""
    counted = ", ".join(f"{count} {what}" for what, count in stats.problems().items() if count)
    unlisted = [f"{name.replace('_', ' ')} were not compared: {reason}" for name, reason in stats.unlisted.items()]
    problems = "; ".join([*([counted] if counted else []), *unlisted])
    severity = "WARNING" if problems else "INFO"
    line.say(severity, problems or "every order is where Stripe says", outcome=end.value)


def _count(line: Line, stats: ReconcileStats) -> None:
    line.note(sessions=stats.sessions, waiting=stats.waiting, owed=stats.owed, published=stats.published)
    line.note(refunds=stats.refunds, disputes=stats.disputes, money_behind=stats.money_behind, unplaced=stats.unplaced)
    line.note(open_disputes=stats.open_disputes, unlisted=list(stats.unlisted) or None)
    line.note(evidence_due_72h=stats.evidence_due_72h, evidence_due_24h=stats.evidence_due_24h)
    line.note(missing=stats.missing, behind=stats.behind, unattended=stats.unattended, late=stats.late)
    line.note(unreadable=stats.unreadable, refused=stats.refused, examples=stats.examples or None)
    line.note(oldest_missing_s=stats.oldest_missing_s, oldest_late_s=stats.oldest_late_s)
