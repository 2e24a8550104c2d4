"""7. Finds missing events. Cloud Scheduler calls `endpoint`; a `reconciler` reads Stripe's sessions and the orders.

`session_reader` turns sessions into events, `comparison` compares those with the orders and publishes.

After the sale `after_sale_lists` reads Stripe's lists of disputes and refunds, `after_sale_comparison` compares them
with the orders. `after_sale_orders` reads those of orders that the lists do not bring. `after_sale_reader` turns both
into events. `renewals` finds the order of a subscription's later invoice. `dispute_levels` counts open disputes and
near deadlines.

`stats` counts the results, `checkpoint` stores the progress of a round, `paging` knows the place in a list.
`single_reads` passes over what Stripe does not show, `rate_limited_stripe` limits the reads of Stripe per second.
`settings` reads the environment.
"""
