"""3. A message gets an outcome: acknowledge, retry, or park (`endpoint`). `delivery` applies one event to its order.

`after_sale` handles what comes after the sale: `order_finder` finds the order, `fact_gatherer` and `fact_reader` read
Stripe. `thin_sales` reads the session of a thin event. `reporting` writes the log line. `executors` lists the effects
that this deployment can perform by its `settings`.
"""
