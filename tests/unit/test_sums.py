"""Which parts of a total are told: those that add up to it."""

from dataclasses import replace
from typing import Any

import pytest

from fulfillment.domain.checkout import ShippingCost
from fulfillment.domain.ids import Currency
from fulfillment.domain.order import LineItem
from fulfillment.domain.sums import Sums, amount, items_add_up, sums
from support.builders import order


def of(subtotal: Any, discount: Any, shipping: Any, tax: Any, total: Any, **more: Any) -> Any:
    names = ("subtotal", "discount", "shipping", "tax", "total")
    amounts = zip(names, (subtotal, discount, shipping, tax, total), strict=True)
    fields: dict[str, Any] = {"line_items": None, **{f"amount_{name}": each for name, each in amounts}}
    return order(**(fields | more))


def item(subtotal: int | None, total: int | None = None, discount: int | None = 0, currency: str = "usd") -> LineItem:
    money: dict[str, Any] = {"amount_subtotal": subtotal, "amount_total": total, "amount_discount": discount}
    return LineItem(id="li_1", **money, currency=Currency(currency))


@pytest.mark.parametrize(
    ("told", "added", "contained"),
    [
        ((100, 0, 0, 19, 119), 19, 0),
        ((119, 0, 0, 19, 119), 0, 19),
        ((100, 0, 10, 21, 129), 19, 2),
        ((100, 20, 10, 17, 107), 17, 0),
        ((100, 100, 0, 0, 0), 0, 0),
        ((100, None, None, None, 100), 0, 0),
        ((0, 0, 0, 0, 0), 0, 0),
    ],
)
def test_what_is_beyond_the_other_parts_is_the_tax_on_top(told: tuple[Any, ...], added: int, contained: int) -> None:
    subtotal, discount, shipping, *_ = told
    parts = {"subtotal": subtotal, "discount": discount or 0, "shipping": shipping or 0}
    assert sums(of(*told)) == Sums(**parts, added_tax=added, contained_tax=contained)


@pytest.mark.parametrize(
    "told",
    [
        (None, 0, 0, 0, 100),
        (100, 0, 0, 0, None),
        (100, None, None, None, 119),
        (100, 0, 0, 19, 120),
        (100, 0, 0, 19, 99),
        (100, 0, 0, None, 101),
        (100, -1, 0, 0, 101),
        (100, 0, -1, 0, 99),
        (100, 0, 0, -1, 99),
    ],
)
def test_parts_that_do_not_add_up_are_none(told: tuple[Any, ...]) -> None:
    assert sums(of(*told)) is None


FIVE_ADDED = (item(100, 105), item(50, 50))


@pytest.mark.parametrize(
    ("total", "items", "cost", "adds_up"),
    [
        (155, FIVE_ADDED, None, True),
        (157, FIVE_ADDED, None, True),  # each of two may be rounded
        (153, FIVE_ADDED, None, True),
        (158, FIVE_ADDED, None, False),  # a tip, not tax
        (152, FIVE_ADDED, None, False),
        (160, (item(100, None), item(50, 50)), None, True),
        (160, (item(None, 100), item(50, 50)), None, True),
        (155, (item(100, 95, 10), item(50, 50, None)), None, True),
        (160, (), None, True),
        (160, None, None, True),
    ],
)
def test_more_than_the_tax_of_the_items_is_no_tax(total: int, items: Any, cost: Any, *, adds_up: bool) -> None:
    assert (sums(of(150, 0, 0, 20, total, line_items=items, shipping_cost=cost)) is not None) is adds_up


@pytest.mark.parametrize(
    ("cost", "adds_up"),
    [
        (ShippingCost(amount_subtotal=10, amount_tax=2, amount_total=12), True),
        (ShippingCost(amount_subtotal=10, amount_tax=9, amount_total=19), False),
        (ShippingCost(amount_subtotal=10), True),
        (ShippingCost(amount_total=12), True),
        (None, True),
    ],
)
def test_the_tax_of_the_shipping_counts_too(cost: ShippingCost | None, *, adds_up: bool) -> None:
    told = of(150, 0, 10, 20, 167, line_items=FIVE_ADDED, shipping_cost=cost)
    assert (sums(told) is not None) is adds_up
    assert sums(replace(told, amount_shipping=0, amount_total=155)) is not None


@pytest.mark.parametrize(("total", "adds_up"), [(163, False), (164, True), (170, True), (171, False)])
def test_two_items_and_the_shipping_may_be_rounded_by_one_each(total: int, *, adds_up: bool) -> None:
    cost = ShippingCost(amount_subtotal=10, amount_tax=2, amount_total=12)
    told = of(150, 0, 10, 20, total, line_items=FIVE_ADDED, shipping_cost=cost)
    assert (sums(told) is not None) is adds_up


def test_an_item_costs_what_it_does_before_discounts_where_that_is_known() -> None:
    assert amount(item(100, 90)) == 100
    assert amount(item(0, 90)) == 0
    assert amount(item(None, 90)) == 90
    assert amount(item(None)) is None


@pytest.mark.parametrize(
    ("told", "items", "add_up"),
    [
        ((100, 0, 0, 19, 119), (item(60), item(40)), True),
        ((100, 0, 0, 19, 119), (item(60), item(59)), False),
        ((100, 0, 0, 19, 119), (item(60), item(None, 40)), True),
        ((100, 0, 0, 19, 119), (item(60), item(None)), True),
        ((100, 0, 0, 0, 119), (item(60), item(40)), False),
        ((100, 0, 0, 0, 119), (item(60), item(59)), True),
        ((100, 0, 0, 0, None), (item(60), item(40)), True),
        ((100, 0, 0, 0, None), (item(60), item(41)), False),
        ((None, 0, 0, 0, None), (item(60), item(41)), True),
        ((100, 0, 0, 0, 100), (item(60), replace(item(40), currency=None)), True),
        ((100, 0, 0, 0, 100), (item(60), item(40, currency="eur")), False),
        ((100, 0, 0, 0, 100), (item(60, currency="eur"), item(40, currency="eur")), False),
        ((100, 0, 0, 0, None), (item(60, currency="eur"), item(40)), False),
        ((100, 0, 0, 0, 100), (), False),
        ((100, 0, 0, 0, 100), None, False),
    ],
)
def test_items_lead_to_the_subtotal_or_else_to_the_total(told: tuple[Any, ...], items: Any, *, add_up: bool) -> None:
    assert items_add_up(of(*told, line_items=items)) is add_up


def test_items_have_their_own_currency_where_the_order_has_none() -> None:
    assert items_add_up(of(100, 0, 0, 0, 100, line_items=(item(60), item(40)), currency=None))
    assert not items_add_up(of(100, 0, 0, 0, 100, line_items=(item(60), item(40, currency="eur")), currency=None))
