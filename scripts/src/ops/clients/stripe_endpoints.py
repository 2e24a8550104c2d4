"""Lists, creates, updates and deletes webhook endpoints at Stripe; and how Stripe's library is called here."""

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
TRIES = 2  # retries with the same idempotency key: a create whose answer was lost is not repeated; a 500 stays a 500
PAGE = 100


@dataclass(frozen=True, kw_only=True)
class NewEndpoint:
    """An endpoint that was just created, and its signing secret, which Stripe shows only then."""

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
        """Creates an endpoint. It sends at once: store its secret."""
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
        """Deletes an endpoint. Stripe does not retry its undelivered events. A missing endpoint is no error."""
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


@contextlib.contextmanager
def calling(advice: Mapping[int, str]) -> Iterator[None]:
    """Turns every error into Refused or Missing. Of Stripe's message only codes are kept: the rest can quote a key.
    `advice` says what to do, by status.
    """
    try:
        yield
    except APIConnectionError as error:
        raise Refused(f"Stripe cannot be reached: {type(error.__cause__).__name__}") from None
    except StripeError as error:
        kind = Missing if error.http_status == 404 else Refused
        raise kind(_message(error, advice)) from None
    except ShapeError as error:
        raise Refused(f"Stripe's answer cannot be read: {error}") from None
    except Exception as error:  # noqa: BLE001 - the library raises any kind of error for an odd answer
        raise Refused(f"Stripe's answer cannot be read: {type(error).__name__}") from None


_ADVICE = {
    400: "it does not accept the URL, the API version or the number of endpoints (16 at most)",
    401: "STRIPE_API_KEY is revoked, expired or mistyped",
    403: "STRIPE_API_KEY lacks a permission: it needs 'Webhook Endpoints: write' (doctor: read)",
    404: "no such endpoint: is STRIPE_API_KEY of the right account?",
    429: "too many requests: try again",
}


def _message(error: StripeError, advice: Mapping[int, str]) -> str:
    status = error.http_status or 0
    codes: Any = (error.code, getattr(error, "param", None), error.request_id)
    shown = ", ".join(str(each) for each in codes if each)
    failure = "an error at Stripe. The request may have succeeded all the same: run this again, that is safe"
    unknown = failure if status >= 500 else "an answer that cannot be read"
    return f"Stripe answered {status}{f' ({shown})' if shown else ''}: {advice.get(status, unknown)}"
