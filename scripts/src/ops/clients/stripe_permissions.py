"""Whether a Stripe key has the permissions that the functions need: one harmless read for each."""

from collections.abc import Mapping
from typing import Any

from ops.clients.access import StripeAccess
from ops.clients.stripe_client import calling, connect

NEEDED = ("Checkout Sessions: read", "PaymentIntents: read")
BEFORE_STRIPE = 1_262_304_000  # 2010: the answer holds no data


class StripePermissions:
    """The permissions of one key."""

    def __init__(self, access: StripeAccess) -> None:
        client = connect(access)
        self._lists: Mapping[str, Any] = dict(
            zip(NEEDED, (client.v1.checkout.sessions.list, client.v1.payment_intents.list), strict=True)
        )

    def use(self, permission: str) -> None:
        """Reads with one of the needed permissions. Raises Forbidden without it, and Refused after another error."""
        with calling(_ADVICE):
            self._lists[permission](params={"limit": 1, "created": {"lt": BEFORE_STRIPE}})


_ADVICE = {
    401: "the key is revoked, expired or mistyped",
    403: "the key lacks the permission, or may not be used from this machine",
    429: "too many requests: try again",
}
