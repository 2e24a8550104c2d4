"""The functions, running on this machine.

`processes`      starts and stops programs, with everything that they start; free ports
`emulators`      the official Pub/Sub and Firestore emulators, or what is missing and how to install it
`pubsub_admin`   topics and subscriptions in Pub/Sub's emulator
`pipe`           topics, subscriptions and functions on the emulators
`memory_pipe`    the same in one process, with Python alone
`hooks_file`     loads functions/hooks.py, or says in one line why it cannot
`neighbors`      Stripe's API and a mail server around the functions
`counting`       a proxy before an emulator that counts every call
"""
