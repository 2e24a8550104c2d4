"""Mails of hostile orders, parsed as a mail program parses them."""

import json
import re
from email import message_from_string
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import default
from html.parser import HTMLParser
from pathlib import Path
from random import Random
from typing import Any

from fulfillment.domain.events import parse
from fulfillment.domain.items import read_page, with_line_items
from fulfillment.domain.shape import ShapeError
from fulfillment.domain.transitions import apply
from fulfillment.effects.mail_message import MailMessage, MailMessages
from fulfillment.errors import MailRefused, MalformedEvent
from fulfillment.presentation.templates import TEMPLATES
from local.fakes.stripe_events import line_item
from prove import oracles
from prove.mutations import VALUES, hostile_json
from prove.targets import NOW

SHOP = "https://shop.example/"
_HEADERS = {"From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type"}
_HARMLESS = {"style", "dir", "lang", "align", "role", "cellpadding", "cellspacing", "border", "width", "content"}
_HARMLESS |= {"charset", "name", "http-equiv", "colspan", "class", "valign", "scope"}
_WRITTEN = {
    "name",
    "description",
    "email",
    "phone",
    "line1",
    "line2",
    "city",
    "state",
    "postal_code",
    "country",
    "locale",
}
_WORDS = [each for each in VALUES if isinstance(each, str)]
_TURNS = re.compile("[\u202a-\u202e\u2066-\u2069\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


class MailTarget:
    """Receipts and failure notices: MailRefused, or one mail to one address, with HTML only from the templates."""

    def __init__(self, templates: Path = TEMPLATES) -> None:
        self._messages = MailMessages(Address("Shop", addr_spec="orders@shop.example"), SHOP, templates)

    def make(self, random: Random, sample: bytes) -> tuple[bytes, bytes]:
        """A hostile event, and hostile line items."""
        page = json.dumps({"data": [line_item(), line_item(500, 3)], "has_more": False}).encode()
        event, items = _with_hostile_words(random, sample), _with_hostile_words(random, page)
        return (hostile_json(random, event), items) if random.random() < 0.3 else (event, hostile_json(random, items))

    async def take(self, made: tuple[bytes, bytes]) -> str:
        """Renders the mails, and returns the result."""
        try:
            order = apply(None, parse(made[0], NOW)).order
            order = with_line_items(order, read_page(json.loads(made[1])).items)
        except (MalformedEvent, ShapeError, ValueError, RecursionError):
            return "no order"
        try:
            mails = [write(order, "key") for write in (self._messages.receipt, self._messages.payment_failed)]
        except MailRefused as error:
            return str(error)
        for mail in mails:
            if mail is not None:
                _hold(mail, order.customer.email if order.customer else None)
        return f"{mails[0] is not None} {order.locale}"


def _with_hostile_words(random: Random, text: bytes) -> bytes:
    """The JSON with hostile words in about every fourth field that a buyer or seller can write."""

    def replace(place: dict[str, Any]) -> dict[str, Any]:
        words = {key: random.choice(_WORDS) for key in place if key in _WRITTEN and random.random() < 0.25}
        return place | words

    return json.dumps(json.loads(text, object_hook=replace)).encode()


def _hold(written: MailMessage, recipient: str | None) -> None:
    raw = bytes(written)
    oracles.hold(max(map(len, raw.split(b"\r\n"))) <= 998, "a line longer than a mail may have")
    mail = message_from_string(raw.decode(), policy=default)  # from bytes Python does not read UTF-8 in headers
    oracles.hold(set(mail.keys()) == _HEADERS and len(mail.keys()) == len(_HEADERS), "a header that is not ours")
    local, _, _ = (recipient or "").rpartition("@")
    (to,) = mail["To"].addresses
    oracles.hold((to.username, to.domain) == (written.to.username, written.to.domain), "a mail to another address")
    oracles.hold(to.username == local or '"' in local, "a mail to another local part")
    for kind in ("plain", "html"):
        part = mail.get_body((kind,))
        oracles.hold(isinstance(part, EmailMessage), f"no {kind} part")
        text = part.get_content() if isinstance(part, EmailMessage) else ""
        oracles.hold(not _TURNS.search(text.replace("\r", "")), "a control character in a mail")
        if kind == "html":
            _Reader().feed(text)


class _Reader(HTMLParser):
    """Reads the HTML of a mail. Raises Broken for anything but plain content."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Checks one tag."""
        oracles.hold(tag not in {"script", "img", "iframe", "object", "form", "input", "svg"}, f"a <{tag}> in a mail")
        for name, value in attrs:
            if name == "href":
                oracles.hold(value == SHOP, "a link that is not the shop's")
            else:
                oracles.hold(name in _HARMLESS, f"an attribute {name} in a mail")
