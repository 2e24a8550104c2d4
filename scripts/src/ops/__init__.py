"""The operator's commands, `scripts/ops`. Each package is a subject; read them in this order.

1. `cli`            the group: a new command is a function with `operation` (see `command`) and a line here
2. `command`        what every command has: --deployment, --json, exit codes
3. `deployment`     the deployment in Terraform's output, or the one on this machine
4. `doctor`         compares what runs with what is needed
5. `webhook`        registers the endpoint at Stripe, stores its signing secret, resends events
6. `orders`         lists, shows, retries, exports and erases orders, and finds orders whose event is missing
7. `dead_letters`   lists, shows, replays and drops dead letters
8. `archive`        publishes archived events again

All of them use `clients` (Stripe and Google), `terminal` (output for people), `messages` (those that are published
again) and `errors` (why a command failed, and who must act).

Nothing here imports `local`: the commands run where no emulator is installed.
"""
