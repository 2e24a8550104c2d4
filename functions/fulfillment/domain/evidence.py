"""Until when the shop can answer a dispute. Pure."""

from datetime import datetime, timedelta

from fulfillment.domain.after_sale import Dispute

AWAITS_ANSWER = ("needs_response", "warning_needs_response", "appeal_needs_response")


def time_to_answer(dispute: Dispute, now: datetime) -> timedelta | None:
    """The time that is left to send evidence. None if the dispute awaits none, has some, or its deadline is over."""
    if dispute.status not in AWAITS_ANSWER or dispute.submission_count or dispute.has_evidence:
        return None
    return dispute.due_by - now if dispute.due_by and dispute.due_by > now else None
