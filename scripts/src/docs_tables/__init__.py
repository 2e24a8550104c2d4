"""The tables of terraform/README.md, made from the .tf files. `scripts/check` says whether they are fresh.

`source`   what terraform/ declares, as plain data
`tables`   the tables made of it
"""
