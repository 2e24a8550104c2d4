"""The operator's commands, `scripts/ops`. Read the files in this order.

1. `cli`               the group; `command` is what every command has: --deployment, --json, exit codes
2. `deployment`        what was deployed, as Terraform tells it; `access` is the keys and addresses
3. `doctor`            compares what runs with what is needed: `checks` is a finding, and how a check can fail;
                       `endpoint_checks`, `function_checks`, `messaging_checks` and `secret_checks` are the rules, pure
4. `register`          registers the webhook at Stripe and stores its signing secret; `add_secret` stores one by hand;
                       `registration` is the plan, pure; `signing_secrets` is what the secret holds, `endpoints` what
                       Stripe has and shall have

Beside them: `stripe_endpoints`, the only file here that knows Stripe's library; `google_cloud`, the only one that knows
Google's, and `running`, what it tells; `errors`.

A new command is a module with an `operation` (see `command`) and a line in `cli`.
"""
