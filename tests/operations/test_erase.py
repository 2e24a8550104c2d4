"""`scripts/ops erase`, on the emulators."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from fulfillment.domain import lifecycle
from fulfillment.domain.after_sale import Fact
from fulfillment.domain.after_sale_events import Source, fact_of
from fulfillment.domain.checkout import Shipping
from fulfillment.domain.decision import News, Policy, ReplayRequest, decide
from fulfillment.domain.effects import AFTER_SALE_KINDS, EffectState
from fulfillment.domain.ids import Id, SessionId
from fulfillment.domain.order import LineItem, Order
from fulfillment.domain.status import Status
from fulfillment.orders.documents import to_document
from local.fakes.stripe_events import COMPLETED, body, event, session
from ops.orders import buyer
from support.builders import paid_order
from support.emulated_shop import SECRETIVE, EmulatedShop
from support.spellings import RESPELLINGS, respelled

NOW = datetime.now(UTC)


def fulfilled(order_id: str) -> Order:
    order = paid_order(order_id)
    for name in (*order.effects, "announce_fulfilled"):
        order = lifecycle.mark_done(order, name, NOW)
    return order


def is_erased(order: Order) -> bool:
    return bool(order.erased_at) and not [each for each in SECRETIVE if each in str(to_document(order))]


def test_a_buyer_is_erased_from_every_order_and_only_after_a_yes(shop: EmulatedShop) -> None:
    shop.keep(fulfilled("cs_test_a"), fulfilled("cs_test_b"))
    told = shop.runs("erase", "jenny.rosen@example.com")
    assert (told.exit_code, "--yes" in told.stdout) == (0, True)
    assert not is_erased(shop.order("cs_test_a"))
    assert "docs/ops.md" in shop.runs("erase", "jenny.rosen@example.com", "--yes").stdout
    assert is_erased(shop.order("cs_test_a"))
    assert is_erased(shop.order("cs_test_b"))
    assert shop.runs("orders", "show", "jenny.rosen@example.com").exit_code == 1


def test_a_buyer_is_erased_from_every_order_however_the_address_was_written_or_where(shop: EmulatedShop) -> None:
    """A search that stopped at the first spelling would leave the rest behind, and say that all is done."""
    kept = fulfilled("cs_test_a"), fulfilled("cs_test_b"), fulfilled("cs_test_c")
    assert kept[0].customer
    written = replace(kept[0].customer, email="Jenny.Rosen@example.com")
    as_reference = replace(kept[2], customer=None, client_reference_id="Jenny.Rosen@example.com")
    shop.keep(replace(kept[0], customer=written), kept[1], as_reference)
    assert shop.runs("erase", "Jenny.Rosen@example.com", "--yes").exit_code == 0
    assert [is_erased(shop.order(each.id)) for each in kept] == [True, True, True]


def bought_by(order_id: str, email: str | None, customer_id: str | None = None) -> Order:
    order = fulfilled(order_id)
    assert order.customer
    customer = replace(order.customer, email=email, id=Id(customer_id) if customer_id else None)
    return replace(order, customer=customer, client_reference_id=None, metadata={})


def test_erasing_finds_the_buyer_in_every_spelling(shop: EmulatedShop) -> None:
    """Firestore finds one spelling of an address alone."""
    spellings = [respelled("jenny.rosen@bücher.example", [one, two]) for one in RESPELLINGS for two in RESPELLINGS]
    orders = [bought_by(f"cs_test_{number:03}", each) for number, each in enumerate(dict.fromkeys(spellings))]
    others = [bought_by("cs_test_other", "rosen.jenny@bücher.example"), bought_by("cs_test_none", None)]
    shop.keep(*orders, *others)
    shown = shop.reports("orders", "show", " JENNY.ROSEN@xn--bcher-kva.example")
    assert [each["id"] for each in shown["orders"]] == [each.id for each in orders]
    told = shop.reports("erase", "Jenny.Rosen@Bücher.example", "--yes")
    assert (told["ok"], told["erased"], told["alike"]) == (True, [each.id for each in orders], {})
    assert len(orders) > 50
    assert [each.id for each in orders if not is_erased(shop.order(each.id))] == []
    assert [each.id for each in others if shop.order(each.id).erased_at] == []


def test_what_may_be_the_same_buyers_is_named_and_left_alone(shop: EmulatedShop) -> None:
    shop.keep(
        bought_by("cs_test_a", "jenny@example.com"),
        bought_by("cs_test_tag", "jenny+shop@example.com"),
        replace(bought_by("cs_test_gift", "john@example.com"), metadata={"gift_for": "Jenny@example.com"}),
        bought_by("cs_test_other", "john@example.com"),
    )
    for yes in ((), ("--yes",)):
        result = shop.runs("erase", "jenny@example.com", *yes)
        assert result.exit_code == 1
        assert "cs_test_tag may be of the same buyer: its address differs by a +tag" in result.stdout
        assert "cs_test_gift may be of the same buyer: its metadata or custom fields" in result.stdout
        assert "cs_test_other" not in result.stdout
        assert not [each for each in ("@", "john", "+shop") if each in result.stdout]
    assert [order_id for order_id in ("cs_test_tag", "cs_test_gift") if shop.order(order_id).erased_at] == []
    assert shop.order("cs_test_a").erased_at
    shop.runs("erase", "cs_test_tag", "--yes")
    shop.runs("erase", "cs_test_gift", "--yes")
    assert shop.runs("erase", "jenny@example.com", "--yes").exit_code == 1  # none is left to be known
    assert shop.runs("orders", "show", "jenny@example.com").exit_code == 1


def test_orders_where_a_shop_wrote_the_address_among_other_words_are_named(shop: EmulatedShop) -> None:
    order = bought_by("cs_test_none", "john@example.com")
    assert order.customer
    gift = LineItem(id="li_1", metadata={"gift": "jane@example.com"})
    named: dict[str, dict[str, Any]] = {
        "cs_test_reference": {"client_reference_id": "user:jane@example.com"},
        "cs_test_link": {"metadata": {"back": "https://shop.example/?e=jane@example.com/"}},
        "cs_test_name": {"customer": replace(order.customer, name="jane@example.com")},
        "cs_test_email": {"customer": replace(order.customer, email="Jane Roe <jane@example.com>")},
        "cs_test_ship": {"shipping": Shipping(name="jane@example.com")},
        "cs_test_item": {"line_items": (gift,)},
    }
    changes: dict[str, dict[str, Any]] = {"cs_test_none": {}, **named}
    shop.keep(*(replace(order, id=SessionId(order_id), **change) for order_id, change in changes.items()))
    told = shop.reports("erase", "jane@example.com", "--yes")
    assert (told["ok"], told["erased"], sorted(told["alike"])) == (False, [], sorted(named))
    for order_id in named:
        assert shop.runs("erase", order_id, "--yes").exit_code == 0
    assert "no order is known" in shop.runs("erase", "jane@example.com").stderr


def test_orders_of_the_same_customer_are_erased_where_they_have_no_address_and_named_where_they_have_another(
    shop: EmulatedShop,
) -> None:
    shop.keep(
        bought_by("cs_test_a", "jenny@example.com", "cus_1"),
        bought_by("cs_test_b", None, "cus_1"),
        bought_by("cs_test_c", "rosen@example.com", "cus_1"),
        bought_by("cs_test_d", None, "cus_2"),
    )
    told = shop.reports("erase", "JENNY@example.com", "--yes")
    assert (told["ok"], sorted(told["erased"]), list(told["alike"])) == (
        False,
        ["cs_test_a", "cs_test_b"],
        ["cs_test_c"],
    )
    assert "another address" in told["alike"]["cs_test_c"]
    # What leads to an order is erased after it: a run that is killed in between finds it again.
    assert told["erased"] == ["cs_test_b", "cs_test_a"]
    assert [bool(shop.order(f"cs_test_{each}").erased_at) for each in "abcd"] == [True, True, False, False]


def test_a_dead_letter_that_still_holds_the_buyer_is_named(shop: EmulatedShop, tmp_path: Path) -> None:
    def letter(order_id: str, email: str) -> tuple[bytes, dict[str, str]]:
        said = event(COMPLETED, session(order_id))
        said["data"]["object"]["customer_details"]["email"] = email
        return body(said), {"reason": "malformed_event: test", "session_id": order_id}

    shop.keep(bought_by("cs_test_a", "jenny@example.com"))
    shop.park(
        letter("cs_test_a", "john@example.com"),
        letter("cs_test_never_an_order", "JENNY@Example.com"),
        (b'not json, and yet of "jenny@example.com"', {"reason": "malformed_event: test"}),
        letter("cs_test_other", "john@example.com"),
    )
    told = shop.reports("erase", "jenny@example.com", "--yes")
    assert (told["ok"], told["erased"], len(told["dead_letters"])) == (False, ["cs_test_a"], 3)
    shown = shop.runs("erase", "jenny@example.com")
    assert (shown.exit_code, shown.stdout.count("names the buyer")) == (1, 2)
    assert len(shop.reports("dead-letters", "list")["letters"]) == 4
    for each in told["dead_letters"]:
        assert shop.runs("dead-letters", "drop", "--id", each, "--save", str(tmp_path / each), "--yes").exit_code == 0
    assert "no order is known" in shop.runs("erase", "jenny@example.com", "--yes").stderr


def test_where_dead_letters_cannot_be_read_the_orders_are_erased_and_it_is_trouble(
    shop: EmulatedShop,
) -> None:
    shop.keep(bought_by("cs_test_a", "jenny@example.com"))
    result = shop.runs("erase", "jenny@example.com", "--yes", DEAD_LETTER_TOPIC="there-is-none")
    assert (result.exit_code, "dead letters could not be read" in result.stderr) == (1, True)
    assert shop.order("cs_test_a").erased_at


def test_a_buyer_is_found_on_every_page_of_many_orders(shop: EmulatedShop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(buyer, "SCANNED", 3)
    theirs = [f"cs_test_{number:03}" for number in range(0, 20, 4)]
    for number in range(20):
        order_id = f"cs_test_{number:03}"
        shop.keep(bought_by(order_id, "Jenny@example.com" if order_id in theirs else f"john{number}@example.com"))
    assert shop.reports("erase", "jenny@example.com", "--yes")["erased"] == theirs


def test_an_order_of_the_buyer_that_cannot_be_read_is_named_before_anything_is_erased(shop: EmulatedShop) -> None:
    shop.keep(bought_by("cs_test_a", "jenny@example.com"), bought_by("cs_test_b", "Jenny@example.com"))
    shop.break_order("cs_test_b")
    result = shop.runs("erase", "jenny@example.com", "--yes")
    assert (result.exit_code, "cs_test_b" in result.stderr) == (1, True)
    assert shop.order("cs_test_a").erased_at is None


def test_a_machine_cannot_take_what_would_be_erased_for_done(shop: EmulatedShop) -> None:
    shop.keep(fulfilled("cs_test_a"))
    told = shop.reports("erase", "cs_test_a")
    assert (told["changed"], told["would_erase"], "erased" in told) == (False, ["cs_test_a"], False)
    told = shop.reports("erase", "cs_test_a", "--yes")
    assert (told["changed"], told["erased"], "would_erase" in told) == (True, ["cs_test_a"], False)


def test_an_order_that_needs_its_buyer_is_kept_and_said(shop: EmulatedShop) -> None:
    shop.keep(fulfilled("cs_test_a"), paid_order("cs_test_b"))
    result = shop.runs("erase", "pi_3SynthCard", "--yes")
    assert (result.exit_code, "kept cs_test_b: not done yet: fulfill" in result.stdout) == (1, True)
    assert (is_erased(shop.order("cs_test_a")), is_erased(shop.order("cs_test_b"))) == (True, False)
    assert shop.reports("erase", "cs_test_b", "--unsettled", "--yes")["erased"] == ["cs_test_b"]
    assert is_erased(shop.order("cs_test_b"))


def test_erasing_twice_writes_once_and_metadata_that_is_not_personal_may_stay(shop: EmulatedShop) -> None:
    shop.keep(replace(fulfilled("cs_test_a"), metadata={"shop": "acme", "note": "for Jenny"}))
    assert shop.runs("erase", "cs_test_a", "--keep", "shop", "--yes").exit_code == 0
    first = shop.order("cs_test_a")
    assert first.metadata == {"shop": "acme"}
    assert shop.runs("erase", "cs_test_a", "--keep", "shop", "--yes").exit_code == 0
    assert shop.order("cs_test_a") == first


def test_a_later_twin_and_a_replay_bring_nothing_back(shop: EmulatedShop) -> None:
    shop.keep(fulfilled("cs_test_a"))
    shop.runs("erase", "cs_test_a", "--yes")
    with shop.open():
        twin = event(COMPLETED, session("cs_test_a"), id="evt_0")
        shop.publish(twin, replay="true")
        shop.until(lambda: "evt_0" in shop.order("cs_test_a").events)
    order = shop.order("cs_test_a")
    assert (order.source, order.status) == ("evt_0", Status.FULFILLED)
    assert is_erased(order)


def disputed(status: str, **more: Any) -> Fact:
    raw = {
        "object": "dispute",
        "id": "dp_1",
        "status": status,
        "amount": 3500,
        "currency": "usd",
        "payment_intent": "pi_1",
    }
    fact = fact_of(raw, Source(event="evt_d", created=NOW, received_at=NOW))
    return replace(fact, **more)


def after(order: Order, *facts: Fact) -> Order:
    """The order after those facts, by the domain's own rules."""
    policy = Policy(configured=frozenset(order.effects) | AFTER_SALE_KINDS)
    return decide(order, News(order_id=order.id, facts=facts), policy, ReplayRequest(), NOW).order


