"""Your code for Stripe's other events: a function for each type, such as `on_invoice_paid(event, key)`.

The name is the event type with underscores for its dots. The function gets the snapshot event and its thin twin, and
may be plain or async. What is defined or imported here runs, if its type is in `events.route` of Terraform and
`events.handlers` is true.

    return                       the event is done
    raise PermanentError("…")    a retry cannot help: the message is parked for a person
    raise anything else          the call is repeated, with the same `key`

A handler is called at least once, and perhaps twice at the same time. So do the work and store the key in one step. The
key is the same for a snapshot event and its thin twin. Events come in any order. docs/handlers.md has the rules.

Prints go to the log: print no names, e-mails or addresses. `examples.py` does not run before you import it here:

    from handlers.examples import on_customer_subscription_deleted, on_invoice_paid
"""
