"""4. The rules of fulfilment. Pure: it imports only the standard library, itself and the error tree.

Input: `json_object`, `shape`, `records`, `ids`, `checkout`, `session`, `event_types`, `envelope`, `events`,
`thin_events`.
Which other events are routed: `routes`.
Ownership: `ownership`, `order_filter`.
The order: `status`, `order`, `items`, `money`, `sums` (which amounts add up), `erasure`.
After the sale: `after_sale` and `joins` (one object of all that was told), `after_sale_objects` and `after_sale_events`
(what is read into them), `facts` (into an order), `order_money` (what became of its money), `access` (may the buyer use
it), `settlement` (what it owes), `evidence` (until when a dispute can be answered), `unlisted` (what no list brings),
`invoices` (of which subscription a payment is).
Its changes: `transitions` (by an event), `effects` and `lifecycle` (what it owes, and how that is done), `decision`
(both, for one delivery).
Events from reading Stripe: `synthetic_events`, `found_objects`, `source_event`, `cursor`.
The order status page: `buyer_view`. Without an order: `cart`.
"""
