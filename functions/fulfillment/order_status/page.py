"""What the landing page answers, before it is written as HTML or JSON."""

from dataclasses import dataclass

from fulfillment.domain.buyer_view import BuyerView
from fulfillment.domain.ids import SessionId


@dataclass(frozen=True, kw_only=True)
class Page:
    """What is answered: the view, under an HTTP status. `refresh` is when the page looks again, if ever; `quiet` that
    the buyer does not want it to. `broken_link`: the address names no order, as the shop's success_url is wrong.
    """

    view: BuyerView
    http_status: int
    session_id: SessionId | None = None
    refresh: int | None = None
    quiet: bool = False
    broken_link: bool = False
