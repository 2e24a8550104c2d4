"""What happened to an order's money, as the commands show it. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from fulfillment.domain.access import Level
from fulfillment.domain.after_sale import AfterSale, Dispute, FraudWarning, LedgerEntry, RadarReview, Refund, Renewals
from fulfillment.domain.evidence import APPEAL, UNANSWERED, is_open, is_unanswered
from fulfillment.domain.evidence import is_due as dispute_is_due
from fulfillment.domain.order import Order
from ops.terminal.amounts import amount
from ops.terminal.times import ago, clock

HEAD = ("AFTER THE SALE", "STATUS", "AMOUNT", "DETAILS")
_NAMES = {"refunds": "refund", "disputes": "dispute", "warnings": "fraud warning", "radar_reviews": "Radar review"}


def objects(order: Order) -> Iterator[tuple[str, str, AfterSale]]:
    """Each object: what it is, its id, and itself; those of renewals come last."""
    for holder, prefix in ((order, ""), (order.renewals or Renewals(), "renewal's ")):
        for field, name in _NAMES.items():
            found: Mapping[str, AfterSale] = getattr(holder, field)
            for object_id, each in sorted(found.items()):
                yield f"{prefix}{name}", object_id, each


def open_disputes(order: Order) -> list[Dispute]:
    """The open disputes and inquiries, also those of renewals."""
    found = (each for _, _, each in objects(order) if isinstance(each, Dispute))
    return [each for each in found if is_open(each)]


def due(order: Order) -> datetime | None:
    """Until when the next open dispute must be answered; None if none waits for an answer."""
    waiting = [each.due_by for each in open_disputes(order) if is_unanswered(each) and each.due_by]
    return min(waiting, default=None)


def is_due(order: Order, now: datetime, within: timedelta) -> bool:
    """Whether a dispute waits for an answer that is due within that time, and not too late."""
    return any(dispute_is_due(each, now, within) for each in open_disputes(order))


def after_sale_rows(order: Order, now: datetime) -> list[tuple[str, ...]]:
    """A line for each object."""
    return [
        (f"{what} {object_id}", each.status, _amount(each), ", ".join(_details(each, now)))
        for what, object_id, each in objects(order)
    ]


def money_lines(order: Order) -> list[str]:
    """What became of the money, and of the access. None where nothing happened."""
    lines, money = [], order.money
    if order.refunds or order.disputes:
        shown = {"refunded": money.refunded, "being refunded": money.refunding}
        amounts = [f"{name} {amount(each, money.currency)}" for name, each in shown.items() if each]
        amounts += [f"kept {amount(money.kept, order.currency)}"] if money.kept is not None else ["kept: not known"]
        lines.append(f"money: {money.status.value}, {', '.join(amounts)}")
    if access := order.access:
        told = "told" if access.told >= access.number else f"not told yet, last told {access.told}"
        if access.level is Level.GRANTED and not access.told:
            told = "as at the beginning"
        lines.append(f"access: {access.level.value}, number {access.number}, {told}")
    if announced := order.announced:
        times = "once" if announced.changes == 1 else f"{announced.changes} times"
        lines.append(f"announced: {announced.money.value}; the money status has changed {times}")
    return lines


def _amount(each: AfterSale) -> str:
    return amount(each.amount, each.currency) if isinstance(each, Refund | Dispute) else ""


def _details(each: AfterSale, now: datetime) -> Sequence[str]:
    if isinstance(each, Refund):
        return [text for text in (each.reason, each.failure_reason and f"failed: {each.failure_reason}") if text]
    if isinstance(each, FraudWarning):
        return [each.fraud_type] if each.fraud_type else []
    if isinstance(each, RadarReview):
        return [text for text in (each.reason, each.closed_reason and f"closed: {each.closed_reason}") if text]
    return _of_dispute(each, now) if isinstance(each, Dispute) else []


def _of_dispute(dispute: Dispute, now: datetime) -> list[str]:
    found = [dispute.reason] if dispute.reason else []
    if dispute.appeal:
        found.append(f"appeal: {dispute.appeal}")
    if dispute.status in {*UNANSWERED, APPEAL}:
        found.append(_deadline(dispute.due_by, now))
    if dispute.submission_count:
        found.append(f"evidence submitted {dispute.submission_count} {_times(dispute.submission_count)}")
    elif dispute.has_evidence:
        found.append("evidence staged, not submitted")
    elif dispute.status in UNANSWERED:
        found.append("no evidence")
    return [*found, *map(_moved, dispute.ledger.values())]


def _moved(entry: LedgerEntry) -> str:
    return f"moved {amount(entry.amount, entry.currency)}, fee {amount(entry.fee, entry.currency)}"


def _deadline(due_by: datetime | None, now: datetime) -> str:
    if due_by is None:
        return "no answer is possible"
    when = f"in {ago(due_by - now)}" if due_by > now else f"{ago(now - due_by)} ago: too late"
    return f"answer by {clock(due_by)} UTC, {when}"


def _times(count: int) -> str:
    return "time" if count == 1 else "times"
