"""A thin event becomes the same order as its snapshot twin: each row of the table in `subscriber.thin_sales`."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fulfillment.domain.event_types import EventType
from fulfillment.domain.order import Order
from fulfillment.domain.order_filter import OrderFilter
from fulfillment.effects.runner import EffectExecutor, EffectExecutors
from fulfillment.errors import StripeRefused, StripeUnavailable
from fulfillment.subscriber.endpoint import Subscriber
from fulfillment.subscriber.settings import SubscriberSettings
from fulfillment.topic.attributes import attributes_of
from fulfillment.topic.message import Message
from local.fakes.memory_orders import MemoryOrders
from local.fakes.memory_stripe import MemoryStripe
from local.fakes.memory_topic import MemoryTopic, push_body
from local.fakes.stripe_events import COMPLETED, FAILED, SUCCEEDED, Json, body, event, session, thin_event
from support.handlers import ask, logged

ID = "cs_test_a1"
Capture = pytest.CaptureFixture[str]


@dataclass
class Shop:
    """The three subscribers in test mode, and Stripe with one session."""

    more: dict[str, Any] = field(default_factory=dict)
    has_key: bool = True
    orders: MemoryOrders = field(default_factory=MemoryOrders)
    dead_letter: MemoryTopic = field(default_factory=MemoryTopic)
    stripe: MemoryStripe = field(default_factory=MemoryStripe)
    fulfilled: list[str] = field(default_factory=list)
    open: bool = True

    def sell(self, **changes: Any) -> Json:
        """Stripe's session from now on."""
        self.stripe.known[ID] = session(ID, **changes)
        return self.stripe.known[ID]

    async def push(self, said: Json, **request: str) -> int:
        """Pushes an event to the subscriber of its type."""
        event_type = EventType(said["type"].removeprefix("v1."))
        settings = SubscriberSettings(**{"project": "acme", "livemode": False, **self.more})
        executors = EffectExecutors({"fulfill": EffectExecutor(5, self._fulfill)})
        stripe = self.stripe if self.has_key else None
        subscriber = Subscriber(event_type, settings, self.orders, self.dead_letter, executors, stripe)
        message = Message(data=body(said), attributes=attributes_of(said, "") | request, id="7")
        return (await ask(subscriber, push_body(message, 1))).status_code

    async def order(self) -> Order:
        """The order of the session."""
        stored = await self.orders.get(ID)
        assert stored is not None
        return stored.order

    async def _fulfill(self, _order: Order, key: str) -> None:
        if not self.open:
            raise TimeoutError
        self.fulfilled.append(key)


async def test_the_session_is_read_in_the_events_context_and_recorded_as_a_finding(capsys: Capture) -> None:
    shop = Shop()
    shop.sell()
    shop.stripe.accounts[ID] = "acct_1"
    said = thin_event(COMPLETED, {"id": ID}, id="evt_thin", context="org_1/acct_1", created="2026-11-28T09:30:00.7Z")
    assert await shop.push(said) == 204
    order = await shop.order()
    assert (order.status.value, order.account, order.context) == ("fulfilled", "acct_1", "org_1/acct_1")
    assert list(order.events) == [f"reconcile:{ID}:paid"]
    (seen,) = order.events.values()
    assert (seen.thin_events, seen.created) == (("evt_thin",), datetime(2026, 11, 28, 9, 30, tzinfo=UTC))
    assert order.sold_at == order.paid_at == seen.created
    line = logged(capsys)
    assert (line["event"], line["found"], line["session"]) == ("evt_thin", f"reconcile:{ID}:paid", ID)
    assert (line["event_type"], line["outcome"]) == (f"v1.{COMPLETED}", "created")


def facts(order: Order) -> dict[str, object]:
    """All of an order but its events, its source and its times."""
    times = {"events", "created_at", "updated_at", "fulfilled_at"}
    kept = {each.name: getattr(order, each.name) for each in fields(order) if each.name not in times}
    effects = {name: replace(effect, done_at=None) for name, effect in order.effects.items()}
    return kept | {"effects": effects, "status": order.status}


