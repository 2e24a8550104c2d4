"""What a session that was read from Stripe claims, and the event that says so."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from fulfillment.domain.events import parse
from fulfillment.domain.ids import OWN, Owner
from fulfillment.domain.shape import ShapeError
from fulfillment.domain.status import Status
from fulfillment.domain.synthetic_events import SyntheticEvent, claims_more, synthetic_event
from fulfillment.domain.transitions import apply, claim_of
from fulfillment.telemetry import Trace
from fulfillment.topic.finder import Finder
from local.fakes.memory_topic import ORIGIN, MemoryTopic
from local.fakes.stripe_events import COMPLETED, event, session
from support.builders import parsed

ID = "cs_test_found"
AT = datetime(2026, 11, 25, 12, tzinfo=UTC)


def found(**changes: Any) -> SyntheticEvent | None:
    return synthetic_event(session(ID, **changes), owner=OWN, api_version="2026-10-28.endive", at=AT)


def claim(**changes: Any) -> str | None:
    seen = found(**changes)
    return seen.claim.value if seen else None


CASES: list[tuple[dict[str, Any], str | None]] = [
    ({}, "paid"),
    ({"payment_status": "no_payment_required", "payment_intent": None}, "paid"),
    ({"payment_status": "unpaid"}, "awaiting_payment"),
    ({"payment_status": "unpaid", "payment_intent": {"id": "pi_1", "status": "processing"}}, "awaiting_payment"),
    ({"payment_status": "unpaid", "payment_intent": {"id": "pi_1", "status": "canceled"}}, "payment_failed"),
    (
        {"payment_status": "unpaid", "payment_intent": {"id": "pi_1", "status": "requires_payment_method"}},
        "payment_failed",
    ),
    ({"payment_intent": {"id": "pi_1", "status": "canceled"}}, "paid"),
    ({"payment_status": "some_day"}, "awaiting_payment"),
    ({"payment_status": "some_day", "payment_intent": {"id": "pi_1", "status": "canceled"}}, "awaiting_payment"),
    ({"payment_status": None}, "awaiting_payment"),
    ({"status": "open", "payment_status": "unpaid"}, None),
    ({"status": "open", "payment_status": "no_payment_required"}, None),
    ({"status": "expired", "payment_status": "unpaid"}, None),
    ({"status": None}, None),
    ({"mode": None}, "paid"),
    ({"mode": "setup", "payment_status": "no_payment_required"}, None),
]


@pytest.mark.parametrize(("changes", "claims"), CASES)
def test_a_session_claims_what_stripe_says_of_it(changes: dict[str, Any], claims: str | None) -> None:
    assert claim(**changes) == claims


@pytest.mark.parametrize("changes", [changes for changes, claims in CASES if claims])
def test_the_event_that_was_made_claims_what_the_session_claims(changes: dict[str, Any]) -> None:
    seen = found(**changes)
    assert seen
    event_made = parse(seen.body, AT)
    assert claim_of(event_made) is seen.claim
    assert event_made.id == f"reconcile:{ID}:{seen.claim.value}"
    assert event_made.created == AT
    assert seen.event["object"] == "event"


def test_what_is_found_twice_is_one_event() -> None:
    first, second = found(), found()
    assert first
    assert second
    order = apply(None, parse(first.body, AT)).order
    assert apply(order, parse(second.body, AT)).order is order


def test_of_two_with_one_claim_stripes_own_event_is_the_source() -> None:
    seen = found()
    assert seen
    told = event(COMPLETED, session(ID))
    order = apply(apply(None, parse(seen.body, AT)).order, parsed(told)).order
    assert order.source == told["id"]
    assert len(order.events) == 2


def test_nothing_that_lets_its_bearer_in_is_published() -> None:
    intent = {"id": "pi_1", "status": "succeeded", "client_secret": "pi_1_secret_x"}
    seen = found(payment_intent=intent, url="https://checkout.stripe.com/c/pay/x", client_secret="cs_secret")
    assert seen
    text = seen.body.decode()
    assert not any(word in text for word in ("secret", "checkout.stripe.com", "success_url"))
    assert json.loads(text)["data"]["object"]["payment_intent"] == "pi_1"


@pytest.mark.parametrize("name", ["url", "client_secret", "success_url", "cancel_url"])
def test_what_is_bearer_like_is_not_even_named(name: str) -> None:
    seen = found(**{name: "https://example.com/secret"})
    assert seen
    assert name not in json.loads(seen.body)["data"]["object"]


def test_it_is_known_by_its_sessions_id() -> None:
    event = found()
    assert event
    assert event.session_id == ID


def test_the_account_and_the_mode_are_told() -> None:
    seen = synthetic_event(session(ID, livemode=True), owner=Owner(account="acct_1"), api_version="v", at=AT)
    assert seen
    assert (seen.event["account"], seen.event["livemode"], seen.event["api_version"]) == ("acct_1", True, "v")


@pytest.mark.parametrize(("created", "hours"), [(int(AT.timestamp()) - 3 * 3600, 3), (None, 0)])
def test_a_session_is_as_old_as_it_says(created: object, hours: int) -> None:
    seen = found(created=created)
    assert seen
    assert seen.age(AT) == timedelta(hours=hours)


@pytest.mark.parametrize("changes", [{"id": "a/b"}, {"livemode": "no"}, {"id": None}, {"created": "some day"}])
def test_what_is_no_session_is_said(changes: dict[str, Any]) -> None:
    with pytest.raises(ShapeError):
        found(**changes)


def test_more_is_claimed_than_an_order_holds_that_is_not_there_or_lower() -> None:
    paid, waiting = found(), found(payment_status="unpaid")
    assert paid
    assert waiting
    assert claims_more(waiting, None)
    assert claims_more(paid, Status.AWAITING_PAYMENT)
    assert claims_more(paid, Status.PAYMENT_FAILED)
    assert not claims_more(waiting, Status.PAYMENT_FAILED)
    assert not claims_more(paid, Status.PAID)
    assert not claims_more(paid, Status.FULFILLED)


async def test_a_found_message_is_one_of_the_contract_and_says_who_found_it() -> None:
    seen, topic, trace = found(payment_status="unpaid"), MemoryTopic(), Trace.of({})
    assert seen
    await Finder(topic, "reconcile", ORIGIN).publish(seen, trace, {"replay": "true"})
    (message,) = topic.stored
    assert message.data == seen.body
    assert message.attributes == {
        "event_id": f"reconcile:{ID}:awaiting_payment",
        "event_type": COMPLETED,
        "session_id": ID,
        "livemode": "false",
        "api_version": "2026-10-28.endive",
        "object_id": ID,
        "traceparent": trace.traceparent,
        "ce-specversion": "1.0",
        "ce-id": f"reconcile:{ID}:awaiting_payment",
        "ce-source": ORIGIN,
        "ce-type": f"com.stripe.v1.{COMPLETED}",
        "ce-subject": ID,
        "ce-time": AT.isoformat(),
        "content-type": "application/json",
        "source": "reconcile",
        "replay": "true",
    }
