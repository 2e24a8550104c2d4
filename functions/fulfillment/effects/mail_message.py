"""Writes the mail messages of an order, from the templates and the order's data.

Texts of buyers and products reach the templates on one line and, in HTML, escaped. Only the header `Subject` may hold
such a text, folded and encoded (`mail_headers`). `To` holds only a validated address.
"""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path
from typing import Any

from fulfillment.domain.after_sale import Refund
from fulfillment.domain.order import Order
from fulfillment.effects import mail_headers
from fulfillment.errors import MailRefused
from fulfillment.presentation import postal, statement
from fulfillment.presentation.locales import Notation
from fulfillment.presentation.templates import TEMPLATES, Templates
from fulfillment.settings.mailbox import Mailbox, mailbox

RECEIPT, PAYMENT_FAILED, REFUND = "receipt", "payment_failed", "refund"


@dataclass(frozen=True)
class MailMessage:
    """A mail in its wire format, and its recipient. All of it is ASCII, except perhaps the address."""

    to: Mailbox
    raw: bytes

    def __bytes__(self) -> bytes:
        return self.raw


class MailMessages:
    """Writes the mails of one shop. Raises ConfigurationError if a template is missing or cannot be read. `refunds`:
    whether mails on refunds are wanted. Only then their templates must be there: an older shop's folder lacks them.
    """

    def __init__(
        self,
        sender: Address,
        shop_url: str | None,
        templates: Path = TEMPLATES,
        time_zone: tzinfo = UTC,
        *,
        refunds: bool = False,
    ) -> None:
        self._sender, self._time_zone = sender, time_zone
        self._shop = {"name": sender.display_name or sender.domain, "url": shop_url}
        mails = (RECEIPT, PAYMENT_FAILED, REFUND) if refunds else (RECEIPT, PAYMENT_FAILED)
        self._templates = Templates(templates, [f"{mail}.{kind}" for mail in mails for kind in ("html", "txt")])

    def receipt(self, order: Order, key: str) -> MailMessage | None:
        """The receipt, or None if the buyer gave no address. Raises MailRefused if the address is invalid."""
        return self._write(RECEIPT, order, key)

    def payment_failed(self, order: Order, key: str) -> MailMessage | None:
        """The mail that the payment failed. None and MailRefused as for the receipt."""
        return self._write(PAYMENT_FAILED, order, key)

    def refund(self, order: Order, refund: Refund, key: str) -> MailMessage | None:
        """The mail that money was refunded. None and MailRefused as for the receipt."""
        return self._write(REFUND, order, key, refund)

    def _write(self, template: str, order: Order, key: str, refund: Refund | None = None) -> MailMessage | None:
        if order.customer is None or not order.customer.email:
            return None
        to = _recipient(order.customer.email)
        order = statement.clean(order)
        notation = Notation.of(order, self._time_zone)
        facts = self._facts(order, notation, refund)
        subject, text = _split_subject(self._templates.render(template, "txt", notation.tags, facts))
        body = EmailMessage(SMTP)
        body.set_content(text, cte="quoted-printable")
        html = self._templates.render(template, "html", notation.tags, facts)
        body.add_alternative(html, subtype="html", cte="quoted-printable")
        lines = [
            mail_headers.recipient(to),
            mail_headers.sender(self._sender),
            f"Date: {format_datetime(datetime.now(UTC))}",
            f"Message-ID: <{hashlib.sha256(key.encode()).hexdigest()[:32]}@{self._sender.domain}>",
            "Auto-Submitted: auto-generated",
            mail_headers.subject(subject),
        ]
        return MailMessage(to, "".join(f"{line}\r\n" for line in lines).encode() + bytes(body))

    def _facts(self, order: Order, notation: Notation, refund: Refund | None) -> dict[str, Any]:
        """The variables of the templates. templates/README.md documents them."""
        shipping, right_to_left = order.shipping, notation.direction == "rtl"
        return {
            "order": order,
            "shop": self._shop,
            "items": statement.items(order, notation),
            "totals": statement.totals(order, notation),
            "refund": {"amount": statement.money(refund.amount, refund.currency, notation)} if refund else None,
            "date": notation.date(order.sold_at),
            "ship_to": postal.lines(shipping.name, shipping.address, notation.country)
            if shipping and shipping.address
            else [],
            "dir": notation.direction,
            "start": "right" if right_to_left else "left",
            "end": "left" if right_to_left else "right",
            "money": notation.money,
            "long_date": notation.date,
        }


def _recipient(email: str) -> Mailbox:
    try:
        return mailbox(email)
    except ValueError as error:
        raise MailRefused(f"the buyer's e-mail address {error}") from None


def _split_subject(text: str) -> tuple[str, str]:
    """The first line as the subject, and the rest as the text."""
    subject, _, rest = text.strip().partition("\n")
    return statement.clean(subject.removeprefix("Subject:")), f"{rest.strip()}\n"
