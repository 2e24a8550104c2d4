"""The one list of the orders' event types: who gets each, and which are registered."""

import pytest

from fulfillment.domain.event_types import (
    AFTER_SALE,
    EXPIRED,
    OLD_REFUNDS,
    ORDER_TYPES,
    SUBSCRIBERS,
    EventType,
    entry_point_of,
    family_type,
    needs_old_refunds,
    order_types,
    registered_types,
)

SALE = {each.value for each in EventType}
LATER = {name for names in AFTER_SALE.values() for name in names}
NOW = "2026-10-28.endive"


def test_the_types_and_their_twins() -> None:
    twins = SALE | LATER | {EXPIRED}
    assert {*twins, *(f"v1.{name}" for name in twins), *OLD_REFUNDS} == ORDER_TYPES
    assert ORDER_TYPES - order_types(abandoned_carts=False) == {EXPIRED, f"v1.{EXPIRED}"}
    assert len(LATER) == 12
    assert (EXPIRED, OLD_REFUNDS) == ("checkout.session.expired", ("charge.refunded", "charge.refund.updated"))


@pytest.mark.parametrize("thin", [False, True])
@pytest.mark.parametrize("abandoned_carts", [False, True])
def test_what_an_endpoint_is_registered_for(*, thin: bool, abandoned_carts: bool) -> None:
    family = SALE | LATER | ({EXPIRED} if abandoned_carts else set())
    wanted = {f"v1.{name}" for name in family} if thin else family
    version = None if thin else NOW
    assert registered_types(thin=thin, api_version=version, abandoned_carts=abandoned_carts) == wanted
    assert registered_types(thin=thin, api_version=None, abandoned_carts=abandoned_carts) == wanted


@pytest.mark.parametrize(
    ("version", "old"),
    [("2020-08-27", True), ("2024-09-30.acacia", True), ("2024-10-28.acacia", False), (NOW, False), (None, False)],
)
def test_the_old_types_of_refunds_are_for_old_versions(version: str | None, *, old: bool) -> None:
    assert needs_old_refunds(version) is old
    registered = registered_types(thin=False, api_version=version, abandoned_carts=False)
    assert (set(OLD_REFUNDS) <= registered) is old
    assert set(OLD_REFUNDS).isdisjoint(registered) is not old


def test_each_type_has_one_entry_point_and_its_twin_the_same() -> None:
    for event_type, name in SUBSCRIBERS.items():
        assert entry_point_of(event_type) == entry_point_of(event_type.thin) == name
    for name, types in AFTER_SALE.items():
        assert {entry_point_of(prefix + each) for each in types for prefix in ("", "v1.")} == {name}
    assert {entry_point_of(each) for each in OLD_REFUNDS} == {"on_refund"}
    assert entry_point_of(EXPIRED) == "on_checkout_session_expired"
    assert entry_point_of("invoice.paid") is None
    assert family_type("v1.refund.created") == family_type("refund.created") == "refund.created"
