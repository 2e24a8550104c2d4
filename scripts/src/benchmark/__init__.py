"""Measures time, calls and memory, side by side with a bare function and the naive way.

`ack`          the webhook: requests per second, and the latency of an answer
`cold_start`   from the start of a process to its first answer
`subscriber`   orders per second
`memory`       a worker's memory after its start, and after ten thousand requests
`page`         the buyer's page
`reconcile`    time and memory over a growing number of sessions
`end_to_end`   from the ack to the fulfilled order
`scale`        a flash sale, by a model; `model` is the model, `scenarios` its settings

`servers`      starts the measured functions; `contenders` has the others; `worker` reads what their processes use
`load`         signed events, and wrk, which posts them
`figures`      numbers with their spread, and tables of them
`report`       docs/performance.md
`chart`        docs/performance.svg
"""
