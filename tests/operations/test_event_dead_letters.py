"""`scripts/ops dead-letters --events`: the dead letters of routed events and of sinks, on the emulators."""

import asyncio
import json
import uuid
from pathlib import Path
from typing import Any

import pytest

from fulfillment.stripe_events.settings import StripeEventSettings
from fulfillment.topic.attributes import attributes_of
from fulfillment.topic.publisher import PubSubTopic
from fulfillment.webhook.settings import WebhookSettings
from local.fakes.stripe_events import COMPLETED, event, session
from ops.deployment.emulated import emulated_deployment
from ops.deployment.model import StripeEvents
from support.emulated_shop import EmulatedShop
from support.operators import Operator
from support.routed_shop import EVENTS, EVENTS_DEAD_LETTER, RoutedShop

PUBSUBS = "CloudPubSubDeadLetterSource"
SINK = {f"{PUBSUBS}Subscription": "checkout-events-bigquery", f"{PUBSUBS}DeliveryCount": "5"}


def letter(event_type: str, object_id: str, **more: str) -> tuple[bytes, dict[str, str]]:
    """An event as it is parked. Its body is not as Python would write it."""
    said: dict[str, Any] = {"id": f"evt_{uuid.uuid4().hex}", "object": "event", "type": event_type, "livemode": False}
    said |= {"created": 1_790_000_000, "api_version": "2026-10-28.endive", "data": {"object": {"id": object_id}}}
    if event_type.startswith("v1."):
        said["object"], said["related_object"] = "v2.core.event", {"id": object_id}
    return json.dumps(said, indent=3).encode(), attributes_of(said, "") | more


@pytest.fixture
def shop_with_events(shop: EmulatedShop, tmp_path: Path) -> RoutedShop:
    """Letters that a handler parked, that a sink gave up, of an order that a sink gave up, and of no type."""
    routed = RoutedShop(shop, tmp_path)
    order = letter(COMPLETED, "cs_test_a", **SINK)
    routed.park(
        letter("invoice.paid", "in_1", reason="permanent: no such subscription"),
        letter("v1.customer.subscription.deleted", "sub_1", **SINK),
        order,
        (b"\x00\xff", {"reason": "malformed_message: odd"}),
    )
    return routed


def listed(routed: RoutedShop, *asked: str) -> set[str | None]:
    found = routed.reports("dead-letters", "list", "--events", *asked)["letters"]
    return {each["object_id"] for each in found}


def test_a_list_says_what_it_is_about_and_which_sink_gave_it_up(shop_with_events: RoutedShop) -> None:
    shown = shop_with_events.runs("dead-letters", "list", "--events").stdout
    assert "in_1" in shown
    assert "permanent: no such subscription" in shown
    assert "attempts_exhausted: 5 deliveries of checkout-events-bigquery failed" in shown
    found = shop_with_events.reports("dead-letters", "list", "--events")["letters"]
    assert {each["object_id"]: (each["subscription"], each["replayable"]) for each in found} == {
        "in_1": (None, True),
        "sub_1": ("checkout-events-bigquery", True),
        "cs_test_a": ("checkout-events-bigquery", True),
        None: (None, False),
    }
    assert shop_with_events.reports("dead-letters", "list")["letters"] == []


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        (["--type", "invoice.paid"], {"in_1"}),
        (["--type", "v1.invoice.*"], {"in_1"}),
        (["--type", "customer.subscription.*"], {"sub_1"}),
        (["--type", "invoice.*", "--type", "checkout.session.completed"], {"in_1", "cs_test_a"}),
        (["--subscription", "checkout-events-bigquery"], {"sub_1", "cs_test_a"}),
        (["--session", "cs_test_a"], {"cs_test_a"}),
        (["--reason", "permanent"], {"in_1"}),
    ],
)
def test_a_list_is_narrowed(shop_with_events: RoutedShop, asked: list[str], found: set[str]) -> None:
    assert listed(shop_with_events, *asked) == found


def test_a_replay_keeps_the_bytes_and_attributes_and_asks_for_nothing_else(shop_with_events: RoutedShop) -> None:
    data, attributes = letter("customer.subscription.updated", "sub_2")
    asked = {"replay": "true", "release": "true", "googclient_schemaencoding": "JSON", "reason": "permanent: x", **SINK}
    shop_with_events.park((data, attributes | asked))
    told = shop_with_events.reports(
        "dead-letters", "replay", "--events", "--type", "customer.subscription.updated", "--yes"
    )
    assert (told["ok"], told["count"]) == (True, 1)
    (message,) = shop_with_events.taken()
    assert (message.data, message.attributes) == (data, attributes)
    assert shop_with_events.taken("checkout-events") == []
    assert len(shop_with_events.taken(EVENTS_DEAD_LETTER)) == 4


def test_a_letter_without_a_type_is_kept_and_is_trouble(shop_with_events: RoutedShop) -> None:
    told = shop_with_events.reports("dead-letters", "replay", "--events", "--yes")
    assert (told["ok"], told["count"], sum(told["kept"].values())) == (False, 3, 1)
    assert len(shop_with_events.taken()) == 3
    assert len(shop_with_events.taken(EVENTS_DEAD_LETTER)) == 1


