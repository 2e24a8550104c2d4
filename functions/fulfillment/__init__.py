"""From a signed Stripe event to a fulfilled order. Read the files in this order; it is the flow.

1. `webhook`     a signed request becomes a verified event (`signature` proves it)
2. `topic`       the event becomes a Pub/Sub message, and a push becomes a message again; those that come together
                 are stored together (`batching`), by one call of Pub/Sub's (`pubsub`)
3. `subscriber`  a message becomes an outcome: acknowledge, try again, or park
4. `delivery`    the event is brought into its order, and what the order owes is paid
5. `domain`      the rules, pure: `shape`, `ids`, `checkout`, `session`, `events`, `status`, `effects`, `order`,
                 `transitions` (what an event does to an order), `debt` (how what is owed is paid), `items`, `money`,
                 `findings` (what a session read from Stripe claims), `retelling` (what an order itself remembers),
                 `erasure` (what is personal, and how it is erased), `standing` (what its buyer is told), `sums` (what
                 adds up)
6. `orders`      an order is kept in Firestore, each change one atomic write; `documents` is how it is written,
                 `firestore` what the store can do
7. `effects`     what is owed is done to the world, and struck off
8. `performers`  which effects there are here, and by what: `stripe_api` reads the line items, `hook` runs the
                 user's hooks.py, `mail` sends what `letters` writes (`statement` is what a mail says of an order,
                 `locales` how the buyer writes it, `postal` the lines on the parcel, `mailbox` whom it may reach,
                 `headers` how its headers are encoded), `announce` tells a topic

What Stripe did not tell in time: `finder` publishes what was found by reading, as messages of the same topic.
`reconcile` is called by a schedule: a `sweep` compares Stripe, read by a `pacer`, with the orders, a `tally` says what
it saw, and the `checkpoint` keeps how far a round has come (`rounds`, of the domain).

The buyer's landing page: `order_status` answers by the order, or else by `lookup`, which reads the session from Stripe
(`visits` is what it remembers); `domain.standing` says what the buyer is told, `status_page` how; `success_url` is what
the shop can get wrong before anybody comes.

Beside the flow: `errors` (what is worth trying again), `settings` (the environment) and `values` (what
a setting may be; `addresses`, those of servers and pages), `credentials` (Google's),
`telemetry` (one log line per request), `templates` (the user's words), `http` (reading a body without trusting
its length), `lean` (importing no more than is used).
"""
