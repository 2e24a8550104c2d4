"""Lists, creates, updates and deletes endpoints at Stripe: snapshot endpoints and thin destinations."""

from collections.abc import Iterable
from dataclasses import dataclass

from ops.clients.access import StripeAccess
from ops.clients.snapshot_endpoints import SnapshotEndpoints
from ops.clients.stripe_client import connect
from ops.clients.thin_destinations import ThinDestinations
from ops.clients.webhook_endpoints import DESTINATION, DesiredEndpoint, Endpoint, NewEndpoint
from ops.errors import Refused


@dataclass(frozen=True, kw_only=True)
class Listing:
    """Every endpoint. `unseen`: why destinations could not be listed; a key may see endpoints alone."""

    endpoints: tuple[Endpoint, ...]
    unseen: Refused | None = None

    def hides(self, noted: Iterable[str]) -> bool:
        """Whether it does not show a destination that is noted."""
        return self.unseen is not None and any(each.startswith(DESTINATION) for each in noted)


class StripeEndpoints:
    """The endpoints of one Stripe account, in the mode of the key. Every method may raise Refused."""

    def __init__(self, access: StripeAccess) -> None:
        client = connect(access)
        self._endpoints, self._destinations = SnapshotEndpoints(client), ThinDestinations(client)

    def list(self) -> Listing:
        """Every endpoint. Stripe may list one among the destinations again."""
        endpoints = self._endpoints.list()
        try:
            destinations = self._destinations.list()
        except Refused as error:
            return Listing(endpoints=endpoints, unseen=error)
        known = {key for each in endpoints for key in _keys(each)}
        return Listing(endpoints=(*endpoints, *(each for each in destinations if known.isdisjoint(_keys(each)))))

    def create(self, wanted: DesiredEndpoint) -> NewEndpoint:
        """Creates an endpoint. It sends at once: store its secret."""
        return (self._destinations if wanted.thin else self._endpoints).create(wanted)

    def update(self, endpoint: Endpoint, wanted: DesiredEndpoint) -> None:
        """Gives an endpoint the wanted events and metadata, and enables it. Its version, accounts and secret stay."""
        self._of(endpoint).update(endpoint, wanted)

    def delete(self, endpoint: Endpoint) -> None:
        """Deletes an endpoint. Stripe does not retry its undelivered events. A missing endpoint is no error."""
        self._of(endpoint).delete(endpoint.id)

    def _of(self, endpoint: Endpoint) -> SnapshotEndpoints | ThinDestinations:
        return self._destinations if endpoint.id.startswith(DESTINATION) else self._endpoints


def _keys(endpoint: Endpoint) -> set[object]:
    return {endpoint.id, (endpoint.url, endpoint.created)}
