"""7. Finds missing events. Cloud Scheduler calls `endpoint`; a `reconciler` reads Stripe's sessions and the orders.

`session_reader` turns sessions into events, `comparison` compares those with the orders and publishes. `stats` counts
the results, `checkpoint` stores the progress of a round. `rate_limited_stripe` limits the reads of Stripe per second.
`settings` reads the environment.
"""
