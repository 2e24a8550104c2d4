"""Gives an expired session to the hook `cart_abandoned` and answers with the outcome. The ack table:

| what happened                                                  | answer                               |
|----------------------------------------------------------------|--------------------------------------|
| the hook returned                                              | 204: acknowledged                    |
| no consent to promotions                                       | 204: acknowledged                    |
| ORDER_FILTER, the other livemode, or another event type        | 204: acknowledged                    |
| setup mode, or the session was completed after all             | 204: acknowledged                    |
| PermanentError of the hook; malformed; a read that is refused  | parked with its reason, then 204     |
|   … and the dead-letter topic did not store it                 | 503: Pub/Sub redelivers it           |
| anything else that the hook raised, or its time is over        | 503: Pub/Sub redelivers it           |
| Stripe did not answer, or the session is still open there      | 503: Pub/Sub redelivers it           |
| an error of this product                                       | 500: Pub/Sub redelivers it           |
| not POST · a body longer than any push                         | 405 · 413                            |

Nothing is stored: two deliveries of one event, or an event and its thin twin, may call the hook at the same time, with
the same key.
"""

from enum import StrEnum

from fulfillment.abandoned_carts.hook import CartHook
from fulfillment.abandoned_carts.settings import AbandonedCartSettings
from fulfillment.abandoned_carts.thin_carts import ThinCarts
from fulfillment.domain.cart import COMPLETE, ExpiredSession, parse_expired
from fulfillment.domain.event_types import EXPIRED, ON_EXPIRED, THIN
from fulfillment.domain.ownership import Ownership, Verdict
from fulfillment.domain.thin_events import parse_thin
from fulfillment.effects.hook import Hook
from fulfillment.telemetry import Line
from fulfillment.thin_reads import Sessions
from fulfillment.topic.message import Message
from fulfillment.topic.publisher import Topic
from fulfillment.topic.push_endpoint import PushEndpoint, other_mode, other_type, require_type, type_told

_THIN_EXPIRED = f"{THIN}{EXPIRED}"


class CartOutcome(StrEnum):
    """What became of an expired session whose message is acknowledged."""

    CART_ABANDONED = "cart_abandoned"
    NO_CONSENT = "no_consent"
    NOT_OURS = "not_ours"
    NO_ORDER = "no_order"


class AbandonedCarts(PushEndpoint):
    """The entry point that calls the hook. `stripe` reads the sessions of thin events; None without a key."""

    def __init__(
        self, settings: AbandonedCartSettings, hook: Hook, dead_letter: Topic, stripe: Sessions | None = None
    ) -> None:
        super().__init__(ON_EXPIRED, settings.project, dead_letter)
        self.settings, self._thin_carts = settings, ThinCarts(stripe)
        self._hook = CartHook(hook, settings.hook_timeout)
        self._ownership = Ownership(livemode=settings.livemode, order_filter=settings.order_filter)

    async def _handle(self, message: Message, line: Line) -> CartOutcome:
        """The outcome of a message."""
        told = message.attributes.get
        line.note(session=told("session_id"), account=told("account"), context=told("context"))
        event_type = type_told(message)
        if event_type == EXPIRED:
            event = parse_expired(message.data)
            line.note(event=event.id, session=event.session.cart.id)
            require_type(event.type, EXPIRED)
            return await self._deliver(event.session, line)
        if event_type == _THIN_EXPIRED:
            return await self._handle_thin(message, line)
        return other_type(line, CartOutcome.NOT_OURS, self.settings.pubsub_emulator)

    async def _handle_thin(self, message: Message, line: Line) -> CartOutcome:
        """The outcome of a thin event. A session of the other livemode is not read: the key cannot see it."""
        thin = parse_thin(message.data)
        line.note(event=thin.id, session=thin.session_id)
        require_type(thin.type, _THIN_EXPIRED)
        if thin.livemode is not self.settings.livemode:
            return other_mode(line, CartOutcome.NOT_OURS)
        return await self._deliver(await self._thin_carts.session_of(thin), line)

    async def _deliver(self, session: ExpiredSession, line: Line) -> CartOutcome:
        """Calls the hook, unless there is a reason not to."""
        ignored = self._ignored(session, line)
        if ignored is None:
            await self._hook(session.cart)
            line.say("INFO", "cart_abandoned returned", outcome="cart_abandoned")
        return ignored or CartOutcome.CART_ABANDONED

    def _ignored(self, session: ExpiredSession, line: Line) -> CartOutcome | None:
        """The outcome of a session of which the hook is not told, or None."""
        match self._ownership.judge(session.cart):
            case Verdict.OTHER_MODE:
                return other_mode(line, CartOutcome.NOT_OURS)
            case Verdict.FILTERED:
                line.say("INFO", "ORDER_FILTER does not match", outcome="not_ours")
                return CartOutcome.NOT_OURS
            case Verdict.NOTHING_SOLD:
                line.say("INFO", "nothing was for sale: setup mode", outcome="no_order")
                return CartOutcome.NO_ORDER
            case Verdict.OURS:  # pragma: no branch - mypy proves that there is no other
                return _not_abandoned(session, line)


def _not_abandoned(session: ExpiredSession, line: Line) -> CartOutcome | None:
    if session.status == COMPLETE:
        line.say("INFO", "the session was completed: it is not abandoned", outcome="no_order")
        return CartOutcome.NO_ORDER
    if not session.cart.has_consent:
        line.say("INFO", "the buyer did not agree to promotions", outcome="no_consent")
        return CartOutcome.NO_CONSENT
    return None
