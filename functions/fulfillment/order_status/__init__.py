"""8. The buyer's landing page: `endpoint` answers by the order, or else by `lookup`, which reads Stripe.

`visits` is what one instance remembers, `page` how the answer looks, `success_url` what the shop can get wrong,
`settings` what it needs of the environment.
"""
