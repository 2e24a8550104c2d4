"""Reads the object of an event, for handlers."""

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fulfillment.domain.ids import Owner
from fulfillment.domain.shape import ShapeError
from fulfillment.domain.shape import read as shaped
from fulfillment.errors import MalformedEvent, ReadRefused, StripeRefused
from fulfillment.stripe_api import StripeApi
from fulfillment.stripe_events import bridge
from fulfillment.stripe_events.event import is_thin
from fulfillment.stripe_events.settings import StripeEventSettings
from fulfillment.thin_reads import with_key

_PATH = re.compile(r"/v[12](/[A-Za-z0-9_-][A-Za-z0-9_.-]*)+(\?[A-Za-z0-9_.=&%\[\]-]+)?")


@dataclass(frozen=True, kw_only=True)
class _Related:
    url: str
    type: str = "object"


@dataclass(frozen=True, kw_only=True)
class _Data:
    object: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class _Event:
    """The fields that lead to the object: `data` of a snapshot event, the others of a thin one."""

    data: Any = None
    related_object: _Related | None = None
    account: str | None = None
    context: Any = None


def read(event: Mapping[str, Any]) -> dict[str, Any]:
    """The object that the event is about, in Stripe's format. A snapshot event holds it, as it was then. The object of
    a thin event is read from Stripe, as it is now.

    Raises ReadRefused if the key may not read it or it is gone: the message is parked. Raises StripeUnavailable if
    Stripe does not answer: the message comes again.
    """
    try:
        told: _Event = shaped(_Event, event)
        if not is_thin(event):
            held: _Data = shaped(_Data, told.data, "data")
            return dict(held.object)
    except ShapeError as error:
        raise MalformedEvent(f"the event's object cannot be found: {error}") from None
    if told.related_object is None:
        raise ReadRefused("the event is about no object: its related_object is null")
    if not _PATH.fullmatch(told.related_object.url):
        raise MalformedEvent("related_object.url: not a path of Stripe's API")
    related, owner = told.related_object, Owner.told_by(told.account, told.context)
    return bridge.wait_for("read", lambda settings: _read(settings, related, owner))


async def _read(settings: StripeEventSettings, related: _Related, owner: Owner) -> dict[str, Any]:
    api = with_key(_api(settings), "its object")
    try:
        return dict(await api.object_at(related.url, owner))
    except StripeRefused as refused:
        mode = "live" if settings.livemode else "test"
        raise ReadRefused(f"{related.type}, and the event is of {mode} mode. {refused}") from None


@functools.lru_cache(maxsize=1)
def _api(settings: StripeEventSettings) -> StripeApi | None:
    """The client, created on the first read: a connection does not survive the server's fork. None without a key."""
    return StripeApi(settings.stripe_key, settings.api_base) if settings.stripe_key else None
