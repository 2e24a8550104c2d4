"""The mails, read back by the standard library: what they say, in whose notation, and what they never let in."""

import re
import shutil
from dataclasses import replace
from datetime import UTC, datetime
from email.headerregistry import Address as Mailbox
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fulfillment.domain.after_sale import Refund
from fulfillment.domain.checkout import Address, Customer, Presentment, Shipping
from fulfillment.domain.ids import Currency
from fulfillment.domain.order import Order
from fulfillment.domain.status import Status
from fulfillment.effects.mail_message import MailMessage, MailMessages
from fulfillment.errors import ConfigurationError, MailRefused
from fulfillment.presentation.templates import TEMPLATES
from support.after_sale import refund
from support.builders import HOME, bought, item, order, sent_to
from support.mails import HOSTILE_ADDRESSES, KEY, LETTERS, part, received


def plain(of: Order) -> str:
    return part(received(LETTERS.receipt(of, KEY)), "plain")


def html(of: Order) -> str:
    return part(received(LETTERS.receipt(of, KEY)), "html")


def test_a_receipt_says_what_was_bought_in_text_and_html() -> None:
    mail = received(LETTERS.receipt(order(), KEY))
    assert mail.get_content_type() == "multipart/alternative"
    assert [each.get_content_type() for each in mail.iter_parts()] == ["text/plain", "text/html"]
    for kind in ("plain", "html"):
        for said in (
            *("Notebook", "$30.00", "$15.00", "Fountain pen", "$44.00"),
            *("$74.00", "-$7.40", "$5.00", "$5.33", "$76.93", "November 23, 2026"),
            *("Jenny Rosen", "South San Francisco, CA 94080", "United States", "cs_test_a1"),
        ):
            assert said in part(mail, kind), (kind, said)


def test_the_headers_are_those_of_an_automatic_mail_from_the_shop() -> None:
    mail = received(LETTERS.receipt(order(), KEY))
    assert str(mail["From"]) == "Paper & Ink <orders@shop.example>"
    assert str(mail["To"]) == "jenny@example.com"
    assert mail["Subject"] == "Your receipt from Paper & Ink"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert abs((datetime.now(UTC) - mail["Date"].datetime).total_seconds()) < 60
    assert set(mail.keys()) == {
        *("From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type"),
    }


def test_the_message_id_follows_from_the_key_alone() -> None:
    ids = [
        received(LETTERS.receipt(order(), KEY))["Message-ID"],
        received(LETTERS.payment_failed(order(), KEY))["Message-ID"],
        received(LETTERS.refund(order(), refund(500), KEY))["Message-ID"],
    ]
    assert len(set(ids)) == 1
    assert re.fullmatch(r"<[0-9a-f]{32}@shop\.example>", ids[0])
    assert received(LETTERS.receipt(order(), "another key"))["Message-ID"] != ids[0]


def test_a_long_domain_does_not_break_the_message_id() -> None:
    domain = ".".join(["a" * 60] * 3)
    mail = received(MailMessages(Mailbox(addr_spec=f"a@{domain}"), None).receipt(order(), KEY))
    assert mail["Message-ID"].endswith(f"@{domain}>")


@pytest.mark.parametrize("customer", [None, Customer(), Customer(email="")])
def test_a_buyer_without_an_address_gets_no_mail(customer: Customer | None) -> None:
    assert LETTERS.receipt(order(customer=customer), KEY) is None
    assert LETTERS.payment_failed(order(customer=customer), KEY) is None
    assert LETTERS.refund(order(customer=customer), refund(500), KEY) is None


@pytest.mark.parametrize("email", HOSTILE_ADDRESSES)
def test_a_hostile_address_is_refused_for_good_and_not_shown(email: str) -> None:
    with pytest.raises(MailRefused, match=r"^the buyer's e-mail address must (be|have) [^<>\r\n]+$") as error:
        LETTERS.receipt(sent_to(email), KEY)
    assert "x@y.z" not in str(error.value)


@pytest.mark.parametrize(
    ("minor", "currency", "locale", "shown"),
    [
        (105050, "usd", "en", "$1,050.50"),
        (105050, "usd", "de", "1.050,50 $"),
        (105050, "jpy", "ja", "￥105,050"),
        (105050, "jpy", "en", "¥105,050"),
        (105050, "kwd", "en", "KWD 105.050"),
        (105050, "kwd", "ar", "105.050 د.ك."),
        (105000, "isk", "en", "ISK 1,050"),
        (105050, "isk", "en", "ISK 1,050.50"),
        (105000, "ugx", "en", "UGX 1,050"),
        (105050, "eur", "pt-BR", "€ 1.050,50"),
        (105050, "twd", "zh-HK", "NT$1,050.50"),
        (105050, "usd", "fr-CA", "1 050,50 $ US"),
        (105050, "usdc", "en", "USDC 1,050.50"),
    ],
)
def test_amounts_have_stripes_decimals_in_the_buyers_notation(
    minor: int, currency: str, locale: str, shown: str
) -> None:
    of = order(amount_total=minor, currency=Currency(currency), locale=locale, line_items=())
    assert shown in plain(of).replace("\u200f", "")
    assert shown in html(of).replace("\u200f", "")


