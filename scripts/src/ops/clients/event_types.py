"""The event types that an endpoint is registered for: those of orders, and the routed ones. Pure.

    routed                         snapshot endpoint                thin destination
    invoice.paid                   invoice.paid                     v1.invoice.paid
    customer.subscription.*        every known customer.            every known v1.customer.
                                   subscription.… of snapshots      subscription.… of thin events
    v2.core.account.created        not carried                      v2.core.account.created
    a name that is not known       as it is: Stripe adds types      with v1.

Stripe takes no wildcard, so one stands for the types that the installed Stripe library knows.
"""

from dataclasses import dataclass

from fulfillment.domain.event_types import THIN, EventType, family_type, registered_types
from fulfillment.domain.routes import Routes
from ops.deployment.model import Deployment
from ops.errors import WrongSettings

PING = "v2.core.event_destination.ping"
"""Every destination gets it when a person asks for it: it is not registered."""


@dataclass(frozen=True, kw_only=True)
class KnownTypes:
    """The event types that a Stripe library knows; thin ones with `v1.` or `v2.`."""

    snapshot: frozenset[str]
    thin: frozenset[str]

    def of(self, *, thin: bool) -> frozenset[str]:
        """The types of one kind."""
        return self.thin if thin else self.snapshot

    @property
    def families(self) -> frozenset[str]:
        """All types, without `v1.`."""
        return frozenset(map(family_type, self.snapshot | self.thin))


@dataclass(frozen=True, kw_only=True)
class EventTypes:
    """The types of an endpoint. `names`: to be registered; `unknown`: those among them that the library does not know;
    `elsewhere`: routed types that only the other kind of endpoint can carry, without `v1.`.
    """

    thin: bool
    names: frozenset[str]
    routes: Routes | None = None
    unknown: tuple[str, ...] = ()
    elsewhere: tuple[str, ...] = ()

    def missing(self, registered: frozenset[str]) -> list[str]:
        """What is not registered."""
        return sorted(self.names - registered)

    def unwanted(self, registered: frozenset[str]) -> list[str]:
        """What is registered and not wanted. A routed type that the library does not know is welcome."""
        return sorted(each for each in registered - self.names if not self._welcomes(each))

    def with_welcome(self, registered: frozenset[str]) -> frozenset[str]:
        """`names`, and those of the registered types that are routed too."""
        return self.names | {each for each in registered if self._welcomes(each)}

    def lost_with(self, registered: frozenset[str]) -> list[str]:
        """The routed types that an endpoint of the other kind carries, and that this kind cannot."""
        return sorted(set(self.elsewhere) & set(map(family_type, registered)))

    def _welcomes(self, event_type: str) -> bool:
        return self.routes is not None and event_type in self.routes

    def notes(self) -> list[str]:
        """What a person should know about the routed types."""
        notes = self.routes.warnings() if self.routes else []
        if self.unknown:
            notes.append(f"Not known to this version, and registered as they are: {', '.join(self.unknown)}.")
        if self.elsewhere:
            kinds = ("A thin destination", "without --thin") if self.thin else ("A snapshot endpoint", "with --thin")
            carrier = f"{kinds[0]} cannot carry {', '.join(self.elsewhere)}"
            notes.append(f"{carrier}: run this {kinds[1]} too, and both deliver.")
        return notes


def event_types(deployment: Deployment, known: KnownTypes, *, thin: bool, api_version: str | None = None) -> EventTypes:
    """The types of the deployment's endpoint of one kind. `api_version`: the endpoint's, if it is not the deployment's.
    WrongSettings names a wrong entry of `events.route`.
    """
    orders = order_types_of(deployment, thin=thin, api_version=api_version)
    routes = routes_of(deployment)
    if routes is None:
        return EventTypes(thin=thin, names=orders)
    _check_wildcards(routes, known)
    carried = frozenset(each for each in known.of(thin=thin) if each in routes) - {PING}
    others = {family_type(each) for each in known.of(thin=not thin) if each in routes} - {PING}
    unknown = routes.names - known.families
    unfit = frozenset(each for each in unknown if _is_v2(each) and not thin)
    unknown = frozenset(each if _is_v2(each) or not thin else f"{THIN}{each}" for each in unknown - unfit)
    return EventTypes(
        thin=thin,
        names=orders | carried | unknown,
        routes=routes,
        unknown=tuple(sorted(unknown)),
        elsewhere=tuple(sorted((others | unfit) - set(map(family_type, carried)))),
    )


def order_types_of(deployment: Deployment, *, thin: bool = False, api_version: str | None = None) -> frozenset[str]:
    """The orders' types of an endpoint of one kind. Before version 1.2 a deployment handled sales alone."""
    if deployment.after_sale is None:
        return frozenset(each.thin if thin else each.value for each in EventType)
    return registered_types(
        thin=thin,
        api_version=None if thin else api_version or deployment.api_version,
        abandoned_carts=deployment.abandoned_carts,
    )


def routes_of(deployment: Deployment) -> Routes | None:
    """What the deployment routes. WrongSettings if that cannot be."""
    if deployment.stripe_events is None or not deployment.stripe_events.route:
        return None
    try:
        return Routes.parse(",".join(deployment.stripe_events.route))
    except ValueError as error:
        raise WrongSettings(f"events.route {error}") from None


def _check_wildcards(routes: Routes, known: KnownTypes) -> None:
    idle = [f"{each}*" for each in routes.prefixes if not any(name.startswith(each) for name in known.families)]
    if idle:
        problem = f"events.route: {', '.join(idle)} matches no event type that this version knows"
        raise WrongSettings(f"{problem}. Correct it, or name each type; then: terraform -chdir=terraform apply")


def _is_v2(name: str) -> bool:
    return name.startswith("v2.")
