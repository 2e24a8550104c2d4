"""Until when the shop can answer a dispute. Pure."""

from datetime import datetime, timedelta

from fulfillment.domain.after_sale import Dispute

UNANSWERED = ("warning_needs_response", "needs_response")
APPEAL = "appeal_needs_response"


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
