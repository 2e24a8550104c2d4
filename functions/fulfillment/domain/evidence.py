"""Until when the shop can answer a dispute. Pure."""

from datetime import datetime, timedelta

from fulfillment.domain.after_sale import AfterSale, Dispute
from fulfillment.domain.order_money import INQUIRIES, OPEN

UNANSWERED = ("warning_needs_response", "needs_response")
APPEAL = "appeal_needs_response"


def is_open(told: AfterSale) -> bool:
    """Whether it is a dispute or an inquiry that is not decided."""
    return told.status in {*OPEN, *INQUIRIES}


def is_unanswered(dispute: Dispute) -> bool:
    """Whether Stripe waits for evidence, and got none. Evidence that is only staged is lost at the deadline. The
    evidence of the dispute itself is no answer to its appeal.
    """
    return dispute.status == APPEAL or (dispute.status in UNANSWERED and not dispute.submission_count)


def time_to_answer(dispute: Dispute, now: datetime) -> timedelta | None:
    """The time that is left to send evidence. None if the dispute awaits none, has some, or its deadline is over."""
    if not is_unanswered(dispute):
        return None
    return dispute.due_by - now if dispute.due_by and dispute.due_by > now else None


def is_due(dispute: Dispute, now: datetime, within: timedelta) -> bool:
    """Whether it awaits evidence, has none, and its deadline is that near."""
    left = time_to_answer(dispute, now)
    return left is not None and left <= within
