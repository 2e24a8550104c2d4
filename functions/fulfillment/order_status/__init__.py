"""8. The buyer's landing page: `endpoint` answers by the order, or else by `lookup`, which reads Stripe.

`publisher` publishes what was read. `session_cache` is what one instance remembers, `rate_limiter` how often it reads.
`page` is what is answered, `status_page` writes it as HTML, `page_json` as JSON. `success_url` finds what the shop got
wrong. `settings` is what it needs of the environment.
"""
