"""Which of the user's handlers are found, and which stop the start."""

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fulfillment.domain.event_types import family_type
from fulfillment.domain.routes import Routes
from fulfillment.errors import ConfigurationError
from fulfillment.stripe_events.registry import find, handler_name
from ops.clients.stripe_types import known_types
from support.shipped_handlers import shipped_examples

FAMILIES = sorted({family_type(each) for each in known_types().snapshot | known_types().thin})
ROUTES = Routes.parse("invoice.paid, customer.subscription.*, v2.core.account.created")


def routes_of(text: str) -> Routes | None:
    """The routes, or None if they may not be."""
    try:
        return Routes.parse(text)
    except ValueError:
        return None


ROUTABLE = [family for family in FAMILIES if routes_of(family)]


def handler(_event: dict[str, Any], _key: str) -> None:
    """Does nothing."""


async def async_handler(_event: dict[str, Any], _key: str) -> None:
    """Does nothing."""


def package(**functions: object) -> SimpleNamespace:
    return SimpleNamespace(**functions)


def problem(handlers: object, routes: Routes = ROUTES) -> str:
    with pytest.raises(ConfigurationError) as error:
        find(handlers, routes)
    return str(error.value)


def test_no_two_types_that_stripes_library_knows_share_a_handler_but_twins() -> None:
    assert len(known_types().snapshot) >= 275
    assert len(known_types().thin) >= 312
    names = [handler_name(each) for each in FAMILIES]
    assert len(set(names)) == len(FAMILIES)
    assert all(name.isidentifier() for name in names)
    assert len(ROUTABLE) > 300


def test_a_snapshot_type_and_its_thin_twin_have_one_handler() -> None:
    assert handler_name("v1.invoice.paid") == handler_name("invoice.paid") == "on_invoice_paid"
    assert handler_name("v1.customer.subscription.past_due") == "on_customer_subscription_past_due"
    assert handler_name("v2.core.account.created") == "on_v2_core_account_created"


def test_a_type_with_brackets_has_a_handler_too() -> None:
    family = "v2.core.account[configuration.customer].updated"
    assert family in FAMILIES
    assert handler_name(family) == "on_v2_core_account_configuration_customer_updated"


def test_functions_are_found_by_their_names_and_nothing_else_is() -> None:
    routed = {
        "on_invoice_paid": handler,
        "on_customer_subscription_deleted": async_handler,
        "on_v2_core_account_created": handler,
    }
    assert find(package(**routed, once=3, _on_hold=1, httpx=pytest), ROUTES) == routed


@given(st.sampled_from(ROUTABLE))
def test_the_handler_of_each_type_is_found_where_the_type_or_a_wildcard_for_it_is_routed(family: str) -> None:
    handlers = package(**{handler_name(family): handler})
    assert find(handlers, Routes.parse(family))
    if by_wildcard := routes_of(f"{family.rpartition('.')[0]}.*"):
        assert find(handlers, by_wildcard)


@given(st.lists(st.sampled_from(ROUTABLE), min_size=2, max_size=2, unique=True))
def test_the_handler_of_a_type_that_is_not_routed_stops_the_start(types: list[str]) -> None:
    family, other = types
    name = handler_name(family)
    said = problem(package(**{name: handler}), Routes.parse(other))
    assert f"{name} is for an event type that is not in ROUTED_EVENTS ({other})" in said
    assert "add the type there (events.route in Terraform), or remove the function" in said


def test_a_wildcard_counts_only_for_names_that_begin_like_it_and_go_on() -> None:
    for name in ("on_customer_subscription_", "on_customer_subscription", "on_customer_subscriptions_x", "on_customer"):
        assert name in problem(package(**{name: handler}))


@pytest.mark.parametrize(
    ("route", "name"),
    [
        ("invoice.*", "on_invoice_payment_paid"),
        ("tax.*", "on_tax_rate_created"),
        ("v2.core.account.*", "on_v2_core_account_identity_updated"),
    ],
)
def test_a_name_that_begins_like_a_wildcard_may_be_of_a_type_that_it_does_not_route(route: str, name: str) -> None:
    assert f"{name} is for an event type" in problem(package(**{name: handler}), Routes.parse(route))


def test_a_name_that_the_library_does_not_know_may_be_of_a_future_type_of_the_wildcard() -> None:
    assert find(package(on_invoice_of_tomorrow=handler), Routes.parse("invoice.*"))


def test_a_handler_named_after_the_thin_type_is_told_its_name() -> None:
    said = problem(package(on_v1_invoice_paid=handler))
    assert said == "functions/handlers: on_v1_invoice_paid must be called on_invoice_paid: it gets the thin events too"


WRONG = [
    lambda event: event,
    lambda: None,
    lambda event, key, more: (event, key, more),
    lambda *, event, key: (event, key),
    True,
    "invoice.paid",
    pytest,
    dict,
]


@pytest.mark.parametrize("wrong", WRONG, ids=range(len(WRONG)))
def test_what_cannot_be_called_with_an_event_and_its_key_stops_the_start(wrong: object) -> None:
    assert "on_invoice_paid must be a function that takes (event, key)" in problem(package(on_invoice_paid=wrong))


def test_all_problems_are_named_at_once() -> None:
    said = problem(package(on_invoice_paid=3, on_charge_refunded=handler, on_v1_invoice_paid=handler))
    for name in (
        "on_invoice_paid must be a function",
        "on_charge_refunded is for",
        "on_v1_invoice_paid must be called",
    ):
        assert name in said


def test_handlers_that_are_switched_on_without_any_stop_the_start() -> None:
    assert problem(package(helper=handler)) == (
        "functions/handlers has no function on_…: define one in its __init__.py, or import it"
    )


def test_the_examples_are_handlers_once_they_are_imported() -> None:
    assert set(find(shipped_examples(), ROUTES)) == {"on_invoice_paid", "on_customer_subscription_deleted"}
