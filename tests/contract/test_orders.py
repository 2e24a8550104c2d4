"""What an order store promises: the same tests on the one in memory and on Firestore's emulator."""

import asyncio
import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Self

import pytest
from google.api_core.exceptions import FailedPrecondition, NotFound, PermissionDenied, ServiceUnavailable
from google.cloud.firestore import Client
from proto.datetime_helpers import DatetimeWithNanoseconds  # type: ignore[import-untyped]

from fulfillment.domain.effects import Effect, EffectState, owed
from fulfillment.domain.order import Lease, LineItem, Order
from fulfillment.domain.transitions import apply
from fulfillment.errors import CorruptOrder, StoreUnavailable, UnstorableOrder
from fulfillment.orders.documents import to_document
from fulfillment.orders.firestore import Collection, Condition
from fulfillment.orders.firestore_orders import FirestoreOrders
from fulfillment.orders.store import Found, Orders, Stored
from local.fakes.memory_orders import MemoryOrders
from local.fakes.stripe_events import COMPLETED, SUCCEEDED, event, session
from local.runtime.emulators import Emulators
from local.runtime.processes import free_ports
from support.builders import NOW, order_of, parsed
from support.samples import eras


@pytest.fixture(params=["memory", "firestore"])
def orders(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Orders:
    if request.param == "memory":
        return MemoryOrders()
    emulated: Emulators = request.getfixturevalue("emulated")
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", emulated.firestore)
    return FirestoreOrders("shared", "(default)", "orders")


def new_order(**changes: Any) -> Order:
    said = session(f"cs_test_{uuid.uuid4().hex}", payment_status="unpaid", **changes)
    return order_of(event(COMPLETED, said))


def paid(order: Order) -> Order:
    return apply(order, parsed(event(SUCCEEDED, session(order.id)))).order


async def stored(orders: Orders, order_id: str) -> Stored:
    found = await orders.get(order_id)
    assert found is not None
    return found


def as_said(order: Order) -> Order:
    """But for what the store says."""
    return replace(order, updated_at=NOW)


async def test_what_is_created_can_be_read(orders: Orders) -> None:
    order = new_order()
    assert await orders.create(order)
    assert as_said((await stored(orders, order.id)).order) == as_said(order)


async def test_an_order_was_updated_when_it_was_written_last_whatever_was_written(orders: Orders) -> None:
    order = new_order()
    created = await orders.create(order)
    assert created
    first = (await stored(orders, order.id)).order.updated_at
    assert first > order.updated_at
    await asyncio.sleep(0.01)
    claimed = replace(created.order, lease=Lease(owner="me", at=None), updated_at=NOW)
    assert await orders.replace(claimed, created.version)
    second = await stored(orders, order.id)
    assert first < second.order.updated_at <= second.read_at
    assert second.order.created_at == order.created_at


async def test_an_order_is_created_once(orders: Orders) -> None:
    order = new_order()
    assert await orders.create(order)
    assert not await orders.create(paid(order))
    assert as_said((await stored(orders, order.id)).order) == as_said(order)


async def test_of_many_that_create_at_once_one_succeeds(orders: Orders) -> None:
    order = new_order()
    created = await asyncio.gather(*(orders.create(order) for _ in range(10)))
    assert created.count(None) == 9


async def test_what_is_not_there_is_none(orders: Orders) -> None:
    assert await orders.get("cs_test_nothing") is None


async def test_replacing_the_version_that_was_read_succeeds(orders: Orders) -> None:
    order = new_order()
    await orders.create(order)
    changed = paid(order)
    assert await orders.replace(changed, (await stored(orders, order.id)).version)
    assert as_said((await stored(orders, order.id)).order) == as_said(changed)


async def test_what_a_write_says_it_stored_is_what_the_next_one_builds_on(orders: Orders) -> None:
    created = await orders.create(new_order())
    assert created
    replaced = await orders.replace(paid(created.order), created.version)
    assert replaced
    assert replaced.read_at >= created.read_at
    found = await stored(orders, created.order.id)
    assert (as_said(found.order), found.version) == (as_said(replaced.order), replaced.version)
    assert abs(found.order.updated_at - replaced.order.updated_at) < timedelta(seconds=1)
    assert await orders.replace(replace(replaced.order, review=("x",)), replaced.version)


async def test_a_lease_without_a_time_gets_the_stores(orders: Orders) -> None:
    order = new_order()
    leased = replace(order, lease=Lease(owner="me", at=None))
    written = await orders.create(leased)
    for _ in range(2):
        assert written
        found = await stored(orders, order.id)
        assert written.order.lease
        assert found.order.lease
        assert found.order.lease.at
        assert found.read_at - found.order.lease.at < timedelta(seconds=30)
        assert written.order.lease.at
        assert abs(written.order.lease.at - found.order.lease.at) < timedelta(seconds=1)
        assert (await stored(orders, order.id)).order.lease == found.order.lease
        written = await orders.replace(leased, found.version)


async def test_what_is_owed_comes_back_in_the_order_in_which_it_is_performed(orders: Orders) -> None:
    order = paid(new_order())
    await orders.create(order)
    found = (await stored(orders, order.id)).order
    assert owed(found.effects) == owed(order.effects) == ("load_line_items", "fulfill", "send_receipt", "announce_paid")


async def test_replacing_an_older_version_changes_nothing(orders: Orders) -> None:
    order = new_order()
    await orders.create(order)
    old = (await stored(orders, order.id)).version
    changed = replace(order, review=("a",))
    assert await orders.replace(changed, old)
    assert not await orders.replace(order, old)
    assert as_said((await stored(orders, order.id)).order) == as_said(changed)


async def test_replacing_what_is_not_there_creates_nothing(orders: Orders) -> None:
    other, order = new_order(), new_order()
    await orders.create(other)
    version = (await stored(orders, other.id)).version
    assert not await orders.replace(order, version)
    assert await orders.get(order.id) is None


async def test_of_many_that_replace_at_once_one_succeeds(orders: Orders) -> None:
    order = new_order()
    await orders.create(order)
    version = (await stored(orders, order.id)).version
    reviews = [replace(order, review=(str(number),)) for number in range(10)]
    replaced = await asyncio.gather(*(orders.replace(each, version) for each in reviews))
    (written,) = [each for each in replaced if each]
    assert as_said(written.order) in map(as_said, reviews)
    assert as_said((await stored(orders, order.id)).order) == as_said(written.order)


async def test_replacing_leaves_nothing_of_the_old_behind(orders: Orders) -> None:
    order = new_order(metadata={"a": "1", "b": {"c": "2"}})
    await orders.create(order)
    emptied = replace(order, metadata={"b": {}}, customer=None)
    await orders.replace(emptied, (await stored(orders, order.id)).version)
    assert as_said((await stored(orders, order.id)).order) == as_said(emptied)


async def test_fields_that_only_a_newer_version_knows_survive_a_write(orders: Orders) -> None:
    order = new_order()
    newer = {"more": {"a": [1]}, "none": None}
    document = to_document(order) | newer
    document["customer"] |= newer
    if isinstance(orders, MemoryOrders):
        orders.write_by_hand(order.id, document)
    else:
        Client("shared").collection("orders").document(order.id).set(document)
    found = await stored(orders, order.id)
    assert await orders.replace(paid(found.order), found.version)
    if isinstance(orders, MemoryOrders):
        after = orders.document(order.id)
    else:
        after = Client("shared").collection("orders").document(order.id).get().to_dict() or {}
    assert after["status"] == "paid"
    assert newer.items() <= after.items()
    kept = (await stored(orders, order.id)).order.customer
    assert kept
    assert kept.unknown == newer, "although another event has renewed the customer"


async def test_the_time_of_reading_is_about_now(orders: Orders) -> None:
    order = new_order()
    await orders.create(order)
    assert abs((await stored(orders, order.id)).read_at - datetime.now(UTC)) < timedelta(minutes=1)


async def test_every_field_comes_back_as_it_was(orders: Orders) -> None:
    order = replace(
        new_order(presentment_details={"presentment_amount": 1, "presentment_currency": "eur"}),
        line_items=(LineItem(id="li_1", quantity=2, amount_total=2**63 - 1),),
        effects={"fulfill": Effect(state=EffectState.FAILED, key="k", attempts=3, error="no", done_at=NOW)},
        lease=Lease(owner="o", at=NOW),
        fulfilled_at=NOW,
        erased_at=NOW,
    )
    await orders.create(order)
    assert as_said((await stored(orders, order.id)).order) == as_said(order)


HARD = {
    "": "an empty key",
    "__ref__": "a reserved key",
    "__x__\n": "nearly reserved",
    "a.b`c\\d/e*[0]": "a path's punctuation",
    "\ud800": "a lone surrogate as a key",
    "surrogate": "x\udfffy",
    "big": 2**200,
    "arrays": [[1], [[2]]],
    "json:": "json:1",
    "deep": {"a": {"b": [{"c": [{"d": [{"e": [{"f": [{"g": [{"h": [{"i": [{"j": 1}]}]}]}]}]}]}]}]}},
    "null": None,
    "float": 1.5,
    "nul": "\x00",
    "emoji 😀": "ünïcödé \u202e",
}


@pytest.mark.parametrize("key", HARD, ids=range(len(HARD)))
async def test_metadata_that_firestore_would_refuse_comes_back_as_it_was(orders: Orders, key: str) -> None:
    order = new_order(metadata={key: HARD[key]}, custom_fields=[{key: HARD[key]}, HARD[key]])
    assert await orders.create(order)
    assert await orders.replace(replace(order, review=("x",)), (await stored(orders, order.id)).version)
    found = (await stored(orders, order.id)).order
    assert found.metadata == {key: HARD[key]}
    assert found.custom_fields == ({key: HARD[key]}, HARD[key])


async def test_metadata_at_stripes_limits_comes_back_as_it_was(orders: Orders) -> None:
    metadata = {f"{number:02d}{'k' * 38}": "ü" * 500 for number in range(50)}
    order = new_order(metadata=metadata)
    await orders.create(order)
    assert (await stored(orders, order.id)).order.metadata == metadata


async def test_an_id_of_255_characters_is_an_id(orders: Orders) -> None:
    order_id = uuid.uuid4().hex.ljust(255, "x")
    order = order_of(event(COMPLETED, session(order_id)))
    assert await orders.create(order)
    assert as_said((await stored(orders, order_id)).order) == as_said(order)


async def test_the_sample_of_every_era_is_stored_whole(orders: Orders) -> None:
    for name, sample in eras():
        sample["data"]["object"]["id"] = f"cs_test_{uuid.uuid4().hex}"
        order = order_of(sample)
        assert await orders.create(order), name
        assert as_said((await stored(orders, order.id)).order) == as_said(order), name


async def some(orders: Orders, count: int, **changes: Any) -> list[str]:
    """Orders in a currency that no other test uses, and their ids in order."""
    made = [new_order(**changes) for _ in range(count)]
    for each in made:
        await orders.create(each)
    return sorted(each.id for each in made)


def ids(found: Found) -> list[str]:
    return [each.order.id for each in found.orders]


async def test_orders_are_found_by_a_field_page_by_page(orders: Orders) -> None:
    wanted = await some(orders, 5, client_reference_id=(mark := uuid.uuid4().hex))
    await some(orders, 2)
    so = [Condition(field="client_reference_id", operator="==", value=mark)]
    first = await orders.find(so, None, 3)
    assert (ids(first), first.last) == (wanted[:3], wanted[2])
    rest = await orders.find(so, first.last, 3)
    assert ids(rest) == wanted[3:]
    assert ids(await orders.find(so, rest.last, 3)) == []


async def test_orders_are_found_by_a_field_of_a_field(orders: Orders) -> None:
    email = f"{uuid.uuid4().hex}@example.com"
    (wanted,) = await some(orders, 1, customer_details={"email": email})
    found = await orders.find([Condition(field="customer.email", operator="==", value=email)], None, 10)
    assert ids(found) == [wanted]
    assert await orders.replace(found.orders[0].order, found.orders[0].version), "what is found can be replaced"


async def test_orders_are_found_by_what_a_list_holds_and_another_field(orders: Orders) -> None:
    mark = uuid.uuid4().hex
    for number, codes in enumerate([("x", "y"), ("z",), ()]):
        await orders.create(replace(new_order(client_reference_id=mark, amount_total=number), review=codes))
    so = [
        Condition(field="client_reference_id", operator="==", value=mark),
        Condition(field="review", operator="array_contains_any", value=["y", "z"]),
    ]
    found = await orders.find(so, None, 10)
    assert sorted(each.order.review for each in found.orders) == [("x", "y"), ("z",)]


async def test_orders_are_found_by_a_field_that_is_one_of_several_by_their_ids(orders: Orders) -> None:
    marks = [uuid.uuid4().hex, uuid.uuid4().hex]
    there = [each for mark in marks for each in await some(orders, 2, client_reference_id=mark)]
    await some(orders, 1)
    so = [Condition(field="client_reference_id", operator="in", value=marks)]
    first = await orders.find(so, None, 3)
    assert (ids(first), first.last) == (sorted(there)[:3], sorted(there)[2])
    assert ids(await orders.find(so, first.last, 3)) == sorted(there)[3:]


async def test_orders_are_found_by_the_states_of_their_effects(orders: Orders) -> None:
    owing = replace(new_order(), effects={"fulfill": Effect(state=EffectState.OWED, key="k")})
    await orders.create(owing)
    settled = replace(owing, id=new_order().id, effects={"fulfill": Effect(state=EffectState.DONE, key="k")})
    await orders.create(settled)
    so = [Condition(field="effect_states", operator="array_contains_any", value=["owed"])]
    found, last = set[str](), None
    while (page := await orders.find(so, last, 50)).last:
        found, last = found | set(ids(page)), page.last
    assert owing.id in found
    assert settled.id not in found


async def test_a_glance_reads_some_fields_of_every_order_page_by_page_and_no_others(
    emulated: Emulators, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", emulated.firestore)
    orders = FirestoreOrders("shared", "(default)", f"glanced-{uuid.uuid4().hex}")
    made = sorted((new_order() for _ in range(5)), key=lambda each: each.id)
    for each in made:
        await orders.create(each)
    seen, after = list[str](), None
    while page := await orders.glance(("customer.email", "metadata"), after, 2):
        assert len(page) <= 2
        wanted = {"customer": {"email": "jenny.rosen@example.com"}, "metadata": made[0].metadata}
        assert [each.document for each in page] == [wanted] * len(page)
        seen += [each.id for each in page]
        after = page[-1].id
    assert seen == [each.id for each in made]


async def test_many_orders_are_read_at_once(orders: Orders) -> None:
    there = await some(orders, 3)
    found = await orders.get_all([*there, "cs_test_nothing"])
    assert sorted(ids(found)) == there
    assert await orders.replace(found.orders[0].order, found.orders[0].version)
    assert (await orders.get_all([])).orders == ()


async def test_what_cannot_be_read_is_named_and_hides_nothing(
    emulated: Emulators, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", emulated.firestore)
    orders, mark = FirestoreOrders("shared", "(default)", "orders"), uuid.uuid4().hex
    (fine,) = await some(orders, 1, client_reference_id=mark)
    Client("shared").collection("orders").document("cs_test_~").set({"client_reference_id": mark})
    found = await orders.find([Condition(field="client_reference_id", operator="==", value=mark)], None, 10)
    assert (ids(found), found.unreadable, found.last) == ([fine], ("cs_test_~",), "cs_test_~")


async def test_a_document_written_by_hand_is_corrupt_not_a_crash(
    emulated: Emulators, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", emulated.firestore)
    orders, order_id = FirestoreOrders("shared", "(default)", "orders"), f"cs_test_{uuid.uuid4().hex}"
    Client("shared").collection("orders").document(order_id).set({"paid": "yes"})
    with pytest.raises(CorruptOrder):
        await orders.get(order_id)


async def test_a_document_over_firestores_limit_is_unstorable(
    emulated: Emulators, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", emulated.firestore)
    orders = FirestoreOrders("shared", "(default)", "orders")
    with pytest.raises(UnstorableOrder):
        await orders.create(new_order(metadata={"k": "x" * 1_100_000}))


async def test_a_store_that_does_not_answer_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", f"127.0.0.1:{free_ports(1)[0]}")
    monkeypatch.setattr("fulfillment.orders.firestore.RPC_SECONDS", 0.3)
    orders = FirestoreOrders("shared", "(default)", "orders")
    calls = (
        orders.create(new_order()),
        orders.get("cs_test_1"),
        orders.replace(new_order(), DatetimeWithNanoseconds.now(UTC)),
        orders.get_all(["cs_test_1"]),
        orders.find([], None, 1),
    )
    for call in calls:
        with pytest.raises(StoreUnavailable):
            await call


async def test_a_wrong_database_is_the_settings_fault_not_the_orders(
    emulated: Emulators, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Parking every sale for it would be the end of them: it is tried again until an operator mends it."""
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", emulated.firestore)
    with pytest.raises(StoreUnavailable):
        await FirestoreOrders("shared", "Bad DB!/x", "orders").get("cs_test_1")


@pytest.mark.parametrize("error", [NotFound, FailedPrecondition, PermissionDenied, ServiceUnavailable])
async def test_whatever_else_firestore_says_is_tried_again(
    monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    class Failing:
        def document(self, _name: str) -> Self:
            return self

        async def create(self, *_args: object) -> None:
            raise error("jenny.rosen@example.com")

    async def collection(*_args: object) -> Failing:
        return Failing()

    monkeypatch.setattr(Collection, "_collection", collection)
    with pytest.raises(StoreUnavailable) as raised:
        await FirestoreOrders("shared", "(default)", "orders").create(new_order())
    assert "jenny" not in str(raised.value)
