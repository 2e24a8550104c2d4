"""Hides the recovery link of an abandoned cart in a body that is shown. Pure.

The link opens the buyer's cart for 30 days, without a password. It is at `after_expiration.recovery.url` of a session.
"""

import json
import re
from typing import Any

from fulfillment.domain.json_object import load_object
from fulfillment.errors import MalformedEvent

HIDDEN = "(hidden: opens the buyer's cart)"
_OF_STRIPE = re.compile(r"https?:(?:\\?/){2}buy\.stripe\.com(?:\\?/)r(?:\\?/)[^\s\"<>]+", re.IGNORECASE)
_IN_TEXT = re.compile(r'("recovery"\s*:\s*\{[^{}]*?"url"\s*:\s*")(?:[^"\\]|\\.)*', re.DOTALL)


def shown(body: bytes) -> str:
    """The body as it may be shown: as it is, or written anew without its links. In bytes that are no event, what looks
    like a link is replaced.
    """
    text = body.decode(errors="replace")
    try:
        event = load_object(body)
    except MalformedEvent:
        return _OF_STRIPE.sub(HIDDEN, _IN_TEXT.sub(rf"\g<1>{HIDDEN}", text))
    hidden = _hide(event)
    return text if hidden == event else json.dumps(hidden, ensure_ascii=False)


def _hide(value: Any, key: str = "") -> Any:
    if isinstance(value, dict):
        inside = {name: _hide(each, name) for name, each in value.items()}
        return inside | {"url": HIDDEN} if key == "recovery" and inside.get("url") is not None else inside
    if isinstance(value, list):
        return [_hide(each) for each in value]
    return _OF_STRIPE.sub(HIDDEN, value) if isinstance(value, str) else value
