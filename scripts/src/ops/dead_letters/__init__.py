"""Messages that were parked, or given up by Pub/Sub: each may be a paid order that is not fulfilled.

`show`           `dead-letters list` and `dead-letters show`
`change`         `dead-letters replay` and `dead-letters drop`
`search`         finds those of some orders or of a buyer

`dead_letter`    one of them: its reason, and what is published when it is replayed; pure
`reading`        goes through all of them once, and gives back what it does not take
`subscription`   pulls, keeps and acknowledges them; the only file that knows Pub/Sub's library
"""
