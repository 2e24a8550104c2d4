"""Finds and calls the hook `cart_abandoned`."""

import re

from fulfillment.domain.cart import CART_ABANDONED, Cart
from fulfillment.effects.hook import Hook, Hooks, takes
from fulfillment.errors import ConfigurationError, FulfillmentError

_HIDDEN = "[recovery link]"
_PART = 12
"""The characters of a token that give it away."""


def find(hooks: object) -> Hook:
    """The hook in the user's hooks.py. Raises ConfigurationError, so that the first cart does not find a wrong hook."""
    hook: Hook | None = getattr(hooks, CART_ABANDONED, None)
    if not callable(hook):
        raise ConfigurationError(
            "hooks.py must have a function cart_abandoned(cart, key) where abandoned carts are wanted: "
            "write it, or set ABANDONED_CARTS to false (in Terraform after_sale.abandoned_carts)"
        )
    if not takes(hook, 2):
        raise ConfigurationError("hooks.py: cart_abandoned must take (cart, key)")
    return hook


class CartHook:
    """Calls the hook."""

    def __init__(self, hook: Hook, seconds: float) -> None:
        self._call = Hooks().limited(CART_ABANDONED, hook, seconds)

    async def __call__(self, cart: Cart) -> None:
        """Returns once the hook has returned. Raises a FulfillmentError, whose text does not show the recovery link:
        the text goes into the log, and perhaps onto the dead-letter topic.
        """
        try:
            await self._call(cart, cart.key)
        except FulfillmentError as error:
            error.args = tuple(_hiding(str(each), cart.recovery_url) for each in error.args)
            raise


def _hiding(text: str, url: str | None) -> str:
    """The text without links, and without words that hold a part of the recovery link's token."""
    if url is None:
        return text
    token = re.split(r"[/#?]", url.rstrip("/"))[-1]
    parts = [re.escape(token[at : at + _PART]) for at in range(max(1, len(token) - _PART + 1))]
    return re.sub(rf"\S*(https?(:|%3A)|{'|'.join(parts)})\S*", _HIDDEN, text, flags=re.IGNORECASE)
