"""The life of a payment after its sale, at a stand-in of Stripe. Each change is stored there. It returns the events
that Stripe then sends to an endpoint that `register-webhook` has registered.

    world = AfterSaleWorld(stripe=stand_in)
    world.pay(session)                                         the PaymentIntent and its charge
    (told,) = world.refund("pi_1", 500, "pending")
    post(payload := body(told.snapshot), signature(payload))   or told.thin
    world.becomes(told.about, "failed")
    world.disputed("pi_1", "needs_response", "under_review", "won")

Nothing is forbidden: refunds and disputes also go ways that Stripe does not know.
"""

from typing import Any

from fulfillment.domain.event_types import CHARGE_REFUND_UPDATED, CHARGE_REFUNDED
from local.fakes import stripe_after_sale_objects as objects
from local.fakes.stripe_events import Json, new_id
from local.fakes.stripe_payments import PaidWorld, Told

GIVEN = {"succeeded", "pending", "requires_action"}
"""The refunds that count in a charge's `amount_refunded`."""
CLOSED = {"won", "lost", "warning_closed"}
MOVES = {"needs_response", "under_review", "lost", "prevented"}
"""The disputes that begin with a withdrawal."""


class AfterSaleWorld(PaidWorld):
    """What follows the payments: refunds, disputes, early fraud warnings and reviews."""

    def refund(
        self, intent_id: str, amount: int | None = None, status: str = "succeeded", **changes: Any
    ) -> list[Told]:
        """A refund of a part, or of all that is left."""
        of = self.charge_of(intent_id)
        left: int = of["amount"] - of["amount_refunded"]
        made = objects.refund(of, left if amount is None else amount, status=status, created=self._now(), **changes)
        self._keep(made, self.stripe.intents[intent_id])
        self._sum_up(of)
        types = [CHARGE_REFUNDED] if self._is_old else ["refund.created"]
        return self._tell(made, types) + self._settle_warnings(of)

    def dispute(self, intent_id: str, status: str = "needs_response", **changes: Any) -> list[Told]:
        """A dispute, or an inquiry (`warning_…`)."""
        of = self.charge_of(intent_id)
        made = self._keep(objects.dispute(of, status, created=self._now(), **changes), self.stripe.intents[intent_id])
        types = ["charge.dispute.created", *self._move(made), *_closing(status)]
        of["disputed"] = True
        return self._tell(made, types) + self._settle_warnings(of)

    def warn(self, intent_id: str, **changes: Any) -> list[Told]:
        """An early fraud warning. It is settled by a full refund or a dispute, also by an earlier one."""
        of = self.charge_of(intent_id)
        is_open = not (of["refunded"] or of["disputed"])
        made = objects.early_fraud_warning(of, actionable=is_open, created=self._now(), **changes)
        self._keep(made, self.stripe.intents[intent_id])
        return self._tell(made, ["radar.early_fraud_warning.created"])

    def review(self, intent_id: str, **changes: Any) -> list[Told]:
        """An open Radar review."""
        of = self.charge_of(intent_id)
        made = self._keep(objects.review(of, created=self._now(), **changes), self.stripe.intents[intent_id])
        of["review"] = made["id"]
        return self._tell(made, ["review.opened"])

    def close_review(self, review_id: str, reason: str = "approved") -> list[Told]:
        """The review's end."""
        of = self.object(review_id)
        of |= {"open": False, "closed_reason": reason, "reason": reason}
        return self._tell(of, ["review.closed"])

    def becomes(self, object_id: str, status: str, **changes: Any) -> list[Told]:
        """The next status of a refund or a dispute."""
        of = self.object(object_id)
        of |= {"status": status, **changes}
        return self._refund_becomes(of) if of["object"] == "refund" else self._dispute_becomes(of)

    def refunded(self, intent_id: str, *statuses: str, amount: int | None = None) -> list[Told]:
        """A refund with all its statuses, one after the other."""
        first, *later = statuses
        told = self.refund(intent_id, amount, first)
        return told + [each for status in later for each in self.becomes(told[0].about, status)]

    def disputed(self, intent_id: str, *statuses: str, **changes: Any) -> list[Told]:
        """A dispute with all its statuses, one after the other."""
        first, *later = statuses
        told = self.dispute(intent_id, first, **changes)
        return told + [each for status in later for each in self.becomes(told[0].about, status)]

    def _refund_becomes(self, of: Json) -> list[Told]:
        if of["status"] in {"failed", "canceled"}:
            reason = {"failure_reason": of["failure_reason"] or "unknown"} if of["status"] == "failed" else {}
            of |= {"failure_balance_transaction": new_id("txn"), **reason}
        charged = self.charge_of(of["payment_intent"])
        self._sum_up(charged)
        new = "refund.failed" if of["status"] == "failed" else "refund.updated"
        return self._tell(of, [CHARGE_REFUND_UPDATED if self._is_old else new]) + self._settle_warnings(charged)

    def _dispute_becomes(self, of: Json) -> list[Told]:
        status, evidence = of["status"], of["evidence_details"]
        if status.endswith("under_review"):
            sent = evidence["submission_count"] + 1
            of["evidence_details"] = evidence | {"has_evidence": True, "submission_count": sent}
        of["is_charge_refundable"] = status.startswith("warning_")
        closing = _closing(status)
        return self._tell(of, [*([] if closing else ["charge.dispute.updated"]), *self._move(of), *closing])

    def _move(self, of: Json) -> list[str]:
        """Moves the money as the status says, once; returns the type of its event, if any."""
        moved = {each["reporting_category"] for each in of["balance_transactions"]}
        if of["status"] in MOVES and "dispute" not in moved:
            taken = objects.movement(of, -of["amount"], objects.FEE, "dispute", self._now())
            of["balance_transactions"] = [*of["balance_transactions"], taken]
            return ["charge.dispute.funds_withdrawn"]
        if of["status"] == "won" and moved == {"dispute"}:
            given = objects.movement(of, of["amount"], 0, "dispute_reversal", self._now())
            of["balance_transactions"] = [*of["balance_transactions"], given]
            return ["charge.dispute.funds_reinstated"]
        return []

    def _settle_warnings(self, of: Json) -> list[Told]:
        """The warnings about a charge that is refunded in full, or disputed."""
        if not (of["refunded"] or of["disputed"]):
            return []
        open_ones = [each for each in self._all("radar.early_fraud_warning", of) if each["actionable"]]
        for each in open_ones:
            each["actionable"] = False
        return [told for each in open_ones for told in self._tell(each, ["radar.early_fraud_warning.updated"])]

    def _sum_up(self, of: Json) -> None:
        given = sum(each["amount"] for each in self._all("refund", of) if each["status"] in GIVEN)
        of |= {"amount_refunded": given, "refunded": given >= of["amount"]}


def _closing(status: str) -> list[str]:
    return ["charge.dispute.closed"] if status in CLOSED else []
