"""The product's name and version: written here and nowhere else. CHANGELOG.md must begin with the same version, says a
test.
"""

NAME = "stripe-checkout-fulfillment"
VERSION = "1.0.0"
USER_AGENT = f"{NAME}/{VERSION}"
"""How every call to Stripe and Google names its caller: what their support and their logs are asked for."""
