"""Tests the guarantees with hostile input, overload and changed code: `scripts/prove --help`.

`cli`                   the commands
`attacks`               `fuzz` and `load`, and their output

`fuzz`, inputs that no honest client would send:
`seeds`                 sample events, and known field names and types
`mutations`             makes hostile inputs of them
`fuzzing`               gives each target its share of inputs, and reports broken guarantees
`targets`               events and pushes, in this process
`thin_targets`          thin events with hostile answers of Stripe, and events for handlers
`after_sale_target`     events of refunds and disputes, with hostile answers of Stripe
`hostile_stripe`        these answers
`webhook_target`        requests to the webhook, in this process
`socket_target`         raw bytes to its HTTP server
`mail_target`           mails of hostile orders
`order_status_target`   the buyer's page of hostile orders
`oracles`               the expected results, independent of the product's code

`load`, more than the webhook can carry:
`load`                  the phases
`servers`               a function as it runs in production

`mutate`, changed rules that a test must notice:
`mutants`               the changes
`mutation`              runs the tests on each
`guards`                the tests that guard each file
"""
