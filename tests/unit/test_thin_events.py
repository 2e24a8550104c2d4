"""A thin event is read strictly: what this product cannot understand is parked, never guessed."""

import contextlib
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fulfillment.domain.ids import ContextPath, Owner
from fulfillment.domain.thin_events import ThinEvent, parse_thin
from fulfillment.errors import MalformedEvent
from local.fakes.stripe_events import COMPLETED, Json, body, session, thin_event
from support.samples import json_values

GOOD = thin_event(COMPLETED, session("cs_test_a1"), id="evt_test_1", created="2026-11-28T09:30:00.000Z")


def test_it_says_which_session_and_in_whose_context() -> None:
    said = GOOD | {"context": "org_1/acct_1", "snapshot_event": "evt_2", "livemode": True}
    assert parse_thin(body(said)) == ThinEvent(
        id="evt_test_1",  # type: ignore[arg-type]
        type=f"v1.{COMPLETED}",
        created=datetime(2026, 11, 28, 9, 30, tzinfo=UTC),
        livemode=True,
        owner=Owner(account="acct_1", context=ContextPath("org_1/acct_1")),
        object_type="checkout.session",
        object_id="cs_test_a1",  # type: ignore[arg-type]
        snapshot_event="evt_2",  # type: ignore[arg-type]
    )


def test_what_stripe_may_leave_out_is_none() -> None:
    said = {name: value for name, value in GOOD.items() if name not in {"context", "snapshot_event", "changes"}}
    thin = parse_thin(body(said))
    assert (thin.owner, thin.snapshot_event) == (Owner(), None)
    assert parse_thin(body(GOOD | {"snapshot_event": None})) == thin


@given(st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=-7)), timezone(timedelta(hours=5.5))])))
def test_its_time_is_read_with_its_zone(moment: datetime) -> None:
    assert parse_thin(body(GOOD | {"created": moment.isoformat()})).created == moment


WRONG: list[tuple[Json, str]] = [
    ({"object": "event"}, "object: expected v2.core.event"),
    ({"created": 1795599000}, "created: expected a time with its zone"),
    ({"created": "2026-11-28T09:30:00"}, "created: expected a time with its zone"),
    ({"created": "yesterday"}, "created: expected a time with its zone"),
    ({"livemode": "false"}, "livemode: expected true or false"),
    ({"related_object": None}, "related_object: expected an object, got null"),
    ({"related_object": {"id": "in_1", "type": "invoice"}}, "related_object.type: expected checkout.session"),
    ({"related_object": {"id": "../x", "type": "checkout.session"}}, "related_object.id: not a usable id"),
    ({"related_object": {"type": "checkout.session"}}, "related_object.id: missing"),
    ({"snapshot_event": 5}, "snapshot_event: not a usable id"),
    ({"id": None}, "id: not a usable id"),
    ({"type": None}, "type: expected a string, got null"),
]


@pytest.mark.parametrize(("changes", "problem"), WRONG, ids=range(len(WRONG)))
def test_anything_else_is_malformed_and_says_where(changes: Json, problem: str) -> None:
    with pytest.raises(MalformedEvent) as raised:
        parse_thin(body(GOOD | changes))
    assert problem in str(raised.value)


@given(st.dictionaries(st.sampled_from(sorted(GOOD)), json_values))
def test_any_json_is_a_thin_event_or_malformed(changes: dict[str, Any]) -> None:
    with contextlib.suppress(MalformedEvent):
        assert parse_thin(body(GOOD | changes)).session_id