@pytest.mark.parametrize(
    ("fact", "kept"),
    [
        (disputed("needs_response"), True),
        (disputed("warning_under_review"), True),
        (disputed("appeal_under_review"), True),
        (disputed("under_review", renewal=True), True),
        (disputed("lost"), False),
        (disputed("won"), False),
    ],
)
def test_an_order_with_an_open_dispute_is_kept_until_it_ends(shop: EmulatedShop, fact: Fact, *, kept: bool) -> None:
    shop.keep(after(fulfilled("cs_test_a"), fact))
    result = shop.runs("erase", "cs_test_a", "--yes")
    assert (result.exit_code, is_erased(shop.order("cs_test_a"))) == (int(kept), not kept)
    if kept:
        assert "kept cs_test_a: a dispute is open (--unsettled" in result.stdout
        assert shop.runs("erase", "cs_test_a", "--unsettled", "--yes").exit_code == 0
        assert is_erased(shop.order("cs_test_a"))


def test_what_the_money_holds_is_settled_and_the_level_of_access_is_still_told(shop: EmulatedShop) -> None:
    order = after(paid_order("cs_test_a"), disputed("lost"))
    assert order.effects["fulfill"].reasons == ("money",)
    items = {"load_line_items": lifecycle.mark_done(order, "load_line_items", NOW).effects["load_line_items"]}
    shop.keep(replace(order, effects={**order.effects, **items}))
    assert shop.runs("erase", "cs_test_a", "--yes").exit_code == 0
    erased = shop.order("cs_test_a")
    assert is_erased(erased)
    assert erased.effects["access_changed"].state is EffectState.OWED
    assert erased.effects["access_changed"].key == order.effects["access_changed"].key
    assert "fulfill" not in erased.effects


def test_a_dead_letter_of_a_dispute_belongs_to_the_order_of_its_payment(shop: EmulatedShop) -> None:
    order = replace(bought_by("cs_test_a", "jenny@example.com"), payment_intent=Id("pi_mine"))
    shop.keep(order)
    of = [{"id": f"dp_{each}", "object": "dispute", "payment_intent": each} for each in ("pi_mine", "pi_other", None)]
    shop.park(*((body(event("charge.dispute.created", each)), {"reason": "malformed_event: test"}) for each in of))
    assert len(shop.reports("erase", "cs_test_a")["dead_letters"]) == 1
