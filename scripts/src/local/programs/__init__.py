"""The demo and the development server.

`demo`         scripts/demo: plays a small day of sales and shows the orders as they change
`dev`          scripts/dev: keeps everything running for `stripe listen`
`explanation`  the lines to paste that scripts/dev prints
`log_view`     the functions' log lines, formatted for scripts/dev
`day`          plays each sale of the demo
`course`       the progress of a sale
`checks`       its result
`sale`         one sale, and its expected result
`after_sales`  what follows the last sales of that day: a refund, a dispute, an abandoned cart
`sales`        the sales of that day: the events that Stripe sends
"""
