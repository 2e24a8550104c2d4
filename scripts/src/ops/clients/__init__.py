"""Stripe and Google, as far as the commands need them. No class of theirs travels further.

`access`             the keys and addresses in the environment
`loopback`           emulators and stand-ins are reached without a proxy
`credentials`        what is said to a person who has not logged in to Google

`stripe_endpoints`   webhook endpoints at Stripe; the only file that knows Stripe's library
`stripe_events`      events that Stripe could not deliver, sent again
`webhook_endpoints`  an endpoint as it is, and as it must be; pure

`google_api`         how Google's REST APIs are called: credentials, limits, errors
`google_cloud`       what runs: functions, services, topics, subscriptions
`secret_manager`     secrets are read, and signing secrets stored
`google_resources`   what `google_cloud` tells, as values; pure
`signing_secrets`    what the secret of the webhook holds, and whose each signing secret is; pure
"""
