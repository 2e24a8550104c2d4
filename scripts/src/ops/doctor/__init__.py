"""`doctor` compares what Stripe has registered and what Google runs with what the product needs.

`command`            the command, and the output of its findings
`examination`        calls Stripe and Google, one check after the other
`checks`             a finding, and how a failed check becomes one; pure, as the rules are:
`endpoint_checks`    the webhook endpoints at Stripe
`function_checks`    the functions, and who may call them
`messaging_checks`   topics and subscriptions
`secret_checks`      the content of the secrets, and who may read them
"""
