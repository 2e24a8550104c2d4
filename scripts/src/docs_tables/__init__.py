"""The tables of terraform/README.md, made from the .tf files. `scripts/check` fails if they are out of date.

`source`      the declarations in terraform/, as plain data
`functions`   the functions among them, with their defaults
`tables`      the tables
"""
