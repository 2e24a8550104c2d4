"""5. An order becomes a document, and a document an order. `store` is what an order store promises: atomic writes.

`firestore_orders` keeps it, by `documents` (how an order is written) and `firestore` (what the database can do).
"""
