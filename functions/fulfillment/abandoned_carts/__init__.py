"""10. An expired Checkout Session becomes a call of the hook `cart_abandoned`, if the buyer agreed to promotions.

`endpoint` answers a push. `thin_carts` reads the session of a thin event. `hook` finds the hook, `settings` the
environment. Nothing is stored here.
"""
