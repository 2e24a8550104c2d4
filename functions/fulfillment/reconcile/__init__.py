"""7. What Stripe never told: a schedule calls `endpoint`, a `sweep` compares Stripe with the orders, page by page.

`pacer` limits the reads of Stripe, `tally` counts what was seen, `checkpoint` keeps how far a round has come,
`settings` is what it needs of the environment.
"""
