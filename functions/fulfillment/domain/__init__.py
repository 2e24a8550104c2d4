"""4. The rules of fulfilment. Pure: it imports only the standard library, itself and the error tree.

Input: `json_object`, `shape`, `records`, `ids`, `checkout`, `session`, `event_types`, `events`, `thin_events`.
Which other events are routed: `routes`.
Ownership: `ownership`, `order_filter`.
The order: `status`, `order`, `items`, `money`, `sums` (which amounts add up), `erasure`.
Its changes: `transitions` (by an event), `effects` and `lifecycle` (what it owes, and how that is done), `decision`
(both, for one delivery).
Events from reading Stripe: `synthetic_events`, `source_event`, `cursor`. The order status page: `buyer_view`.
"""
