"""What it costs in time, calls and memory, measured side by side with the bare function and the naive way.

`ack`          the webhook: requests a second, and how long an answer takes
`cold_start`   from the start of a process to its first answer
`subscriber`   orders a second
`memory`       what a worker holds after its start, and after ten thousand requests
`page`         the buyer's page
`reconcile`    time and memory over ever more sessions
`end_to_end`   from the ack to the fulfilled order

`servers`      the functions that are measured; `contenders` are the others
`load`         signed events, and wrk, which posts them
`figures`      numbers with their spread, and tables of them
`report`       docs/performance.md
`chart`        docs/performance.svg
"""
