"""What a person runs.

`demo`      scripts/demo: plays a small day of sales and shows the orders as they change
`dev`       scripts/dev: keeps everything running for `stripe listen`
`day`       plays each sale, and checks what it ended in
`sales`     the sales of that day: what Stripe sends, and what each must end in
`log_view`  the functions' log lines for the eye, as scripts/dev shows them
"""
