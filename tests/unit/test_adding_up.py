"""Every receipt and page adds up: what they print is read back and added, in mail, page, and templates of before."""

import json
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.headerregistry import Address as Mailbox
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fulfillment.domain.buyer_view import BuyerStatus, BuyerView
from fulfillment.domain.checkout import Presentment, ShippingCost
from fulfillment.domain.ids import Currency
from fulfillment.domain.order import LineItem, Order
from fulfillment.effects.mail_message import MailMessages
from fulfillment.order_status.page import Page
from fulfillment.order_status.settings import OrderStatusSettings
from fulfillment.order_status.status_page import StatusPage
from fulfillment.presentation.templates import TEMPLATES
from support.builders import order
from support.mails import KEY, LETTERS, part, received

SUMMANDS = ("Subtotal", "Discount", "Shipping", "Tax")
BEFORE = """Subject: Receipt

{% for each in items %}
{{ each.name or "-" }}
  {{ each.amount or "-" }}
{% endfor %}
{% for label, amount in (("Subtotal", totals.subtotal), ("Discount", totals.discount), ("Shipping", totals.shipping), ("Tax (included)" if totals.tax_included else "Tax", totals.tax), ("Total", totals.total)) if amount %}
{{ label }}: {{ amount }}
{% endfor %}
"""  # noqa: E501
"""A template that a shop wrote before there was `totals.included_tax`."""
PAGE = StatusPage(OrderStatusSettings.load({"GOOGLE_CLOUD_PROJECT": "shop", "STRIPE_LIVEMODE": "false"}))


_CELL = r"((?:(?!</?t[hd]).)*)</t[hd]>"
ROW = re.compile(rf"<t[hd][^>]*>{_CELL}\s*<td[^>]*>{_CELL}\s*</tr>", re.DOTALL)


@dataclass(frozen=True)
class Printed:
    """What a buyer reads: the items' amounts, none where there is a dash, and the sums by their words."""

    items: list[int | None]
    sums: Mapping[str, int]

    def check(self) -> None:
        if "Subtotal" in self.sums:
            goal: int | None = self.sums["Subtotal"]
            assert sum(self.sums.get(word, 0) for word in SUMMANDS) == self.sums["Total"]
        else:
            goal = self.sums.get("Total")
            assert not {*SUMMANDS, "Tax (included)"} & set(self.sums)
        known = [each for each in self.items if each is not None]
        if goal is not None and known and len(known) == len(self.items):
            assert sum(known) == goal


def minor(text: str) -> int | None:
    """An amount with all its decimals as the whole number of minor units; None for a dash."""
    digits = re.sub(r"\D", "", text)
    return (-int(digits) if re.search("[-\N{MINUS SIGN}]", text) else int(digits)) if digits else None


def in_words(text: str) -> Printed:
    said = [line for line in text.splitlines() if line.startswith("  ") and "Quantity" not in line]
    sums = re.findall(r"^(Subtotal|Discount|Shipping|Tax|Tax \(included\)|Total): (.*)$", text, re.MULTILINE)
    return Printed([minor(line) for line in said], {word: minor(amount) or 0 for word, amount in sums})


def in_html(page: str) -> Printed:
    rows = ROW.findall(page)
    cells = [tuple(re.sub("<[^>]+>", "", cell).strip() for cell in row) for row in rows]
    sums = {word: minor(amount) or 0 for word, amount in cells if word in {*SUMMANDS, "Tax (included)", "Total"}}
    return Printed([minor(amount) for word, amount in cells if word.startswith("item")], sums)


def in_json(told: Mapping[str, Any]) -> Printed:
    """What a shop's own page can make of it, without any rule of its own."""
    words = {"subtotal": "Subtotal", "discount": "Discount", "shipping": "Shipping", "tax": "Tax", "total": "Total"}
    words |= {"included_tax": "Tax (included)"}
    sums = {word: told[name]["minor_units"] for name, word in words.items() if told[name]}
    amounts = [each["amount"] and each["amount"]["minor_units"] for each in told["items"] or ()]
    # A zero needs no line in print.
    return Printed(amounts, {word: part for word, part in sums.items() if part or word in {"Subtotal", "Total"}})


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> MailMessages:
    folder: Path = tmp_path_factory.mktemp("templates")
    shutil.copytree(TEMPLATES, folder, dirs_exist_ok=True)
    (folder / "receipt.txt").write_text(BEFORE)
    return MailMessages(Mailbox(addr_spec="orders@shop.example"), None, folder)


def everywhere(of: Order, before: MailMessages) -> Iterator[Printed]:
    """As a mail's text, as its HTML, on the page and as its JSON; then in a template of before."""
    mail = received(LETTERS.receipt(of, KEY))
    yield in_words(part(mail, "plain"))
    yield in_html(part(mail, "html"))
    page = Page(view=BuyerView(status=BuyerStatus.PAID, checkout=of), http_status=200)
    yield in_html(bytes(PAGE.answer(page, {}).body).decode())
    yield in_json(json.loads(bytes(PAGE.answer(page, {"accept": "application/json"}).body)))
    yield in_words(part(received(before.receipt(of, KEY)), "plain"))


