"""`doctor` compares what Stripe has registered and what Google runs with what the product needs.

`command`            the command, and how its findings are shown
`examination`        asks Stripe and Google, one check after the other
`checks`             a finding, and how a check that fails becomes one; pure, as the rules are:
`endpoint_checks`    the webhook endpoints at Stripe
`function_checks`    the functions, and who may call them
`messaging_checks`   topics and subscriptions
`secret_checks`      what the secrets hold, and who may read them
"""
