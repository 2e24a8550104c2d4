"""The product's name and version, defined only here. A test checks that CHANGELOG.md begins with the same version."""

NAME = "stripe-checkout-fulfillment"
VERSION = "1.2.0"
USER_AGENT = f"{NAME}/{VERSION}"
"""The user agent of every call to Stripe and Google. Search their logs for it, or give it to their support."""
