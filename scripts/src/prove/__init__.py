"""Proof that the promise holds against hostile input, overload and careless changes: `scripts/prove --help`.

`cli`                   the commands
`attacks`               `fuzz` and `load`, as a person runs them

`fuzz`, inputs that no honest client would send:
`seeds`                 sample events, and the words that each side knows
`mutations`             makes hostile inputs of them
`fuzzing`               gives each target its share, and reports what broke
`targets`               events and pushes, in this process
`webhook_target`        requests to the webhook, in this process
`socket_target`         raw bytes to its HTTP server
`mail_target`           mails of hostile orders
`order_status_target`   the buyer's page of hostile orders
`oracles`               what is right, said independently of the product

`load`, more than the webhook can carry:
`load`                  the phases
`servers`               a function as it runs in production

`mutate`, changed rules that a test must notice:
`mutants`               the changes
`mutation`              runs the tests on each
`guards`                which tests guard which file
"""
