"""Stripe's API of event destinations, `ed_…`, which send thin events. It is of version 2: JSON, and parts of a
destination are only in answers that include them.
"""

import contextlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from stripe import StripeClient

from fulfillment.domain.shape import ShapeError, read
from fulfillment.settings.parsers import parse_webhook_secrets
from ops.clients.stripe_client import calling
from ops.clients.webhook_endpoints import DesiredEndpoint, Endpoint, NewEndpoint
from ops.errors import Missing

OWN, CONNECTED = "@self", "@accounts"
FORMER = {"self": OWN, "other_accounts": CONNECTED}
"""How earlier versions of the API write the accounts."""
URL, SECRET = "webhook_endpoint.url", "webhook_endpoint.signing_secret"
PAGE = 20  # more than an account may have


class ThinDestinations:
    """The event destinations that are webhook endpoints. Every method may raise Refused."""

    def __init__(self, client: StripeClient) -> None:
        self._destinations = client.v2.core.event_destinations

    def list(self) -> tuple[Endpoint, ...]:
        """Every destination that is a webhook endpoint, snapshot ones too."""
        params: Any = {"limit": PAGE, "include": [URL]}
        with calling(_ADVICE):
            listed = (each.to_dict() for each in self._destinations.list(params=params).auto_paging_iter())
            return tuple(_endpoint(each) for each in listed if each.get("type") == "webhook_endpoint")

    def create(self, wanted: DesiredEndpoint) -> NewEndpoint:
        """Creates a destination. Only this answer holds its secret."""
        params: Any = {
            "type": "webhook_endpoint",
            "event_payload": "thin",
            "name": f"Orders of {wanted.deployment}{' (connected accounts)' if wanted.connect else ''}",
            "description": wanted.description,
            "enabled_events": sorted(wanted.events),
            "events_from": [CONNECTED if wanted.connect else OWN],
            "metadata": wanted.metadata,
            "webhook_endpoint": {"url": wanted.url},
            "include": [URL, SECRET],
        }
        with calling(_ADVICE):
            made = self._destinations.create(params=params).to_dict()
            (secret,) = parse_webhook_secrets(str((made.get("webhook_endpoint") or {}).get("signing_secret")))
            return NewEndpoint(endpoint=_endpoint(made), secret=secret)

    def update(self, endpoint: Endpoint, wanted: DesiredEndpoint) -> None:
        """Gives a destination the wanted events and metadata, then enables it if it is disabled."""
        params: Any = {"enabled_events": sorted(wanted.events), "metadata": wanted.metadata}
        with calling(_ADVICE):
            self._destinations.update(endpoint.id, params=params)
            if not endpoint.enabled:
                self._destinations.enable(endpoint.id)

    def delete(self, destination: str) -> None:
        """Deletes a destination, if it exists."""
        with contextlib.suppress(Missing), calling(_ADVICE):
            self._destinations.delete(destination)


@dataclass(frozen=True, kw_only=True)
class _Webhook:
    """Where a destination sends to."""

    url: str


@dataclass(frozen=True, kw_only=True)
class _Raw:
    """A destination as Stripe writes it."""

    id: str
    event_payload: str
    status: str
    livemode: bool
    created: str
    enabled_events: tuple[str, ...]
    webhook_endpoint: _Webhook
    events_from: tuple[str, ...] | None = None
    snapshot_api_version: str | None = None
    metadata: Any = None


def _endpoint(answer: Any) -> Endpoint:
    raw: _Raw = read(_Raw, answer)
    accounts = {FORMER.get(each, each) for each in raw.events_from or (OWN,)}
    return Endpoint(
        id=raw.id,
        url=raw.webhook_endpoint.url,
        api_version=raw.snapshot_api_version,
        events=frozenset(raw.enabled_events),
        enabled=raw.status == "enabled",
        livemode=raw.livemode,
        connect={frozenset({OWN}): False, frozenset({CONNECTED}): True}.get(frozenset(accounts)),
        created=_seconds(raw.created),
        thin=raw.event_payload == "thin",
        metadata=dict(raw.metadata or {}),
    )


def _seconds(time: str) -> int:
    try:
        return int(datetime.fromisoformat(time).timestamp())
    except ValueError:
        raise ShapeError("created", "expected a time") from None


_ADVICE = {
    400: "it does not accept the URL, an event type or the number of destinations (16 at most)",
    401: "STRIPE_API_KEY is revoked, expired or mistyped",
    403: "STRIPE_API_KEY lacks a permission: it needs 'Event Destinations: write' (doctor: read), or is a secret key",
    404: "no such destination: is STRIPE_API_KEY of the right account?",
    429: "too many requests: try again",
}
