"""Every event type of Stripe's library, signed, through the real webhook and Pub/Sub's emulator: each goes where it
should, unchanged and with its attributes, and a CloudEvents reader understands it.
"""

import contextlib
import io
import json
import re
import uuid
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx
import pytest
from cloudevents.http import from_http
from functions_framework.aio import create_asgi_app

from fulfillment.topic.message import Message
from local.fakes.stripe_events import SECRET, Json, body, signature
from local.runtime.emulators import Emulators
from local.runtime.pipe import FUNCTIONS
from local.runtime.pubsub_admin import PubSubAdmin
from support.every_event import events, expected_attributes
from support.serving import served
from support.stripe_names import SNAPSHOT_TYPES, THIN_TYPES
from support.waiting import LONG

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
ORDER_TYPES = {
    prefix + name
    for prefix in ("", "v1.")
    for name in (
        *("checkout.session.completed", "checkout.session.async_payment_succeeded"),
        *("checkout.session.async_payment_failed", "refund.created", "refund.updated", "refund.failed"),
        *("charge.dispute.created", "charge.dispute.updated", "charge.dispute.closed"),
        *("charge.dispute.funds_withdrawn", "charge.dispute.funds_reinstated"),
        *("radar.early_fraud_warning.created", "radar.early_fraud_warning.updated", "review.opened", "review.closed"),
    )
} | {"charge.refunded", "charge.refund.updated"}
NAMES = {"invoice.paid", "refund.created", "charge.refunded", "price.activated", "treasury.received_credit.succeeded"}
PREFIXES = ("customer.subscription.", "charge.dispute.", "checkout.session.", "v2.core.")
SELECTION = ",".join([*sorted(NAMES - {"charge.refunded"}), "v1.charge.refunded", *(f"{each}*" for each in PREFIXES)])
RFC_3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
PAGE = 1_000
WORKERS = 8


def is_selected(event_type: str) -> bool:
    family = event_type.removeprefix("v1.")
    return family in NAMES or family.startswith(PREFIXES)


@dataclass(frozen=True)
class Tape:
    """What became of each event. `routes` as in ROUTED_EVENTS; all else by the event's id."""

    routes: str
    events: Mapping[str, Json]
    answers: Mapping[str, int]
    lines: Mapping[str, Mapping[str, Any]]
    orders: Mapping[str, Message]
    routed: Mapping[str, Message]

    def ids(self, types: set[str]) -> set[str]:
        return {name for name, said in self.events.items() if said["type"] in types}


@pytest.fixture(scope="module", params=["", SELECTION], ids=["orders alone", "a selection"])
def tape(request: pytest.FixtureRequest, emulated: Emulators) -> Tape:
    """The whole tape, played once."""
    admin, run = PubSubAdmin(emulated.pubsub, "shared"), uuid.uuid4().hex
    topics = [f"events-{run}", f"stripe-events-{run}"]
    for topic in topics:
        admin.create_topic(topic)
        admin.keep(topic)
    env = {
        "GOOGLE_CLOUD_PROJECT": "shared",
        "STRIPE_LIVEMODE": "false",
        "STRIPE_WEBHOOK_SECRETS": SECRET,
        "PUBSUB_EMULATOR_HOST": emulated.pubsub,
        "EVENTS_TOPIC": topics[0],
        "STRIPE_EVENTS_TOPIC": topics[1],
        "ROUTED_EVENTS": request.param,
    }
    said = {each["id"]: each for each in events()}
    log = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(log):
        for name, value in env.items():
            patch.setenv(name, value)
        app: Any = create_asgi_app("stripe_webhook", FUNCTIONS / "main.py")  # type: ignore[no-untyped-call]
        with served(app) as url:
            answers = play(url, said)
    lines = [json.loads(text) for text in log.getvalue().splitlines() if "duration_ms" in text]
    orders, routed = (by_id(take_all(admin, topic)) for topic in topics)
    return Tape(request.param, said, answers, {each["event"]: each for each in lines}, orders, routed)


