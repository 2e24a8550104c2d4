"""Finds and calls the hook `cart_abandoned`."""

from fulfillment.domain.cart import CART_ABANDONED, Cart
from fulfillment.effects.hook import Hook, Hooks, takes
from fulfillment.errors import ConfigurationError, FulfillmentError

_HIDDEN = "[recovery link]"


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
            if cart.recovery_url:
                error.args = tuple(str(each).replace(cart.recovery_url, _HIDDEN) for each in error.args)
            raise
