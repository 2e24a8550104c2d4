"""The addresses that settings name: of the mail server, and of the shop's page. Read strictly, since what they hold
ends in commands; no error text shows one.
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
    "loopback only and without credentials, smtp+insecure://127.0.0.1:1025; write what is special in the user or "
    "the password as %XX"
)
_NOT_PRINTED = frozenset(("Cc", "Cf", "Co", "Cn", "Mn", "Zl", "Zp", "Zs"))  # classes of characters in Unicode
_SHOP = re.compile(r"(https://[A-Za-z0-9.-]+(:[0-9]{1,5})?|http://localhost(:[0-9]{1,5})?)([/?#][!#-;=?-~]*)?")


def in_ascii(text: str) -> str:
    """The text without the blanks around it. ValueError if a character in it is not ASCII, or steers a terminal: a
    copy from a page or a chat may hold one that cannot be seen. The rule shows the place, and the character only
    where it cannot be seen: any other may be a part of a secret.
    """
    text = text.strip(string.whitespace)
    for place, each in enumerate(text, 1):
        if not " " <= each <= "~" and each not in string.whitespace:
            unseen = unicodedata.category(each) in _NOT_PRINTED
            what = f"U+{ord(each):04X}, which cannot be seen," if unseen else "something beyond ASCII"
            raise ValueError(f"holds {what} as character {place} of {len(text)}: copy it again, without that")
    return text


class Security(StrEnum):
    """How the way to a mail server is protected; the certificate is verified in both ways."""

    TLS = "smtps"
    STARTTLS = "smtp"
    NONE = "smtp+insecure"


@dataclass(frozen=True, kw_only=True)
class SmtpServer:
    """A server that takes mail, and who we are to it."""

    security: Security
    host: str
    port: int
    user: str | None = None
    password: str | None = field(default=None, repr=False)

    @classmethod
    def parse(cls, text: str) -> Self:
        """The server in an SMTP_URL; a ValueError that names the rule, and shows nothing, for anything else."""
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
    """Whether the host is this machine by its name or its address."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def parse_shop_url(text: str) -> str:
    """The address of the shop's page, for the links in mails."""
    if not _SHOP.fullmatch(text):
        raise ValueError("must be an https:// address, or an http://localhost one")
    return text
