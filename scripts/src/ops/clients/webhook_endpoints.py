"""Webhook endpoints: those registered at Stripe, and those that this deployment needs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from fulfillment.domain.event_types import EventType
from ops.deployment.model import Deployment

MANAGED_BY = "scripts/ops"
EVENTS = frozenset(each.value for each in EventType)


@dataclass(frozen=True, kw_only=True)
class DesiredEndpoint:
    """An endpoint as it must be. `connect`: for events of connected accounts instead of your own account."""

    url: str
    api_version: str
    livemode: bool
    connect: bool
    deployment: str
    events: frozenset[str] = EVENTS

    @property
    def metadata(self) -> dict[str, str]:
        """Marks the endpoint, so that a later run recognizes it."""
        return {"managed_by": MANAGED_BY, "deployment": self.deployment}

    def __str__(self) -> str:
        """For a person."""
        accounts = "events of connected accounts" if self.connect else "events"
        return f"{accounts} of version {self.api_version} to {self.url}"


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """An endpoint as it is. Stripe shows `connect` only by the id of the endpoint's Connect application."""

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
        """Whether it reaches the same function as `url`. The query is ignored."""
        return _place(self.url) == _place(url)

    def managed_for(self, deployment: str) -> bool:
        """Whether `scripts/ops register-webhook` created it, or took it over, for the deployment."""
        return self.metadata.get("managed_by") == MANAGED_BY and self.metadata.get("deployment") == deployment

    def newer_than(self, wanted: DesiredEndpoint) -> bool:
        """Whether its API version is later: versions begin with their date."""
        return (self.api_version or "") > wanted.api_version

    @property
    def place(self) -> str:
        """Its URL without the query, which may hold a token."""
        return _place(self.url)

    @property
    def host(self) -> str:
        """Its host."""
        return host_of(self.url)


def wanted(
    deployment: Deployment, url: str | None = None, api_version: str | None = None
) -> tuple[DesiredEndpoint, ...]:
    """The endpoints that must be registered: one for your own account and, with Connect, one for connected accounts.
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
    """The host in a URL."""
    return urlsplit(url).hostname or ""


def _place(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme.lower()}://{parts.netloc.lower()}{parts.path.rstrip('/')}"
