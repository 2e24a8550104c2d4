"""Validates the addresses in settings: of the mail server and of the shop's page. It is strict because they become part
of SMTP commands and links. No error text shows an address.
"""

import ipaddress
import re
import string
import unicodedata
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Self
from urllib.parse import unquote

_TEXT = r"(?:%[0-9A-Fa-f]{2}|[^\s%:@/?#\[\]])+"
_SMTP = re.compile(
    rf"(?P<scheme>smtps|smtp|smtp\+insecure)://(?:(?P<user>{_TEXT}):(?P<password>{_TEXT})@)?"
    r"(?P<host>[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\]):(?P<port>[0-9]{1,5})/?"
)
_SMTP_RULE = (
    "must be smtps://user:password@host:465, smtp://user:password@host:587 (STARTTLS is then required) or, on "
    "loopback only and without credentials, smtp+insecure://127.0.0.1:1025; write special characters in the user "
    "or the password as %XX"
)
_NOT_PRINTED = frozenset(("Cc", "Cf", "Co", "Cn", "Mn", "Zl", "Zp", "Zs"))  # classes of characters in Unicode
_SHOP = re.compile(r"(https://[A-Za-z0-9.-]+(:[0-9]{1,5})?|http://localhost(:[0-9]{1,5})?)([/?#][!#-;=?-~]*)?")


def in_ascii(text: str) -> str:
    """The text without the blanks around it. Raises ValueError if it has a character that is not ASCII or is a control
    character: a text copied from a page or a chat may hold an invisible one. The error names its position, and the
    character only if it is invisible: any other may be part of a secret.
    """
    text = text.strip(string.whitespace)
    for place, each in enumerate(text, 1):
        if not " " <= each <= "~" and each not in string.whitespace:
            unseen = unicodedata.category(each) in _NOT_PRINTED
            what = f"U+{ord(each):04X}, which cannot be seen," if unseen else "something beyond ASCII"
            raise ValueError(f"holds {what} as character {place} of {len(text)}: copy it again without it")
    return text


class Security(StrEnum):
    """The encryption of the connection to a mail server. TLS and STARTTLS verify the certificate."""

    TLS = "smtps"
    STARTTLS = "smtp"
    NONE = "smtp+insecure"


@dataclass(frozen=True, kw_only=True)
class SmtpServer:
    """A mail server, and the credentials for it."""

    security: Security
    host: str
    port: int
    user: str | None = None
    password: str | None = field(default=None, repr=False)

    @classmethod
    def parse(cls, text: str) -> Self:
        """The server in an SMTP_URL. Raises a ValueError with the rule, which does not quote the text."""
        try:
            found = _SMTP.fullmatch(in_ascii(text))
        except ValueError as foreign:
            raise ValueError(f"{foreign}; it {_SMTP_RULE}") from None
        if found is None or not 0 < int(found["port"]) < 2**16:
            raise ValueError(_SMTP_RULE)
        security, host = Security(found["scheme"]), found["host"].strip("[]")
        credentials = [_decoded(found[name]) for name in ("user", "password")]
        if security is Security.NONE and (not is_loopback(host) or credentials != [None, None]):
            raise ValueError(_SMTP_RULE)
        user, password = credentials
        return cls(security=security, host=host, port=int(found["port"]), user=user, password=password)


def _decoded(text: str | None) -> str | None:
    try:
        decoded = None if text is None else unquote(text, errors="strict")
    except UnicodeDecodeError:
        raise ValueError(_SMTP_RULE) from None
    if decoded is not None and not decoded.isprintable():
        raise ValueError(_SMTP_RULE)
    return decoded


def is_loopback(host: str) -> bool:
    """Whether the host is `localhost` or a loopback address."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def parse_shop_url(text: str) -> str:
    """The address of the shop's page, for links in mails and pages. Raises ValueError."""
    if not _SHOP.fullmatch(text):
        raise ValueError("must be an https:// address, or an http://localhost one")
    return text
