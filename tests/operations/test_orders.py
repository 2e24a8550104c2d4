"""`scripts/ops orders`: on the emulators, with a subscriber that performs."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from fulfillment.domain import lifecycle
from fulfillment.domain.effects import EffectState
from fulfillment.domain.order import LineItem, Order
from local.fakes.stripe_events import COMPLETED, event, session
from ops.orders.timeline import still_to_do
from ops.orders.views import row, row_data
from support.builders import paid_order
from support.emulated_shop import SECRETIVE, EmulatedShop

NOW = datetime.now(UTC)


def failed(order: Order, error: str = "permanent: not for sale") -> Order:
    return lifecycle.mark_failed(order, "fulfill", error)


def fulfilled(order: Order) -> Order:
    for name in (*order.effects, "announce_fulfilled"):
        order = lifecycle.mark_done(order, name, NOW)
    return order


def test_a_list_says_where_orders_stand_and_nothing_of_the_buyers(shop: EmulatedShop) -> None:
    shop.keep(failed(paid_order("cs_test_a")), paid_order("cs_test_b", currency="jpy", amount_total=1050))
    told = shop.runs("orders", "list")
    assert told.exit_code == 0
    assert "cs_test_a  paid" in told.stdout
    assert "35.00 USD" in told.stdout
    assert "1050 JPY" in told.stdout
    assert "fulfill failed" in told.stdout
    assert not [each for each in SECRETIVE if each in told.output]
    first, second = shop.reports("orders", "list")["orders"]
    assert (first["id"], first["status"], first["not_done"]["fulfill"]) == ("cs_test_a", "paid", "failed")
    assert (second["amount_total"], second["currency"]) == (1050, "jpy")


def test_what_is_not_done_has_the_same_order_in_every_call() -> None:
    """A document's map has none."""
    order = failed(paid_order("cs_test_a"))
    turned = replace(order, effects=dict([*order.effects.items()][::-1]))
    assert len(order.effects) > 2
    assert row(turned, NOW) == row(order, NOW)
    assert list(still_to_do(turned)) == list(still_to_do(order))
    assert [*row_data(turned, NOW)["not_done"]] == sorted(order.effects)


def test_a_list_is_read_page_by_page_to_its_end(shop: EmulatedShop) -> None:
    shop.keep(*(paid_order(f"cs_test_{number:03}") for number in range(7)))
    seen: list[str] = []
    after: list[str] = []
    for _ in range(3):
        page = shop.reports("orders", "list", "--limit", "3", *after)
        seen += [each["id"] for each in page["orders"]]
        after = ["--after", page["next"]] if page["next"] else []
    assert seen == [f"cs_test_{number:03}" for number in range(7)]
    assert after == []


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        (["--status", "fulfilled"], {"cs_done"}),
        (["--status", "paid"], {"cs_failed", "cs_old", "cs_review"}),
        (["--effect", "failed"], {"cs_failed"}),
        (["--effect", "owed", "--status", "paid", "--older-than", "2d"], {"cs_old"}),
        (["--review"], {"cs_review"}),
        (["--review", "amounts_differ"], {"cs_review"}),
        (["--review", "failed_and_paid"], set()),
    ],
)
def test_a_list_is_narrowed(shop: EmulatedShop, asked: list[str], found: set[str]) -> None:
    old = replace(paid_order("cs_old"), created_at=NOW - timedelta(days=3))
    review = replace(paid_order("cs_review"), review=("amounts_differ",))
    young = replace(failed(paid_order("cs_failed")), created_at=NOW)
    shop.keep(fulfilled(paid_order("cs_done")), young, old, replace(review, created_at=NOW))
    assert {each["id"] for each in shop.reports("orders", "list", *asked)["orders"]} == found


def test_an_order_is_found_by_whatever_a_person_has_in_hand(shop: EmulatedShop) -> None:
    shop.keep(paid_order("cs_test_a", invoice="in_1", subscription="sub_1", customer="cus_1"))
    for text in ("cs_test_a", "pi_3SynthCard", "in_1", "sub_1", "cus_1", "jenny.rosen@example.com", "cart_1001"):
        result = shop.runs("orders", "show", text)
        assert result.exit_code == 0, text
        assert "cs_test_a" in result.stdout


def test_several_orders_of_one_buyer_are_listed_and_none_is_trouble(shop: EmulatedShop) -> None:
    shop.keep(paid_order("cs_test_a"), paid_order("cs_test_b"))
    told = shop.reports("orders", "show", "jenny.rosen@example.com")
    assert [each["id"] for each in told["orders"]] == ["cs_test_a", "cs_test_b"]
    assert shop.runs("orders", "show", "cs_test_unknown").exit_code == 1
    assert shop.runs("orders", "retry", "jenny.rosen@example.com").exit_code == 2


def test_the_story_of_an_order_has_every_event_and_effect_and_hides_the_buyer(shop: EmulatedShop) -> None:
    order = fulfilled(paid_order("cs_test_a"))
    shop.keep(order)
    told = shop.reports("orders", "show", "cs_test_a")
    whats = [each["what"] for each in told["timeline"]]
    assert order.source in " ".join(whats)
    assert [name for name in order.effects if not any(what.startswith(f"{name} done") for what in whats)] == []
    assert [each["at"] for each in told["timeline"]] == sorted(each["at"] for each in told["timeline"])
    assert set(told["order"]["hidden"]) == {"customer", "shipping", "client_reference_id", "metadata"}
    shown = shop.runs("orders", "show", "cs_test_a").output
    assert not [each for each in SECRETIVE if each in shown]


