"""An abandoned cart, end to end: signed bytes, the real webhook, Pub/Sub's emulator, the real subscriber with a
stand-in of Stripe over real HTTP, and the hook.
"""

import asyncio
import json
import sys
import uuid
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from fulfillment.domain.cart import Cart
from fulfillment.domain.event_types import EXPIRED
from fulfillment.errors import PermanentError
from fulfillment.orders.firestore_orders import FirestoreOrders
from fulfillment.topic.message import Message
from local.fakes.stripe_events import Json, body, new_id, signature, thin_event
from local.fakes.stripe_stand_in import StripeStandIn
from local.runtime.emulators import Emulators
from local.runtime.neighbors import API_KEY
from local.runtime.pubsub_admin import PubSubAdmin
from support.carts import RECOVERY_URL, TOKEN, expired_event, expired_session
from support.serving import Serve
from support.waiting import LONG

Capture = pytest.CaptureFixture[str]


@dataclass
class Shop:
    """The webhook and on_checkout_session_expired, with a topic of their own."""

    url: str
    admin: PubSubAdmin
    topic: str
    dead_letter: str
    stripe: StripeStandIn
    calls: list[tuple[Cart, str]] = field(default_factory=list)
    errors: list[Exception] = field(default_factory=list)

    def cart_abandoned(self, cart: Cart, key: str) -> None:
        self.calls.append((cart, key))
        if self.errors:
            raise self.errors.pop()

    async def post(self, said: Json) -> int:
        """Stripe's POST: the status of the answer."""
        payload = body(said)
        async with httpx.AsyncClient() as client:
            return (await client.post(self.url, content=payload, headers=signature(payload), timeout=LONG)).status_code

    async def is_called(self, times: int) -> None:
        """Waits until the hook was called so often."""
        async with asyncio.timeout(LONG):
            while len(self.calls) < times:
                await asyncio.sleep(0.05)

    async def takes(self, topic: str) -> list[Message]:
        """Waits for messages on a topic."""
        async with asyncio.timeout(LONG):
            while not (found := self.admin.take(topic)):
                await asyncio.sleep(0.05)
        return found


@pytest.fixture
def shop(
    serve: Serve, emulated: Emulators, known_stripe: tuple[StripeStandIn, str], monkeypatch: pytest.MonkeyPatch
) -> Shop:
    run = uuid.uuid4().hex
    opened = Shop("", PubSubAdmin(emulated.pubsub, "shared"), f"events-{run}", f"dead-{run}", known_stripe[0])
    monkeypatch.setitem(sys.modules, "hooks", SimpleNamespace(cart_abandoned=opened.cart_abandoned))
    for topic in (opened.topic, opened.dead_letter):
        opened.admin.create_topic(topic)
        opened.admin.keep(topic)
    env = {**emulated.env, "STRIPE_API_KEY": API_KEY, "STRIPE_API_BASE": known_stripe[1]}
    url = serve("on_checkout_session_expired", DEAD_LETTER_TOPIC=opened.dead_letter, **env)
    opened.admin.subscribe(f"expired-{run}", opened.topic, url)
    opened.url = serve("stripe_webhook", EVENTS_TOPIC=opened.topic, ABANDONED_CARTS="true", **emulated.env)
    return opened


def lines(capsys: Capture) -> list[dict[str, Any]]:
    """The log lines since the last look, none of which shows the link."""
    text = capsys.readouterr().out
    assert TOKEN not in text
    return [json.loads(each) for each in text.splitlines() if "duration_ms" in each]


async def test_an_event_and_its_thin_twin_reach_the_hook_with_one_key_and_no_order_is_made(
    shop: Shop, capsys: Capture
) -> None:
    left = expired_session(new_id("cs_test"))
    shop.stripe.sessions[left["id"]] = left
    said = expired_event(left)
    assert await shop.post(said) == 200
    await shop.is_called(1)
    assert await shop.post(thin_event(EXPIRED, left, snapshot_event=said["id"])) == 200
    await shop.is_called(2)
    assert {key for _, key in shop.calls} == {f"{left['id']}:cart_abandoned"}
    assert {cart.recovery_url for cart, _ in shop.calls} == {RECOVERY_URL}
    assert len(shop.stripe.reads) == 1
    assert await FirestoreOrders("shared", "(default)", "orders").get(left["id"]) is None
    assert {line["outcome"] for line in lines(capsys)} <= {"published", "cart_abandoned"}


async def test_a_refused_cart_is_parked_as_it_came_and_the_link_is_in_no_reason(shop: Shop, capsys: Capture) -> None:
    said = expired_event(expired_session(new_id("cs_test")))
    shop.errors = [PermanentError(f"the mail with {RECOVERY_URL} was refused")]
    assert await shop.post(said) == 200
    (parked,) = await shop.takes(shop.dead_letter)
    assert parked.data == body(said)
    assert parked.attributes["reason"] == "permanent: the mail with [recovery link] was refused"
    assert not [text for text in parked.attributes.values() if TOKEN in text]
    lines(capsys)


async def test_a_hook_that_fails_is_called_again_with_the_same_key(shop: Shop, capsys: Capture) -> None:
    said = expired_event(expired_session(new_id("cs_test")))
    shop.errors = [ConnectionError(RECOVERY_URL)]
    assert await shop.post(said) == 200
    await shop.is_called(2)
    assert len({key for _, key in shop.calls}) == 1
    assert "cart_abandoned raised ConnectionError" in " ".join(line["message"] for line in lines(capsys))


@pytest.mark.parametrize("kind", ["snapshot", "thin"])
async def test_without_the_setting_the_webhook_answers_200_and_publishes_nothing(
    shop: Shop, serve: Serve, capsys: Capture, kind: str
) -> None:
    shop.url = serve("stripe_webhook", ABANDONED_CARTS="false")
    left = expired_session(new_id("cs_test"))
    assert await shop.post(expired_event(left) if kind == "snapshot" else thin_event(EXPIRED, left)) == 200
    (line,) = lines(capsys)
    assert (line["outcome"], shop.admin.take(shop.topic), shop.calls) == ("ignored", [], [])


async def test_a_shop_without_the_hook_does_not_start(
    shop: Shop, serve: Serve, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setitem(sys.modules, "hooks", SimpleNamespace(fulfill=print))
    with pytest.raises(SystemExit):
        serve("on_checkout_session_expired")
    (line,) = (json.loads(each) for each in capsys.readouterr().out.splitlines() if "cannot start" in each)
    assert line["message"].startswith(
        "on_checkout_session_expired cannot start: hooks.py must have a function cart_abandoned(cart, key)"
    )
    assert shop.calls == []
