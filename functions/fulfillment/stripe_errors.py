"""What an error of Stripe's library means: whether a retry can help, and where an operator should look."""

import re
from collections.abc import Mapping

import stripe
from stripe import APIConnectionError, AuthenticationError, InvalidRequestError, RateLimitError, StripeError

from fulfillment.domain.after_sale_objects import DisputeShape, RefundShape, ReviewShape, WarningShape
from fulfillment.domain.ids import Owner
from fulfillment.domain.shape import ShapeError
from fulfillment.errors import StripeRefused, StripeUnavailable, StripeUnreadable


def is_passing(error: BaseException) -> bool:
    """Whether to retry at once: no connection, the rate limit, or a server error at Stripe."""
    if isinstance(error, APIConnectionError | RateLimitError):
        return True
    return isinstance(error, StripeError) and (error.http_status or 0) >= 500


def is_about_the_question(error: BaseException | None) -> bool:
    """Whether Stripe refused this request because of its content: the key may not read the account, or the id does not
    exist. An answer without Stripe's error type comes from a proxy; an error of API v2 may have only a code. An error
    about `starting_after` is retried: the list changed between two pages, and the next read starts from its beginning.
    """
    if not isinstance(error, InvalidRequestError | stripe.PermissionError) or _param(error) == "starting_after":
        return False
    kind, code = getattr(error.error, "type", None), getattr(error.error, "code", None)
    return kind == "invalid_request_error" or (kind is None and isinstance(code, str))


def kind_of(error: BaseException | None) -> type[StripeUnavailable]:
    """What an error says of other requests: they may succeed, unless Stripe did not answer or knows no such key."""
    if is_about_the_question(error):
        return StripeRefused
    is_silent = isinstance(error, TimeoutError | AuthenticationError) or (error is not None and is_passing(error))
    return StripeUnavailable if is_silent else StripeUnreadable


def _param(error: StripeError) -> object:
    return getattr(error, "param", None)


SESSION_ADVICE = {
    200: "the answer cannot be read: look at STRIPE_API_BASE",
    400: "it refuses the request as it is; an organization's key reads nothing without a context",
    401: "the API key is revoked, expired or mistyped: look at STRIPE_API_KEY or its file",
    403: "the key lacks a permission: a restricted key needs 'Checkout Sessions: read' and 'PaymentIntents: read', "
    "and for a connected account the access to it",
    404: "no such session: the key is of the other mode, or of another account than the webhook's",
    429: "the rate limit: if this continues, another client of the account uses it up",
}
OBJECT_ADVICE = SESSION_ADVICE | {
    403: "the key lacks a permission: a restricted key needs to read objects of this kind, and for a connected account "
    "the access to it",
    404: "no such object: it was deleted, or the key is of the other mode, or of another account than the webhook's",
}

REFUNDS, DISPUTES, INVOICES = "Charges and Refunds: read", "Disputes: read", "Invoices: read"
WARNINGS, REVIEWS = "Radar (early fraud warnings): read", "Radar (reviews): read"
SCOPES = {
    REFUNDS: RefundShape.PATH,
    DISPUTES: DisputeShape.PATH,
    INVOICES: "/v1/invoice_payments",
    WARNINGS: WarningShape.PATH,
    REVIEWS: ReviewShape.PATH,
}
"""What a restricted key needs after the sale: each permission, and a list that it allows to read. Stripe publishes no
list of the names: its dashboard may word one a little differently.
"""
_UNDER = {
    **{path: scope for scope, path in SCOPES.items()},
    "/v1/charges": REFUNDS,
    "/v1/invoices": INVOICES,
    "/v1/checkout/sessions": "Checkout Sessions: read",
    "/v1/payment_intents": "PaymentIntents: read",
}


def advice_of(*scopes: str) -> Mapping[int, str]:
    """The advice for an object that is read with these permissions."""
    named = " and ".join(f"'{each}'" for each in scopes)
    return OBJECT_ADVICE | {
        403: "the key lacks a permission: a restricted key needs to read objects of this kind "
        f"({named}, or what Stripe's dashboard calls it), and for a connected account the access to it"
    }


def advice_at(path: str) -> Mapping[int, str]:
    """The advice for the object at a path of the API. It names the permission where this product knows it."""
    asked = path.partition("?")[0]
    known = [scope for under, scope in _UNDER.items() if f"{asked}/".startswith(f"{under}/")]
    return advice_of(*known) if known else OBJECT_ADVICE


def where_to_look(
    error: BaseException | None, key: str, owner: Owner, advice: Mapping[int, str] = SESSION_ADVICE
) -> str:
    """The text for the operator, with the advice for the status of Stripe's answer. It quotes nothing of Stripe's
    message, which can hold the key or the buyer's data.
    """
    match error:
        case TimeoutError():
            return "Stripe did not answer in time"
        case APIConnectionError():
            return f"Stripe cannot be reached: {type(error.__cause__).__name__}"
        case ShapeError():
            return f"Stripe's answer cannot be read: {error}"
        case InvalidRequestError(param="starting_after"):
            return "the list has changed between two pages: the next retry reads it from its start"
        case StripeError(http_status=400 | 403 | 404 as status) if not is_about_the_question(error):
            return (
                f"not Stripe, but something on the way to it answered {status}: look at the proxy, or STRIPE_API_BASE"
            )
        case StripeError(http_status=int(status)):
            unknown = "an error at Stripe: look at status.stripe.com" if status >= 500 else advice[200]
            return f"Stripe answered {status} to {_asked_by(key, owner)}: {advice.get(status, unknown)}"
    return f"Stripe's answer cannot be read: {type(error).__name__}"


def _asked_by(key: str, owner: Owner) -> str:
    """The kind of the key, which is not secret, and the account that was requested."""
    kind = re.match(r"[sr]k_(org|test|live)_", key)
    whose = f"in the context {owner.context}" if owner.context else f"for the account {owner.account}"
    return f"the key {kind[0] if kind else ''}… " + (whose if owner.account or owner.context else "for its own account")
