"""Reads the session of a thin event, in its context.

| the session                                   | result                                            |
|-----------------------------------------------|---------------------------------------------------|
| expired, or complete                          | the session as it is now                          |
| open                                          | tried again: its event says that it has expired   |
| 401, 429, an error at Stripe, no answer       | tried again                                       |
| 403, 404                                      | parked: a person must give another key            |
| no key                                        | parked                                            |
"""

from fulfillment.domain.cart import OPEN, ExpiredSession, read_expired
from fulfillment.domain.thin_events import ThinEvent
from fulfillment.errors import SessionNotExpired
from fulfillment.thin_reads import Sessions, read_session, with_key


class ThinCarts:
    """Reads the sessions of thin events. `stripe` is None without a key."""

    def __init__(self, stripe: Sessions | None) -> None:
        self._stripe = stripe

    async def session_of(self, thin: ThinEvent) -> ExpiredSession:
        """The session that the event is about. Raises PermanentError, TransientError."""
        session = await read_session(with_key(self._stripe, "a session"), thin)
        found = read_expired(session, livemode=thin.livemode, owner=thin.owner)
        if found.status == OPEN:
            raise SessionNotExpired(f"{thin.type}, but the session that Stripe returned is open")
        return found