CARD = [(COMPLETED, "paid")]
DELAYED = [(COMPLETED, "unpaid"), (SUCCEEDED, "paid")]
FAILING = [(COMPLETED, "unpaid"), (FAILED, "unpaid")]
FAILING_FIRST = [(COMPLETED, "unpaid"), (FAILED, "unpaid"), (SUCCEEDED, "paid")]


async def bring(story: Sequence[tuple[str, str]], kinds: Sequence[str], *, late: bool = False) -> Shop:
    """The shop after a sale. `kinds`: which kinds of events tell of it, in this order. `late`: after it has ended."""
    shop, told = Shop(), []
    for event_type, payment_status in story:
        ended = "requires_payment_method" if event_type == FAILED else "processing"
        shop.stripe.intents["pi_3SynthCard"] = {"id": "pi_3SynthCard", "status": ended}
        sold = shop.sell(payment_status=payment_status, created=1795599000)
        snapshot = event(event_type, dict(sold))
        twins = {"snapshot": snapshot, "thin": thin_event(event_type, sold, snapshot_event=snapshot["id"])}
        now = [twins[kind] for kind in kinds]
        told += now if late else []
        for each in [] if late else now:
            assert await shop.push(each) == 204
    for each in told:
        assert await shop.push(each) == 204
    return shop


WAYS = [("thin",), ("thin", "snapshot"), ("snapshot", "thin"), ("thin", "thin", "snapshot", "thin")]


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("story", [CARD, DELAYED, FAILING, FAILING_FIRST])
async def test_thin_and_snapshot_in_any_order_and_number_give_one_order(
    story: list[tuple[str, str]], way: tuple[str, ...], *, late: bool
) -> None:
    by_snapshots = await (await bring(story, ["snapshot"])).order()
    shop = await bring(story, way, late=late)
    order = await shop.order()
    assert facts(order) == facts(by_snapshots)
    assert shop.fulfilled == ([] if story is FAILING else [f"{ID}:fulfill"])
    assert ("failed_and_paid" in order.review) is (story is FAILING_FIRST)
    assert order.source.startswith("evt_" if "snapshot" in way else "reconcile:")
    assert shop.dead_letter.stored == []


async def test_the_order_does_not_depend_on_the_order_of_arrival() -> None:
    """All permutations of the four events of a delayed sale, thin events read after its end."""
    sold = session(ID, created=1795599000)
    pairs = [(COMPLETED, "unpaid", 1), (SUCCEEDED, "paid", 2)]
    snapshots = [event(name, sold | {"payment_status": status}, id=f"evt_{n}", created=n) for name, status, n in pairs]
    thins = [
        thin_event(name, sold, id=f"evt_thin_{n}", created=f"1970-01-01T00:00:0{n}Z", snapshot_event=f"evt_{n}")
        for name, _, n in pairs
    ]
    ends = []
    for way in itertools.permutations(snapshots + thins):
        shop = Shop()
        shop.stripe.known[ID] = sold
        for each in way:
            assert await shop.push(each) == 204
        order = await shop.order()
        ends.append((facts(order), order.source, order.paid_at))
        assert set(order.events) >= {"evt_1", "evt_2"}
    assert all(each == ends[0] for each in ends)
    assert ends[0][1:] == ("evt_2", datetime(1970, 1, 1, 0, 0, 2, tzinfo=UTC))


@given(st.permutations(range(4)), st.lists(st.sampled_from(range(4)), max_size=3))
@settings(max_examples=30, deadline=None)
async def test_of_a_finding_the_earliest_time_stays(first: list[int], again: list[int]) -> None:
    shop = Shop()
    shop.sell()
    for number in [*first, *again]:
        said = thin_event(COMPLETED, {"id": ID}, id=f"evt_thin_{number}", created=f"2026-11-28T09:30:0{number}Z")
        assert await shop.push(said) == 204
    (seen,) = (await shop.order()).events.values()
    assert (seen.created.second, seen.thin_events) == (0, tuple(f"evt_thin_{number}" for number in range(4)))


async def test_a_known_snapshot_event_costs_no_read_and_what_is_owed_is_done() -> None:
    shop = Shop(open=False)
    sold = shop.sell()
    assert await shop.push(event(COMPLETED, sold, id="evt_1")) == 503
    shop.open = True
    assert await shop.push(thin_event(COMPLETED, sold, snapshot_event="evt_1")) == 204
    assert (shop.stripe.reads, shop.fulfilled) == ([], [f"{ID}:fulfill"])
    assert list((await shop.order()).events) == ["evt_1"]


