"""The webhook at Stripe: its endpoint, its signing secret, and its events.

`register`       `register-webhook`: creates the endpoint, and stores its signing secret
`registrar`      takes the steps of its plan
`registration`   the plan of `register-webhook`: the steps from what is registered to what must be; pure
`add_secret`     `add-webhook-secret`: stores a signing secret that a person enters
`resend`         `events resend`: makes Stripe resend events
"""
