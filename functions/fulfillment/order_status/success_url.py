"""Detects a fault in the shop's success_url from the address that a buyer requests. Pure.

Stripe replaces only the literal `{CHECKOUT_SESSION_ID}` with the session's id. An encoded placeholder
(`%7BCHECKOUT_SESSION_ID%7D`, which many URL libraries write) and any other name in braces reach the buyer unchanged. An
address without any trace of an id shows no fault: bots and link previews request it.
"""

import re
from collections.abc import Iterable
from urllib.parse import unquote

PARAMETER = "session_id"
RIGHT = "it must be the page's address and ?session_id={CHECKOUT_SESSION_ID}, with the braces as they are"
_ENCODINGS = 4  # an address that is encoded more often is not a mistake of a shop
_ID = re.compile(r"cs_(?:test|live)_\w+", re.ASCII)
_BRACED = re.compile(r"\{([^{}]*)\}")
_LIKE_ID = re.compile(r"(?:stripe|checkout|order|payment|sess|cs|s)*(?:id|checkout|cs)|.*session.*")
_NOTHING = frozenset(("undefined", "null", "none", "nil", "nan", "false", "[object object]"))  # as programs write it


def fault(parameters: Iterable[tuple[str, str]], path: str = "/") -> str | None:
    """The fault that the address's parameters or its path show, or None. The text is for the log, and quotes nothing of
    the address.
    """
    pairs = [(name, _decoded(text)) for name, text in parameters]
    given = {text for name, text in pairs if name == PARAMETER}
    parts = [_decoded(part) for pair in pairs for part in pair] + [_decoded(path)]
    if any(map(_is_left, given)) or any(map(_names_the_placeholder, parts)):
        return "Stripe did not replace the placeholder: its braces are encoded, or it is misspelled"
    if len(given) > 1:
        return f"it has {PARAMETER} more than once"
    text = next(iter(given), "").strip()
    if text.lower() in _NOTHING:
        return f"it has a program's word for nothing in {PARAMETER}, instead of the placeholder"
    if text:
        return f"there is more in {PARAMETER} than the id" if _ID.search(text) and not _ID.fullmatch(text) else None
    if any(map(_ID.search, parts)):
        return f"the session's id is under another name than {PARAMETER}"
    return f"it has no {PARAMETER}" if any(_is_like_id(_decoded(name)) for name, _ in pairs) else None


def _is_left(text: str) -> bool:
    """Whether the parameter still holds a placeholder, in any brackets, instead of an id."""
    return not _ID.search(text) and bool(re.search("[{}]|session", text, re.IGNORECASE))


def _names_the_placeholder(text: str) -> bool:
    """Whether a text has the placeholder, or another name for the id, in braces. Advertisers' names do not count."""
    return "CHECKOUT_SESSION_ID" in text.upper() or any(map(_is_like_id, _BRACED.findall(text)))


def _is_like_id(name: str) -> bool:
    return bool(_LIKE_ID.fullmatch(re.sub(r"[\W_]", "", name.lower())))


def _decoded(text: str) -> str:
    """The text, decoded as often as it was encoded."""
    for _ in range(_ENCODINGS):
        text = unquote(text)
    return text