async def test_a_redelivery_costs_no_read_and_does_not_depend_on_stripe(capsys: Capture) -> None:
    shop, said = Shop(open=False), thin_event(COMPLETED, {"id": ID})
    shop.sell()
    assert await shop.push(said) == 503
    shop.open, shop.stripe.faults = True, [StripeUnavailable("Stripe is down")]
    assert await shop.push(said) == 204
    assert shop.stripe.reads == [ID, "/v1/refunds", "/v1/disputes"]
    assert shop.fulfilled == [f"{ID}:fulfill"]
    capsys.readouterr()
    assert await shop.push(said) == 204
    assert logged(capsys)["outcome"] == "duplicate"


async def test_a_replayed_thin_event_makes_a_failed_effect_owed_again() -> None:
    shop, said = Shop(open=False), thin_event(COMPLETED, {"id": ID})
    shop.sell()
    assert await shop.push(said) == 503
    shop.open = True
    assert await shop.push(said, replay="true") == 204
    assert (await shop.order()).granted == ("7",)


@pytest.mark.parametrize(
    ("event_type", "payment_status", "status"),
    [(COMPLETED, "paid", "fulfilled"), (SUCCEEDED, "unpaid", "awaiting_payment"), (FAILED, "paid", "fulfilled")],
)
async def test_what_was_read_counts_not_the_type(event_type: str, payment_status: str, status: str) -> None:
    shop = Shop()
    shop.sell(payment_status=payment_status)
    assert await shop.push(thin_event(event_type, {"id": ID})) == 204
    assert (await shop.order()).status.value == status


async def test_a_subscription_that_failed_has_no_payment_to_look_at_so_the_event_decides() -> None:
    shop = Shop()
    shop.sell(mode="subscription", payment_intent=None, payment_status="unpaid")
    assert await shop.push(thin_event(COMPLETED, {"id": ID})) == 204
    assert (await shop.order()).status.value == "awaiting_payment"
    assert await shop.push(thin_event(FAILED, {"id": ID})) == 204
    order = await shop.order()
    assert order.status.value == "payment_failed"
    assert order.events[f"reconcile:{ID}:payment_failed"].type == FAILED


async def test_another_session_than_the_one_that_was_asked_for_is_not_taken() -> None:
    shop = Shop()
    shop.sell()["id"] = "cs_test_other"
    assert await shop.push(thin_event(COMPLETED, {"id": ID})) == 503
    assert (await shop.orders.get("cs_test_other"), shop.dead_letter.stored) == (None, [])


async def test_an_erased_order_is_ours_although_its_metadata_is_gone() -> None:
    shop, said = (
        Shop({"order_filter": OrderFilter.parse("metadata.shop=acme")}, open=False),
        thin_event(COMPLETED, {"id": ID}),
    )
    shop.sell(metadata={"shop": "acme"})
    assert await shop.push(said) == 503
    stored = await shop.orders.get(ID)
    assert stored
    await shop.orders.replace(replace(stored.order, metadata={}), stored.version)
    shop.open = True
    assert await shop.push(said) == 204
    assert shop.fulfilled == [f"{ID}:fulfill"]


async def test_twin_thin_events_of_one_finding_are_both_remembered() -> None:
    shop, twins = Shop(), [thin_event(name, {"id": ID}) for name in (COMPLETED, SUCCEEDED)]
    shop.sell()
    for each in twins:
        assert await shop.push(each) == 204
    shop.has_key = False
    for each in twins:
        assert await shop.push(each) == 204
    assert shop.dead_letter.stored == []


@pytest.mark.parametrize("status", ["open", "expired", None])
async def test_a_session_that_is_not_complete_is_tried_again(status: str | None, capsys: Capture) -> None:
    shop = Shop()
    shop.sell(status=status)
    assert await shop.push(thin_event(COMPLETED, {"id": ID})) == 503
    line = logged(capsys)
    assert (line["outcome"], line["error"]) == ("retry", "SessionNotComplete")
    assert shop.dead_letter.stored == []
    shop.sell()
    assert await shop.push(thin_event(COMPLETED, {"id": ID})) == 204


