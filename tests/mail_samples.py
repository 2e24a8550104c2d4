"""Orders for mails, and mails read back by the standard library."""

import re
from datetime import UTC, datetime
from email import message_from_string
from email.headerregistry import Address as Mailbox
from email.message import EmailMessage
from email.policy import default
from typing import Any, SupportsBytes

from fulfillment.domain.checkout import Address, Customer, Shipping
from fulfillment.domain.ids import Currency, SessionId
from fulfillment.domain.order import LineItem, Order, Seen
from fulfillment.domain.status import Status
from fulfillment.effects.mail_message import MailMessages

AT = datetime(2026, 11, 23, 12, tzinfo=UTC)
KEY = "cs_test_a1:send_receipt"
LETTERS = MailMessages(
    Mailbox(display_name="Paper & Ink", addr_spec="orders@shop.example"), "https://shop.example/?a=1&b=2"
)
HOME = Address(line1="354 Oyster Point Blvd", city="South San Francisco", state="CA", postal_code="94080", country="US")

HOSTILE_ADDRESSES = [
    "a@b.c\r\nBcc: x@y.z",
    "a@b.c\nBcc: x@y.z",
    "a@b, c@d",
    "a@b;c@d",
    "a@b.c c@d.e",
    "<a@b.c>",
    "A <a@b.c>",
    '"a b@c.d',
    '"a\r\nBcc: x@y.z"@c.d',
    '"a\tb"@c.d',
    'a"b"c@d.e',
    "=?utf-8?q?x=40y.z=3E?=@b.c",
    "a(comment)@b.c",
    "a@b.c\x00",
    "a@b\u2028.c",
    "a\u202e@b.c",
    "a@@b.c",
    "a@b@c.d",
    "a@b..c",
    "a@-b.c",
    "a@[127.0.0.1]",
    "a@127.0.0.1",
    "a@b.c\N{FULLWIDTH COMMA}x@y.z",
    "a@b\N{FULLWIDTH COMMERCIAL AT}c.d",
    "@b.c",
    "a@",
    " ",
    "\ud800@b.c",
    f"{'a' * 65}@b.c",
    f"a@{'b.' * 130}c",
]


def order(claim: Status = Status.PAID, **changes: Any) -> Order:
    """Two notebooks and a pen for 76.93 USD, and what is changed about it."""
    seen = Seen(type="checkout.session.completed", claim=claim, created=AT, received_at=AT)
    fields: dict[str, Any] = {
        "id": SessionId("cs_test_a1"),
        "payment_status": "paid",
        "mode": "payment",
        "livemode": False,
        "amount_subtotal": 7400,
        "amount_discount": 740,
        "amount_shipping": 500,
        "amount_tax": 533,
        "amount_total": 7693,
        "currency": Currency("usd"),
        "locale": "en",
        "customer": Customer(email="jenny@example.com", name="Jenny Rosen", address=HOME),
        "shipping": Shipping(name="Jenny Rosen", address=HOME),
        "line_items": (item("Notebook", 3000, quantity=2, unit_amount=1500), item("Fountain pen", 4400)),
        "events": {"evt_1": seen},
        "created_at": AT,
        "updated_at": AT,
    }
    return Order(**(fields | changes))


def item(
    name: str | None, minor: int, currency: str = "usd", quantity: int | None = 1, unit_amount: int | None = None
) -> LineItem:
    """A line item of that name and amount."""
    money: dict[str, Any] = {"amount_subtotal": minor, "unit_amount": unit_amount, "currency": Currency(currency)}
    return LineItem(id="li_1", description=name, quantity=quantity, **money)


def bought(*items: LineItem, **changes: Any) -> Order:
    """An order of those items alone, without discount, shipping and tax."""
    subtotal = sum(each.amount_subtotal or 0 for each in items)
    nothing = dict.fromkeys(("amount_discount", "amount_shipping", "amount_tax"), 0)
    sums: dict[str, Any] = {**nothing, "amount_subtotal": subtotal, "amount_total": subtotal, **changes}
    return order(line_items=items, currency=items[0].currency, **sums)


def sent_to(email: str | None, **changes: Any) -> Order:
    """An order of a buyer with that address."""
    return order(customer=Customer(email=email), **changes)


def read(raw: bytes) -> EmailMessage:
    """A mail as its receiver's program reads it."""
    mail = message_from_string(raw.decode(), policy=default)  # as bytes Python reads no UTF-8 in headers
    assert isinstance(mail, EmailMessage)
    return mail


def received(message: SupportsBytes | None) -> EmailMessage:
    """The mail after its way over the wire."""
    assert message is not None
    return read(bytes(message))


def part(mail: EmailMessage, kind: str) -> str:
    """The mail's text, of the kind `plain` or `html`, with ordinary ends of lines and ordinary spaces."""
    body = mail.get_body((kind,))
    assert body is not None
    return re.sub("[\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}]", " ", str(body.get_content()).replace("\r\n", "\n"))
