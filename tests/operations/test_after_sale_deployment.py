"""Registration, doctor and the deployment's output, for what happens after the sale."""

import json
from itertools import product
from typing import Any

import pytest

from fulfillment.domain.event_types import OLD_REFUNDS, entry_point_of, registered_types
from ops.clients.event_types import event_types
from ops.clients.stripe_types import known_types
from ops.deployment.terraform_output import parse
from ops.doctor.filters import filter_of
from ops.errors import WrongSettings
from support import deployment_changes as changes
from support.deployments import (
    DISPUTES,
    EXPIRED,
    REFUNDS,
    deployed,
    google_runs,
    of_version_1_1,
    told,
    told_subscriber,
    with_carts,
)
from support.deviations import ALL_TYPES, SALES
from support.events_deployment import run_events, stripe_events
from support.operators import Operator
from support.pubsub_filter import matches

OLD, NEW = "2024-06-20", "2026-10-28.endive"


@pytest.fixture
def shop(registered: Operator) -> Operator:
    """An operator whose webhook is registered."""
    return registered


def types_of(operator: Operator, kind: str = "endpoints") -> list[set[str]]:
    return [set(each["enabled_events"]) for each in getattr(operator.stripe, kind).values()]


def troubles(operator: Operator) -> dict[str, tuple[str, str]]:
    checks = operator.reports("doctor")["checks"]
    return {
        f"{each['subject']}: {each['check']}": (each["problem"], each["fix"])
        for each in checks
        if each["verdict"] != "ok"
    }


def runs(operator: Operator, changed: dict[str, Any]) -> None:
    """Terraform has applied the change: Google runs it, and the secrets stay."""
    operator.has(**changed)
    google = google_runs(deployed(**changed))
    secret = "projects/acme-shop/secrets/checkout-webhook-secrets"
    kept = operator.google.resources[secret], operator.google.versions[secret]
    operator.google.resources, operator.google.policies = google.resources, google.policies
    operator.google.resources[secret], operator.google.versions[secret] = kept


@pytest.mark.parametrize(
    ("changed", "api_version", "expected"),
    [
        ({}, NEW, {*SALES, *REFUNDS, *DISPUTES}),
        ({}, OLD, {*SALES, *REFUNDS, *DISPUTES, *OLD_REFUNDS}),
        ({}, "2024-10-27", {*SALES, *REFUNDS, *DISPUTES, *OLD_REFUNDS}),
        ({}, "2024-10-28.acacia", {*SALES, *REFUNDS, *DISPUTES}),
        (with_carts(), NEW, {*SALES, *REFUNDS, *DISPUTES, *EXPIRED}),
        (of_version_1_1(), OLD, {*SALES}),
    ],
)
def test_an_endpoint_is_registered_for_the_orders_types_of_its_version(
    changed: dict[str, Any], api_version: str, expected: set[str]
) -> None:
    of = deployed(api_version=api_version, **changed)
    assert event_types(of, known_types(), thin=False).names == expected
    thin = event_types(of, known_types(), thin=True)
    assert thin.names == {f"v1.{each}" for each in expected - {*OLD_REFUNDS}} <= known_types().thin


def test_the_old_types_of_refunds_go_by_the_version_of_the_endpoint_that_is_made(operator: Operator) -> None:
    assert operator.runs("register-webhook", "--api-version", OLD).exit_code == 0
    assert operator.runs("register-webhook", "--api-version", NEW).exit_code == 0
    assert types_of(operator) == [{*ALL_TYPES, *OLD_REFUNDS}, {*ALL_TYPES}]


def test_an_upgrade_is_an_apply_and_then_a_registration_and_doctor_names_each(operator: Operator) -> None:
    runs(operator, of_version_1_1())
    said = operator.runs("register-webhook").stdout
    assert types_of(operator) == [{*SALES}]
    assert "Refunds and disputes are not registered" in said
    assert operator.runs("doctor").exit_code == 0  # a warning
    ((problem, fix),) = [troubles(operator)["stripe: refunds and disputes"]]
    assert "before version 1.2" in problem
    assert "terraform -chdir=terraform apply" in fix
    runs(operator, {})
    problem, fix = troubles(operator)["stripe: events"]
    assert set(troubles(operator)) == {"stripe: events"}
    assert all(each in problem for each in (*REFUNDS, *DISPUTES))
    assert fix == "scripts/ops register-webhook"
    assert operator.runs(*fix.split()[1:]).exit_code == 0
    assert types_of(operator) == [{*ALL_TYPES}]
    assert troubles(operator) == {}


def test_abandoned_carts_are_registered_while_they_are_on(shop: Operator) -> None:
    for changed, expected in ((with_carts(), {*ALL_TYPES, *EXPIRED}), ({}, {*ALL_TYPES})):
        runs(shop, changed)
        assert set(troubles(shop)) == {"stripe: events"}
        assert shop.runs("register-webhook").exit_code == 0
        assert types_of(shop) == [expected]
        assert troubles(shop) == {}