async def test_no_answer_of_stripe_is_tried_again() -> None:
    shop = Shop()
    shop.sell()
    shop.stripe.faults = [StripeUnavailable("Stripe answered 401"), None]
    assert await shop.push(thin_event(COMPLETED, {"id": ID})) == 503
    assert shop.dead_letter.stored == []
    assert await shop.push(thin_event(COMPLETED, {"id": ID})) == 204


async def test_a_refusal_is_parked_with_where_to_look(capsys: Capture) -> None:
    shop = Shop()
    shop.stripe.faults = [StripeRefused("Stripe answered 403 to the key rk_test_… in the context acct_1: …")]
    said = thin_event(COMPLETED, {"id": ID}, context="acct_1")
    assert await shop.push(said) == 204
    (parked,) = shop.dead_letter.stored
    assert parked.data == body(said)
    reason = parked.attributes["reason"]
    assert reason.startswith("read_refused: the event is of test mode. Stripe answered 403 to the key rk_test_…")
    assert (parked.attributes["event_type"], logged(capsys)["outcome"]) == (f"v1.{COMPLETED}", "parked")


async def test_the_reason_names_live_mode() -> None:
    shop = Shop({"livemode": True})
    assert await shop.push(thin_event(COMPLETED, {"id": ID}, livemode=True)) == 204
    assert "the event is of live mode." in shop.dead_letter.stored[0].attributes["reason"]


async def test_an_unknown_session_is_parked_not_dropped() -> None:
    shop = Shop()
    assert await shop.push(thin_event(COMPLETED, {"id": ID})) == 204
    assert "404" in shop.dead_letter.stored[0].attributes["reason"]


async def test_without_a_key_it_is_parked_and_the_reason_says_what_to_set() -> None:
    shop = Shop(has_key=False)
    assert await shop.push(thin_event(COMPLETED, {"id": ID})) == 204
    assert "set STRIPE_API_KEY" in shop.dead_letter.stored[0].attributes["reason"]


async def test_an_answer_that_is_no_session_is_parked() -> None:
    shop = Shop()
    shop.sell(livemode="no")
    assert await shop.push(thin_event(COMPLETED, {"id": ID})) == 204
    reason = shop.dead_letter.stored[0].attributes["reason"]
    assert reason.startswith("malformed_event: the session that Stripe returned: livemode")


STRANGERS = [
    ({}, {}, {"livemode": True}, ("not_ours", 0)),
    ({}, {"livemode": True}, {}, ("not_ours", 1)),
    ({"order_filter": OrderFilter.parse("metadata.shop=acme")}, {}, {}, ("not_ours", 1)),
    ({}, {"mode": "setup"}, {}, ("no_order", 1)),
]


@pytest.mark.parametrize(("more", "sold", "said", "ends"), STRANGERS, ids=range(len(STRANGERS)))
async def test_what_is_no_order_of_ours_is_acknowledged(
    more: Json, sold: Json, said: Json, ends: tuple[str, int], capsys: Capture
) -> None:
    shop = Shop(more)
    shop.sell(**sold)
    assert await shop.push(thin_event(COMPLETED, {"id": ID}, **said)) == 204
    assert (await shop.orders.get(ID), shop.dead_letter.stored) == (None, [])
    assert (logged(capsys)["outcome"], len(shop.stripe.reads)) == ends


async def test_an_attribute_that_contradicts_the_body_is_parked() -> None:
    shop, said = Shop(), thin_event(COMPLETED, {"id": ID})
    other = thin_event(FAILED, {"id": ID})
    assert await shop.push(said | {"type": f"v1.{FAILED}"}, event_type=f"v1.{FAILED}") == 204
    assert await shop.push(other, event_type=f"v1.{COMPLETED}") == 204  # another subscriber's type
    assert await shop.push(event(COMPLETED, session(ID)), event_type=f"v1.{COMPLETED}") == 204
    reasons = [each.attributes["reason"] for each in shop.dead_letter.stored]
    assert [each.split(":")[0] for each in reasons] == ["read_refused", "malformed_event"]
