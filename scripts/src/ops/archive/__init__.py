"""The archive: the objects that Pub/Sub's Cloud Storage subscriptions write, one Avro file for some minutes.

    stripe/2026/11/28/11_29_23+00:00_….avro      the messages of the topic of Stripe's events
    orders/2026/11/28/11_29_23+00:00_….avro      the messages of the topic of orders' events

Google may write the zone as `Z` too: nothing here depends on it.

`command`     `archive replay`: its options and its report
`report`      what a replay has done; pure
`replaying`   reads object by object, and publishes what is selected
`sales`       with --orders: which events have no order here, and which of them are another system's
`files`       reads one Avro file
`seen`        knows the events that this run has met, on disk
`archived`    one archived message, and the filter that selects it; pure
"""
