"""Reads the environment once at start: `base` loads it, `shared` has the settings of several entry points.

Each entry point has its own `settings`. `parsers` validates the text of a setting, `hosts` and `mailbox` validate
addresses. `secret_file` is a secret that can be rotated without a deploy.
"""
