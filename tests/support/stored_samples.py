"""What each released version stored and published: orders, messages, reconcile's checkpoint. Later versions read them.

A release writes its own once, and what is there never changes:

    PYTHONPATH=functions:scripts/src:tests .venv/bin/python -m support.stored_samples 1.1.0

A time is written as `{"$time": "2026-11-28T12:00:00+00:00"}`, anything else as in JSON.
"""

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from fulfillment.domain import lifecycle
from fulfillment.domain.after_sale import (
    AfterSale,
    Claim,
    Dispute,
    Fact,
    FraudWarning,
    LedgerEntry,
    RadarReview,
    Refund,
    StatusRead,
)
from fulfillment.domain.checkout import Address, Discount, Presentment, Shipping, ShippingCost, TaxId
from fulfillment.domain.cursor import Cursor
from fulfillment.domain.decision import News, Policy, ReplayRequest, decide
from fulfillment.domain.effects import FULFILL, KNOWN, LOAD_LINE_ITEMS, PAYMENT_FAILED, SEND_RECEIPT
from fulfillment.domain.erasure import erase
from fulfillment.domain.ids import OWN, Currency, EventId, Id
from fulfillment.domain.order import Lease, Order, Seen
from fulfillment.domain.source_event import source_event
from fulfillment.domain.synthetic_events import synthetic_event
from fulfillment.domain.transitions import apply
from fulfillment.orders.documents import to_document
from fulfillment.topic.attributes import attributes_of
from fulfillment.topic.message import Message
from local.fakes.memory_topic import push_body
from local.fakes.stripe_events import COMPLETED, FAILED, SUCCEEDED, event, session, thin_event
from support.builders import NOW, card_event, fulfilled_order, item, order_of, parsed

STORED = Path(__file__).parents[1] / "stored"
VERSIONS = sorted(path.name for path in STORED.iterdir() if path.is_dir())
TRACEPARENT = f"00-{'1' * 32}-{'2' * 16}-01"
SESSION = "cs_test_a1"


def load(path: Path) -> Any:
    """A sample, its times read."""
    return json.loads(path.read_text("utf-8"), object_hook=_read_time)


def samples(kind: str) -> list[Path]:
    """Every version's samples of a kind: orders, messages, checkpoint."""
    return sorted(STORED.glob(f"*/{kind}/*.json"))


def orders() -> Iterator[tuple[str, Order]]:
    """Orders in every state that this version can store, by a name for each."""
    waiting = order_of(event(COMPLETED, session(SESSION, payment_status="unpaid"), id="evt_1"))
    paid = apply(waiting, parsed(event(SUCCEEDED, session(SESSION), id="evt_2"))).order
    failed = apply(waiting, parsed(event(FAILED, session(SESSION, payment_status="unpaid"), id="evt_3"))).order
    yield "awaiting_payment", waiting
    yield "paid", replace(paid, lease=Lease(owner="a1b2c3d4", at=NOW, seconds=90))
    yield "payment_failed", lifecycle.mark_done(failed, PAYMENT_FAILED, NOW)
    yield "fulfilled", fulfilled_order()
    yield "held", lifecycle.hold(replace(paid, review=("amounts_differ",)))
    yield "backing_off", lifecycle.back_off(paid, SEND_RECEIPT, "550", NOW)
    yield "refused", replace(lifecycle.mark_failed(paid, LOAD_LINE_ITEMS, "line_items_refused: 403"), granted=("17",))
    yield "told_by_a_thin_event", replace(paid, events=_told_by_a_thin_event(paid))
    yield "refunded", _after_the_sale(fulfilled_order())
    yield "erased", erase(lifecycle.mark_done(paid, FULFILL, NOW), NOW)
    yield "guest_with_every_field", _with_every_field(paid)
    yield "escaped", replace(paid, metadata={"__name__": "json:", "": {"a": [[1]]}, "half": "\ud800", "big": 2**64})


def _told_by_a_thin_event(order: Order) -> dict[str, Seen]:
    """The order's events and a finding."""
    return {
        **order.events,
        f"{EventId.FOUND}{SESSION}:paid": replace(order.events["evt_2"], thin_events=("evt_thin_1",)),
    }


def _after_the_sale(order: Order) -> Order:
    """The order with one of everything that can happen later; access is revoked, and a hook was told."""
    facts = [
        Fact(field="refunds", id="re_1", told=_told(Refund, "failed", _REFUND)),
        Fact(field="refunds", id="re_2", told=_told(Refund, "succeeded", _REFUND)),
        Fact(field="disputes", id="dp_1", told=_told(Dispute, "appeal_under_review", _DISPUTE)),
        Fact(field="warnings", id="issfr_1", told=_told(FraudWarning, "settled", {"fraud_type": "misc"})),
        Fact(field="radar_reviews", id="prv_1", told=_told(RadarReview, "closed", _REVIEW)),
    ]
    renewal = [replace(each, renewal=True) for each in facts]
    policy = Policy(configured=KNOWN)
    news = News(order_id=order.id, facts=(*facts, *renewal))
    after = decide(order, news, policy, ReplayRequest(), NOW).order
    assert after.access
    return replace(after, access=replace(after.access, told=1))


