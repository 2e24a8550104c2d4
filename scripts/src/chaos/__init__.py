"""Breaks everything around the real functions on the real emulators, and judges what is left of the orders.

1. `plan`      the seed becomes what will be broken, when and for how long; `profiles` says how much of it
2. `cases`     the seed becomes orders: every way a Checkout can go, and the events that tell of it
3. `proxy`     the connections between the parts, each of which can break; `incidents` says how, and keeps a record
4. `stage`     the emulators, the function processes, and what is around them, with a proxy on every connection
5. `source`    what is laid over a copy of functions/: hooks that keep a record, and a clock that can be wrong
6. `sender`    Stripe: at least once, in any order, as twins, again and again until it is answered 2xx
7. `saboteur`  carries the plan out, and keeps a record of it
8. `world`     what the world saw: the hooks' record, the mails, the announcements
9. `model`     what each order must be: the pure state machine, fed with the events that were sent
10. `judge`    lost, wrong, doubled; `report` says so on the terminal and as JSON
11. `interludes`  what an operator does meanwhile and afterwards: dead letters are replayed

The plan is the seed's alone. What it meets is not: threads, sockets and emulators take their own time.
"""
