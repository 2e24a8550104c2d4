"""From a signed Stripe event to a fulfilled order. Read the folders in this order: it is the order of the flow.

1. `webhook`        a signed request becomes a verified event
2. `topic`          the event becomes a Pub/Sub message; a push request is parsed into a message
3. `subscriber`     a message gets an outcome: acknowledge, retry, or park
4. `domain`         pure rules: what an event changes in an order, and which effects the order then owes
5. `orders`         orders are stored in Firestore; each change is one atomic write
6. `effects`        owed effects are performed: line items, your hook, mails, order events
7. `reconcile`      finds the events that Stripe did not deliver
8. `order_status`   the buyer's order status page
9. `stripe_events`  your handlers of other events
10. `abandoned_carts`  your hook for a checkout that expired

Each entry point (1, 3, 7, 8, 9, 10) has an `endpoint` and its `settings`.

Several rooms share: `settings` (the environment), `presentation` (an order in the buyer's notation), `stripe_client`
(asks Stripe), `stripe_after_sale` and `stripe_api` (what is read there), `stripe_errors` (what Stripe's errors mean),
`stripe_types` (its event types), `thin_reads` (the session of a thin event), `errors` (which errors to retry),
`telemetry` (one log line per request), `credentials` (Google's), `http` (reads a body up to a limit), `version` (the
name and version in calls).
"""
