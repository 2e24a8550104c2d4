"""A message's attributes: what a filter, a CloudEvents reader or an operator needs without parsing the event."""

import functools
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, TypeGuard

from fulfillment.domain.event_types import THIN_EVENT, family_type
from fulfillment.domain.ids import Owner, SessionId
from fulfillment.domain.shape import ShapeError

ATTRIBUTE_BYTES = 1024
STRIPE = "//stripe.com"
_SESSIONS = "checkout.session."
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)", re.ASCII)
_TYPE = 200
"""The characters of a type, at most, for a CloudEvent. Stripe's types have up to 70."""


def attributes_of(event: Mapping[str, Any], traceparent: str, source: str | None = None) -> dict[str, str]:
    """The attributes of a verified event, snapshot or thin. A missing or unusable value is left out: the message is
    still published, and the subscriber parks it. `source`: the CloudEvents source, if it is not Stripe.
    """
    told = event.get
    is_thin = told("object") == THIN_EVENT
    owner = Owner.told_by(told("account"), told("context"))
    values = {
        "event_id": told("id"),
        "event_type": told("type"),
        "object_id": _object_id(told("related_object") if is_thin else told("data"), is_thin=is_thin),
        "api_version": told("api_version"),
        "account": owner.account,
        "context": owner.context,
    }
    attributes = {name: value for name, value in values.items() if fits(value)}
    if _is_session(attributes):
        attributes["session_id"] = attributes["object_id"]
    livemode = told("livemode")
    if isinstance(livemode, bool):
        attributes["livemode"] = "true" if livemode else "false"
    attributes["traceparent"] = traceparent
    _add_cloud_event(attributes, told("created"), source, is_thin=is_thin)
    return attributes


def _object_id(holder: object, *, is_thin: bool) -> object:
    """The id of the object that the event is about."""
    about = holder if is_thin or not isinstance(holder, dict) else holder.get("object")
    return about.get("id") if isinstance(about, dict) else None


def _is_session(attributes: Mapping[str, str]) -> bool:
    """Whether the event is about a Checkout Session whose id can name a document."""
    if not family_type(attributes.get("event_type", "")).startswith(_SESSIONS):
        return False
    try:
        SessionId.read(attributes.get("object_id"))
    except ShapeError:
        return False
    return True


def _add_cloud_event(attributes: dict[str, str], created: object, source: str | None, *, is_thin: bool) -> None:
    """Adds the attributes of CloudEvents' binding for Pub/Sub. None without an id or a type, which it requires."""
    event_type = attributes.get("event_type")
    if event_type is None or len(event_type) > _TYPE or "event_id" not in attributes:
        return
    attributes["ce-specversion"] = "1.0"
    attributes["ce-id"] = attributes["event_id"]
    attributes["ce-source"] = source or _source(attributes.get("account"))
    # A thin event's type holds its version: v1. or v2.
    attributes["ce-type"] = f"com.stripe.{event_type}" if is_thin else f"com.stripe.v1.{event_type}"
    attributes["content-type"] = "application/json"
    if "object_id" in attributes:
        attributes["ce-subject"] = attributes["object_id"]
    if time := _time(created):
        attributes["ce-time"] = time


def _source(account: str | None) -> str:
    """Stripe, or the account there whose event it is. Only ids make a valid URI."""
    if account and account.isascii() and account.isidentifier():
        return f"{STRIPE}/accounts/{account}"
    return STRIPE


def _time(created: object) -> str | None:
    """The time in RFC 3339. Of a snapshot event it is in epoch seconds, of a thin event a text."""
    try:
        if isinstance(created, str):
            return created if _RFC3339.fullmatch(created) else None
        return _rfc3339(created)
    except (TypeError, ValueError, OverflowError, OSError):
        return None


@functools.lru_cache(maxsize=64)
def _rfc3339(seconds: int) -> str:
    """A time in epoch seconds as a text. Concurrent events were mostly made in the same second."""
    return datetime.fromtimestamp(seconds, UTC).isoformat()


def fits(value: object) -> TypeGuard[str]:
    """Whether Pub/Sub accepts it as an attribute. Surrogates cannot be encoded; they are not printable."""
    return isinstance(value, str) and value.isprintable() and 0 < len(value.encode()) <= ATTRIBUTE_BYTES
