"""1. A signed request becomes a verified event: `endpoint` answers Stripe, `signature` proves that it is Stripe.

`settings` is what it needs of the environment.
"""
