"""7. What Stripe never told: a schedule calls `endpoint`, a `reconciler` goes through Stripe's sessions and the orders.

`session_reader` says what sessions claim, `comparison` compares that with the orders and publishes. `stats` counts what
was seen, `checkpoint` keeps how far a round has come. `rate_limited_stripe` reads Stripe no faster than is allowed.
`settings` is what it needs of the environment.
"""
