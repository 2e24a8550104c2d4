"""The licences of the packages that the functions install: docs/licenses.md. `scripts/check` fails if it is outdated.

`table`   the licence that each package declares
"""
