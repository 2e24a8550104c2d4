"""Stripe's lists: which objects a request gets, in which order, and what it expands. For the stand-in and the fake in
memory.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from local.fakes.stripe_events import Json

SESSIONS = "/v1/checkout/sessions"
FILTERS: Mapping[str, frozenset[str]] = {
    SESSIONS: frozenset({"created", "customer", "payment_intent", "payment_link", "status", "subscription"}),
    "/v1/refunds": frozenset({"charge", "created", "payment_intent"}),
    "/v1/disputes": frozenset({"charge", "created", "payment_intent"}),
    "/v1/radar/early_fraud_warnings": frozenset({"charge", "created", "payment_intent"}),
    "/v1/reviews": frozenset({"created"}),
    "/v1/invoice_payments": frozenset({"created", "invoice", "payment", "status"}),
}
"""The lists of Stripe that are known here, and what each filters by."""
Known = Callable[[str], Json | None]
"""Finds an object by its id."""
_COMPARED: Mapping[str, Callable[[int, int], bool]] = {
    "gte": lambda seen, limit: seen >= limit,
    "gt": lambda seen, limit: seen > limit,
    "lte": lambda seen, limit: seen <= limit,
    "lt": lambda seen, limit: seen < limit,
}


def under(path: str, objects: Mapping[str, Json]) -> list[Json]:
    """The objects of a list, of all objects by their own paths. The list of reviews has only the open ones."""
    listed = [each for name, each in objects.items() if name.rpartition("/")[0] == path]
    return [each for each in listed if each.get("open", True)]


def selected(objects: Iterable[Json], filters: Mapping[str, str]) -> list[Json]:
    """The objects that fit all filters, newest first. A filter is written as in a URL: `created[gte]`."""
    fitting = [each for each in objects if all(_fits(each, name, value) for name, value in filters.items())]
    return sorted(fitting, key=lambda each: (-each["created"], each["id"]))


def expanded(of: Json, paths: Iterable[str], known: Known) -> Json:
    """The object with these fields expanded: `latest_charge.review`. An id that is unknown stays an id."""
    for path in paths:
        of = _expanded(of, path.split("."), known)
    return of


def is_live(of: Json, known: Known) -> bool:
    """Whether an object is of live mode. A refund does not say it: its payment does."""
    if "livemode" in of:
        return bool(of["livemode"])
    payment = known(str(_id(of.get("payment_intent"))))
    return bool(payment and payment.get("livemode"))


def by_id(wanted: str, by_path: Mapping[str, Json], *groups: Mapping[str, Json]) -> Json | None:
    """The object of that id, in groups by id and in one by path."""
    named = next((group[wanted] for group in groups if wanted in group), None)
    return named or next((each for path, each in by_path.items() if path.rpartition("/")[2] == wanted), None)


def _fits(of: Json, name: str, value: str) -> bool:
    first, *inner = re.findall(r"[^\[\]]+", name)
    if first == "created":
        return _COMPARED[inner[0]](of["created"], int(value))
    found: Any = of.get(first)
    for key in inner:
        found = found.get(key) if isinstance(found, dict) else None
    return _id(found) == value


def _id(value: object) -> object:
    return value.get("id") if isinstance(value, dict) else value


def _expanded(of: Json, path: list[str], known: Known) -> Json:
    name, *rest = path
    inner = of.get(name)
    if isinstance(inner, str):
        inner = known(inner) or inner
    if rest and isinstance(inner, dict):
        inner = _expanded(inner, rest, known)
    return of if name not in of else of | {name: inner}
