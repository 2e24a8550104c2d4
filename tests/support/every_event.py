"""One event of every type that Stripe knows, snapshot and thin, and the attributes that its message should have."""

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

from local.fakes.stripe_events import Json, event, session, thin_event
from support.stripe_names import SNAPSHOT_TYPES, THIN_TYPES

CREATED, WHEN, THIN_CREATED = 1795599000, "2026-11-25T09:30:00+00:00", "2026-11-25T09:30:00.250Z"
OWNERS: tuple[Mapping[str, str], ...] = (
    {},
    {"account": "acct_1"},
    {"account": "acct_1", "context": "acct_1"},
    {"context": "org_1/acct_2"},
)
"""Who the events are of, in turn: the account itself, connected ones, and one of an organization."""
THIN_OWNERS = tuple(owner for owner in OWNERS if "account" not in owner)
"""A thin event has no field `account`."""


def is_session(event_type: str) -> bool:
    """Whether the events of the type are about a Checkout Session."""
    return event_type.removeprefix("v1.").startswith("checkout.session.")


def events() -> Iterator[Json]:
    """An event of each type, with an id of its own."""
    for number, (event_type, owner) in enumerate(zip(SNAPSHOT_TYPES, itertools.cycle(OWNERS), strict=False)):
        yield snapshot(event_type, number, owner)
    for number, (event_type, owner) in enumerate(zip(THIN_TYPES, itertools.cycle(THIN_OWNERS), strict=False)):
        yield thin(event_type, number, owner)


def snapshot(event_type: str, number: int = 0, owner: Mapping[str, str] | None = None) -> Json:
    """A snapshot event of the type."""
    object_id = _object_id(event_type, number)
    of = session(object_id) if is_session(event_type) else {"id": object_id, "object": event_type.partition(".")[0]}
    return event(event_type, of, id=f"evt_1Snapshot{number:03d}", created=CREATED) | dict(owner or {})


def thin(event_type: str, number: int = 0, owner: Mapping[str, str] | None = None) -> Json:
    """A thin event of the type. Some types are about an object without an id, or about none."""
    object_id = _object_id(event_type, number)
    related = {"id": object_id, "type": event_type, "url": f"/v1/objects/{object_id}"}
    return thin_event(
        event_type,
        {"id": object_id},
        id=f"evt_test_65Thin{number:03d}",
        type=event_type,
        created=THIN_CREATED,
        related_object={name: related[name] for name in THIN_TYPES[event_type]} or None,
        snapshot_event=f"evt_1Snapshot{number:03d}",
    ) | dict(owner or {})


def _object_id(event_type: str, number: int) -> str:
    return f"{'cs_test_' if is_session(event_type) else 'obj_'}{number:03d}"


def expected_attributes(said: Mapping[str, Any], traceparent: str) -> dict[str, str]:
    """The attributes of its message, written down anew here."""
    is_thin, event_type = said["object"] == "v2.core.event", said["type"]
    about = (said["related_object"] or {}) if is_thin else said["data"]["object"]
    object_id, context = about.get("id"), said.get("context")
    account = said.get("account") or (context.rpartition("/")[2] if context else None)
    attributes = {
        "event_id": said["id"],
        "event_type": event_type,
        "session_id": object_id if is_session(event_type) else None,
        "object_id": object_id,
        "livemode": "false",
        "api_version": said.get("api_version"),
        "account": account,
        "context": context,
        "traceparent": traceparent,
        "ce-specversion": "1.0",
        "ce-id": said["id"],
        "ce-source": f"//stripe.com/accounts/{account}" if account else "//stripe.com",
        "ce-type": f"com.stripe.{'' if is_thin else 'v1.'}{event_type}",
        "ce-subject": object_id,
        "ce-time": THIN_CREATED if is_thin else WHEN,
        "content-type": "application/json",
    }
    return {name: value for name, value in attributes.items() if value is not None}
