"""The functions, running on this machine.

`processes`      starts and stops programs with their child processes; finds free ports
`emulators`      the official Pub/Sub and Firestore emulators, or how to install them
`pubsub_admin`   topics and subscriptions in Pub/Sub's emulator
`pipe`           topics, subscriptions and functions on the emulators
`memory_pipe`    the same in one process, with Python alone
`hooks_file`     loads functions/hooks.py and functions/handlers, or says in one line why it cannot
`neighbors`      Stripe's API and a mail server around the functions
`counting`       a proxy in front of an emulator that counts every call
"""
