"""Injects faults around the real functions on the real emulators, and judges the resulting orders.

1. `plan`             makes the plan of faults from the seed
2. `profiles`         the number of faults and their duration
3. `case`, `cases`    one order and its events; all orders of a seed
   `checkouts`        every course of a Checkout
   `after_sale`       every course of what follows it: refunds and disputes
4. `proxy`            the connections between the parts, each of which can break
5. `incidents`        a fault that happened to a connection
6. `testbed`          the emulators, the functions and their neighbors, with a proxy on every connection
7. `overlay`          files over a copy of functions/: hooks that keep a record, and a clock that can be wrong
8. `sender`           Stripe: sends at least once, in any order, as twins, and retries until a 2xx answer
9. `fault_injector`   carries out the plan, and keeps a record of it
10. `world`           the effects that happened: the hooks' record, the mails, the announcements
11. `model`           the expected order: the pure state machine with the events that were sent
12. `judge`           finds lost, wrong and doubled orders and effects
    `keys`            the keys of the effects that may and that must have been performed
    `logs`            what the functions' logs tell, and the answers that came too late
    `told`            the same of what the hooks were told of refunds, disputes and access
13. `operator_actions`   the operator's commands during and after the run: dead letters are replayed
14. `run`             one run, from the first sale to the verdict
15. `report`          the verdict on the terminal and as JSON

The seed alone determines the plan. It does not determine the timing of threads, sockets and emulators.
"""
