"""The tables of terraform/README.md, made from the .tf files. `scripts/check` says whether they are fresh.

`source`      what terraform/ declares, as plain data
`functions`   each function's entry, put together as functions.tf does it
`tables`      the tables made of them
"""
