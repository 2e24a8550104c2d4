"""The licences of what the deployed functions install: docs/licenses.md. `scripts/check` says whether it is fresh.

`table`   the licence of each package, as the package itself declares it
"""
