"""Payments at a stand-in of Stripe, and the events about what belongs to them."""

import copy
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from fulfillment.domain.event_types import CHARGE_REFUNDED, OLD_REFUNDS, needs_old_refunds
from local.fakes import stripe_after_sale_objects as objects
from local.fakes import stripe_invoices as invoices
from local.fakes.stripe_after_sale_objects import path_of
from local.fakes.stripe_events import Json, event, thin_event
from local.fakes.stripe_stand_in_cli import API_VERSION

REFUND_LISTS_UNTIL = "2022-11-15"
"""A charge of an earlier API version holds its refunds."""


class Stripe(Protocol):
    """Where the objects are: `StripeStandIn` or `MemoryStripe`."""

    intents: dict[str, Json]
    others: dict[str, Json]
    accounts: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Told:
    """One event: its snapshot form, and its thin twin. The old types of refunds have no twin here. `about`: the id of
    the refund, the dispute, the warning or the review, also where the event is about the charge.
    """

    type: str
    about: str
    snapshot: Json
    thin: Json | None

    @property
    def object(self) -> Json:
        """The object of the snapshot event, as it was then."""
        of: Json = self.snapshot["data"]["object"]
        return of


@dataclass(kw_only=True)
class PaidWorld:
    """Payments. `api_version`: that of the endpoint's snapshot events. `clock`: epoch seconds. `told`: every event so
    far, oldest first.
    """

    stripe: Stripe
    api_version: str = API_VERSION
    clock: Callable[[], float] = time.time
    told: list[Told] = field(default_factory=list)

    def pay(self, sold: Json, account: str | None = None) -> Json:
        """The PaymentIntent of a session, and its charge."""
        return self.payment(sold["payment_intent"], sold["amount_total"], sold["currency"], account, sold["livemode"])

    def payment(
        self,
        intent_id: str,
        amount: int,
        currency: str = "usd",
        account: str | None = None,
        livemode: bool = False,  # noqa: FBT001, FBT002 - as Stripe's field
    ) -> Json:
        """A PaymentIntent with its charge: of a session, a renewal, or a stranger."""
        made = objects.payment_intent(intent_id, amount, currency, livemode=livemode, created=self._now())
        if account:
            self.stripe.accounts[intent_id] = account
        charged = self._keep(objects.charge(made, created=self._now()), made)
        self.stripe.intents[intent_id] = made | {"latest_charge": charged["id"]}
        return self.stripe.intents[intent_id]

    def invoice(self, invoice_id: str, subscription: str, intent_id: str, amount: int = 1000) -> Json:
        """A paid invoice of a subscription, with its PaymentIntent, which it makes if it is new."""
        paid = self.stripe.intents.get(intent_id) or self.payment(intent_id, amount)
        made = invoices.invoice(
            invoice_id, subscription, paid["amount"], paid["currency"], livemode=paid["livemode"], created=self._now()
        )
        self._keep(invoices.invoice_payment(made, paid, created=self._now()), paid)
        return self._keep(made, paid)

    def object(self, object_id: str) -> Json:
        """An object as it is now. Raises LookupError."""
        for path, each in self.stripe.others.items():
            if path.endswith(f"/{object_id}"):
                return each
        raise LookupError(f"no object {object_id} was made here")

    def charge_of(self, intent_id: str) -> Json:
        """The charge of a PaymentIntent, as it is now. Raises LookupError."""
        if intent_id not in self.stripe.intents:
            raise LookupError(f"{intent_id} was not paid here: call pay or payment first")
        return self.object(self.stripe.intents[intent_id]["latest_charge"])

    def _all(self, kind: str, of: Json) -> Iterator[Json]:
        """The objects of a kind that belong to a charge."""
        known = list(self.stripe.others.values())
        return (each for each in known if each.get("object") == kind and each.get("charge") == of["id"])

    def _keep(self, made: Json, paid: Json) -> Json:
        """Stores an object, in the account of its payment."""
        if account := self.stripe.accounts.get(paid["id"]):
            self.stripe.accounts[made["id"]] = account
        self.stripe.others[path_of(made)] = made
        return made

    def _tell(self, of: Json, types: Sequence[str]) -> list[Told]:
        told = [self._event(each, of) for each in types]
        self.told += told
        return told

    def _event(self, event_type: str, of: Json) -> Told:
        account = self.stripe.accounts.get(of["id"])
        shown = self._charged(of) if event_type == CHARGE_REFUNDED else self._shown(of)
        whose = {"account": account, "context": account} if account else {}
        at = {"created": self._now(), "livemode": self._livemode(of)}
        snapshot = event(event_type, copy.deepcopy(shown), api_version=self.api_version, **at, **whose)
        if event_type in OLD_REFUNDS:
            return Told(type=event_type, about=of["id"], snapshot=snapshot, thin=None)
        moment = datetime.fromtimestamp(at["created"], UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        thin = thin_event(event_type, of, snapshot_event=snapshot["id"], context=account, **at | {"created": moment})
        return Told(type=event_type, about=of["id"], snapshot=snapshot, thin=thin)

    def _shown(self, of: Json) -> Json:
        """An object in the endpoint's API version: older ones lack newer fields."""
        return {name: value for name, value in of.items() if not (self._is_old and name == "pending_reason")}

    def _charged(self, of: Json) -> Json:
        """The charge of a refund in the endpoint's API version: old ones hold their refunds."""
        charged = self.charge_of(of["payment_intent"])
        if self.api_version[:10] >= REFUND_LISTS_UNTIL:
            return charged
        listed = [self._shown(each) for each in self._all("refund", charged)][::-1]
        shown = {"object": "list", "data": listed[:10], "has_more": len(listed) > 10, "total_count": len(listed)}
        return charged | {"refunds": shown | {"url": f"/v1/charges/{charged['id']}/refunds"}}

    def _livemode(self, of: Json) -> bool:
        return bool(self.stripe.intents[of["payment_intent"]]["livemode"])

    @property
    def _is_old(self) -> bool:
        """Whether the endpoint gets the old types of refunds."""
        return needs_old_refunds(self.api_version)

    def _now(self) -> int:
        return int(self.clock())
