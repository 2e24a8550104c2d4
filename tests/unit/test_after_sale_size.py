"""How large an order's document becomes after the sale. Firestore refuses one above 1 MiB."""

import json
from typing import Any

import pytest

from fulfillment.domain.after_sale_events import parse_after_sale
from fulfillment.domain.effects import EffectState
from fulfillment.domain.facts import with_facts
from fulfillment.orders.documents import to_document
from local.fakes.stripe_events import Json, body, event
from support.after_sale_shop import ORDER, PAYMENT, Shop
from support.builders import NOW, fulfilled_order
from support.firestore_sizes import document_bytes

FAR_BELOW = 1024 * 1024 // 4
MANY: Json = {"amount_total": 1_000_000}


def size(document: dict[str, Any]) -> int:
    """The larger of what Firestore bills and the bytes of the JSON."""
    return max(document_bytes(f"orders/{ORDER}", document), len(json.dumps(document, default=str).encode()))


def test_a_hundred_refunds_and_twenty_disputes_with_all_that_befell_them_stay_far_below_the_limit() -> None:
    shop = Shop()
    shop.pay(**MANY)
    for _ in range(100):
        shop.world.refunded(PAYMENT, "requires_action", "pending", "succeeded", "failed", amount=100)
    for _ in range(20):
        shop.world.disputed(PAYMENT, "warning_needs_response", "needs_response", "under_review", "lost", "won")
    facts = [fact for each in shop.world.told for fact in parse_after_sale(body(each.snapshot), NOW).facts or ()]
    order = with_facts(fulfilled_order(), facts, frozenset())
    assert (len(order.refunds), len(order.disputes)) == (100, 20)
    assert {len(each.claims) for each in order.refunds.values()} == {4}
    assert {len(each.ledger) for each in order.disputes.values()} == {2}
    assert FAR_BELOW // 4 < size(to_document(order)) < FAR_BELOW


@pytest.mark.parametrize("refused", [False, True], ids=["done", "owed"])
async def test_effects_of_so_many_objects_are_gone_when_they_are_done_and_fit_while_they_are_owed(
    refused: bool,  # noqa: FBT001
) -> None:
    shop = Shop()
    shop.pay(**MANY)
    told = [shop.world.refund(PAYMENT, 100)[0] for _ in range(100)]
    for _ in range(20):
        shop.world.dispute(PAYMENT)
    if refused:
        shop.refusing["refunded"] = shop.refusing["disputed"] = RuntimeError("x" * 1000)
    assert await shop.tell(told[-1]) == [503 if refused else 204]
    order = await shop.order()
    assert (len(order.refunds), len(order.disputes)) == (100, 20)
    of_objects = [each for name, each in order.effects.items() if ":" in name]
    assert [each.state for each in of_objects] == ([EffectState.OWED] * 120 if refused else [])
    assert size(shop.orders.document(ORDER)) < FAR_BELOW


async def test_a_hundred_reads_of_one_refund_are_kept_as_one() -> None:
    shop = Shop()
    await shop.sell()
    (told,) = shop.world.refund(PAYMENT, 100)
    for second in range(1_795_599_000, 1_795_599_100):
        read = event("refund.updated", told.object, id=f"reconcile:{told.about}:succeeded", created=second)
        assert await shop.push(read) == 204
    refund = (await shop.order()).refunds[told.about]
    assert refund.read is not None
    assert (len(refund.claims), refund.read.at.timestamp()) == (1, 1_795_599_099)
    assert size(shop.orders.document(ORDER)) < FAR_BELOW // 16
