"""Stripe and Google, as far as the commands need them. No class of their libraries leaves this package.

`access`             the keys and addresses in the environment
`loopback`           emulators and stand-ins are reached without a proxy
`credentials`        the message for a person who is not logged in to Google

`stripe_endpoints`   webhook endpoints at Stripe; the only file that knows Stripe's library
`stripe_events`      lists events that Stripe could not deliver, and resends them
`webhook_endpoints`  an endpoint as it is, and as it must be; pure

`google_api`         how Google's REST APIs are called: credentials, limits, errors
`google_cloud`       reads functions, services, topics and subscriptions
`secret_manager`     reads secrets, and stores signing secrets
`google_resources`   the results of `google_cloud`, as values; pure
`signing_secrets`    the content of the webhook's secret, and the endpoint of each signing secret; pure
"""
