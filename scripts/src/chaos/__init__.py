"""Breaks everything around the real functions on the real emulators, and judges what is left of the orders.

1. `plan`             the seed becomes what will be broken, when and for how long
2. `profiles`         how much of it
3. `cases`            the seed becomes orders: every way a Checkout can go, and the events that tell of it
4. `proxy`            the connections between the parts, each of which can break
5. `incidents`        what was done to a connection, and whom it met
6. `testbed`          the emulators, the functions, and what is around them, with a proxy on every connection
7. `overlay`          what is laid over a copy of functions/: hooks that keep a record, and a clock that can be wrong
8. `sender`           Stripe: at least once, in any order, as twins, again and again until it is answered 2xx
9. `fault_injector`   carries the plan out, and keeps a record of it
10. `world`           what the world saw: the hooks' record, the mails, the announcements
11. `model`           what each order must be: the pure state machine, fed with the events that were sent
12. `judge`           lost, wrong, doubled
13. `operator_actions`   what an operator does meanwhile and afterwards: dead letters are replayed
14. `run`             one run, from the first sale to the verdict
15. `report`          the verdict on the terminal and as JSON

The plan is the seed's alone. What it meets is not: threads, sockets and emulators take their own time.
"""
