"""`scripts/ops erase`, on the emulators."""

from dataclasses import replace
from datetime import UTC, datetime

from emulated_shop import SECRETIVE, EmulatedShop, paid_order
from fulfillment.documents import to_document
from fulfillment.domain import debt
from fulfillment.domain.order import Order
from fulfillment.domain.status import Status
from local.stripe_events import COMPLETED, event, session

NOW = datetime.now(UTC)


def fulfilled(order_id: str) -> Order:
    order = paid_order(order_id)
    for name in (*order.effects, "announce_fulfilled"):
        order = debt.strike_off(order, name, NOW)
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
    """Whoever stopped at the first spelling that is found would leave the rest behind, and say that all is done."""
    kept = fulfilled("cs_test_a"), fulfilled("cs_test_b"), fulfilled("cs_test_c")
    assert kept[0].customer
    written = replace(kept[0].customer, email="Jenny.Rosen@example.com")
    as_reference = replace(kept[2], customer=None, client_reference_id="Jenny.Rosen@example.com")
    shop.keep(replace(kept[0], customer=written), kept[1], as_reference)
    assert shop.runs("erase", "Jenny.Rosen@example.com", "--yes").exit_code == 0
    assert [is_erased(shop.order(each.id)) for each in kept] == [True, True, True]


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
