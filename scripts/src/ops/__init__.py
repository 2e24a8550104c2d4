"""The operator's commands, `scripts/ops`. Read the files in this order.

1. `cli`               the group; `command` is what every command has: --deployment, --json, exit codes
2. `deployment`        what was deployed, as Terraform tells it; `access` is the keys and addresses
3. `doctor`            compares what runs with what is needed: `checks` is a finding, and how a check can fail;
                       `endpoint_checks`, `function_checks`, `messaging_checks` and `secret_checks` are the rules, pure
4. `register`          registers the webhook at Stripe and stores its signing secret; `add_secret` stores one by hand;
                       `registration` is the plan, pure; `signing_secrets` is what the secret holds, `endpoints` what
                       Stripe has and shall have

5. `show_orders`       where orders stand, and what happened to one: `lookup` finds them, `buyer` all those of one buyer
                       (`mailboxes` says when two addresses are one, pure), `stored_orders` is where they are read;
                       `timeline` and `views` are what is shown, pure; `change_orders` has what failed or was held owed
                       again
6. `show_letters`      the dead letters: `dead_letter` is one of them, pure; `reading` goes through them, and gives
                       back what it does not take; `change_letters` replays or drops them

7. `reconcile`         finds what Stripe did not tell, by the function's own code
8. `resend`            Stripe sends events again; `export` writes all orders into a file, `export_rows` its lines, pure;
                       `erase` forgets a buyer, and names the dead letters (`buyer_letters`) that do not

Beside them: `stripe_endpoints`, the only file here that knows Stripe's library, and `stripe_events`, which calls it as
that one does; `google_cloud` and `pubsub`, the only ones that know Google's, and `running`, what the first one tells;
`credentials`, what they and all commands say to whoever has not logged in; `emulated`, the deployment on this machine;
`lines`, `times` and `progress`, how people are told; `errors`.

A new command is a module with an `operation` (see `command`) and a line in `cli`.
"""