@pytest.mark.parametrize(
    ("locale", "country", "date"),
    [
        ("de", "US", "23. November 2026"),
        ("en-GB", None, "23 November 2026"),
        ("zh-HK", None, "2026年11月23日"),
        ("auto", "DE", "23. November 2026"),
        (None, "BR", "23 de novembro de 2026"),
        (None, None, "November 23, 2026"),
        ("auto", "AQ", "November 23, 2026"),
        ("xx-nonsense/../..", "\n", "November 23, 2026"),
    ],
)
def test_dates_follow_the_locale_then_the_country_then_english(
    locale: str | None, country: str | None, date: str
) -> None:
    buyer = Customer(email="a@b.example", address=Address(country=country))
    assert f"Date: {date}\n" in plain(order(locale=locale, customer=buyer, shipping=None))


def test_the_country_of_delivery_serves_where_the_buyers_is_not_known() -> None:
    delivery = Shipping(address=replace(HOME, country="FR"))
    assert "23 novembre 2026" in plain(sent_to("a@b.example", locale=None, shipping=delivery))


@pytest.mark.parametrize("items", [None, ()])
def test_without_line_items_there_are_the_sums(items: Any) -> None:
    said = plain(order(line_items=items))
    assert "Total: $76.93" in said
    assert "Quantity" not in said
    assert "<thead>" not in html(order(line_items=items))


def test_what_is_zero_or_unknown_is_not_said_but_a_total_of_zero_is() -> None:
    free = order(amount_subtotal=0, amount_discount=0, amount_shipping=None, amount_tax=0, amount_total=0)
    sums = plain(free).partition("Fountain pen")[2]
    assert "Total: $0.00" in sums
    assert not re.search("Subtotal|Discount|Shipping|Tax", sums)
    nothing: dict[str, Any] = {f"amount_{name}": None for name in ("subtotal", "discount", "shipping", "tax", "total")}
    assert "Total" not in plain(order(**nothing, currency=None))


def test_a_line_item_may_lack_everything() -> None:
    bare = replace(item(None, 0), amount_subtotal=None, quantity=None, currency=None)
    assert "\N{EN DASH}\n  \N{EN DASH}\n" in plain(order(line_items=(bare,)))


@pytest.mark.parametrize(("quantity", "said"), [(None, False), (0, True), (1, True)])
def test_a_quantity_is_said_where_there_is_one_and_zero_is_one(quantity: int | None, said: bool) -> None:  # noqa: FBT001
    text = plain(order(line_items=(item("Metered", 300, quantity=quantity),)))
    assert (f"Quantity: {quantity}\n" in text, "Quantity" in text) == (said, said)


@pytest.mark.parametrize(
    ("minor", "quantity", "unit_amount", "said"),
    [
        (300, 3, 100, "Quantity: 3 · $1.00 each\n"),
        (3000, 3, None, "Quantity: 3\n"),  # graduated tiers: 15.00, 10.00 and 5.00
        (3000, 3, 1500, "Quantity: 3\n"),
        (1000, 20, 500, "Quantity: 20\n"),  # sold in packages of ten
        (100, 1, 100, "Quantity: 1\n"),
        (0, 3, 0, "Quantity: 3\n"),
        (1, 12345, None, "Quantity: 12,345\n"),
    ],
)
def test_the_price_of_one_is_said_where_the_price_says_it(
    minor: int, quantity: int, unit_amount: int | None, said: str
) -> None:
    of = bought(item("a", minor, quantity=quantity, unit_amount=unit_amount))
    assert said in plain(of)
    assert said.strip() in re.sub("<[^>]+>", "", html(of))
    assert ("each" in html(of)) is ("each" in said)


def test_an_amount_that_contradicts_the_total_is_not_said_nor_the_price_of_one() -> None:
    of = bought(item("a", 300, quantity=3, unit_amount=100), amount_subtotal=None, amount_total=400)
    assert "Quantity: 3\n  \N{EN DASH}\n" in plain(of)
    assert "Total: $4.00" in plain(of)
    assert not re.search("each|Subtotal", plain(of))


