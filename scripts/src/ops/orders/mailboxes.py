"""When two addresses are one mailbox, and when they only may be. Pure.

One mailbox has many spellings: `jane@example.com`, `Jane@Example.com`, with blanks, in full-width letters, composed or
decomposed, its domain in Unicode or in ASCII (IDNA 2008). By the RFC, mailboxes may differ by case alone; no provider
gives two people such addresses. Similar addresses (a +tag, Gmail's dots, ß and ss) may belong to another person.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import unquote

import idna

LONGEST = 1000  # the RFC allows 254: the rest is for blanks and decomposed characters
_DROPPED = frozenset(("Cc", "Cf", "Zs", "Zl", "Zp"))  # control characters, invisible characters, blanks
_JOINERS = "\u200c\u200d"  # invisible, but part of some domains
_VARIATIONS = re.compile("[\u034f\ufe00-\ufe0f]")
_STOP = re.compile("[\u3002\uff0e\uff61]")  # the dots of other scripts, which separate a domain's labels too
_SYMBOLS = frozenset(("Sm", "Sc", "Sk", "So"))
_WITHIN_LOCAL, _WITHIN_DOMAIN = ".-_+\u3002", ".\u3002"  # no separators between an address and other words
_WINDOW = 254  # characters on either side of an @ that may belong to its address
_GMAIL = frozenset(("gmail.com", "googlemail.com"))


def mailbox(text: str) -> str | None:
    """The normalized mailbox; None for a text without an @ between two parts, or longer than `LONGEST`."""
    if len(text) > LONGEST:
        return None
    local, _, domain = _plain(text).rpartition("@")
    local, domain = _plain(_unquoted(local.translate(_NO_JOINERS))), _domain(domain)
    return f"{local}@{domain}" if local and domain else None


def difference(one: str, other: str) -> str | None:
    """How two mailboxes, as `mailbox` writes them, differ if they may be one person's; None otherwise."""
    if one == other:
        return None
    for kind, alike in _ALIKE.items():
        if alike(one) == alike(other):
            return kind
    return None


def names(value: Any, box: str) -> bool:
    """Whether a JSON value contains the mailbox, or one that may be the same person's: in any text or key, also among
    other words or in a link.
    """
    if isinstance(value, str):
        return "@" in (text := _readable(value)) and (_may_be(mailbox(text), box) or _names(text, box))
    if isinstance(value, Mapping):
        return any(names(each, box) for pair in value.items() for each in pair)
    return isinstance(value, list) and any(names(each, box) for each in value)


def _readable(text: str) -> str:
    """The text in NFKC, with %40 decoded, without the invisible characters that a copy brings along: they would hide
    where another script's word ends.
    """
    whole = unicodedata.normalize("NFKC", unquote(text) if "%40" in text else text)
    return "".join(each for each in whole if each in _JOINERS or unicodedata.category(each) != "Cf")


def _may_be(found: str | None, box: str) -> bool:
    return found is not None and (found == box or difference(box, found) is not None)


def _names(text: str, box: str) -> bool:
    """Whether the mailbox stands around an @, between other words. Nearly any character may be a
    part of an address, and nearly any is written beside one: each reading is tried.
    """
    domain = box.rpartition("@")[2]
    for at in re.finditer("@", text):
        before = text[max(0, at.start() - _WINDOW) : at.start()].rstrip()
        after = text[at.end() : at.end() + _WINDOW].lstrip()
        ours = [each for each in _beginnings(after) if _may_be(mailbox(f"x@{each}"), f"x@{domain}")]
        if any(_may_be(mailbox(f"{local}@{each}"), box) for each in ours for local in _endings(before)):
            return True
    return False


def _beginnings(text: str) -> Iterator[str]:
    """The prefixes of the text's first word: up to each place where a domain may end, and the whole word."""
    word = re.split(r"[\s@]", text, maxsplit=1)[0]
    for end in range(1, len(word)):
        if _parts_words(word[end], word[end - 1], _WITHIN_DOMAIN):
            yield word[:end]
    yield word


def _endings(text: str) -> Iterator[str]:
    """The suffixes of the text's last word: from each place where a local part may begin, and the whole word."""
    word = re.split(r"[\s@]", text)[-1]
    for start in range(len(word) - 1, 0, -1):
        if _parts_words(word[start - 1], word[start], _WITHIN_LOCAL):
            yield word[start:]
    yield word


def _parts_words(character: str, neighbor: str, within: str) -> bool:
    """Whether a character may separate an address from another word: a mark, a symbol, or, beside an ASCII letter, a
    character of a script without blanks.
    """
    kind = unicodedata.category(character)
    return (character not in within and (kind.startswith("P") or kind in _SYMBOLS)) or (
        kind == "Lo" and neighbor.isascii()
    )


def _plain(text: str) -> str:
    """In lowercase NFKC, without invisible characters except joiners."""
    whole = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).lower())
    return _VARIATIONS.sub("", "".join(each for each in whole if each in _JOINERS or _is_seen(each)))


def _is_seen(character: str) -> bool:
    return unicodedata.category(character) not in _DROPPED


def _unquoted(local: str) -> str:
    quoted = len(local) > 2 and local.startswith('"') and local.endswith('"')
    return re.sub(r"\\(.)", r"\1", local[1:-1]) if quoted else local


@lru_cache(4096)
def _domain(text: str) -> str:
    """In ASCII: by IDNA 2008 if possible, or else by Punycode alone, as emoji domains are written."""
    text = _STOP.sub(".", text).strip(".")
    for spelled in (text, text.translate(_NO_JOINERS)):
        try:
            return idna.encode(spelled, uts46=True).decode()
        except UnicodeError:  # the base class of idna's errors
            continue
    labels = text.translate(_NO_JOINERS).split(".")
    return ".".join(each if each.isascii() else f"xn--{each.encode('punycode').decode()}" for each in labels)


def _in_letters(domain: str) -> str:
    return ".".join(map(_label_in_letters, domain.split(".")))


def _label_in_letters(label: str) -> str:
    try:
        return label[4:].encode().decode("punycode") if label.startswith("xn--") else label
    except (UnicodeError, OverflowError):
        return label


def _folded(box: str) -> str:
    """Equal for addresses that differ only by case rules: ß and ss (IDNA 2003), a dotless i, the two small sigmas."""
    local, _, domain = box.rpartition("@")
    text = f"{local}@{_in_letters(domain).translate(_NO_JOINERS)}"
    for _ in range(2):  # the first pass may produce characters that the second one changes
        text = unicodedata.normalize("NFKC", text.upper().casefold()).replace("i\u0307", "i")
    return text


def _without_tag(box: str) -> str:
    local, _, domain = _folded(box).rpartition("@")
    return f"{local.partition('+')[0] or local}@{domain}"


def _at_gmail(box: str) -> str:
    local, _, domain = _without_tag(box).rpartition("@")
    return f"{local.replace('.', '')}@gmail.com" if domain in _GMAIL else f"{local}@{domain}"


_NO_JOINERS = dict.fromkeys(map(ord, _JOINERS))
_ALIKE: dict[str, Callable[[str], str]] = {
    "letters that are alike but for their case (as ß and ss)": _folded,
    "a +tag": _without_tag,
    "dots, or gmail.com and googlemail.com, which are one at Gmail": _at_gmail,
}
