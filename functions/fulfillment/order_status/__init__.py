"""8. The buyer's order status page: `endpoint` answers from the order, or else from `lookup`, which reads Stripe.

`publisher` publishes missing events. `session_cache` is the cache of one instance, `rate_limiter` limits its reads.
`page` is the answer, `status_page` writes it as HTML, `page_json` as JSON. `success_url` detects a wrong success_url of
the shop. `settings` reads the environment.
"""
