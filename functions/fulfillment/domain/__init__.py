"""4. The rules of fulfilment. Pure: imports the standard library, itself and the error tree, nothing else.

What comes in: `json_object`, `shape`, `ids`, `checkout`, `session`, `event_types`, `events`. Which sessions count:
`order_filter`. What an order is and becomes: `status`, `order`, `transitions` (what an event does to it), `effects`
and `lifecycle` (what it owes, and how that is done), `decision` (all of that for one delivery), `items`, `erasure`.
What is found by reading Stripe: `findings`, `retelling`, `rounds`. What the buyer is told: `standing`, `sums` (what
adds up), `money`.
"""
