"""The addresses that mail needs: the server's, the sender's, the shop's, a buyer's. All are read strictly,
since what they hold ends in commands and headers; no error text shows one.
"""

import ipaddress
import re
import string
import unicodedata
from dataclasses import dataclass, field
from email.headerregistry import Address
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
LONGEST = 254  # bytes of an address that a mail server takes (RFC 5321)
_LONGEST_LOCAL = 64
_LONGEST_TEXT = 4 * LONGEST  # a longer one is none, whatever it is mapped to
_ADDRESS_RULE = "must be one e-mail address, as in name@example.com"
_NO_IP = "must have the name of a domain after the @, not an IP address"
_ATOM = r"[^\x00-\x20\x7f()<>@,;:\\\".\[\]]"  # of RFC 6532: whatever is not ASCII is part of a word
_QUOTED = r'"(?:[ !#-\[\]-~\x80-\U0010ffff]|\\[ -~\x80-\U0010ffff])*"'
_WORD = re.compile(rf"{_QUOTED}|{_ATOM}+|\.")
_LOCAL = re.compile(rf"(?!\Z)(?:{_ATOM}*|{_QUOTED})(?:\.(?:{_ATOM}*|{_QUOTED}))*")  # old ones have dots in a row
_DOT_ATOM = re.compile(rf"{_ATOM}+(?:\.{_ATOM}+)*")
_QUOTED_PAIR = re.compile(r"\\(.)")
_SPECIAL = re.compile(r'(["\\])')
_INVISIBLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_UNSEEN = frozenset(("Cc", "Cf", "Cs", "Zl", "Zp", "Zs"))
_JOINERS = "\N{ZERO WIDTH NON-JOINER}\N{ZERO WIDTH JOINER}"  # they tell words of Persian and of Hindi apart
_SEEN = f" {_JOINERS}"
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_SENDER_RULE = "must be orders@example.com or Example Shop <orders@example.com>"
_QUOTED_NAME = re.compile(r'"(?:[^"\\]|\\.)*"')
_SENDER = re.compile(r"(?:(?P<name>[^<>]*?)\s*<(?P<inner>[^<>]+)>|(?P<bare>[^<>]+))")
_SHOP = re.compile(r"(https://[A-Za-z0-9.-]+(:[0-9]{1,5})?|http://localhost(:[0-9]{1,5})?)([/?#][!#-;=?-~]*)?")


def in_ascii(text: str) -> str:
    """The text without the blanks around it. ValueError if a character in it is not ASCII, or steers a terminal: what
    was copied from a page or a chat may hold one that nobody sees. The rule shows the place, and the character only
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


class Mailbox(Address):
    """One address, with a name or without. `username` is the local part without quotes: who is addressed."""

    @property
    def addr_spec(self) -> str:
        """The address as envelope and header hold it: the local part is quoted where RFC 5322 wants that."""
        local = self.username
        if not _DOT_ATOM.fullmatch(local):
            local = '"' + _SPECIAL.sub(r"\\\1", local) + '"'
        return f"{local}@{self.domain}"


def mailbox(text: str) -> Mailbox:
    """The one mailbox that the text is, its domain in ASCII (IDNA); ValueError with the rule for anything else,
    comments and lists of addresses included. The local part is kept as it is: only its own server knows which
    spellings are one mailbox, so it is not normalized.
    """
    local, _, domain = text.rpartition("@")
    if len(text) > _LONGEST_TEXT or not _LOCAL.fullmatch(local):
        raise ValueError(_ADDRESS_RULE)
    user = "".join(_QUOTED_PAIR.sub(r"\1", word[1:-1]) if word[0] == '"' else word for word in _WORD.findall(local))
    if any(unicodedata.category(char) in _UNSEEN and char not in _SEEN for char in user):
        raise ValueError("must be an address without invisible characters")
    if "=?" in user:
        raise ValueError("must be an address without `=?`: mail programs decode it, and read another address")
    found = Mailbox(username=user, domain=_host(domain))
    if len(user.encode()) > _LONGEST_LOCAL or len(found.addr_spec.encode()) > LONGEST:
        raise ValueError(f"must have {_LONGEST_LOCAL} bytes at most before the @, and {LONGEST} in all (RFC 5321)")
    return found


def _host(domain: str) -> str:
    """The domain in ASCII, as browsers read it (UTS #46, not transitional): for every name that IDNA 2008 allows
    its A-label, and emoji domains too. What is ASCII already stays: a server may have labels with underscores,
    and an `xn--` that decodes to nothing.
    """
    if domain.startswith("["):
        raise ValueError(_NO_IP)
    try:
        host = domain.lower() if domain.isascii() else _mapped(domain)
    except ValueError:  # idna's errors are such, too
        raise ValueError(_ADDRESS_RULE) from None
    host = host.removesuffix(".")  # the root's
    if not all(_LABEL.fullmatch(label) for label in host.split(".")):
        raise ValueError(_ADDRESS_RULE)
    if host.rpartition(".")[2].isdigit():
        raise ValueError(_NO_IP)
    return host


def _mapped(domain: str) -> str:
    import idna  # only here: most domains are ASCII, and not every function sends mail

    return ".".join(map(_a_label, idna.uts46_remap(domain, std3_rules=False).split(".")))


def _a_label(label: str) -> str:
    import idna

    if label.isascii():
        return label
    idna.check_initial_combiner(label)
    idna.check_bidi(label)
    joined = all(idna.valid_contextj(label, at) for at, char in enumerate(label) if char in _JOINERS)
    if label.startswith("xn--") or not joined:
        raise ValueError
    return f"xn--{label.encode('punycode').decode()}"


def parse_sender(text: str) -> Mailbox:
    """The shop as mails name it: `orders@example.com` or `Example Shop <orders@example.com>`. A name in quotes
    may hold quotes, each after a backslash.
    """
    found = _SENDER.fullmatch(text.strip())
    if found is None or _INVISIBLE.search(text.strip()):
        raise ValueError(_SENDER_RULE)
    address = mailbox(found["inner"] or found["bare"])
    if not address.addr_spec.isascii():
        raise ValueError("must be an address in ASCII: not every server takes mail from others")
    name = found["name"] or ""
    if name.startswith('"'):
        if not _QUOTED_NAME.fullmatch(name):
            raise ValueError(f"{_SENDER_RULE}; a name in quotes ends with one, and has a backslash before those within")
        name = re.sub(r'\\(["\\])', r"\1", name[1:-1])
    return Mailbox(display_name=name, username=address.username, domain=address.domain)


def parse_shop_url(text: str) -> str:
    """The address of the shop's page, for the links in mails."""
    if not _SHOP.fullmatch(text):
        raise ValueError("must be an https:// address, or an http://localhost one")
    return text