currencies = st.sampled_from(["usd", "eur", "jpy", "kwd"]).map(Currency)
locales = st.sampled_from(["en", "de", "pt", "fr", "sv", "ja", "es-419", "hi-IN"])
cents = st.integers(0, 2000) | st.integers(0, 10**9)


@st.composite
def taxed(draw: st.DrawFn) -> tuple[int, int, int, int]:
    """The price before discount and tax, the discount, the tax within what is left of it, and the tax on top."""
    price = draw(cents)
    discount = draw(st.integers(0, price))
    tax = draw(st.integers(0, price - discount))
    return (price, discount, tax, 0) if draw(st.booleans()) else (price, discount, 0, tax)


@given(st.lists(taxed(), max_size=4), taxed(), currencies, locales)
def test_any_mix_of_taxes_discounts_and_shipping_adds_up(
    before: MailMessages, items: list[Any], freight: Any, currency: Currency, locale: str
) -> None:
    shipping, _, inside, on_top = freight
    discount, contained, added = (sum(each[index] for each in items) for index in (1, 2, 3))
    subtotal = sum(each[0] for each in items)
    total = subtotal - discount + added + shipping + on_top
    cost = ShippingCost(amount_subtotal=shipping, amount_tax=inside + on_top, amount_total=shipping + on_top)
    of = order(
        line_items=tuple(
            LineItem(
                id="li_1",
                description=f"item {index}",
                quantity=1,
                currency=currency,
                amount_subtotal=price,
                amount_discount=less,
                amount_tax=within + beside,
                amount_total=price - less + beside,
            )
            for index, (price, less, within, beside) in enumerate(items)
        ),
        currency=currency,
        locale=locale,
        shipping=None,
        shipping_cost=cost,
        amount_subtotal=subtotal,
        amount_discount=discount,
        amount_shipping=shipping,
        amount_tax=contained + added + inside + on_top,
        amount_total=total,
    )
    *ours, theirs = everywhere(of, before)
    for printed in ours:
        printed.check()
        assert printed.items == [each[0] for each in items]
        assert printed.sums["Total"] == total
        assert printed.sums.get("Discount", 0) == -discount
        assert printed.sums.get("Shipping", 0) == shipping
        assert printed.sums.get("Tax", 0) == added + on_top
        assert printed.sums.get("Tax (included)", 0) == contained + inside
    theirs.check()


few = st.none() | st.integers(-2, 12)
anything = st.builds(
    LineItem,
    id=st.just("li_1"),
    description=st.just("item"),
    quantity=few,
    currency=st.none() | st.sampled_from(["usd", "eur"]).map(Currency),
    unit_amount=few,
    **{f"amount_{name}": few for name in ("subtotal", "discount", "tax", "total")},
)


@given(
    st.none() | st.lists(anything, max_size=3).map(tuple),
    st.fixed_dictionaries({f"amount_{name}": few for name in ("subtotal", "discount", "shipping", "tax", "total")}),
    st.none() | st.builds(ShippingCost, amount_subtotal=few, amount_tax=few, amount_total=few),
    st.none() | st.builds(Presentment, amount=few, currency=currencies),
)
def test_whatever_stripe_says_nothing_printed_contradicts_the_total(
    before: MailMessages, items: Any, amounts: Any, cost: Any, presentment: Any
) -> None:
    of = order(line_items=items, shipping=None, shipping_cost=cost, presentment=presentment, **amounts)
    for printed in everywhere(of, before):
        printed.check()
        assert ("Total" in printed.sums) is (of.amount_total is not None)
        assert printed.sums.get("Total") == of.amount_total


def test_tax_on_the_goods_and_tax_within_the_shipping_are_told_apart(before: MailMessages) -> None:
    chair = LineItem(id="li_1", description="item", amount_subtotal=10000, amount_tax=1900, amount_total=11900)
    amounts: dict[str, Any] = {"subtotal": 10000, "discount": 0, "shipping": 1000, "tax": 2060, "total": 12900}
    of = order(
        line_items=(chair,),
        currency=Currency("eur"),
        shipping_cost=ShippingCost(amount_subtotal=1000, amount_tax=160, amount_total=1000),
        shipping=None,
        **{f"amount_{name}": each for name, each in amounts.items()},
    )
    *ours, theirs = everywhere(of, before)
    parts = {"Subtotal": 10000, "Shipping": 1000, "Tax": 1900, "Total": 12900}
    assert [each.sums for each in ours] == [{**parts, "Tax (included)": 160}] * 4
    assert theirs.sums == parts


@pytest.mark.parametrize("parts", [("discount",), ("shipping",), ("tax",), ("discount", "shipping", "tax")])
def test_of_unknown_parts_the_total_alone_is_told(before: MailMessages, parts: tuple[str, ...]) -> None:
    unknown: dict[str, Any] = {f"amount_{name}": None for name in parts}
    for printed in everywhere(order(shipping=None, **unknown), before):
        assert printed.sums == {"Total": 7693}
