"""3. A message gets an outcome: acknowledge, retry, or park (`endpoint`). `delivery` applies one event to its order.

`thin_sales` reads the session of a thin event. `executors` lists the effects that this deployment can perform by its
`settings`.
"""