def test_what_was_bought_has_a_number_where_there_is_one(shop: EmulatedShop) -> None:
    items = tuple(LineItem(id="li_1", description="Metered", quantity=quantity) for quantity in (None, 0, 3))
    shop.keep(replace(paid_order("cs_test_a"), line_items=items))
    lines = [line for line in shop.runs("orders", "show", "cs_test_a").stdout.splitlines() if "bought" in line]
    assert lines == ["bought: Metered  -", "bought: 0 x Metered  -", "bought: 3 x Metered  -"]


def test_the_buyer_is_shown_where_that_is_asked_for(shop: EmulatedShop) -> None:
    shop.keep(paid_order("cs_test_a"))
    told = shop.runs("orders", "show", "cs_test_a", "--personal")
    assert "jenny.rosen@example.com" in told.stdout
    assert "hidden" not in told.stdout


def test_what_is_shown_does_not_steer_the_terminal(shop: EmulatedShop) -> None:
    shop.keep(paid_order("cs_test_a", client_reference_id="\x1b]0;owned\x07\n\x9b2J"))
    told = shop.runs("orders", "show", "cs_test_a", "--personal").stdout
    assert "owned" in told
    assert not {"\x1b", "\x07", "\x9b"} & set(told)


def test_an_order_that_cannot_be_read_is_named_and_is_trouble(shop: EmulatedShop) -> None:
    shop.keep(paid_order("cs_test_a"))
    shop.break_order("cs_test_a")
    listed = shop.runs("orders", "list")
    assert (listed.exit_code, "cs_test_a cannot be read" in listed.stdout) == (1, True)
    assert shop.runs("orders", "show", "cs_test_a").exit_code == 1


def test_what_failed_is_done_after_a_retry_and_not_before(shop: EmulatedShop) -> None:
    with shop.open():
        order = sold(shop, refusing="not for sale")
        shop.refuses = None
        said = shop.runs("orders", "retry", order)
        assert (said.exit_code, "--yes" in said.stdout) == (0, True)
        assert shop.order(order).effects["fulfill"].state is EffectState.FAILED
        told = shop.reports("orders", "retry", order, "--yes")
    assert (told["ok"], told["states"], told["status"]) == (True, {"fulfill": "done"}, "fulfilled")
    assert shop.performed == [order]
    assert len(shop.order(order).events) == 1


def test_a_retry_that_is_refused_again_is_trouble_and_says_why(shop: EmulatedShop) -> None:
    with shop.open():
        order = sold(shop, refusing="not for sale")
        shop.refuses = "sold out"
        result = shop.runs("orders", "retry", order, "--yes")
    assert result.exit_code == 1
    assert "fulfill failed: permanent: sold out" in result.stdout


def test_what_is_held_is_done_after_a_release(shop: EmulatedShop) -> None:
    with shop.open(HOLD_ON_REVIEW="true"):
        order_id = "cs_test_held"
        shop.publish(event(COMPLETED, session(order_id, mode="a mode of tomorrow")))
        shop.until(lambda: EffectState.HELD in states(shop, order_id))
        assert shop.reports("orders", "retry", order_id)["effects"] == []
        told = shop.reports("orders", "release", order_id, "--yes")
    assert (told["ok"], told["states"]) == (True, {"fulfill": "done"})
    assert shop.order(order_id).review == ("unknown_mode",)


def test_a_retry_that_no_subscriber_takes_up_says_so(shop: EmulatedShop) -> None:
    shop.keep(failed(paid_order("cs_test_a")))
    result = shop.runs("orders", "retry", "cs_test_a", "--yes", "--wait", "1")
    assert (result.exit_code, "no subscriber" in result.stdout) == (1, True)
    assert shop.runs("orders", "retry", "cs_test_a", "--yes", "--wait", "0").exit_code == 0


def test_where_nothing_is_to_be_done_nothing_is(shop: EmulatedShop) -> None:
    shop.keep(fulfilled(paid_order("cs_test_a")))
    for command in ("retry", "release"):
        told = shop.reports("orders", command, "cs_test_a", "--yes")
        assert (told["ok"], told["effects"], told["published"]) == (True, [], None)


def test_one_emulator_alone_is_no_deployment(shop: EmulatedShop) -> None:
    result = shop.runs("orders", "list", FIRESTORE_EMULATOR_HOST=None)
    assert (result.exit_code, "set both" in result.stderr) == (2, True)


def sold(shop: EmulatedShop, refusing: str) -> str:
    """The id of an order whose hook has refused it for good."""
    shop.refuses = refusing
    order_id = "cs_test_refused"
    shop.publish(event(COMPLETED, session(order_id)))
    shop.until(lambda: EffectState.FAILED in states(shop, order_id))
    return order_id


def states(shop: EmulatedShop, order_id: str) -> set[EffectState]:
    found = shop.reports("orders", "list")["orders"]
    return {EffectState(state) for each in found if each["id"] == order_id for state in each["not_done"].values()}
