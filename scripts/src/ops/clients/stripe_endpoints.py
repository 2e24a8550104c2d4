"""Webhook endpoints at Stripe are listed, made, changed and deleted; and how Stripe's library is called here."""

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from stripe import APIConnectionError, RequestsClient, StripeClient, StripeError

from fulfillment.domain.shape import ShapeError, read
from fulfillment.settings.parsers import parse_webhook_secrets
from fulfillment.stripe_api import name_caller
from ops.clients.access import StripeAccess
from ops.clients.webhook_endpoints import DesiredEndpoint, Endpoint
from ops.errors import Missing, Refused

SECONDS = 20
TRIES = 2  # again, with the same idempotency key: a create whose answer was lost is not made twice; a 500 stays one
PAGE = 100


@dataclass(frozen=True, kw_only=True)
class NewEndpoint:
    """An endpoint that was just made, and its signing secret, which Stripe tells only now."""

    endpoint: Endpoint
    secret: str = field(repr=False)


class StripeEndpoints:
    """The webhook endpoints of one Stripe account, in the mode of the key. Every method may raise Refused."""

    def __init__(self, access: StripeAccess) -> None:
        self._endpoints = connect(access).v1.webhook_endpoints

    def list(self) -> tuple[Endpoint, ...]:
        """Every endpoint."""
        with calling(_ADVICE):
            listed = self._endpoints.list(params={"limit": PAGE}).auto_paging_iter()
            return tuple(_endpoint(each.to_dict()) for each in listed)

    def create(self, wanted: DesiredEndpoint) -> NewEndpoint:
        """Makes an endpoint. It sends at once: store its secret."""
        params: Any = {
            "url": wanted.url,
            "enabled_events": sorted(wanted.events),
            "api_version": wanted.api_version,
            "connect": wanted.connect,
            "metadata": wanted.metadata,
            "description": f"Order fulfillment of {wanted.deployment}, made by {wanted.metadata['managed_by']}",
        }
        with calling(_ADVICE):
            made = self._endpoints.create(params=params).to_dict()
            (secret,) = parse_webhook_secrets(str(made.get("secret")))
            return NewEndpoint(endpoint=_endpoint(made), secret=secret)

    def update(self, endpoint: str, wanted: DesiredEndpoint) -> None:
        """Gives an endpoint the wanted events and metadata, and enables it. Its version and secret stay."""
        params: Any = {"enabled_events": sorted(wanted.events), "disabled": False, "metadata": wanted.metadata}
        with calling(_ADVICE):
            self._endpoints.update(endpoint, params=params)

    def delete(self, endpoint: str) -> None:
        """Deletes an endpoint; what it has not delivered yet is not tried again. One that is gone is fine."""
        with contextlib.suppress(Missing), calling(_ADVICE):
            self._endpoints.delete(endpoint)


def connect(access: StripeAccess) -> StripeClient:
    """Stripe's own client, with limits."""
    http = _NamedClient(timeout=SECONDS)
    return StripeClient(access.key, base_addresses={"api": access.base}, http_client=http, max_network_retries=TRIES)


class _NamedClient(RequestsClient):
    """Names the caller in every request."""

    def request(
        self, method: str, url: str, headers: Mapping[str, str] | None, post_data: Any = None, **options: Any
    ) -> Any:
        return super().request(method, url, name_caller(headers or {}), post_data, **options)


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


def _endpoint(told: Any) -> Endpoint:
    raw: _Raw = read(_Raw, told)
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


@contextlib.contextmanager
def calling(advice: Mapping[int, str]) -> Iterator[None]:
    """Whatever goes wrong becomes Refused, with nothing of what Stripe said but its codes: it can quote a key. `advice`
    says what to do, by status.
    """
    try:
        yield
    except APIConnectionError as error:
        raise Refused(f"Stripe cannot be reached: {type(error.__cause__).__name__}") from None
    except StripeError as error:
        kind = Missing if error.http_status == 404 else Refused
        raise kind(_told(error, advice)) from None
    except ShapeError as error:
        raise Refused(f"Stripe's answer cannot be read: {error}") from None
    except Exception as error:  # noqa: BLE001 - the library meets an odd answer with any kind of error
        raise Refused(f"Stripe's answer cannot be read: {type(error).__name__}") from None


_ADVICE = {
    400: "it does not take the address, the API version or the number of endpoints (16 at most)",
    401: "STRIPE_API_KEY is revoked, expired or mistyped",
    403: "STRIPE_API_KEY lacks a permission: it needs 'Webhook Endpoints: write' (doctor: read)",
    404: "no such endpoint: is STRIPE_API_KEY of the right account?",
    429: "too many requests: try again",
}


def _told(error: StripeError, advice: Mapping[int, str]) -> str:
    status = error.http_status or 0
    named: Any = (error.code, getattr(error, "param", None), error.request_id)
    told = ", ".join(str(each) for each in named if each)
    own = "its own failure. What was asked for may be done all the same: run this again, it sees to that"
    unknown = own if status >= 500 else "an answer that cannot be read"
    return f"Stripe answered {status}{f' ({told})' if told else ''}: {advice.get(status, unknown)}"
