"""The types that an endpoint is registered for, of every route and every type that the Stripe library knows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fulfillment.domain.event_types import ORDER_TYPES, family_type, registered_types
from fulfillment.domain.routes import ANSWERED, Routes
from ops.clients.event_types import PING, EventTypes, event_types
from ops.clients.stripe_types import known_types
from ops.errors import WrongSettings
from support.events_deployment import routing

KNOWN = known_types()
ORDERS = registered_types(thin=False, api_version="2026-10-28.endive", abandoned_carts=False)
ONLY_THIN = "customer.subscription.past_due"
ONLY_SNAPSHOT = "customer.source.created"


def types_of(*route: str, thin: bool = False) -> EventTypes:
    return event_types(routing(*route), KNOWN, thin=thin)


def test_the_library_knows_both_kinds_of_types() -> None:
    assert {*ORDERS, "invoice.paid", ANSWERED} <= KNOWN.snapshot
    assert {f"v1.{each}" for each in (*ORDERS, "invoice.paid", ONLY_THIN)} <= KNOWN.thin
    assert {each.split(".")[0] for each in KNOWN.thin} == {"v1", "v2"}
    assert not {"*", *ORDERS} & KNOWN.thin


@pytest.mark.parametrize("thin", [False, True])
def test_without_routes_only_the_types_of_orders_are_registered(*, thin: bool) -> None:
    wanted = {f"v1.{each}" if thin else each for each in ORDERS}
    assert types_of(thin=thin).names == wanted < ORDER_TYPES
    assert types_of(thin=thin).notes() == []


def test_a_name_is_registered_in_the_form_of_the_endpoint() -> None:
    assert types_of("invoice.paid", "v1.charge.failed").names == {*ORDERS, "invoice.paid", "charge.failed"}
    assert types_of("invoice.paid", thin=True).names == {*(f"v1.{each}" for each in ORDERS), "v1.invoice.paid"}


def test_a_wildcard_stands_for_all_known_types_and_those_of_the_other_kind_are_named() -> None:
    found = types_of("customer.subscription.*")
    assert "customer.subscription.deleted" in found.names
    assert ONLY_THIN in found.elsewhere
    assert ONLY_THIN not in found.names
    (note,) = found.notes()
    assert ONLY_THIN in note
    assert "--thin" in note
    thin = types_of("customer.*", thin=True)
    assert f"v1.{ONLY_THIN}" in thin.names
    assert thin.elsewhere == tuple(sorted(each for each in KNOWN.snapshot if each.startswith("customer.source.")))


def test_types_of_version_2_are_for_thin_destinations() -> None:
    assert types_of("v2.core.account.created", "v2.new.thing").elsewhere == ("v2.core.account.created", "v2.new.thing")
    thin = types_of("v2.core.*", "v2.new.thing", thin=True)
    assert {"v2.core.account.created", "v2.core.account[identity].updated", "v2.new.thing"} <= thin.names
    assert thin.unknown == ("v2.new.thing",)
    assert PING not in thin.names


@pytest.mark.parametrize(("thin", "name"), [(False, "invoice.teleported"), (True, "v1.invoice.teleported")])
def test_a_type_that_the_library_does_not_know_is_registered_as_it_is_with_a_note(*, thin: bool, name: str) -> None:
    found = types_of("invoice.teleported", thin=thin)
    assert name in found.names
    assert [name in each for each in found.notes()] == [True]


def test_a_wildcard_that_matches_nothing_is_refused_by_its_name() -> None:
    with pytest.raises(WrongSettings, match=r"events\.route: invoize\.\* matches no event type"):
        types_of("invoice.*", "invoize.*")


def test_a_route_that_cannot_be_is_refused() -> None:
    with pytest.raises(WrongSettings, match=r"events\.route must name the types"):
        types_of("*")


def test_a_routed_invoice_is_warned_of() -> None:
    assert any("72 hours" in each for each in types_of("invoice.*").notes())


def test_a_registered_type_that_is_routed_too_is_welcome() -> None:
    types = types_of("invoice.*")
    registered = types.names - {"invoice.paid"} | {"invoice.teleported", "charge.failed"}
    assert (types.missing(registered), types.unwanted(registered)) == (["invoice.paid"], ["charge.failed"])
    assert types.with_welcome(registered) == types.names | {"invoice.teleported"}


FAMILIES = sorted(KNOWN.families - {ANSWERED, PING})
NAMES = st.sampled_from([each for each in FAMILIES if "[" not in each])
WILDCARDS = NAMES.map(lambda each: f"{each.rpartition('.')[0]}.*").filter(
    lambda each: not ANSWERED.startswith(each.removesuffix("*"))
)


@given(st.lists(NAMES | WILDCARDS, min_size=1, max_size=4))
def test_every_routed_type_is_registered_by_one_kind_and_nothing_else_is(route: list[str]) -> None:
    routes = Routes.parse(",".join(route))
    snapshot, thin = types_of(*route), types_of(*route, thin=True)
    for each in (snapshot, thin):
        assert all(name in routes or name in ORDER_TYPES for name in each.names)
        assert not {ANSWERED, PING, "*"} & each.names
        assert each.names <= KNOWN.of(thin=each.thin)
        assert not set(map(family_type, each.names)) & set(each.elsewhere)
    carried = set(map(family_type, snapshot.names | thin.names))
    assert {each for each in FAMILIES if each in routes} <= carried
    assert set(snapshot.elsewhere) <= set(map(family_type, thin.names))
