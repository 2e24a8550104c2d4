"""Where orders stand, and what an operator does about them.

`show`          `orders list` and `orders show`
`change`        `orders retry` and `orders release`: what failed or was held is owed again
`reconcile`     `reconcile`: finds what Stripe did not tell, by the function's own code
`export`        `export`: all orders into a file
`erase`         `erase`: forgets a buyer

`stored`        where orders are kept, and how they are read page by page
`lookup`        finds orders by an id, an address or a reference
`buyer`         finds all orders of one buyer
`mailboxes`     when two addresses are one mailbox; pure
`timeline`      what happened to an order; pure
`views`         an order as it is shown; pure
`export_rows`   an order as a line of a file; pure
"""
