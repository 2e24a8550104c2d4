"""5. An order is kept in Firestore, each change one atomic write (`store`).

`documents` is how an order is written, `firestore` what the database can do.
"""
