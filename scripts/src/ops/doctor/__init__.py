"""`doctor` compares what Stripe has registered and what Google runs with what the product needs.

`command`            the command, and the output of its findings
`examination`        calls Stripe and Google, one check after the other:
`function_looks`, `messaging_looks`, `secret_looks`
`checks`             a finding, and how a failed check becomes one; pure, as the rules are:
`endpoint_checks`    the endpoints at Stripe
`kind_checks`        snapshot and thin endpoints: what each carries and needs
`function_checks`    the functions, and who may call them
`settings_checks`    the environment of a function, and its mounted secrets
`messaging_checks`   topics and subscriptions
`filters`            the filters of subscriptions
`secret_checks`      the content of the secrets, and who may read them
"""
