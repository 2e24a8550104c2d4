"""Messages that were parked, or given up by Pub/Sub. Each may be a paid order that is not fulfilled.

`show`           `dead-letters list` and `dead-letters show`
`change`         `dead-letters replay` and `dead-letters drop`
`search`         finds the dead letters of given orders or of a buyer

`pipe`           the two pipes: of orders, and of Stripe's other events with --events; pure
`dead_letter`    one dead letter: its reason, and the filter that selects it; pure
`hiding`         hides links to carts in what is shown; pure
`reading`        reads all of them once, and releases those that it does not acknowledge
`subscription`   pulls, leases and acknowledges them; the only file that knows Pub/Sub's library
"""
