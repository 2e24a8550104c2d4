"""A Stripe with any number of sessions, made on request, so that it adds little to a measurement."""

from fulfillment.stripe_api import PAGE, Sessions
from local.fakes.memory_stripe import MemoryStripe
from local.fakes.stripe_events import session


class EndlessStripe(MemoryStripe):
    """`count` complete sessions, one per second from `first` on (epoch seconds)."""

    def __init__(self, count: int, first: int) -> None:
        super().__init__()
        self._count, self._first = count, first

    async def sessions(self, created_from: int, created_until: int, after: str | None = None) -> Sessions:
        """A page of them, newest first."""
        if created_from != self._first:
            raise LookupError("list the sessions from the first one on")
        self.reads.append(None)
        end = int(after.rpartition("_")[2]) if after else self._count
        newest = min(created_until - self._first, self._count, end) - 1
        numbers = range(newest, max(newest - PAGE, -1), -1)
        data = tuple(session(f"cs_test_{number}", created=self._first + number) for number in numbers)
        return Sessions(data=data, has_more=numbers[-1] > 0)
