"""What the log line of a delivery says. Metrics and alerts match these words."""

from collections.abc import Iterable

from fulfillment.domain.after_sale import AfterSale, Dispute, Fact, FraudWarning, RadarReview
from fulfillment.domain.effects import EffectState
from fulfillment.domain.facts import known
from fulfillment.domain.lifecycle import is_held_for_review
from fulfillment.domain.order import Order
from fulfillment.domain.order_money import MoneyStatus
from fulfillment.effects.attempts import AttemptState
from fulfillment.subscriber.delivery import Delivery
from fulfillment.telemetry import Line


def note_order(line: Line, order: Order, delivery: Delivery) -> None:
    """Notes the order after a delivery."""
    states = {effect.state for effect in order.effects.values()}
    tried = {attempt.state for attempt in delivery.attempts.values()}
    failed = EffectState.FAILED in states and AttemptState.FAILED in tried
    severity = "ERROR" if failed else "WARNING" if is_held_for_review(order) else "INFO"
    failing = ", an effect was refused for good: its message is parked" if failed else ""
    line.say(severity, f"order {order.status.value}{failing}", outcome=delivery.outcome.value)
    line.note(order_status=order.status.value, review=list(order.review) or None)
    if order.money.status is not MoneyStatus.KEPT or order.access:
        line.note(money_status=order.money.status.value, access=order.access and order.access.level.value)


def noticed(before: Order | None, facts: Iterable[Fact]) -> list[str]:
    """What an operator is told of: an object that is new to the order. A delivery that comes again tells it no more."""
    return sorted({word for fact in facts if (word := _word(fact.told)) and word not in _known(before, fact)})


def _word(told: AfterSale) -> str | None:
    match told:
        case Dispute(status=status):
            return "inquiry" if status.startswith("warning_") else "dispute"
        case FraudWarning():
            return "early_fraud_warning"
        case RadarReview(status="open"):
            return "radar_review"
    return None


def _known(before: Order | None, fact: Fact) -> set[str]:
    """What was told of the object. A dispute that began as an inquiry is told again."""
    told = known(before, fact)
    word = _word(told) if told else None
    return {"dispute", "inquiry"} if word == "dispute" else {word} if word else set()
