"""4. The rules of fulfilment. Pure: imports the standard library, itself and the error tree, nothing else.

What comes in: `json_object`, `shape`, `ids`, `checkout`, `session`, `event_types`, `events`.
Whether it is this deployment's: `ownership`, `order_filter`.
What an order is: `status`, `order`, `items`, `money`, `sums` (which amounts add up), `erasure`.
What it becomes: `transitions` (what an event does to it), `effects` and `lifecycle` (what it owes, and how that is
done), `decision` (both, for one delivery).
What Stripe says when it is read: `synthetic_events`, `source_event`, `cursor`. What the buyer is told: `buyer_view`.
"""
