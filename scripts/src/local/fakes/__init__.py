"""Stand-ins for what the product talks to. A fake passes the same contract tests as the real thing.

`memory_topic`                 Pub/Sub in memory
`memory_orders`                the order store in memory
`memory_checkpoint`            reconcile's checkpoint in memory
`memory_stripe`                Stripe's sessions in memory
`endless_stripe`               as many of them as one likes, for measurements
`pubsub_stand_in`              Pub/Sub's publisher over real gRPC, which can be slow or refuse

`stripe_events`                events as Stripe writes and signs them
`stripe_stand_in`              Stripe over HTTP: a checkout, its events, and the program that serves it
`stripe_stand_in_api`          what the product reads of it
`stripe_stand_in_cli`          what the official Stripe CLI needs of it
`stripe_stand_in_endpoints`    what scripts/ops registers at it
`stripe_stand_in_forms`        what the CLI posts to it
"""
