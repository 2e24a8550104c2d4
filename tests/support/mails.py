"""The shop's mails, hostile addresses for them, and mails read back by the standard library."""

import re
from email import message_from_string
from email.headerregistry import Address as Mailbox
from email.message import EmailMessage
from email.policy import default
from typing import SupportsBytes

from fulfillment.effects.mail_message import MailMessages

KEY = "cs_test_a1:send_receipt"
LETTERS = MailMessages(
    Mailbox(display_name="Paper & Ink", addr_spec="orders@shop.example"), "https://shop.example/?a=1&b=2"
)

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
