"""Sessions that have expired, as Stripe writes them, and the events that tell so."""

from typing import Any

from fulfillment.domain.cart import Cart, parse_expired
from fulfillment.domain.event_types import EXPIRED
from local.fakes.stripe_events import Json, body, event, session

TOKEN = "live_YWNjdF8xTm"
RECOVERY_URL = f"https://buy.stripe.com/r/{TOKEN}"
"""No log line, error or document may show the token."""
RECOVERY_EXPIRES_AT = 1_798_000_000
OPTED_IN = {"promotions": "opt_in", "terms_of_service": None}


def expired_session(session_id: str = "cs_test_a1", **changes: Any) -> Json:
    """A session that its buyer left, with an address and the consent to promotions."""
    recovery = {"allow_promotion_codes": True, "enabled": True, "expires_at": RECOVERY_EXPIRES_AT, "url": RECOVERY_URL}
    left: Json = {
        "status": "expired",
        "payment_status": "unpaid",
        "payment_intent": None,
        "after_expiration": {"recovery": recovery},
        "consent": OPTED_IN,
        "locale": "de",
    }
    return session(session_id, **left | changes)


def expired_event(of: Json | None = None, **changes: Any) -> Json:
    """The snapshot event of such a session."""
    return event(EXPIRED, of or expired_session(), **changes)


def cart(**changes: Any) -> Cart:
    """The cart of such a session."""
    return parse_expired(body(expired_event(expired_session(**changes)))).session.cart
