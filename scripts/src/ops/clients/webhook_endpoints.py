"""Where Stripe sends events: the endpoints that are registered there, and those that this deployment needs. Pure.

snapshot    a webhook endpoint, `we_…`: each event holds its object, in the endpoint's API version
thin        an event destination, `ed_…`: each event holds only its object's id, and has no version
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Self
from urllib.parse import urlsplit

from ops.clients.event_types import EventTypes
from ops.deployment.model import Deployment

MANAGED_BY = "scripts/ops"
DESTINATION = "ed_"
ENDPOINT_ID = r"(we|ed)_[A-Za-z0-9_]+"


@dataclass(frozen=True, kw_only=True)
class DesiredEndpoint:
    """An endpoint as it must be. `connect`: for events of connected accounts instead of your own account."""

    url: str
    api_version: str | None
    livemode: bool
    connect: bool
    deployment: str
    types: EventTypes

    @property
    def thin(self) -> bool:
        """Whether it is a thin destination."""
        return self.types.thin

    @property
    def events(self) -> frozenset[str]:
        """The types to register."""
        return self.types.names

    def keeping(self, found: "Endpoint") -> Self:
        """The same, with those types of an endpoint that are routed too."""
        return replace(self, types=replace(self.types, names=self.types.with_welcome(found.events)))

    @property
    def metadata(self) -> dict[str, str]:
        """Marks the endpoint, so that a later run recognizes it."""
        return {"managed_by": MANAGED_BY, "deployment": self.deployment}

    @property
    def description(self) -> str:
        """For a person who finds it at Stripe."""
        return f"Order fulfillment of {self.deployment}, made by {MANAGED_BY}"

    def __str__(self) -> str:
        """For a person."""
        events = "thin events" if self.thin else "events"
        accounts = f"{events} of connected accounts" if self.connect else events
        return f"{accounts} {'' if self.thin else f'of version {self.api_version} '}to {self.url}"


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """An endpoint as it is. `connect` is None for one that serves your own account and connected accounts, or others.
    Stripe shows it for a snapshot endpoint only by the id of the endpoint's Connect application.
    """

    id: str
    url: str
    api_version: str | None
    events: frozenset[str]
    enabled: bool
    livemode: bool
    connect: bool | None
    created: int
    thin: bool = False
    metadata: Mapping[str, str] = field(default_factory=dict)

    def points_at(self, url: str) -> bool:
        """Whether it reaches the same function as `url`. The query is ignored."""
        return _place(self.url) == _place(url)

    def managed_for(self, deployment: str) -> bool:
        """Whether `scripts/ops register-webhook` created it, or took it over, for the deployment."""
        return self.metadata.get("managed_by") == MANAGED_BY and self.metadata.get("deployment") == deployment

    def newer_than(self, wanted: DesiredEndpoint) -> bool:
        """Whether its API version is later: versions begin with their date. A thin one has none."""
        return self.thin is wanted.thin and (self.api_version or "") > (wanted.api_version or "")

    @property
    def form(self) -> str:
        """For a person."""
        return "thin" if self.thin else f"of version {self.api_version}"

    @property
    def place(self) -> str:
        """Its URL without the query, which may hold a token."""
        return _place(self.url)

    @property
    def host(self) -> str:
        """Its host."""
        return host_of(self.url)


@dataclass(frozen=True, kw_only=True)
class NewEndpoint:
    """An endpoint that was just created, and its signing secret, which Stripe shows only then."""

    endpoint: Endpoint
    secret: str = field(repr=False)


def wanted(
    deployment: Deployment, types: EventTypes, url: str | None = None, api_version: str | None = None
) -> tuple[DesiredEndpoint, ...]:
    """The endpoints of one kind that must be registered: one for your own account and, with Connect, one for connected
    accounts. Stripe has no snapshot endpoint for both, and the accounts of a thin destination cannot be changed.
    """
    return tuple(
        DesiredEndpoint(
            url=url or deployment.webhook.url,
            api_version=None if types.thin else api_version or deployment.api_version,
            livemode=deployment.livemode,
            connect=connect,
            deployment=deployment.id,
            types=types,
        )
        for connect in ((False, True) if deployment.connect else (False,))
    )


def host_of(url: str) -> str:
    """The host in a URL."""
    return urlsplit(url).hostname or ""


def _place(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme.lower()}://{parts.netloc.lower()}{parts.path.rstrip('/')}"
