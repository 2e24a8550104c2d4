"""The product on your own machine, as scripts/demo, scripts/dev and the tests run it.

`programs`   the demo and the development server
`runtime`    the functions, on the official emulators or in one process
`fakes`      stand-ins: Stripe, and Pub/Sub and Firestore in memory

Programs import the runtime, and the runtime the fakes; never back. All of them may import `ops`.
"""
