"""The environment, read once at start: `base` loads it, `shared` has what several entry points need.

Each entry point has a `settings` of its own. `parsers` says what the text of a setting may be, `hosts` and `mailbox`
what an address may be. `secret_file` is a secret that can be rotated without a deploy.
"""
