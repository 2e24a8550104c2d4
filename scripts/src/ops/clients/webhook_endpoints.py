"""Webhook endpoints: what Stripe has registered, and what this deployment wants to be registered."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from fulfillment.domain.event_types import EventType
from ops.deployment.model import Deployment

MANAGED_BY = "scripts/ops"
EVENTS = frozenset(each.value for each in EventType)


@dataclass(frozen=True, kw_only=True)
class DesiredEndpoint:
    """An endpoint as it shall be. `connect`: for the events of connected accounts, instead of one's own."""

    url: str
    api_version: str
    livemode: bool
    connect: bool
    deployment: str
    events: frozenset[str] = EVENTS

    @property
    def metadata(self) -> dict[str, str]:
        """By what a later run knows it again."""
        return {"managed_by": MANAGED_BY, "deployment": self.deployment}

    def __str__(self) -> str:
        """For a person."""
        accounts = "events of connected accounts" if self.connect else "events"
        return f"{accounts} of version {self.api_version} to {self.url}"


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """An endpoint as it is. Stripe says `connect` only by naming the Connect application that it belongs to."""

    id: str
    url: str
    api_version: str | None
    events: frozenset[str]
    enabled: bool
    livemode: bool
    connect: bool
    created: int
    metadata: Mapping[str, str] = field(default_factory=dict)

    def points_at(self, url: str) -> bool:
        """Whether it reaches the same function as `url`: a query makes no difference there."""
        return _place(self.url) == _place(url)

    def managed_for(self, deployment: str) -> bool:
        """Whether `scripts/ops register-webhook` has made it, or taken it over, for the deployment."""
        return self.metadata.get("managed_by") == MANAGED_BY and self.metadata.get("deployment") == deployment

    def newer_than(self, wanted: DesiredEndpoint) -> bool:
        """Whether its version is a later one: versions begin with their date."""
        return (self.api_version or "") > wanted.api_version

    @property
    def place(self) -> str:
        """Its address without a query, which may hold a token."""
        return _place(self.url)

    @property
    def host(self) -> str:
        """Its host."""
        return host_of(self.url)


def wanted(
    deployment: Deployment, url: str | None = None, api_version: str | None = None
) -> tuple[DesiredEndpoint, ...]:
    """What shall be registered: an endpoint of one's own account and, with Connect, one of the connected accounts:
    Stripe has no endpoint for both.
    """
    return tuple(
        DesiredEndpoint(
            url=url or deployment.webhook.url,
            api_version=api_version or deployment.api_version,
            livemode=deployment.livemode,
            connect=connect,
            deployment=deployment.id,
        )
        for connect in ((False, True) if deployment.connect else (False,))
    )


def host_of(url: str) -> str:
    """The host in an address."""
    return urlsplit(url).hostname or ""


def _place(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme.lower()}://{parts.netloc.lower()}{parts.path.rstrip('/')}"
