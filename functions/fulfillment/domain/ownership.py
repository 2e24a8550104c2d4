"""Whether a session belongs to this deployment: one rule for subscribers, reconcile and the order status page. Pure."""

from dataclasses import dataclass
from enum import Enum, auto

from fulfillment.domain.checkout import Checkout
from fulfillment.domain.order_filter import OrderFilter
from fulfillment.domain.transitions import is_order


class Verdict(Enum):
    """Whether a session belongs to this deployment, or why not."""

    OURS = auto()
    OTHER_MODE = auto()
    FILTERED = auto()
    NOTHING_SOLD = auto()


@dataclass(frozen=True, kw_only=True)
class Ownership:
    """The deployment's mode, and its ORDER_FILTER if it has one. A key of an organization reads both modes."""

    livemode: bool
    order_filter: OrderFilter | None = None

    def judge(self, checkout: Checkout) -> Verdict:
        """Whether the session belongs to this deployment, or why not."""
        if checkout.livemode is not self.livemode:
            return Verdict.OTHER_MODE
        if self.order_filter and not self.order_filter.matches(checkout):
            return Verdict.FILTERED
        return Verdict.OURS if is_order(checkout) else Verdict.NOTHING_SOLD

    def owns(self, checkout: Checkout) -> bool:
        """Whether the session belongs to this deployment."""
        return self.judge(checkout) is Verdict.OURS
