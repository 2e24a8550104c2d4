"""2. An event becomes a Pub/Sub message. A push request is parsed into a message.

`attributes` writes a message's attributes. `publisher` stores messages. Concurrent messages share one call (`batching`)
of Pub/Sub's API (`pubsub`). `message` parses a push, and `push_endpoint` answers it. `finder` publishes the events that
were found by reading Stripe.
"""