def test_tax_within_the_prices_is_said_below_the_total() -> None:
    assert "Total: $71.60\nTax (included): $5.33" in plain(order(amount_total=7160))
    assert "Tax: $5.33\nTotal: $76.93" in plain(order())


def test_what_the_buyer_paid_in_another_currency_is_said_too() -> None:
    said = plain(order(presentment=Presentment(amount=7110, currency=Currency("eur"))))
    assert "Total: $76.93\nYou paid, in your currency: €71.10" in said
    assert "your currency" not in plain(order(presentment=Presentment(amount=None, currency=Currency("eur"))))


def test_a_failed_payment_asks_for_a_new_order() -> None:
    mail = received(LETTERS.payment_failed(order(Status.PAYMENT_FAILED), KEY))
    assert mail["Subject"] == "Your payment to Paper & Ink did not come through"
    assert "please place a new order" in part(mail, "plain")
    assert "https://shop.example/?a=1&b=2" in part(mail, "plain")
    assert '<a href="https://shop.example/?a=1&amp;b=2"' in part(mail, "html")


def test_without_a_shop_url_there_is_no_link() -> None:
    letters = MailMessages(Mailbox(addr_spec="orders@shop.example"), None)
    for mail in (letters.receipt(order(), KEY), letters.payment_failed(order(), KEY)):
        assert "http" not in part(received(mail), "plain") + part(received(mail), "html")
    assert received(letters.receipt(order(), KEY))["Subject"] == "Your receipt from shop.example"


def test_nothing_is_fetched_from_elsewhere() -> None:
    assert not re.search(r"<(img|link|script|iframe)|url\(|@import|src=", html(order()))


def test_a_language_written_from_the_right_turns_the_mail() -> None:
    said = html(order(locale="ar", line_items=(item("دفتر كتّان", 100),)))
    assert '<html lang="en" dir="rtl">' in said
    assert "دفتر كتّان" in said
    assert 'dir="ltr"' in html(order(locale="ja"))


@pytest.mark.parametrize("name", ["N" * 500, "name " * 100, "👩‍👩‍👧‍👦🏴󠁧󠁢󠁥󠁮󠁧󠁿🇩🇪", "دفتر كتّان، أزرق", "\U0001d518\U0001d52b"])
def test_long_and_unusual_names_arrive_whole(name: str) -> None:
    of = order(line_items=(item(name, 100),), customer=Customer(email="a@b.example", name=name))
    assert name.strip() in plain(of)
    assert name.strip() in html(of)
    assert all(len(line) <= 998 for line in bytes(received(LETTERS.receipt(of, KEY))).splitlines())


def test_a_refund_says_how_much_of_which_order_and_when_it_arrives() -> None:
    mail = received(LETTERS.refund(order(), refund(1050), KEY))
    assert mail["Subject"] == "Your refund from Paper & Ink"
    for kind in ("plain", "html"):
        words = " ".join(part(mail, kind).split())
        for said in ("$10.50", "$76.93", "November 23, 2026", "cs_test_a1", "5 to 10 business days"):
            assert said in words, (kind, said)
        assert "Notebook" not in words


@pytest.mark.parametrize(
    ("amount", "currency", "locale", "said"),
    [
        (1050, "usd", "de", "10,50 $"),
        (1050, "jpy", "en", "¥1,050"),
        (1050, "kwd", "en", "KWD 1.050"),
        (1050, "eur", "en", "€10.50"),
    ],
)
def test_a_refunds_amount_is_in_its_own_currency_and_the_buyers_notation(
    amount: int, currency: str, locale: str, said: str
) -> None:
    mail = received(LETTERS.refund(order(locale=locale), refund(amount, currency=currency), KEY))
    assert f"Refund: {said}\n" in part(mail, "plain")
    assert said in part(mail, "html")


@pytest.mark.parametrize("of", [refund(None), refund(1050, currency=None)])
def test_a_refund_of_an_unknown_amount_names_none(of: Refund) -> None:
    mail = received(LETTERS.refund(order(amount_total=None), of, KEY))
    for kind in ("plain", "html"):
        assert "We have refunded money to you." in part(mail, kind)
        assert not re.search(r"None|\$|10[.,]50", part(mail, kind))


def with_templates(folder: Path, files: dict[str, str | None], *, refunds: bool = False) -> MailMessages:
    """Writes with the product's templates and these, or without those whose text is None."""
    shutil.copytree(TEMPLATES, folder, dirs_exist_ok=True)
    for name, text in files.items():
        (folder / name).unlink() if text is None else (folder / name).write_text(text)
    sender = Mailbox(display_name="Paper & Ink", addr_spec="orders@shop.example")
    return MailMessages(sender, None, folder, refunds=refunds)


