"""Hostile events of what follows a sale, snapshot and thin, to the subscribers of refunds and disputes."""

import functools
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from random import Random
from types import SimpleNamespace
from typing import Any

from fulfillment.domain.event_types import THIN, entry_point_of
from fulfillment.domain.events import parse
from fulfillment.domain.transitions import apply
from fulfillment.subscriber.after_sale import AfterSaleSubscriber
from fulfillment.subscriber.executors import AFTER_THE_SALE, configured
from fulfillment.subscriber.settings import SubscriberSettings
from fulfillment.topic.message import Message
from local.fakes.memory_topic import MemoryTopic, push_body
from local.fakes.stripe_events import COMPLETED, Json, body, event, session, thin_event
from prove import oracles
from prove.hostile_stripe import HostileStripe
from prove.mutations import hostile_json
from prove.seeds import CREATED, FOLDER
from prove.targets import CheckedOrders, ask

ENV = {"GOOGLE_CLOUD_PROJECT": "local", "STRIPE_LIVEMODE": "false", "RECONCILE_SINCE": "2020-01-01"}
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
PARTS = ("told", "shown", "session")


class AfterSalePushes:
    """A hostile event, a hostile object at Stripe, or a hostile session of its payment. It is acknowledged, parked
    unchanged, or, if Stripe was asked, tried again.
    """

    def __init__(self) -> None:
        self._settings = SubscriberSettings.load(ENV)
        hooks = SimpleNamespace(fulfill=_hook, access_changed=_told, refunded=_told, disputed=_told)
        self._executors = configured(self._settings, hooks, None, AFTER_THE_SALE)
        self._parked = MemoryTopic()

    def make(self, random: Random, sample: bytes) -> bytes:
        """The whole, as one JSON object: `type` is the attribute, `known` whether its order is here, `key` whether
        Stripe can be asked.
        """
        given = json.loads(sample)
        if not given.keys() >= {*PARTS}:
            given = self._new(random)
        made = given | {"known": random.random() < 0.7, "key": random.random() < 0.7}
        part = random.choice(PARTS)
        try:
            made[part] = json.loads(hostile_json(random, json.dumps(made[part]).encode()))
        except (ValueError, RecursionError):
            return json.dumps(given | {"known": True, "key": False}).encode()
        return json.dumps(made).encode()

    def _new(self, random: Random) -> Json:
        told = random.choice(_samples())
        of, event_type = told["data"]["object"], told["type"]
        sold = session("cs_test_a1", payment_intent=of["payment_intent"], created=CREATED)
        if random.random() < 0.4 and not event_type.startswith("charge.refund"):
            told, event_type = thin_event(event_type, of, id="evt_thin"), f"{THIN}{event_type}"
        return {"told": told, "type": event_type, "shown": of, "session": sold}

    async def take(self, made: bytes) -> str:
        """Pushes the event twice, the second time as a redelivery."""
        given = json.loads(made)
        orders, self._parked.stored = CheckedOrders(), []
        payment, is_thin = _payment_of(given) if given["known"] else None, _is_thin(given)
        if payment:
            sold = session("cs_test_a1", payment_intent=payment, created=CREATED)
            await orders.create(replace(apply(None, parse(body(event(COMPLETED, sold)), NOW)).order, effects={}))
        stripe = HostileStripe(_object(given["session"]), [_object(given["shown"])]) if given["key"] else None
        entry_point = entry_point_of(given["type"]) or ""
        subscriber = AfterSaleSubscriber(entry_point, self._settings, orders, self._parked, self._executors, stripe)
        data = json.dumps(given["told"]).encode()
        push = push_body(Message(data=data, attributes={"event_type": given["type"]}, id="1"), 1)
        first, second = [await ask(subscriber, push) for _ in range(2)]
        may_retry = given["key"] or not (payment or is_thin)  # without a key, a thin event is parked
        oracles.hold({first, second} <= ({204, 503} if may_retry else {204}), f"answered {first}, then {second}")
        for message in self._parked.stored:
            oracles.hold(message.data == data, "parked with another body")
            oracles.hold(message.attributes.get("reason", "") != "", "parked without a reason")
        reasons = sorted({each.attributes["reason"] for each in self._parked.stored})
        found = await orders.get("cs_test_a1")
        return f"{first} {reasons} {found and (found.order.money.status, found.order.review)}"


@functools.cache
def _samples() -> Sequence[Json]:
    """The sample events that name a payment."""
    loaded = [json.loads(path.read_text()) for path in sorted(FOLDER.glob("synthetic/after_sale/*.json"))]
    told = [each for each in (one for many in loaded for one in many) if "data" in each]
    return [each for each in told if entry_point_of(each["type"]) in {"on_refund", "on_dispute"}]


def _is_thin(given: Json) -> bool:
    return bool(given["type"].startswith(THIN))


def _payment_of(given: Json) -> str | None:
    """The payment that an event names, or the object at Stripe of a thin one; None if it names none that a session
    could have.
    """
    of = given["shown"] if _is_thin(given) else _object(_object(given["told"]).get("data")).get("object")
    named = _object(of).get("payment_intent")
    return named if isinstance(named, str) and named.isidentifier() and named.isascii() else None


def _object(value: Any) -> Json:
    return value if isinstance(value, dict) else {}


async def _hook(_order: Any, _key: str) -> None:
    """Does nothing."""


async def _told(_order: Any, _what: Any, _key: str) -> None:
    """Does nothing."""
