"""A discrete-event model of a flash sale. Pure: no I/O, no real time; times are seconds of the model.

`settings`      the sale, the deployment, its limits and times
`stations`      the clock, and limits that delay or refuse
`service`       a function on Cloud Run: instances that scale
`subscription`  Pub/Sub's push: the window, the backoff, the dead letter
`sale`          the way of each order through them, from Stripe's request to the last effect
`quotas`        published limits and assumptions, each with its source
`bill`          the price of a sale
"""
