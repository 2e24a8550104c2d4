"""Proof that the promise holds against hostile input, overload and careless changes: `scripts/prove --help`.

`fuzz`      inputs that nobody well-meaning would send: `mutations` makes them of `seeds`, `fuzzing` runs the `targets`,
            `door` and `socket_door` speak HTTP, `mails` and `landing` read what people see, `oracles` say what is right
`load`      more than the webhook can carry: phases against `servers`
`mutate`    changed rules that a test must notice: `mutants` makes them, `mutation` runs their `guards`
"""
