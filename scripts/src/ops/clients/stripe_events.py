"""Lists Stripe's events, such as undelivered ones, and resends them as `stripe events resend` does.

Stripe's library has no method that resends: this is the request of the official CLI.
"""

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from fulfillment.domain.routes import Routes
from fulfillment.domain.shape import read
from ops.clients.access import StripeAccess
from ops.clients.stripe_client import PAGE, calling, connect

ADVICE = {
    400: "this event cannot be sent to that endpoint: has the endpoint the event's type, and is it enabled?",
    401: "STRIPE_API_KEY is revoked, expired or mistyped",
    403: "STRIPE_API_KEY lacks a permission: it needs 'Events' and 'Webhook Endpoints'; a secret key has them",
    404: "no such event: they are kept for 30 days; or STRIPE_API_KEY is of another account",
    429: "too many requests: try again",
}


@dataclass(frozen=True, kw_only=True)
class StripeEvent:
    """An event without its data."""

    id: str
    type: str
    created: datetime


class StripeEvents:
    """The events of one Stripe account, in the mode of the key. Every method may raise Refused or Missing."""

    def __init__(self, access: StripeAccess) -> None:
        self._client = connect(access)

    def since(
        self, since: datetime, orders: AbstractSet[str], routes: Routes | None, *, delivered_too: bool
    ) -> Iterator[StripeEvent]:
        """The undelivered events since a time, or all, of orders' types and routed ones; newest first, page by page."""
        params: Any = {"limit": PAGE, "created": {"gte": int(since.timestamp())}}
        params |= {} if routes else {"types": sorted(orders)}  # Stripe takes 20 types at most, and no wildcard
        params |= {} if delivered_too else {"delivery_success": False}
        with calling(ADVICE):
            for each in self._client.v1.events.list(params=params).auto_paging_iter():
                if each.type in orders or (routes and each.type in routes):
                    yield _event(each)

    def resend(self, event: str, endpoint: str | None) -> None:
        """Makes Stripe resend an event with a new signature: to an endpoint, or to the CLI's `stripe listen`."""
        to = {"webhook_endpoint": endpoint} if endpoint else {}
        with calling(ADVICE):
            self._client.raw_request("post", f"/v1/events/{event}/retry", **to)


def _event(listed: Any) -> StripeEvent:
    event: StripeEvent = read(StripeEvent, {"id": listed.id, "type": listed.type, "created": listed.created})
    return StripeEvent(id=event.id, type=event.type, created=event.created.astimezone(UTC))
