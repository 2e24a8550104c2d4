"""What was bought, compared with what was paid."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

import hooks
from fulfillment.domain.erasure import erase
from fulfillment.domain.ids import Currency, Id
from fulfillment.domain.items import DOUBTS, read_page, with_line_items
from fulfillment.domain.order import LineItem, Order
from fulfillment.domain.shape import ShapeError
from fulfillment.domain.transitions import apply
from local.fakes.stripe_events import COMPLETED, event, line_item, session
from support.builders import NOW, order_of, paid_order, parsed
from support.samples import json_values

AMOUNTS = ("amount_subtotal", "amount_discount", "amount_tax", "amount_total")
USD, EUR = Currency("usd"), Currency("eur")
amounts = st.none() | st.integers(-5, 5)
codes = st.sampled_from([None, USD, EUR])
bought = st.lists(
    st.builds(LineItem, id=st.sampled_from(["li_1", "li_2", "li_3"]), amount_subtotal=amounts, currency=codes),
    max_size=4,
).map(tuple)


def order(**changes: object) -> Order:
    return paid_order("cs_test_a1", **changes)


def item(amount: int | None = 3000, currency: Currency | None = USD) -> LineItem:
    return LineItem(id="li_1", amount_subtotal=amount, currency=currency)


orders = st.builds(
    lambda amount, currency, review: replace(
        order(), amount_subtotal=amount, currency=currency, review=tuple(sorted(review))
    ),
    amounts,
    codes,
    st.sets(st.sampled_from(["amounts_differ", "currency_differs", "failed_and_paid", "unknown_mode"])),
)


def test_items_that_add_up_are_stored_without_a_doubt() -> None:
    items = (item(1000), item(2000))
    after = with_line_items(order(), items)
    assert (after.line_items, after.review) == (items, ())


@pytest.mark.parametrize("items", [(item(2999),), (item(), item(1)), ()])
def test_items_that_do_not_add_up_are_stored_under_review(items: tuple[LineItem, ...]) -> None:
    after = with_line_items(order(), items)
    assert (after.line_items, after.review) == (items, ("amounts_differ",))


def test_an_item_in_another_currency_is_stored_under_review() -> None:
    assert with_line_items(order(), (item(currency=EUR),)).review == ("currency_differs",)


@pytest.mark.parametrize("doubt", ["amounts_differ", "currency_differs"])
def test_items_that_agree_with_the_payment_settle_what_was_doubted_about_them_and_nothing_else(doubt: str) -> None:
    doubted = replace(order(), review=(doubt, "unknown_mode"))
    assert with_line_items(doubted, (item(3000),)).review == ("unknown_mode",)


@pytest.mark.parametrize(
    ("checkout", "items"),
    [
        ({"amount_subtotal": None}, (item(1),)),
        ({"currency": None}, (item(currency=EUR),)),
        ({}, (item(1), item(None))),
        ({}, (item(currency=None),)),
    ],
)
def test_an_unknown_amount_or_currency_contradicts_nothing(
    checkout: dict[str, object], items: tuple[LineItem, ...]
) -> None:
    assert with_line_items(order(**checkout), items).review == ()


def test_a_free_order_without_items_adds_up() -> None:
    assert with_line_items(order(amount_subtotal=0), ()).review == ()


@given(orders, bought)
def test_doing_it_again_changes_nothing(before: Order, items: tuple[LineItem, ...]) -> None:
    once = with_line_items(before, items)
    assert with_line_items(once, items) == once


@given(orders, bought)
def test_no_other_doubt_is_taken_back_and_nothing_else_is_touched(before: Order, items: tuple[LineItem, ...]) -> None:
    after = with_line_items(before, items)
    assert set(before.review) - DOUBTS <= set(after.review)
    assert list(after.review) == sorted(set(after.review))
    assert replace(after, line_items=before.line_items, review=before.review) == before


@given(orders, bought, st.randoms())
def test_the_order_of_the_items_decides_nothing(before: Order, items: tuple[LineItem, ...], random: object) -> None:
    shuffled = list(items)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert with_line_items(before, tuple(shuffled)).review == with_line_items(before, items).review


@pytest.mark.parametrize("name", ["amount_subtotal", "amount_total"])
def test_a_negative_amount_is_impossible(name: str) -> None:
    assert order(**{name: -1}).review == ("impossible_amount",)
    assert order(**{name: 0}).review == ()


@pytest.mark.parametrize("name", ["amount_discount", "amount_shipping", "amount_tax"])
def test_a_negative_part_of_the_total_is_impossible(name: str) -> None:
    assert order(total_details={name: -1}).review == ("impossible_amount",)


def test_a_page_is_read_whole() -> None:
    said = line_item(1500, 2)
    page = read_page({"object": "list", "data": [said], "has_more": True, "url": "/v1"})
    (read,) = page.items
    assert (read.id, read.amount_total, read.product) == (said["id"], 3000, said["price"]["product"])
    assert page.has_more


def test_whatever_stripe_does_not_know_of_an_item_is_null() -> None:
    whole = line_item(1500, 2, description="Mug")
    for name in ("description", "quantity", "currency", "price", *AMOUNTS):
        (read,) = read_page({"data": [whole | {name: None}], "has_more": False}).items
        assert getattr(read, name) is None
    no_product = whole | {"price": {"id": "price_1", "product": None}}
    (read,) = read_page({"data": [no_product], "has_more": False}).items
    assert (read.price, read.product) == ("price_1", None)


def test_every_field_of_an_item_has_its_place() -> None:
    said: dict[str, object] = {name: minor for minor, name in enumerate(AMOUNTS)}
    said |= {"id": "li_1", "description": "Mug", "quantity": 7, "currency": "usd"}
    said |= {"metadata": {"color": "red"}}
    price = {"id": "p_1", "product": "prod_1", "lookup_key": "mug", "unit_amount": 5, "currency": "usd"}
    (read,) = read_page({"data": [said | {"price": price}], "has_more": False}).items
    assert vars(read) == said | {
        "price": "p_1",
        "product": "prod_1",
        "lookup_key": "mug",
        "unit_amount": 5,
        "unknown": {},
    }


@pytest.mark.parametrize(
    ("price", "unit_amount"),
    [
        ({}, 5),
        ({"currency": None}, 5),
        ({"unit_amount": None}, None),
        ({"unit_amount": 0}, 0),
        ({"currency": "eur"}, None),
    ],
)
def test_the_unit_amount_is_the_prices_own_in_the_currency_of_the_item(
    price: dict[str, object], unit_amount: int | None
) -> None:
    said = line_item(currency="usd")
    said["price"] = {"id": "p_1", "currency": "usd", "unit_amount": 5} | price
    (read,) = read_page({"data": [said], "has_more": False}).items
    assert read.unit_amount == unit_amount


def test_what_stripe_does_not_know_of_an_item_may_be_null() -> None:
    price = {"id": "p_1"} | dict.fromkeys(("product", "lookup_key", "currency", "unit_amount"))
    said = {"id": "li_1", "price": price} | dict.fromkeys((*AMOUNTS, "description", "quantity", "currency", "metadata"))
    (read,) = read_page({"data": [said], "has_more": False}).items
    assert read == LineItem(id="li_1", price=Id("p_1"))


@pytest.mark.parametrize("keep", [[], ["color"]])
def test_what_is_written_on_an_item_goes_with_its_buyer_also_where_it_is_read_later(keep: list[str]) -> None:
    items = (replace(item(), metadata={"color": "red", "engraving": "For Jenny"}),)
    bought = order(metadata={"color": "", "note": "Jenny"})
    kept = dict.fromkeys(keep, "red")
    for erased in (
        erase(with_line_items(bought, items), NOW, keep),
        with_line_items(erase(bought, NOW, keep), items),
    ):
        assert [each.metadata for each in erased.line_items or ()] == [kept]


def test_a_page_that_is_empty_and_not_the_last_is_no_page() -> None:
    with pytest.raises(ShapeError, match="^data: empty"):
        read_page({"data": [], "has_more": True})


@given(json_values | st.fixed_dictionaries({"data": json_values, "has_more": st.booleans()}))
def test_any_answer_is_a_page_or_a_shape_error(answer: object) -> None:
    try:
        page = read_page(answer)
    except ShapeError:
        return
    assert page.items or not page.has_more


@pytest.mark.parametrize("loaded_after", [0, 1])
def test_the_verdict_does_not_depend_on_which_twin_was_there_when_the_items_were_read(loaded_after: int) -> None:
    twins = [
        event(COMPLETED, session("cs_test_a1", amount_subtotal=subtotal), id=event_id)
        for event_id, subtotal in (("evt_b", 1500), ("evt_a", 9000))
    ]
    items = (LineItem(id="li_1", amount_subtotal=1500),)
    now = order_of(twins[0])
    now = with_line_items(now, items) if loaded_after == 0 else now
    now = apply(now, parsed(twins[1])).order
    now = with_line_items(now, items) if loaded_after == 1 else now
    assert (now.amount_subtotal, now.review) == (9000, ("amounts_differ",))


@pytest.mark.parametrize(
    ("item", "label"),
    [
        (LineItem(id="li_1", description="Mug", quantity=2), "2 x Mug"),
        (LineItem(id="li_1", description="Mug", quantity=0), "0 x Mug"),
        (LineItem(id="li_1", description="Metered"), "Metered"),
        (LineItem(id="li_1", quantity=1, product=Id("prod_1")), "1 x prod_1"),
        (LineItem(id="li_1"), "li_1"),
    ],
)
def test_an_items_label_has_a_number_where_there_is_one(item: LineItem, label: str) -> None:
    assert item.label == label


def test_the_hook_that_is_delivered_prints_no_number_where_there_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    items = tuple(LineItem(id="li_1", description="Mug", quantity=quantity) for quantity in (None, 0, 2))
    hooks.fulfill(replace(order(), line_items=items), "key")
    shipped = [line for line in capsys.readouterr().out.splitlines() if line.startswith("ship")]
    assert shipped == [f"ship {words} for order cs_test_a1" for words in ("Mug", "0 x Mug", "2 x Mug")]
