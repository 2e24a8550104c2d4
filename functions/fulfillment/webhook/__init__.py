"""1. A signed request becomes a verified event: `endpoint` answers Stripe, `signature` verifies the signature.

`settings` reads the environment.
"""
