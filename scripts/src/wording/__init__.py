"""Finds words that make a sentence hard to read, in code and documents. `scripts/check` runs it.

`words`   the word list, and the search
"""
