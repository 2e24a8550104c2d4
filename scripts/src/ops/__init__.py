"""The operator's commands, `scripts/ops`. Each room is a subject; read them in this order.

1. `cli`            the group: a new command is a function with `operation` (see `command`) and a line here
2. `command`        what every command has: --deployment, --json, exit codes
3. `deployment`     what was deployed, as Terraform tells it, or the one on this machine
4. `doctor`         compares what runs with what is needed
5. `webhook`        registers the endpoint at Stripe, stores its signing secret, has events sent again
6. `orders`         lists, shows, retries, exports and erases orders, and finds those that Stripe did not tell of
7. `dead_letters`   lists, shows, replays and drops them

Under all of them: `clients` (Stripe and Google), `terminal` (how people are told), `errors` (what keeps a command from
its work, by whose turn it is).

Nothing here imports `local`: the commands run where no emulator is installed.
"""
