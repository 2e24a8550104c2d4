"""Stripe's API of webhook endpoints, `we_…`, which send snapshot events."""

import contextlib
from dataclasses import dataclass
from typing import Any

from stripe import StripeClient

from fulfillment.domain.shape import read
from fulfillment.settings.parsers import parse_webhook_secrets
from ops.clients.stripe_client import PAGE, calling
from ops.clients.webhook_endpoints import DesiredEndpoint, Endpoint, NewEndpoint
from ops.errors import Missing


class SnapshotEndpoints:
    """The webhook endpoints. Every method may raise Refused."""

    def __init__(self, client: StripeClient) -> None:
        self._endpoints = client.v1.webhook_endpoints

    def list(self) -> tuple[Endpoint, ...]:
        """Every endpoint."""
        with calling(_ADVICE):
            listed = self._endpoints.list(params={"limit": PAGE}).auto_paging_iter()
            return tuple(_endpoint(each.to_dict()) for each in listed)

    def create(self, wanted: DesiredEndpoint) -> NewEndpoint:
        """Creates an endpoint."""
        params: Any = {
            "url": wanted.url,
            "enabled_events": sorted(wanted.events),
            "api_version": wanted.api_version,
            "connect": wanted.connect,
            "metadata": wanted.metadata,
            "description": wanted.description,
        }
        with calling(_ADVICE):
            made = self._endpoints.create(params=params).to_dict()
            (secret,) = parse_webhook_secrets(str(made.get("secret")))
            return NewEndpoint(endpoint=_endpoint(made), secret=secret)

    def update(self, endpoint: Endpoint, wanted: DesiredEndpoint) -> None:
        """Gives an endpoint the wanted events and metadata, and enables it."""
        params: Any = {"enabled_events": sorted(wanted.events), "disabled": False, "metadata": wanted.metadata}
        with calling(_ADVICE):
            self._endpoints.update(endpoint.id, params=params)

    def delete(self, endpoint: str) -> None:
        """Deletes an endpoint, if it exists."""
        with contextlib.suppress(Missing), calling(_ADVICE):
            self._endpoints.delete(endpoint)


@dataclass(frozen=True, kw_only=True)
class _Raw:
    """An endpoint as Stripe writes it."""

    id: str
    url: str
    status: str
    livemode: bool
    created: int
    enabled_events: tuple[str, ...]
    api_version: str | None = None
    application: str | None = None
    metadata: Any = None


def _endpoint(answer: Any) -> Endpoint:
    raw: _Raw = read(_Raw, answer)
    return Endpoint(
        id=raw.id,
        url=raw.url,
        api_version=raw.api_version,
        events=frozenset(raw.enabled_events),
        enabled=raw.status == "enabled",
        livemode=raw.livemode,
        connect=raw.application is not None,
        created=raw.created,
        metadata=dict(raw.metadata or {}),
    )


_ADVICE = {
    400: "it does not accept the URL, the API version, an event type or the number of endpoints (16 at most)",
    401: "STRIPE_API_KEY is revoked, expired or mistyped",
    403: "STRIPE_API_KEY lacks a permission: it needs 'Webhook Endpoints: write' (doctor: read)",
    404: "no such endpoint: is STRIPE_API_KEY of the right account?",
    429: "too many requests: try again",
}
