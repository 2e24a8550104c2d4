"""The pipe on your own machine: what scripts/demo, scripts/dev and the tests run it with.

processes       start and stop programs, and everything they start
emulators       the official Pub/Sub and Firestore emulators, or what is missing and how to install it
pipe            topics, filtered push subscriptions and the functions, on the emulators
memory          the same in one process: Python alone; topic here, the rest in `memory_orders`, `memory_checkpoint` and
                `memory_stripe`
hooks_file      functions/hooks.py, or in one line what keeps it out
stripe_events   events as Stripe writes and signs them
stripe_stand_in Stripe's API, as far as the product (…_api) and the official Stripe CLI (…_cli) need it
neighbors       the world around the pipe: Stripe's API and a mail server
day             a small day of sales, and what it must end in
demo, dev       the two programs a person runs; `following` is the log lines that the second one shows
"""
