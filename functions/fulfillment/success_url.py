"""What is wrong with the shop's success_url, read off the address with which a buyer came back. Pure.

Stripe writes the session's id in the place of the literal `{CHECKOUT_SESSION_ID}`. It leaves everything else as it is:
`%7BCHECKOUT_SESSION_ID%7D`, as many libraries write it who build addresses, reaches the buyer as it stands.
"""

import re
from collections.abc import Iterable
from urllib.parse import unquote

PARAMETER = "session_id"
RIGHT = "it must be the page's address and ?session_id={CHECKOUT_SESSION_ID}, with the braces as they are"
_ENCODINGS = 4  # an address that is encoded more often is no mistake
_ID = re.compile(r"cs_(?:test|live)_\w+", re.ASCII)


def fault(asked: Iterable[tuple[str, str]]) -> str | None:
    """The fault that the parameters of the address show, in words for the log, and without a word of what was asked;
    None if they show none: then the buyer, or somebody else, has another address.
    """
    pairs = [(name, _decoded(text)) for name, text in asked]
    given = {text for name, text in pairs if name == PARAMETER}
    if any("CHECKOUT_SESSION_ID" in part.upper() for pair in pairs for part in pair):
        return "Stripe did not replace the placeholder: its braces are encoded, or it is misspelled"
    if len(given) > 1:
        return f"it has {PARAMETER} more than once"
    if not any(given):
        elsewhere = any(_ID.search(part) for pair in pairs for part in pair)
        return f"the session's id is under another name than {PARAMETER}" if elsewhere else f"it has no {PARAMETER}"
    text = given.pop()
    return f"there is more in {PARAMETER} than the id" if _ID.search(text) and not _ID.fullmatch(text) else None


def _decoded(text: str) -> str:
    """The text, decoded until nothing is encoded."""
    for _ in range(_ENCODINGS):
        text = unquote(text)
    return text
