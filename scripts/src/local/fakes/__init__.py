"""Stand-ins for the services that the product uses. A fake passes the same contract tests as the real service.

`memory_topic`                 Pub/Sub in memory
`memory_orders`                the order store in memory
`memory_checkpoint`            reconcile's checkpoint in memory
`memory_stripe`                Stripe's objects in memory
`endless_stripe`               any number of sessions, for measurements
`pubsub_stand_in`              Pub/Sub's publisher over real gRPC, which can be slow or refuse

`stripe_events`                events as Stripe writes and signs them
`stripe_lists`                 how Stripe lists, filters and expands its objects
`stripe_payments`              payments, and the events about what belongs to them
`stripe_after_sale`            what follows a payment: refunds, disputes, warnings, reviews, and their events
`stripe_after_sale_objects`    these objects as Stripe writes them
`stripe_invoices`              and invoices with their payments
`stripe_stand_in`              Stripe over HTTP: a checkout, its events, and the program that serves it
`stripe_stand_in_api`          the API that the product reads
`stripe_stand_in_cli`          the API of the official Stripe CLI's `stripe listen`
`stripe_stand_in_endpoints`    the API of webhook endpoints, for scripts/ops
`stripe_stand_in_destinations` the API of event destinations, for scripts/ops
`stripe_stand_in_events`       any event, sent to the webhook
`stripe_stand_in_refunds`      refunds that the CLI makes
`stripe_stand_in_forms`        the forms that the CLI posts
"""