def test_one_is_shown_and_dropped(shop_with_events: RoutedShop, tmp_path: Path) -> None:
    (found,) = shop_with_events.reports("dead-letters", "list", "--events", "--reason", "permanent")["letters"]
    shown = shop_with_events.reports("dead-letters", "show", found["id"], "--events")["letter"]
    assert shown["attributes"]["ce-type"] == "com.stripe.v1.invoice.paid"
    assert shop_with_events.runs("dead-letters", "show", found["id"]).exit_code == 1
    save = str(tmp_path / "saved.jsonl")
    asked = ["--events", "--id", found["id"], "--save", save, "--yes"]
    assert shop_with_events.reports("dead-letters", "drop", *asked)["count"] == 1
    assert listed(shop_with_events) == {"sub_1", "cs_test_a", None}


def test_erasing_a_buyer_names_the_letters_of_both_pipes(shop: EmulatedShop, tmp_path: Path) -> None:
    routed = RoutedShop(shop, tmp_path)
    data, attributes = letter("invoice.paid", "in_1")
    routed.park((data.replace(b"in_1", b"jenny.rosen@example.com"), attributes), letter("invoice.paid", "in_2"))
    found = routed.runs("erase", "jenny.rosen@example.com", "--json").stdout
    (each,) = json.loads(found)["dead_letters"]
    assert each.endswith(" --events")
    assert routed.runs("dead-letters", "show", *each.split()).exit_code == 0


def test_on_the_emulators_they_are_found_without_a_deployment_file(shop: EmulatedShop) -> None:
    shop.admin.keep(EVENTS)
    parked, attributes = letter("invoice.paid", "in_1")
    source = PubSubTopic(shop.project, EVENTS_DEAD_LETTER, shop.emulated.pubsub)
    asyncio.run(source.publish(parked, attributes | {"reason": "permanent: no such subscription"}))
    (found,) = shop.reports("dead-letters", "list", "--events")["letters"]
    assert (found["object_id"], found["event_type"]) == ("in_1", "invoice.paid")
    assert shop.reports("dead-letters", "replay", "--events", "--yes")["count"] == 1
    (message,) = shop.admin.take(EVENTS)
    assert (message.data, message.attributes) == (parked, attributes)


def test_the_emulated_deployment_has_the_names_and_types_of_the_functions_settings() -> None:
    local = emulated_deployment({}).stripe_events
    assert local
    assert local == StripeEvents(
        route=(),
        topic=WebhookSettings.stripe_events_topic,
        dead_letter=StripeEventSettings.dead_letter_topic,
        dead_letter_subscription=EVENTS_DEAD_LETTER,
    )
    other = emulated_deployment({"ROUTED_EVENTS": "invoice.*, charge.refunded", "STRIPE_EVENTS_TOPIC": "others"})
    assert other.stripe_events
    assert (other.stripe_events.route, other.stripe_events.topic) == (("invoice.*", "charge.refunded"), "others")
    assert other.stripe_events.dead_letter_subscription == "others-dead-letter"


@pytest.mark.parametrize("command", [["list"], ["show", "1"], ["replay", "--yes"], ["drop", "--all", "--yes"]])
def test_without_routed_events_it_says_how_to_route_some(operator: Operator, command: list[str]) -> None:
    result = operator.runs("dead-letters", *command, "--events")
    assert (result.exit_code, "events.route" in result.stderr) == (2, True)


@pytest.mark.parametrize(
    ("asked", "problem"),
    [
        (["--type", "invoice.paid"], "add --events"),
        (["--type", "*"], "must name the types"),
        (["--events", "--type", "*"], "must name the types"),
        (["--events", "--type", "Invoice paid"], "--type must hold event types"),
        (["--events", "--type", ""], "--type must hold event types"),
    ],
)
def test_a_type_that_cannot_be_there_is_refused(
    shop: EmulatedShop, tmp_path: Path, asked: list[str], problem: str
) -> None:
    result = RoutedShop(shop, tmp_path).runs("dead-letters", "list", *asked)
    assert (result.exit_code, problem in result.stderr) == (2, True), result.stderr


def test_a_thin_event_of_an_order_is_listed_by_its_type_and_replayed(shop: EmulatedShop) -> None:
    shop.admin.keep("checkout-events")
    thin = letter("v1.checkout.session.completed", "cs_test_t", reason="permanent: no key")
    said = event(COMPLETED, session("cs_test_s"))
    shop.park(thin, (json.dumps(said).encode(), {**attributes_of(said, ""), "reason": "permanent: no key"}))
    assert len(shop.reports("dead-letters", "list", "--type", "completed")["letters"]) == 2
    assert shop.reports("dead-letters", "list", "--type", "async_payment_failed")["letters"] == []
    told = shop.reports("dead-letters", "replay", "--yes", "--session", "cs_test_t")
    assert (told["ok"], told["count"]) == (True, 1)
    (message,) = shop.admin.take("checkout-events")
    assert (message.data, message.attributes["replay"]) == (thin[0], "true")
