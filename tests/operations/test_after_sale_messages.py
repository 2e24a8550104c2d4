"""Parked, archived and undelivered events of refunds, disputes and carts, as `scripts/ops` handles them."""

import base64
import json
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fulfillment.domain.event_types import registered_types
from fulfillment.topic.attributes import attributes_of
from local.fakes.stripe_events import Json, body, event, session, thin_event
from ops.dead_letters.hiding import HIDDEN, shown
from support.emulated_shop import EmulatedShop
from support.operators import Operator

SECRET = "https://buy.stripe.com/r/test_asAb1724"
REFUND = {"id": "re_1", "object": "refund", "status": "failed", "amount": 100, "payment_intent": "pi_1"}


def refund_event(event_type: str = "refund.failed", **changes: Any) -> Json:
    return event(event_type, REFUND) | changes


def cart(url: str = SECRET) -> Json:
    recovery = {"enabled": True, "expires_at": 1_800_000_000, "url": url, "allow_promotion_codes": False}
    return event("checkout.session.expired", session("cs_test_cart", after_expiration={"recovery": recovery}))


def letter(said: Json, reason: str = "malformed_event: test") -> tuple[bytes, dict[str, str]]:
    return body(said), attributes_of(said, "") | {"reason": reason}


def park(shop: EmulatedShop, said: Json) -> str:
    shop.park(letter(said))
    (found,) = shop.reports("dead-letters", "list")["letters"]
    return str(found["id"])


@pytest.mark.parametrize("name", ["refund.failed", "refund.*", "v1.refund.failed"])
def test_a_parked_refund_goes_back_to_the_orders_topic_as_it_was(shop: EmulatedShop, name: str) -> None:
    shop.admin.keep("checkout-events")
    said = refund_event(account="acct_1") if not name.startswith("v1") else thin_event("refund.failed", REFUND)
    data, attributes = letter(said)
    shop.park((data, attributes))
    (found,) = shop.reports("dead-letters", "list", "--type", name)["letters"]
    assert (found["object_id"], found["replayable"]) == ("re_1", True)
    assert shop.reports("dead-letters", "list", "--type", "charge.dispute.*")["letters"] == []
    assert shop.reports("dead-letters", "replay", "--type", name, "--yes")["count"] == 1
    (message,) = shop.admin.take("checkout-events")
    del attributes["reason"]
    assert message.data == data
    assert message.attributes == attributes | {"replay": "true"}


def test_a_parked_cart_is_replayed_only_where_carts_are_handled(shop: EmulatedShop) -> None:
    shop.admin.keep("checkout-events")
    park(shop, cart())
    assert shop.runs("dead-letters", "replay", "--yes").exit_code == 1
    assert shop.runs("dead-letters", "list", "--type", "expired").exit_code == 2
    on = {"ABANDONED_CARTS": "true"}
    assert len(shop.reports("dead-letters", "list", "--type", "expired", **on)["letters"]) == 1
    assert shop.reports("dead-letters", "replay", "--yes", **on)["count"] == 1


def test_a_type_of_no_order_is_refused_with_examples(shop: EmulatedShop) -> None:
    result = shop.runs("dead-letters", "list", "--type", "invoice.paid")
    assert result.exit_code == 2
    assert "refund.failed" in result.stderr
    assert "--events" in result.stderr


def test_a_shown_body_hides_the_link_to_a_cart_and_a_dropped_one_is_saved_as_it_is(
    shop: EmulatedShop, tmp_path: Path
) -> None:
    said = cart()
    letter_id = park(shop, said)
    for option in ([], ["--json"]):
        told = shop.runs("dead-letters", "show", letter_id, "--body", *option).output
        assert SECRET not in told
        assert HIDDEN in told
        assert "cs_test_cart" in told
    saved = tmp_path / "saved.jsonl"
    dropped = shop.runs("dead-letters", "drop", "--id", letter_id, "--save", str(saved), "--yes")
    assert SECRET not in dropped.output
    assert base64.b64decode(json.loads(saved.read_text())["data"]) == body(said)


RECOVERY = {"after_expiration": {"recovery": {"url": "https://shop.example/c/secret-token", "expires_at": 1}}}


@pytest.mark.parametrize(
    "text",
    [
        json.dumps({"data": {"object": RECOVERY}}),
        json.dumps({"data": {"object": RECOVERY}}).replace("recovery", "\\u0072ecovery"),
        json.dumps({"data": {"object": RECOVERY}}).replace("/", "\\/"),
        json.dumps({"data": {"previous_attributes": RECOVERY}}),
        json.dumps({"events": [{"data": {"object": RECOVERY}}]}),
        json.dumps({"data": {"object": {"metadata": {"mine": f"see {SECRET}?secret-token"}}}}),
        "[" + json.dumps(RECOVERY),
        json.dumps(RECOVERY)[:-30],
        json.dumps(RECOVERY, indent=2) + "trailing",
        f'not JSON: {SECRET}secret-token"',
        f"not JSON: {SECRET}secret-token".replace("/", "\\/"),
    ],
)
def test_a_link_to_a_cart_is_hidden_in_any_place_and_spelling(text: str) -> None:
    assert "secret-token" not in shown(text.encode())
    assert HIDDEN in shown(text.encode())


@given(st.text(), st.binary())
def test_a_body_without_a_link_is_shown_as_it_is(text: str, data: bytes) -> None:
    for each in (json.dumps({"url": f"https://shop.example/{text}", "recovery": None}).encode(), data):
        assert shown(each) == each.decode(errors="replace")


def test_refunds_and_disputes_that_were_not_delivered_are_sent_again(registered: Operator) -> None:
    names = sorted(registered_types(thin=False, api_version="2026-10-28.endive", abandoned_carts=False))
    for number, name in enumerate([*names, "charge.refunded", "checkout.session.expired", "charge.failed"]):
        made = event(name, REFUND, id=f"evt_{number}")
        registered.stripe.events[made["id"]] = made | {"created": int(time.time()) - 60}
    registered.stripe.undelivered = set(registered.stripe.events)
    told = registered.reports("events", "resend", "--since", "3d", "--yes")
    assert {registered.stripe.events[each]["type"] for each in told["events"]} == set(names)
    assert registered.reports("events", "resend", "evt_3", "--yes")["ok"] is True


def test_stripe_takes_all_types_of_orders_in_one_list() -> None:
    """It takes 20 at most."""
    assert len(registered_types(thin=False, api_version="2020-08-27", abandoned_carts=True)) <= 20
