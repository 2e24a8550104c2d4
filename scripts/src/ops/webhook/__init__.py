"""The webhook at Stripe: its endpoint, its signing secret, and its events.

`register`       `register-webhook`: makes the endpoint, and stores its signing secret
`registration`   the plan of it: what is there, what must be there, and the steps between; pure
`add_secret`     `add-webhook-secret`: stores a signing secret that a person was told
`resend`         `events resend`: Stripe sends events again
"""
