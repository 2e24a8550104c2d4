"""Validates one e-mail address, of a buyer or the shop. It is strict because the address becomes part of SMTP commands
and headers. No error text shows an address.
"""

import re
import unicodedata
from email.headerregistry import Address

LONGEST = 254  # bytes of an address that a mail server accepts (RFC 5321)
_LONGEST_LOCAL = 64
_LONGEST_TEXT = 4 * LONGEST  # a longer text cannot be mapped to a valid address
_ADDRESS_RULE = "must be one e-mail address, as in name@example.com"
_NO_IP = "must have the name of a domain after the @, not an IP address"
_ATOM = r"[^\x00-\x20\x7f()<>@,;:\\\".\[\]]"  # of RFC 6532: any character beyond ASCII is part of a word
_QUOTED = r'"(?:[ !#-\[\]-~\x80-\U0010ffff]|\\[ -~\x80-\U0010ffff])*"'
_WORD = re.compile(rf"{_QUOTED}|{_ATOM}+|\.")
_LOCAL = re.compile(rf"(?!\Z)(?:{_ATOM}*|{_QUOTED})(?:\.(?:{_ATOM}*|{_QUOTED}))*")  # some old ones have dots in a row
_DOT_ATOM = re.compile(rf"{_ATOM}+(?:\.{_ATOM}+)*")
_QUOTED_PAIR = re.compile(r"\\(.)")
_SPECIAL = re.compile(r'(["\\])')
_INVISIBLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_UNSEEN = frozenset(("Cc", "Cf", "Cs", "Zl", "Zp", "Zs"))
_JOINERS = "\N{ZERO WIDTH NON-JOINER}\N{ZERO WIDTH JOINER}"  # they distinguish words in Persian and Hindi
_SEEN = f" {_JOINERS}"
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_SENDER_RULE = "must be orders@example.com or Example Shop <orders@example.com>"
_QUOTED_NAME = re.compile(r'"(?:[^"\\]|\\.)*"')
_SENDER = re.compile(r"(?:(?P<name>[^<>]*?)\s*<(?P<inner>[^<>]+)>|(?P<bare>[^<>]+))")


class Mailbox(Address):
    """One address with or without a display name. `username` is the local part without quotes."""

    @property
    def addr_spec(self) -> str:
        """The address for the envelope and the header. The local part is quoted if RFC 5322 requires it."""
        local = self.username
        if not _DOT_ATOM.fullmatch(local):
            local = '"' + _SPECIAL.sub(r"\\\1", local) + '"'
        return f"{local}@{self.domain}"


def mailbox(text: str) -> Mailbox:
    """The mailbox in the text, with its domain in ASCII (IDNA). Raises ValueError with the rule for anything else,
    including comments and lists of addresses. The local part is not normalized: only its server knows which spellings
    are the same mailbox.
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
    """The domain in ASCII, as browsers map it (UTS #46, not transitional): the A-label of every name that IDNA 2008
    allows, and of emoji domains. An ASCII domain stays unchanged: it may have labels with underscores, and an `xn--`
    label that cannot be decoded.
    """
    if domain.startswith("["):
        raise ValueError(_NO_IP)
    try:
        host = domain.lower() if domain.isascii() else _mapped(domain)
    except ValueError:  # also the base class of idna's errors
        raise ValueError(_ADDRESS_RULE) from None
    host = host.removesuffix(".")  # the root's
    if not all(_LABEL.fullmatch(label) for label in host.split(".")):
        raise ValueError(_ADDRESS_RULE)
    if host.rpartition(".")[2].isdigit():
        raise ValueError(_NO_IP)
    return host


def _mapped(domain: str) -> str:
    import idna  # imported here: most domains are ASCII, and not every function sends mail

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
    """The sender of mails: `orders@example.com` or `Example Shop <orders@example.com>`. A name in quotes may contain
    quotes, each after a backslash. Raises ValueError.
    """
    found = _SENDER.fullmatch(text.strip())
    if found is None or _INVISIBLE.search(text.strip()):
        raise ValueError(_SENDER_RULE)
    address = mailbox(found["inner"] or found["bare"])
    if not address.addr_spec.isascii():
        raise ValueError("must be an address in ASCII: not every server accepts mail from other addresses")
    name = found["name"] or ""
    if name.startswith('"'):
        if not _QUOTED_NAME.fullmatch(name):
            raise ValueError(f"{_SENDER_RULE}; a name in quotes ends with one, and has a backslash before those within")
        name = re.sub(r'\\(["\\])', r"\1", name[1:-1])
    return Mailbox(display_name=name, username=address.username, domain=address.domain)