def play(url: str, said: Mapping[str, Json]) -> dict[str, int]:
    """The status of the answer to each event."""
    with httpx.Client(timeout=LONG) as client, ThreadPoolExecutor(WORKERS) as threads:

        def post(event: Json) -> int:
            payload = body(event)
            return client.post(url, content=payload, headers=signature(payload) | {"traceparent": TRACE}).status_code

        return dict(zip(said, threads.map(post, said.values()), strict=True))


def take_all(admin: PubSubAdmin, topic: str) -> list[Message]:
    taken: list[Message] = []
    while more := admin.take(topic, PAGE):
        taken += more
    return taken


def by_id(messages: list[Message]) -> dict[str, Message]:
    found = {each.attributes["event_id"]: each for each in messages}
    assert len(found) == len(messages)
    return found


def test_the_tape_has_every_type_that_stripes_library_knows_once(tape: Tape) -> None:
    assert Counter(said["type"] for said in tape.events.values()) == Counter([*SNAPSHOT_TYPES, *THIN_TYPES])
    assert len(SNAPSHOT_TYPES) >= 275
    assert len(THIN_TYPES) >= 312
    assert set(ORDER_TYPES) <= {*SNAPSHOT_TYPES, *THIN_TYPES}


def test_every_event_is_answered_with_200(tape: Tape) -> None:
    assert {name: status for name, status in tape.answers.items() if status != 200} == {}


def test_the_order_topic_gets_the_order_types_and_nothing_else(tape: Tape) -> None:
    assert set(tape.orders) == tape.ids(ORDER_TYPES)


def test_the_topic_of_stripes_events_gets_what_is_routed_and_nothing_else(tape: Tape) -> None:
    wanted = {said["type"] for said in tape.events.values() if tape.routes and is_selected(said["type"])}
    assert set(tape.routed) == tape.ids(wanted)
    assert len(wanted) == 0 or {"invoice.paid", "v1.invoice.paid", "charge.refunded", "v1.price.activated"} <= wanted
    assert bool(set(tape.routed) & set(tape.orders)) is bool(tape.routes)


def test_each_event_is_counted_by_where_it_went(tape: Tape) -> None:
    """A type on both topics counts as an order's."""
    outcomes = {
        name: "published" if name in tape.orders else "routed" if name in tape.routed else "ignored"
        for name in tape.events
    }
    assert {name: line["outcome"] for name, line in tape.lines.items()} == outcomes
    assert {line["severity"] for line in tape.lines.values()} == {"INFO"}


def test_no_byte_of_an_event_is_changed(tape: Tape) -> None:
    for topic in (tape.orders, tape.routed):
        assert {name: message.data for name, message in topic.items()} == {
            name: body(tape.events[name]) for name in topic
        }


def test_every_message_has_exactly_its_attributes(tape: Tape) -> None:
    for topic in (tape.orders, tape.routed):
        assert {name: message.attributes for name, message in topic.items()} == {
            name: expected_attributes(tape.events[name], TRACE) for name in topic
        }


def test_the_cloudevents_sdk_reads_every_message(tape: Tape) -> None:
    """As a push without wrapping delivers it: the attributes as headers, the event as the body."""
    for name, message in [*tape.orders.items(), *tape.routed.items()]:
        said, read = tape.events[name], from_http(dict(message.attributes), message.data)
        family = said["type"].removeprefix("v1.")
        assert (read["id"], read["specversion"], read["datacontenttype"]) == (name, "1.0", "application/json")
        assert read["type"] == f"com.stripe.{family if family.startswith('v2.') else f'v1.{family}'}"
        assert read["source"].startswith("//stripe.com")
        assert read.get("subject") == message.attributes.get("object_id")
        assert RFC_3339.fullmatch(read["time"])
        assert datetime.fromisoformat(read["time"]).replace(microsecond=0).timestamp() == 1795599000
        assert read.data == said
