"""Every error says by its base class whether to try again; unknown means try again.

FulfillmentError
├── PermanentError               trying again cannot help: the message is parked with the reason
│   ├── MalformedMessage         a push, or its attributes, that this product did not publish
│   ├── MalformedEvent           a body that is no Checkout event as Stripe writes them
│   ├── CorruptOrder             a stored document that this version cannot read
│   ├── UnstorableOrder          a document that Firestore refuses for good
│   ├── LineItemsRefused         what was bought, which the API key may not see, or does not know
│   └── MailRefused              an address or a mail that no server takes, whatever the day
└── TransientError               the same message may go through later: Pub/Sub brings it again
    ├── PublishFailed            Pub/Sub did not take the message
    ├── StoreUnavailable         Firestore did not answer, or refused for now
    ├── StripeUnavailable        Stripe's API did not answer, refused, or answered what cannot be read
    │   └── StripeRefused        Stripe refused this very question: another may be answered
    ├── MailServerUnavailable    the mail server did not answer, did not know us, or refused for now
    ├── RefusedForNow            refused, perhaps for good: tried again more seldom, and not for ever
    ├── OrderContended           others kept writing the same order
    ├── LeaseLost                another delivery has taken over what the order owes
    ├── HookFailed               the user's hook ended as no function should
    └── EffectsOutstanding       the order is stored, but something is still owed
ConfigurationError               the environment lacks what the entry point needs
"""


class FulfillmentError(Exception):
    """What went wrong, in words that name no person and no secret."""


class PermanentError(FulfillmentError):
    """Trying again cannot help. `code` is the machine's word for it, the text is the operator's."""

    code = "permanent"

    @property
    def reason(self) -> str:
        """What a parked message carries: `code: text`, of 500 characters at most, all of them UTF-8."""
        return f"{self.code}: {self}"[:500].encode("utf-8", "replace").decode()


class MalformedMessage(PermanentError):
    """A push, or its attributes, that this product did not publish."""

    code = "malformed_message"


class MalformedEvent(PermanentError):
    """A body that is no Checkout event as Stripe writes them."""

    code = "malformed_event"


class CorruptOrder(PermanentError):
    """A stored document that this version cannot read."""

    code = "corrupt_order"


class UnstorableOrder(PermanentError):
    """A document that Firestore refuses for good, whatever the day."""

    code = "unstorable_order"


class MailRefused(PermanentError):
    """An address or a mail that no server takes, whatever the day."""

    code = "mail_refused"


class LineItemsRefused(PermanentError):
    """What was bought cannot be read with this key in this context, whatever the day."""

    code = "line_items_refused"


class TransientError(FulfillmentError):
    """The same message may go through later."""


class PublishFailed(TransientError):
    """Pub/Sub did not take the message, or did not say so in time."""


class StoreUnavailable(TransientError):
    """Firestore did not answer, or refused for now."""


class StripeUnavailable(TransientError):
    """Stripe's API did not answer, refused, or answered what cannot be read. The text says where to look: a
    wrong key is put right by a person, and what is owed waits for it.
    """


class StripeRefused(StripeUnavailable):
    """Stripe answers, but refused this very question: another may be answered."""


class MailServerUnavailable(TransientError):
    """The mail server did not answer, did not know us, or refused for now."""


class RefusedForNow(TransientError):
    """Refused, and the answer leaves open whether for good: the effect is tried again, more seldom each time. Where
    that does not help, `final` is what it has come to.
    """

    def __init__(self, text: str, final: PermanentError) -> None:
        super().__init__(text)
        self.final = final


class OrderContended(TransientError):
    """Others kept writing the same order."""


class LeaseLost(TransientError):
    """Another delivery has taken over what the order owes."""


class HookFailed(TransientError):
    """The user's hook ended as no function should: by sys.exit(), or a cancellation of its own."""


class EffectsOutstanding(TransientError):
    """The order is stored, but something is still owed: the message must come again."""


class ConfigurationError(Exception):
    """The environment lacks, or misspells, what the entry point needs; the text names all of it."""
