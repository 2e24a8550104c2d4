"""The status of orders, and what an operator does about them.

`show`          `orders list` and `orders show`
`change`        `orders retry` and `orders release`: failed or held effects are owed again
`reconcile`     `reconcile`: finds orders whose event is missing, with the function's own code
`export`        `export`: writes all orders into a file
`erase`         `erase`: erases a buyer's data

`stored`        the order store, and reading it page by page
`lookup`        finds orders by an id, an address or a reference
`buyer`         finds all orders of one buyer
`mailboxes`     when two addresses are one mailbox; pure
`query`         which orders a list or an export selects
`after_sale`    what happened to an order's money; pure
`timeline`      what happened to an order; pure
`views`         an order as the commands show it; pure
`export_rows`   an order as a line of a file; pure
"""
