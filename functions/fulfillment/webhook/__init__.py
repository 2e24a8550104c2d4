"""1. A signed request becomes a verified event: `endpoint` answers Stripe, `signature` verifies, `event_json` reads.

`settings` reads the environment.
"""