EXPIRED_FUNCTION = "function checkout-expired"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (changes.env("expired", DEAD_LETTER_TOPIC="others"), f"{EXPIRED_FUNCTION}: DEAD_LETTER_TOPIC"),
        (changes.env("expired", STRIPE_LIVEMODE="true"), f"{EXPIRED_FUNCTION}: STRIPE_LIVEMODE"),
        (changes.env("expired", PUBSUB_EMULATOR_HOST="localhost:1"), f"{EXPIRED_FUNCTION}: emulators"),
        (changes.env("expired", STRIPE_API_KEY_FILE=None), f"{EXPIRED_FUNCTION}: secret of STRIPE_API_KEY_FILE"),
        (changes.sub("filter", "", "expired"), "subscription checkout-expired: filter"),
        (changes.env("webhook", ABANDONED_CARTS=None), "function checkout-webhook: ABANDONED_CARTS"),
        (changes.env("dispute", ACCESS_POLICY=None), "function checkout-dispute: ACCESS_POLICY"),
    ],
)
def test_a_deployment_with_carts_and_a_policy_is_checked(shop: Operator, change: changes.Change, expected: str) -> None:
    runs(shop, with_carts())
    shop.runs("register-webhook")
    assert troubles(shop) == {}
    change(shop)
    assert set(troubles(shop)) == {expected}


def test_every_registered_type_passes_the_filter_of_its_own_subscriber_alone() -> None:
    subscribers = deployed(**with_carts()).subscribers
    for thin, version, carts in product((False, True), (OLD, NEW), (False, True)):
        for event_type in registered_types(thin=thin, api_version=None if thin else version, abandoned_carts=carts):
            passed = [
                (name, kind)
                for name, each in subscribers.items()
                for kind in (False, True)
                if matches(filter_of(name, each, thin=kind), {"event_type": event_type})
            ]
            assert passed == [(entry_point_of(event_type), thin)]


def test_a_missing_permission_says_what_goes_missing_and_that_the_rest_goes_on(shop: Operator) -> None:
    shop.stripe.lacking["/v1/disputes"] = "rak_dispute_read"
    ((problem, fix),) = troubles(shop).values()
    assert "rak_dispute_read" in problem
    assert "Without it thin events of disputes are parked" in problem
    assert problem.endswith("everything else goes on")
    assert "Stripe's dashboard" in fix


def test_a_deployment_of_version_1_1_needs_no_permission_for_refunds(shop: Operator) -> None:
    shop.stripe.lacking |= {"/v1/refunds": "rak_charge_read", "/v1/invoice_payments": "rak_invoice_read"}
    assert len(troubles(shop)) == 2
    runs(shop, of_version_1_1())
    assert {name for name in troubles(shop) if "api-key" in name} == set()


def test_the_output_of_version_1_1_is_read_as_sales_alone() -> None:
    of = deployed(**of_version_1_1())
    assert (of.after_sale, of.abandoned_carts) == (None, False)
    assert of.subscribers["on_async_payment_failed"].types == ("checkout.session.async_payment_failed",)


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"subscribers": of_version_1_1()["subscribers"]}, "on_refund"),
        ({"after_sale": None}, "on_refund"),
        ({"after_sale": told()["after_sale"] | {"abandoned_carts": True}}, "on_checkout_session_expired"),
        ({"subscribers": with_carts()["subscribers"]}, "on_checkout_session_expired"),
        (
            {"subscribers": told()["subscribers"] | {"on_refund": told_subscriber("on_refund", REFUNDS[:2])}},
            "refund.failed",
        ),
        ({"after_sale": {"access_policy": "any_refund"}}, "after_sale.access_policy"),
    ],
)
def test_an_output_whose_subscribers_do_not_fit_is_refused(changed: dict[str, Any], named: str) -> None:
    with pytest.raises(WrongSettings, match=named):
        parse(json.dumps(told(**changed)), "a test")


def test_the_subscriber_of_refunds_may_have_the_old_types_too() -> None:
    refund = told_subscriber("on_refund", [*REFUNDS, *OLD_REFUNDS])
    assert deployed(subscribers=told()["subscribers"] | {"on_refund": refund}).subscribers["on_refund"].types[:3] == (
        "refund.created",
        "refund.updated",
        "refund.failed",
    )


def test_a_sink_of_a_deployment_with_carts_must_leave_their_links_out(operator: Operator) -> None:
    changed = with_carts() | {"stripe_events": stripe_events()}
    runs(operator, changed)
    run_events(operator.google, deployed(**changed))
    assert "filter" not in "".join(troubles(operator))
    for sink in ("bigquery", "archive"):
        changes.sub("filter", "", f"events-{sink}")(operator)
    problem = 'it is nothing, and must be NOT attributes.event_type = "checkout.session.expired"'
    found = {name: said for name, (said, _) in troubles(operator).items() if name.endswith("filter")}
    assert found == {f"subscription checkout-events-{sink}: filter": problem for sink in ("bigquery", "archive")}


def test_thin_refunds_and_disputes_have_subscriptions_of_their_own(operator: Operator) -> None:
    told_thin = {
        name: each | {"thin_subscription": f"{each['subscription']}-thin"}
        for name, each in with_carts()["subscribers"].items()
    }
    changed = with_carts() | {"subscribers": told_thin}
    runs(operator, changed)
    run_events(operator.google, deployed(**changed))
    assert operator.runs("register-webhook", "--thin").exit_code == 0
    assert types_of(operator, "destinations") == [{f"v1.{each}" for each in (*ALL_TYPES, *EXPIRED)}]
    assert troubles(operator) == {}
    changes.sub("filter", "", "dispute-thin")(operator)
    assert set(troubles(operator)) == {"subscription checkout-dispute-thin: filter"}
