"""Changes of a deployment that runs as it must, each of one thing."""

from collections.abc import Callable
from typing import Any

from support.deployments import grant
from support.google_stand_in import Version
from support.operators import Operator

Change = Callable[[Operator], object]
LOCATION = "projects/acme-shop/locations/europe-west1"
URL = "https://europe-west1-acme-shop.cloudfunctions.net/checkout-webhook"


def resource(o: Operator, kind: str, name: str) -> Any:
    parent = LOCATION if kind in ("functions", "services") else "projects/acme-shop"
    return o.google.resources[f"{parent}/{kind}/checkout-{name}"]


def put(kind: str, name: str, path: str, value: Any) -> Change:
    """Sets one field of a resource."""

    def change(o: Operator) -> None:
        *parents, last = path.split(".")
        place = resource(o, kind, name)
        for each in parents:
            place = getattr(place, each)
        setattr(place, last, value)

    return change


def config(name: str, field: str, value: Any) -> Change:
    return put("functions", name, f"service_config.{field}", value)


def env(name: str, **values: str | None) -> Change:
    """Sets environment variables of a function; None takes one away."""

    def change(o: Operator) -> None:
        variables = resource(o, "functions", name).service_config.environment_variables
        for each, value in values.items():
            variables.pop(each) if value is None else variables.update({each: value})

    return change


def mount(name: str, field: str, value: str, volume: int = 0) -> Change:
    def change(o: Operator) -> None:
        mounted = resource(o, "functions", name).service_config.secret_volumes[volume]
        setattr(mounted.versions[0] if field in ("version", "path") else mounted, field, value)

    return change


def sub(field: str, value: Any, name: str = "completed") -> Change:
    return put("subscriptions", name, field, value)


def policy(kind: str, name: str, *grants: tuple[str, str]) -> Change:
    def change(o: Operator) -> None:
        o.google.policies[resource(o, kind, name).name] = grant(*grants)

    return change


def revoke(kind: str, name: str, member: str) -> Change:
    """Takes a member out of a policy."""

    def change(o: Operator) -> None:
        for binding in o.google.policies[resource(o, kind, name).name].bindings:
            members = [each for each in binding.members if member not in each]
            del binding.members[:]
            binding.members.extend(members)

    return change


def conditional(kind: str, name: str) -> Change:
    """What a policy grants, it grants on a condition."""

    def change(o: Operator) -> None:
        for binding in o.google.policies[resource(o, kind, name).name].bindings:
            binding.condition.expression = 'request.time < timestamp("2020-01-01T00:00:00Z")'

    return change


def holds(secret: str, *texts: str) -> Change:
    def change(o: Operator) -> None:
        o.google.versions[f"projects/acme-shop/secrets/checkout-{secret}"] += [Version(each.encode()) for each in texts]

    return change


def endpoint(**changes: Any) -> Change:
    return lambda o: next(iter(o.stripe.endpoints.values())).update(changes)


def another(url: str = URL, **changes: Any) -> Change:
    return lambda o: o.stripe.add_endpoint(url, ["checkout.session.completed"], **changes)


def forget(o: Operator) -> None:
    o.google.resources["projects/acme-shop/secrets/checkout-webhook-secrets"].annotations = {}


def gone(kind: str, name: str) -> Change:
    return lambda o: o.google.resources.pop(resource(o, kind, name).name)
