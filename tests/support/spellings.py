"""One mailbox in the ways in which people, browsers and libraries write it."""

import unicodedata
from collections.abc import Callable

import idna
from hypothesis import strategies as st

Respell = Callable[[str], str]
ASCII = ("jane@example.com", "j.doe+shop@mail.example.co.uk", "o'neil_1@example.org")
BEYOND = ("jane@bücher.example", "jérôme@faß.de", "संपर्क@डाटामेल.भारत", "用户@例子.广告", "jane@💩.la")


def wide(text: str) -> str:
    """In full-width letters."""
    return "".join(chr(ord(each) + 0xFEE0) if "!" <= each <= "~" else each for each in text)


def ascii_domain(text: str) -> str:
    """The domain as DNS has it."""
    local, _, domain = text.rpartition("@")
    try:
        return f"{local}@{idna.encode(domain, uts46=True).decode()}"
    except idna.IDNAError:
        return text


def unseen(text: str) -> str:
    """With what a copy brings along."""
    return f"\ufeff{text[:2]}\u200b{text[2:]}\u00ad\u2060"


def _in_domain(old: str, new: str) -> Respell:
    def respell(text: str) -> str:
        local, at, domain = text.rpartition("@")
        return f"{local}{at}{domain.replace(old, new)}"

    return respell


RESPELLINGS: dict[str, Respell] = {
    "upper": str.upper,
    "lower": str.lower,
    "title": str.title,
    "swapped": str.swapcase,
    "blanks around": lambda text: f" \t{text}\u00a0\n",
    "blanks within": lambda text: text.replace("@", " @ "),
    "unseen": unseen,
    "composed": lambda text: unicodedata.normalize("NFC", text),
    "decomposed": lambda text: unicodedata.normalize("NFD", text),
    "compatible": lambda text: unicodedata.normalize("NFKC", text),
    "taken apart": lambda text: unicodedata.normalize("NFKD", text),
    "wide": wide,
    "ascii domain": ascii_domain,
    "ideographic stops": _in_domain(".", "\u3002"),
    "last dot": lambda text: f"{text.rstrip('.')}.",
}
respellings = st.lists(st.sampled_from(sorted(RESPELLINGS)), max_size=4)


def respelled(text: str, how: list[str]) -> str:
    """The text, written in those ways, one after the other."""
    for each in how:
        text = RESPELLINGS[each](text)
    return text