_MONEY: dict[str, Any] = {"created_at": NOW, "amount": 900, "currency": Currency("usd"), "reason": "fraudulent"}
_REFUND = _MONEY | {"failure_reason": "lost_or_stolen_card"}
_MOVED = LedgerEntry(amount=-900, fee=15, net=-915, currency=Currency("usd"))
_DISPUTE = _MONEY | {"due_by": NOW, "submission_count": 1, "has_evidence": True, "ledger": {"txn_1": _MOVED}}
_REVIEW = {"reason": "rule", "closed_reason": "approved"}


def _told(kind: type[AfterSale], status: str, fields: dict[str, Any]) -> AfterSale:
    claim = Claim(event="evt_9", created=NOW, received_at=NOW, api_version="2026-10-28.endive")
    read = StatusRead(at=NOW, status=status)
    return kind(status=status, claims={status: claim}, newest=NOW, read=read, **fields)


def messages() -> Iterator[tuple[str, dict[str, Any]]]:
    """Messages as they are pushed, by a name for each."""
    raw = session(SESSION)
    found = synthetic_event(raw, owner=OWN, api_version="2026-10-28.endive", at=NOW)
    told = source_event(order_of(event(COMPLETED, raw, id="evt_1")))
    assert found
    said = {
        "card": (card_event(), {}),
        "delayed": (event(COMPLETED, session(SESSION, payment_status="unpaid"), id="evt_1"), {}),
        "succeeded": (event(SUCCEEDED, raw, id="evt_2"), {}),
        "failed": (event(FAILED, session(SESSION, payment_status="unpaid"), id="evt_3"), {}),
        "organization": (event(COMPLETED, raw, id="evt_4", context="org_1/acct_1"), {}),
        "thin": (thin_event(COMPLETED, raw, id="evt_thin_1", context="acct_1", snapshot_event="evt_1"), {}),
        "refund": (event("refund.created", {"id": "re_1", "object": "refund", "status": "succeeded"}, id="evt_5"), {}),
        "found_by_reconcile": (found.event, {"source": "reconcile"}),
        "replayed": (told.event, {"source": "ops", "replay": "true", "release": "true"}),
    }
    for name, (body, more) in said.items():
        data, attributes = json.dumps(body).encode(), attributes_of(body, TRACEPARENT) | more
        yield name, json.loads(push_body(Message(data=data, attributes=attributes, id="17"), attempt=1))


def checkpoints() -> Iterator[tuple[str, dict[str, Any]]]:
    """Reconcile's checkpoint, by a name for each."""
    cursor = Cursor(since=1, start=1, end=9, before=9).down_to(4).next_stage().next_stage().up_to(SESSION)
    yield "waiting", asdict(cursor) | {"stage": cursor.stage.value}


def write(version: str) -> None:
    """Writes the samples of the code as it is."""
    kinds = {
        "orders": ((name, to_document(order)) for name, order in orders()),
        "messages": messages(),
        "checkpoint": checkpoints(),
    }
    for kind, named in kinds.items():
        folder = STORED / version / kind
        folder.mkdir(parents=True)
        for name, document in named:
            text = json.dumps(document, indent=1, default=_time)
            (folder / f"{name}.json").write_text(text + "\n", "utf-8")


def _with_every_field(order: Order) -> Order:
    """No field of it is empty, but for what contradicts another."""
    customer = order.customer
    assert customer
    texts: dict[str, Any] = dict.fromkeys(("business_name", "individual_name", "phone", "tax_exempt", "name"), "x")
    home = Address(city="Paris", country="FR", line1="1 rue A", line2="B", postal_code="75001", state="IDF")
    return replace(
        order,
        account="acct_1",
        session_created_at=NOW - timedelta(hours=1),
        recovered_from=Id("cs_test_a0"),
        shipping_cost=ShippingCost(shipping_rate=Id("shr_1"), amount_subtotal=1, amount_tax=0, amount_total=1),
        discounts=(Discount(coupon=Id("c_1"), promotion_code=Id("promo_1")),),
        presentment=Presentment(amount=5, currency=Currency("eur")),
        locale="fr",
        customer=replace(
            customer, **texts, account=Id("acct_9"), address=home, tax_ids=(TaxId(type="eu_vat", value="FR1"),)
        ),
        shipping=Shipping(name="Jane", phone="1", address=home),
        subscription=Id("sub_1"),
        invoice=Id("in_1"),
        payment_link=Id("plink_1"),
        client_reference_id="R-1001",
        custom_fields=({"key": "size", "text": {"value": "L"}},),
        consent={"promotions": "opt_in"},
        line_items=(replace(item("Mug", 900, quantity=2, unit_amount=450), metadata={"sku": "M-1"}),),
    )


def _time(value: object) -> dict[str, str]:
    assert isinstance(value, datetime), value
    return {"$time": value.isoformat()}


def _read_time(value: dict[str, Any]) -> Any:
    return datetime.fromisoformat(value["$time"]) if value.keys() == {"$time"} else value


if __name__ == "__main__":
    write(sys.argv[1])
