"""The product on your own machine: what scripts/demo, scripts/dev and the tests run it with.

`programs`   what a person runs: the demo and the development server
`runtime`    the functions, on the official emulators or in one process
`fakes`      stand-ins: Stripe, and Pub/Sub and Firestore in memory

Programs import the runtime, and the runtime the fakes; never back. All of them may import `ops`.
"""
