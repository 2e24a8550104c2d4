"""The webhook puts each event on the topics of its type: the orders', the routed events', both or none."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from fulfillment.domain.routes import Routes
from fulfillment.webhook.endpoint import Webhook
from fulfillment.webhook.settings import WebhookSettings
from local.fakes.memory_topic import MemoryTopic
from local.fakes.stripe_events import COMPLETED, FAILED, SECRET, Json, body, event, session, signature, thin_event
from support.handlers import ask, logged

Capture = pytest.CaptureFixture[str]
INVOICE = {"id": "in_1", "object": "invoice"}


class Shop:
    """A webhook that routes invoices, and failed payments beside their orders."""

    def __init__(self) -> None:
        self.orders, self.routed = SlowTopic(), MemoryTopic()
        self.settings = WebhookSettings(
            project="acme",
            livemode=False,
            webhook_secrets=lambda: (SECRET,),
            routes=Routes.parse(f"invoice.*,{FAILED}"),
        )
        self.webhook = Webhook(self.settings, self.orders, self.routed)

    async def tell(self, said: Json) -> int:
        return (await ask(self.webhook, body(said), signature(body(said)))).status_code

    @property
    def stored(self) -> tuple[int, int]:
        return len(self.orders.stored), len(self.routed.stored)


class SlowTopic(MemoryTopic):
    """Stores a message after some turns of the loop."""

    async def publish(self, data: bytes, attributes: Mapping[str, str]) -> str:
        for _ in range(5):
            await asyncio.sleep(0)
        return f"order-{await super().publish(data, attributes)}"


EVENTS: list[tuple[Json, tuple[int, int], str]] = [
    (event(COMPLETED, session("cs_1")), (1, 0), "published"),
    (thin_event(COMPLETED, session("cs_1")), (1, 0), "published"),
    (event(FAILED, session("cs_1")), (1, 1), "published"),
    (thin_event(FAILED, session("cs_1")), (1, 1), "published"),
    (event("invoice.paid", INVOICE), (0, 1), "routed"),
    (thin_event("invoice.paid", INVOICE), (0, 1), "routed"),
    (event("invoice.paid", INVOICE, livemode=True), (0, 0), "other_livemode"),
    (event("charge.refunded", {"id": "ch_1"}), (1, 0), "published"),
    (event("refund.created", {"id": "re_1"}), (1, 0), "published"),
    (thin_event("charge.dispute.closed", {"id": "dp_1"}), (1, 0), "published"),
    (thin_event("charge.refunded", {"id": "ch_1"}), (0, 0), "ignored"),
    (event("checkout.session.expired", session("cs_1")), (0, 0), "ignored"),
    ({"object": "v2.core.event", "id": "evt_1", "type": "v2.core.event_destination.ping"}, (0, 0), "ignored"),
    ({"type": None}, (0, 0), "ignored"),
]


@pytest.mark.parametrize(("said", "stored", "outcome"), EVENTS, ids=range(len(EVENTS)))
async def test_an_event_is_on_the_topics_of_its_type_as_it_came(
    said: Json, stored: tuple[int, int], outcome: str, capsys: Capture
) -> None:
    shop = Shop()
    assert await shop.tell(said) == 200
    assert shop.stored == stored
    for message in (*shop.orders.stored, *shop.routed.stored):
        assert message.data == body(said)
        assert message.attributes["event_type"] == said["type"]
    line = logged(capsys)
    assert (line["outcome"], line["severity"]) == (outcome, "WARNING" if outcome == "other_livemode" else "INFO")
    if outcome in ("published", "routed"):
        assert (line["message"], line["message_id"]) == (outcome, "order-1" if outcome == "published" else "1")


async def test_the_line_names_the_object_of_an_event_without_a_session(capsys: Capture) -> None:
    shop = Shop()
    await shop.tell(event("invoice.paid", INVOICE))
    line = logged(capsys)
    assert (line["object"], "session" in line) == ("in_1", False)
    await shop.tell(event(COMPLETED, session("cs_1")))
    line = logged(capsys)
    assert ("object" in line, line["session"]) == (False, "cs_1")


@pytest.mark.parametrize("name", ["orders", "routed"])
async def test_an_event_of_both_topics_is_acknowledged_only_when_both_have_stored_it(
    name: str, capsys: Capture
) -> None:
    shop = Shop()
    getattr(shop, name).down = True
    assert await shop.tell(event(FAILED, session("cs_1"))) == 503
    assert sorted(shop.stored) == [0, 1], "the other topic has stored it before the answer"
    line = logged(capsys)
    assert (line["outcome"], line["error"]) == ("publish_failed", "PublishFailed")
    getattr(shop, name).down = False
    assert await shop.tell(event(FAILED, session("cs_1"))) == 200


@pytest.mark.parametrize(("routes", "has_topic"), [(None, True), (Routes.parse("invoice.*"), False)])
async def test_nothing_is_routed_without_a_list_or_a_topic(*, routes: Routes | None, has_topic: bool) -> None:
    orders, routed = MemoryTopic(), MemoryTopic()
    settings = WebhookSettings(project="acme", livemode=False, webhook_secrets=lambda: (SECRET,), routes=routes)
    webhook = Webhook(settings, orders, routed if has_topic else None)
    for said in (event("invoice.paid", INVOICE), event(COMPLETED, session("cs_1"))):
        assert (await ask(webhook, body(said), signature(body(said)))).status_code == 200
    assert (len(orders.stored), len(routed.stored)) == (1, 0)


@pytest.mark.parametrize(("text", "count"), [("invoice.created", 1), ("invoice.paid", 0), (None, 0)])
def test_the_settings_warn_of_a_type_that_delays_invoices(text: str | None, count: int) -> None:
    env: dict[str, Any] = {"GOOGLE_CLOUD_PROJECT": "acme", "STRIPE_LIVEMODE": "false", "STRIPE_WEBHOOK_SECRETS": SECRET}
    settings = WebhookSettings.load(env | ({"ROUTED_EVENTS": text} if text else {}))
    assert len(settings.warnings()) == count
