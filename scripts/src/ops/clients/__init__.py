"""Stripe and Google, as far as the commands need them. No class of their libraries leaves this package.

`access`             the keys and addresses in the environment
`loopback`           emulators and stand-ins are reached without a proxy
`credentials`        the message for a person who is not logged in to Google

`stripe_client`      how Stripe's library is called: limits, errors
`stripe_endpoints`   the endpoints at Stripe, of both kinds:
`snapshot_endpoints` webhook endpoints, `we_…`
`thin_destinations`  event destinations, `ed_…`
`stripe_types`       the event types that Stripe's library knows
`stripe_permissions` whether the functions' key may read what they need
`stripe_events`      lists events that Stripe could not deliver, and resends them
`webhook_endpoints`  an endpoint as it is, and as it must be; pure
`event_types`        the event types of an endpoint; pure

`google_api`         how Google's REST APIs are called: credentials, limits, errors
`google_cloud`       reads functions, services, topics and subscriptions
`cloud_storage`      reads the objects of a bucket
`secret_manager`     reads secrets, and stores signing secrets
`google_resources`   the results of `google_cloud`, as values; pure
`signing_secrets`    the content of the webhook's secret, and the endpoint of each signing secret; pure
"""
