"""Proof that the promise holds against hostile input, overload and careless changes: `scripts/prove --help`.

`fuzz`      inputs that nobody well-meaning would send: `mutations` makes them of `seeds`, `fuzzing` runs the `targets`,
            `doors` are the targets that speak HTTP, `letters` the one that reads mails, `oracles` say what is right
"""
