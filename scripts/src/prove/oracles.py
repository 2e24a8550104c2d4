"""The expected results, independent of the product: signatures by the standard library, Firestore's limits by its
documentation.
"""

import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

PERSON = ("jenny", "Rosen", "Oyster")
"""Personal data of the buyer in the sample events: no log line may hold it."""
_DOCUMENT_ID = re.compile(r"[A-Za-z0-9_-]{1,255}")
_RESERVED = re.compile(r"__.*__", re.DOTALL)


class Broken(AssertionError):
    """A guarantee is broken; the text says which."""


def hold(promise: bool, words: str) -> None:  # noqa: FBT001 - as assert
    """Raises Broken with the words if the promise is false."""
    if not promise:
        raise Broken(words)


def digest(secret: str, at: int | str, body: bytes) -> str:
    """A v1 signature as Stripe documents it."""
    return hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()


def is_signed(header: str, body: bytes, secret: str, now: float) -> bool:
    """Whether the header has a valid digest for a time within five minutes, plus a second for the call."""
    times = {int(text) for text in re.findall(r"[0-9]{1,15}", header)}
    fresh = [at for at in times if abs(now - at) <= 301]
    return any(digest(secret, at, body) in header for at in fresh)


def fits_firestore(document_id: str, document: Mapping[str, Any]) -> None:
    """Raises Broken if the document's id is no plain name, or if Firestore would refuse the document."""
    hold(bool(_DOCUMENT_ID.fullmatch(document_id)), "a document's id that is no plain name")
    hold(not _RESERVED.fullmatch(document_id), "a reserved document id")
    _fits(document, 1)


def _fits(value: Any, depth: int) -> None:
    hold(depth <= 20, "nested deeper than Firestore takes")
    match value:
        case str():
            hold(_is_utf8(value), "a string that is not UTF-8")
        case bool() | None | float() | datetime():
            pass
        case int():
            hold(-(2**63) <= value < 2**63, "an integer beyond 64 bit")
        case Mapping():
            _keys_fit(value)
            for each in value.values():
                _fits(each, depth + 1)
        case list():
            hold(not any(isinstance(each, list) for each in value), "an array in an array")
            for each in value:
                _fits(each, depth + 1)
        case _:
            hold(promise=False, words=f"a {type(value).__name__} in a document")


def _keys_fit(keys: Iterable[object]) -> None:
    for key in keys:
        hold(isinstance(key, str) and key != "" and _is_utf8(key), "a key that is empty or not UTF-8")
        hold(not _RESERVED.fullmatch(str(key)), "a reserved key")


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
