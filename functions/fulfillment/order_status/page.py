"""The answer of the order status page, before it is written as HTML or JSON."""

from dataclasses import dataclass

from fulfillment.domain.buyer_view import BuyerView
from fulfillment.domain.ids import SessionId


@dataclass(frozen=True, kw_only=True)
class Page:
    """The view with an HTTP status. `refresh`: seconds until the page reloads, or None. `quiet`: the buyer stopped the
    reloads. `broken_link`: the address names no order because the shop's success_url is wrong.
    """

    view: BuyerView
    http_status: int
    session_id: SessionId | None = None
    refresh: int | None = None
    quiet: bool = False
    broken_link: bool = False
