"""8. The buyer's landing page: `endpoint` answers by the order, or else by `lookup`, which reads Stripe.

`publisher` publishes what was read. `session_cache` is what one instance remembers, `rate_limiter` how often it reads.
`page` says how the answer looks, `success_url` what the shop can get wrong,
`settings` what it needs of the environment.
"""
