"""Which types are routed: a list, its thin twins, and what is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fulfillment.domain.routes import Routes


def test_a_name_and_its_thin_twin_are_routed() -> None:
    routes = Routes.parse("invoice.paid")
    assert "invoice.paid" in routes
    assert "v1.invoice.paid" in routes
    for other in ("invoice", "invoice.paid.late", "invoice.payment_failed", "v2.invoice.paid", "", "xinvoice.paid"):
        assert other not in routes, other


def test_a_wildcard_is_all_below_its_name() -> None:
    routes = Routes.parse("customer.subscription.*")
    for each in ("customer.subscription.deleted", "customer.subscription.a.b", "v1.customer.subscription.past_due"):
        assert each in routes, each
    for other in (
        "customer.subscription",
        "customer.created",
        "customer.subscriptions.x",
        "v2.customer.subscription.a",
    ):
        assert other not in routes, other


def test_a_thin_name_means_its_family() -> None:
    routes = Routes.parse("v1.invoice.paid, v2.core.account.*")
    assert "invoice.paid" in routes
    assert "v2.core.account.updated" in routes
    assert "core.account.updated" not in routes
    assert str(routes) == "invoice.paid,v2.core.account.*"


def test_commas_blanks_and_lines_part_the_names() -> None:
    routes = Routes.parse(" invoice.paid ,,\n customer.*\tcharge.refunded,invoice.paid")
    assert routes == Routes(names=frozenset({"invoice.paid", "charge.refunded"}), prefixes=("customer.",))


def test_a_type_with_brackets_can_be_named() -> None:
    routes = Routes.parse("v2.core.account[configuration.customer].updated,v2.core.account[identity].*")
    assert "v2.core.account[configuration.customer].updated" in routes
    assert "v2.core.account[identity].updated" in routes
    assert "v2.core.account[defaults].updated" not in routes


@pytest.mark.parametrize("text", ["*", "v1.*", "invoice.paid,*", "* "])
def test_a_wildcard_for_all_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must name the types: .* because a type may need an answer"):
        Routes.parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        ",",
        "invoice",
        "Invoice.paid",
        "invoice.*.paid",
        "invoice*",
        ".paid",
        "invoice.",
        "inv-oice.paid",
        "**",
        "a[.b",
        "a[b]",
        "[a].b",
    ],
)
def test_what_is_no_list_of_types_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"must hold event types, .* such as invoice.paid"):
        Routes.parse(text)


@pytest.mark.parametrize(
    "text",
    ["issuing_authorization.request", "v1.issuing_authorization.request", "invoice.paid,issuing_authorization.*"],
)
def test_a_type_that_waits_for_an_answer_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"must not include issuing_authorization\.request"):
        Routes.parse(text)
    assert "issuing_authorization.created" in Routes.parse("issuing_authorization.created")


def test_a_selection_of_past_events_may_include_a_type_that_waited_for_an_answer() -> None:
    types = Routes.select("issuing_authorization.*,v1.invoice.paid")
    for each in ("issuing_authorization.created", "issuing_authorization.request", "invoice.paid"):
        assert each in types, each


@pytest.mark.parametrize("text", ["*", "v1.*", "invoice.paid,*", "* "])
def test_a_selection_names_the_types_and_is_not_told_a_reason_of_routes(text: str) -> None:
    with pytest.raises(ValueError, match=r"^must name the types: `\*` alone is refused. A wildcard needs a name"):
        Routes.select(text)
    with pytest.raises(ValueError, match="must hold event types"):
        Routes.select("invoice")


@pytest.mark.parametrize(("text", "count"), [("invoice.created", 1), ("invoice.*", 1), ("invoice.paid", 0)])
def test_a_type_that_delays_invoices_is_warned_of(text: str, count: int) -> None:
    warnings = Routes.parse(text).warnings()
    assert [each.split()[0] for each in warnings] == ["invoice.created"] * count


NAMES = st.lists(st.sampled_from(["invoice", "paid", "customer", "created"]), min_size=2, max_size=4).map(".".join)


@given(st.lists(NAMES | NAMES.map(lambda each: f"{each}.*"), min_size=1), NAMES)
def test_its_text_means_the_same(names: list[str], event_type: str) -> None:
    routes = Routes.parse(",".join(names))
    assert Routes.parse(str(routes)) == routes
    listed = event_type in names or any(event_type.startswith(each[:-1]) for each in names if each.endswith("*"))
    assert (event_type in routes) is listed
