"""The base class of an error says whether to retry. An unknown error is retried.

FulfillmentError
├── PermanentError               a retry cannot help: the message is parked with the reason
│   ├── MalformedMessage         this product did not publish the push or its attributes
│   ├── MalformedEvent           the body is not a Checkout event in Stripe's format
│   ├── CorruptOrder             this version cannot read the stored document
│   ├── UnstorableOrder          Firestore permanently refuses the document
│   ├── LineItemsRefused         the API key cannot read the session's line items
│   ├── ReadRefused              the API key cannot read the object of a thin event
│   ├── NoOrderKnown             no key to ask Stripe whose refund or dispute it is, and no order here
│   └── MailRefused              no mail server accepts the address or the mail
└── TransientError               a later delivery may succeed: Pub/Sub redelivers the message
    ├── PublishFailed            Pub/Sub did not store the message
    ├── StoreUnavailable         Firestore did not answer, or refused temporarily
    ├── StripeUnavailable        Stripe's API did not answer, refused, or sent an unreadable answer
    │   ├── StripeRefused        Stripe refused this request; other requests may succeed
    │   └── StripeUnreadable     the answer to this request cannot be read; others may be readable
    ├── MailServerUnavailable    the mail server did not answer, refused the login, or refused temporarily
    ├── SessionNotComplete       Stripe returned a session that its event says is complete, but is not
    ├── SessionNotExpired        Stripe returned an open session that its event says has expired
    ├── RefusedForNow            refused, perhaps permanently: retried a few times with growing pauses
    ├── StatusUnsettled          a read contradicts an event, and is not clearly newer: it is made again
    ├── OrderNotHere             the order of a refund or dispute is not here yet
    ├── OrderGone                the order was deleted while it was changed
    ├── OrderContended           other writers kept changing the same order
    ├── LeaseLost                another delivery has taken over the order's effects
    ├── HookFailed               the user's hook did not return or raise normally
    └── EffectsOutstanding       the order is stored, but it still owes effects
ConfigurationError               the environment lacks what the entry point needs
"""


class FulfillmentError(Exception):
    """The text says what went wrong. It holds no personal data and no secret."""


class PermanentError(FulfillmentError):
    """A retry cannot help. `code` is for machines, the text is for the operator."""

    code = "permanent"

    @property
    def reason(self) -> str:
        """The reason on a parked message: `code: text`, at most 500 characters, valid UTF-8."""
        return f"{self.code}: {self}"[:500].encode("utf-8", "replace").decode()


class MalformedMessage(PermanentError):
    """This product did not publish the push or its attributes."""

    code = "malformed_message"


class MalformedEvent(PermanentError):
    """The body is not a Checkout event in Stripe's format."""

    code = "malformed_event"


class CorruptOrder(PermanentError):
    """This version cannot read the stored document."""

    code = "corrupt_order"


class UnstorableOrder(PermanentError):
    """Firestore permanently refuses the document."""

    code = "unstorable_order"


class MailRefused(PermanentError):
    """No mail server accepts the address or the mail."""

    code = "mail_refused"


class LineItemsRefused(PermanentError):
    """The API key cannot read the session's line items in this context."""

    code = "line_items_refused"


class ReadRefused(PermanentError):
    """The API key cannot read the object of a thin event in its context, or there is no key."""

    code = "read_refused"


class NoOrderKnown(PermanentError):
    """A refund or dispute has no order here, and there is no key to ask Stripe whose it is, or for its refunds."""

    code = "no_order_known"


class TransientError(FulfillmentError):
    """A later delivery of the same message may succeed."""


class PublishFailed(TransientError):
    """Pub/Sub did not confirm in time that it stored the message."""


class StoreUnavailable(TransientError):
    """Firestore did not answer, or refused temporarily."""


class StripeUnavailable(TransientError):
    """Stripe's API did not answer, refused, or sent an unreadable answer. The text says where to look: a person must
    replace a wrong key. Until then the effects stay owed.
    """


class StripeRefused(StripeUnavailable):
    """Stripe refused this request. Other requests may succeed."""


class StripeUnreadable(StripeUnavailable):
    """The answer to this request is not Stripe's, or cannot be read. Other answers may be readable."""


class MailServerUnavailable(TransientError):
    """The mail server did not answer, refused the login, or refused temporarily."""


class SessionNotComplete(TransientError):
    """Stripe returned a session that is not complete, although its event says so: the next read may be newer."""


class SessionNotExpired(TransientError):
    """Stripe returned an open session, although its event says that it has expired: the next read may be newer."""


class RefusedForNow(TransientError):
    """Refused; the answer does not say whether permanently. The effect is retried with growing pauses. If the last
    retry is refused too, the message is parked with `final`.
    """

    def __init__(self, text: str, final: PermanentError) -> None:
        super().__init__(text)
        self.final = final


class StatusUnsettled(TransientError):
    """A read of Stripe contradicts an event, and is not clearly newer than it: it is made again."""


class OrderNotHere(TransientError):
    """The order of a refund or dispute is not here yet, and there is no key to ask Stripe whose it is."""


class OrderGone(TransientError):
    """The order was deleted while it was changed."""


class OrderContended(TransientError):
    """Other writers kept changing the same order."""


class LeaseLost(TransientError):
    """Another delivery has taken over the order's effects."""


class HookFailed(TransientError):
    """The user's hook did not return or raise normally: for example, it called sys.exit() or canceled itself."""


class EffectsOutstanding(TransientError):
    """The order is stored, but it still owes effects: Pub/Sub must redeliver the message."""


class ConfigurationError(Exception):
    """The environment lacks a required setting or has an invalid one. The text names all of them."""