def test_a_users_templates_come_first_in_the_buyers_language(tmp_path: Path) -> None:
    words = "Subject: {} für {{{{ order.customer.name }}}}\n\nDanke"
    letters = with_templates(tmp_path, {f"receipt.{tag}.txt": words.format(tag) for tag in ("de", "pt", "pt-BR")})

    def subject(locale: str, name: str = "Jörg") -> str:
        buyer = Customer(email="a@b.example", name=name)
        return str(received(letters.receipt(order(locale=locale, customer=buyer), KEY))["Subject"])

    assert [subject("de"), subject("pt-BR"), subject("pt")] == ["de für Jörg", "pt-BR für Jörg", "pt für Jörg"]
    assert subject("fr") == "Your receipt from Paper & Ink"
    assert subject("de", "J\r\nBcc: x@y.z\u2028\x00") == "de für J Bcc: x@y.z"


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("receipt.txt", None, "templates/receipt.txt: TemplateNotFound"),
        ("receipt.de.html", "a\n{% if %}", "templates/receipt.de.html, line 2: TemplateSyntaxError"),
    ],
)
def test_a_template_that_cannot_be_read_is_named_at_start(
    tmp_path: Path, name: str, text: str | None, said: str
) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(said)):
        with_templates(tmp_path, {name: text})


OLDER: dict[str, str | None] = {"refund.txt": None, "refund.html": None}


def test_a_shop_whose_templates_are_older_than_the_refund_writes_its_other_mails(tmp_path: Path) -> None:
    letters = with_templates(tmp_path, OLDER)
    assert received(letters.receipt(order(), KEY))["Subject"] == "Your receipt from Paper & Ink"


def test_with_mails_on_refunds_a_missing_template_is_named_at_start(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"templates/refund\.(txt|html): TemplateNotFound"):
        with_templates(tmp_path, OLDER, refunds=True)


HEADERS = set(received(LETTERS.receipt(order(), KEY)).keys())
BREAKS = ["\r\n", "\n", "\r", "\x00", "\x85", "\u2028", "\u2029", "\u202e", "\u2066", "\ud800", "\r\n\r\n"]
MARKUP = ["<script>", '"', "'", "&", "</td>", "{{ 7*7 }}", "{% raw %}", "=?utf-8?q?x?=", "Bcc: x@y.z", "🖋️", "a", " "]
hostile = st.lists(st.sampled_from([*BREAKS, *MARKUP]) | st.text(max_size=5), max_size=8).map("".join)


class Shape(HTMLParser):
    """The tags of a page with their attributes, whatever text is between them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, list[tuple[str, str | None]]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, attrs))


def named(text: str) -> Order:
    buyer = Customer(email="jenny@example.com", name=text, address=Address(country=text))
    delivery = Shipping(name=f"n{text}", address=Address(line1=f"l{text}", city=f"c{text}"))
    changes: dict[str, Any] = {"customer": buyer, "shipping": delivery, "client_reference_id": text}
    return order(line_items=(item(f"i{text}", 100),), metadata={text: [text, {"a": text}]}, **changes)


def write_refund(of: Order, key: str) -> MailMessage | None:
    return LETTERS.refund(of, refund(1050), key)


WRITERS = (("receipt", LETTERS.receipt), ("payment_failed", LETTERS.payment_failed), ("refund", write_refund))
SHAPES = {letter: Shape(part(received(write(named("x"), KEY)), "html")).tags for letter, write in WRITERS}


@given(hostile)
def test_no_name_and_no_metadata_make_a_header_a_line_or_a_tag(text: str) -> None:
    for letter, write in WRITERS:
        mail = received(write(named(text), KEY))
        assert set(mail.keys()) == HEADERS
        assert str(mail["To"]) == "jenny@example.com"
        assert not mail.defects
        page, words = part(mail, "html"), part(mail, "plain")
        assert Shape(page).tags == SHAPES[letter]
        assert not re.search("[\x00\r\x85\u2028\u2029\u202a-\u202e\u2066-\u2069]", page + words)
        assert len(words.splitlines()) == len(part(received(write(named("x"), KEY)), "plain").splitlines())


@pytest.fixture(scope="module")
def named_in_subject(tmp_path_factory: pytest.TempPathFactory) -> MailMessages:
    subject = "Subject: {{ order.customer.name }} {{ order.metadata }} {{ items[0].name }}"
    return with_templates(tmp_path_factory.mktemp("templates"), {"receipt.txt": f"{subject}\n\nbody"})


@given(hostile)
def test_a_subject_may_hold_any_name(named_in_subject: MailMessages, text: str) -> None:
    mail = received(named_in_subject.receipt(named(text), KEY))
    assert set(mail.keys()) == HEADERS
    assert part(mail, "plain") == "body\n"
