"""2. An event becomes a Pub/Sub message, and a push becomes a message again.

`attributes` says what a message tells without being read. `publisher` stores messages; those that come together are
stored together (`batching`), by one call of Pub/Sub's (`pubsub`). `message` reads a push. `finder` publishes what was
found by reading Stripe.
"""
