"""From a signed Stripe event to a fulfilled order. Read the folders in this order; it is the flow.

1. `webhook`        a signed request becomes a verified event
2. `topic`          the event becomes a Pub/Sub message, and a push becomes a message again
3. `subscriber`     a message becomes an outcome: acknowledge, try again, or park
4. `domain`         the rules, pure: what an event does to an order, and what the order then owes
5. `orders`         an order is kept in Firestore, each change one atomic write
6. `effects`        what is owed is done to the world: line items, your hook, mails, order events
7. `reconcile`      what Stripe never told is found
8. `order_status`   the buyer's landing page

Each door (1, 3, 7, 8) has an `endpoint` and its `settings`.

Shared by several of them: `settings` (the environment), `presentation` (how an order is told to its buyer),
`stripe_api` (what is read from Stripe), `stripe_errors` (what its errors mean), `errors` (what is worth trying again),
`telemetry` (one log line per request), `credentials` (Google's), `http` (reading a body without trusting its length),
`version` (how callers are named).
"""
