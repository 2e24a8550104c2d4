"""5. Orders are stored as documents. `store` defines the interface of an order store, with atomic writes.

`firestore_orders` implements it with `documents` (order to document and back), `firestore` (the database's API)
and `wire` (its messages).
"""
