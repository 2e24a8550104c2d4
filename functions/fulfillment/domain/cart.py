"""An abandoned cart: a Checkout Session that expired before the buyer completed it.

`recovery_url` opens the buyer's checkout for everyone who has it. So it goes from the event to the hook alone: not into
a document, a log line, an error or an order event. `repr` leaves it out.
"""

from dataclasses import dataclass, field
from datetime import datetime

from fulfillment.domain.checkout import Checkout
from fulfillment.domain.envelope import Envelope
from fulfillment.domain.ids import EventId, Owner
from fulfillment.domain.json_object import load_object
from fulfillment.domain.session import Session, to_checkout
from fulfillment.domain.shape import ShapeError, read
from fulfillment.errors import MalformedEvent

CART_ABANDONED = "cart_abandoned"
OPEN, COMPLETE = "open", "complete"
"""The statuses of a session that is not abandoned."""
_GIVEN = "opt_in"


@dataclass(frozen=True, kw_only=True)
class Cart(Checkout):
    """What the buyer left behind. `recovery_url`: Stripe's link to go on with it, until `recovery_expires_at`; both are
    None where the session was made without `after_expiration.recovery`.
    """

    recovery_url: str | None = field(repr=False)
    recovery_expires_at: datetime | None

    @property
    def email(self) -> str | None:
        """The buyer's address, if Checkout has it."""
        return self.customer.email if self.customer else None

    @property
    def key(self) -> str:
        """The hook's key: the same for a snapshot event and its thin twin."""
        return f"{self.id}:{CART_ABANDONED}"

    @property
    def has_consent(self) -> bool:
        """Whether the buyer agreed to promotions."""
        return (self.consent or {}).get("promotions") == _GIVEN


@dataclass(frozen=True, kw_only=True)
class ExpiredSession:
    """A session that an event calls expired. `status`: what the session itself says, in the event or at Stripe."""

    cart: Cart
    status: str | None


@dataclass(frozen=True, kw_only=True)
class ExpiredEvent:
    """A snapshot event about such a session."""

    id: EventId
    type: str
    session: ExpiredSession


def parse_expired(body: bytes) -> ExpiredEvent:
    """The snapshot event in `body`. Raises only `MalformedEvent`, for any bytes."""
    raw = load_object(body)
    try:
        event = read(_Event, raw)
    except ShapeError as error:
        raise MalformedEvent(str(error)) from None
    session = _expired(event.data.object, livemode=event.livemode, owner=event.owner)
    return ExpiredEvent(id=event.id, type=event.type, session=session)


def read_expired(session: object, *, livemode: bool, owner: Owner) -> ExpiredSession:
    """A session in Stripe's format. `livemode` and `owner` come from its event. Raises MalformedEvent."""
    try:
        return _expired(read(_Session, session), livemode=livemode, owner=owner)
    except ShapeError as error:
        raise MalformedEvent(f"the session that Stripe returned: {error}") from None


@dataclass(frozen=True, kw_only=True)
class _Recovery:
    url: str | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class _AfterExpiration:
    recovery: _Recovery | None = None


@dataclass(frozen=True, kw_only=True)
class _Session(Session):
    status: str | None = None
    after_expiration: _AfterExpiration | None = None


@dataclass(frozen=True, kw_only=True)
class _Data:
    object: _Session


@dataclass(frozen=True, kw_only=True)
class _Event(Envelope):
    type: str
    data: _Data


def _expired(session: _Session, *, livemode: bool, owner: Owner) -> ExpiredSession:
    recovery = (session.after_expiration and session.after_expiration.recovery) or _Recovery()
    checkout = to_checkout(session, livemode=livemode, owner=owner)
    cart = Cart(**vars(checkout), recovery_url=recovery.url, recovery_expires_at=recovery.expires_at)
    return ExpiredSession(cart=cart, status=session.status)
