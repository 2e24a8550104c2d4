"""`scripts/ops doctor` on a deployment with routed and thin events: it is well, and one deviation is one finding."""

import re
from typing import Any

import pytest

from fulfillment.domain.event_types import registered_types
from support import deployment_changes as changes
from support.deployment_changes import URL, Change
from support.deployments import deployed
from support.deviations import DEVIATIONS as OTHER_DEVIATIONS
from support.events_deployment import run_events, with_events
from support.events_deviations import DEVIATIONS, destination
from support.google_stand_in import Version
from support.operators import Operator

THIN = sorted(registered_types(thin=True, api_version=None, abandoned_carts=False))
BOTH = {"stripe: both kinds": "warning"}
WITHOUT_KEY = {"secrets": {"webhook": "checkout-webhook-secrets"}, "reconcile": None}


def routes(operator: Operator, *route: str, **other: Any) -> None:
    """The operator's deployment routes these types, and Google runs what that needs."""
    told = with_events(*route)
    operator.has(**told, **other)
    run_events(operator.google, deployed(**told))


@pytest.fixture
def routing(operator: Operator) -> Operator:
    """An operator of a deployment that routes events, registered as both kinds."""
    routes(operator)
    for option in ([], ["--thin"]):
        assert operator.runs("register-webhook", *option).exit_code == 0
    operator.google.calls.clear()
    operator.stripe.endpoint_calls.clear()
    return operator


def findings(operator: Operator) -> dict[str, str]:
    """What is not well -> how it ended. An endpoint's id is left out."""
    told = operator.reports("doctor")
    found = {f"{each['subject']}: {each['check']}": each["verdict"] for each in told["checks"]}
    not_well = {name: verdict for name, verdict in found.items() if verdict != "ok"}
    assert told["ok"] is (set(not_well.values()) <= {"warning"})
    return {re.sub(r" (we|ed)_\w+", "", name): verdict for name, verdict in not_well.items()}


def fixes(operator: Operator, check: str) -> list[str]:
    return [each["fix"] for each in operator.reports("doctor")["checks"] if each["check"] == check]


@pytest.mark.slow
@pytest.mark.parametrize(("change", "expected"), [pytest.param(c, e, id=name) for name, c, e in DEVIATIONS])
def test_a_deviation_is_found_by_its_own_check_alone(routing: Operator, change: Change, expected: set[str]) -> None:
    change(routing)
    assert set(findings(routing)) - set(BOTH) == expected


def test_every_check_is_there_to_fail(routing: Operator) -> None:
    told = {alike(f"{each['subject']}: {each['check']}") for each in routing.reports("doctor")["checks"]}
    known = {alike(name) for _, _, expected in [*DEVIATIONS, *OTHER_DEVIATIONS] for name in expected}
    elsewhere = {"api key", "livemode", "other endpoints", "registered", "routed types", "subscriptions", "both kinds"}
    assert {name for name in told - known if name.rpartition(": ")[2] not in elsewhere} == set()


def alike(name: str) -> str:
    """One name for the checks that each sink, push subscription, subscriber or kind of endpoint has."""
    name = re.sub(r"subscription \S+-(bigquery|archive):", "sink:", name)
    name = re.sub(
        r"subscription checkout-(completed|succeeded|failed|refund|dispute|stripe-events)(-thin)?:", "push:", name
    )
    name = name.replace("checkout-stripe-events-dead-letter", "checkout-events-dead-letter")
    return re.sub(r"(completed|succeeded|failed|refund|dispute)\b", "subscriber", name).replace(
        "stripe (thin events)", "stripe"
    )


def test_a_deployment_with_everything_is_well_and_nothing_is_changed(routing: Operator) -> None:
    assert findings(routing) == BOTH
    result = routing.runs("doctor")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.splitlines()[-1].endswith(" ok, 1 warning")
    calls = routing.google.calls + routing.stripe.endpoint_calls
    assert {call.split()[0] for call in calls} == {"GET"}


def test_thin_alone_is_well(operator: Operator) -> None:
    routes(operator)
    operator.runs("register-webhook", "--thin")
    assert findings(operator) == {}


def test_the_lines_of_warnings_stand_between_well_and_not_well(routing: Operator) -> None:
    changes.sub("filter", "")(routing)
    *_, warning, trouble, _summary = routing.runs("doctor").stdout.splitlines()
    assert (warning.split()[0], trouble.split()[0]) == ("warning", "trouble")


def test_a_routed_invoice_is_a_warning_and_no_trouble(operator: Operator) -> None:
    routes(operator, "invoice.*")
    operator.runs("register-webhook")
    assert findings(operator) == {"stripe: routed types": "warning"}
    assert "72 hours" in operator.runs("doctor").stdout


@pytest.mark.parametrize(
    ("route", "option", "fix"),
    [
        ("customer.subscription.past_due", [], "scripts/ops register-webhook --thin"),
        ("v2.core.account.created", [], "scripts/ops register-webhook --thin"),
        ("customer.source.created", ["--thin"], "scripts/ops register-webhook"),
    ],
)
def test_a_named_type_that_nothing_carries_is_trouble_until_the_other_kind_is_there(
    operator: Operator, route: str, option: list[str], fix: str
) -> None:
    routes(operator, "invoice.paid", route)
    operator.runs("register-webhook", *option)
    assert findings(operator) == {"stripe: routed types": "trouble"}
    assert fixes(operator, "routed types") == [fix]
    operator.runs(*fix.split()[1:])
    assert findings(operator) == BOTH


def test_a_wildcard_that_matches_nothing_is_said(operator: Operator) -> None:
    routes(operator, "invoize.*")
    assert findings(operator)["stripe: read"] == "could not check"
    assert "invoize.* matches no event type" in operator.runs("doctor").stdout


def test_a_thin_destination_without_a_key_is_trouble(routing: Operator) -> None:
    routing.has(**with_events(), **WITHOUT_KEY)
    found = findings(routing)
    assert found["stripe (thin events): api key"] == "trouble"
    assert any("stripe.api_key_version" in each for each in fixes(routing, "api key"))


def test_a_thin_destination_of_a_deployment_without_thin_subscriptions_is_trouble(routing: Operator) -> None:
    routing.has(stripe_events=with_events()["stripe_events"])
    assert findings(routing) == BOTH | {"stripe (thin events): subscriptions": "trouble"}


def test_a_half_made_destination_is_named_with_what_makes_another(operator: Operator) -> None:
    routes(operator)
    operator.runs("register-webhook")
    ours = {"managed_by": "scripts/ops", "deployment": "acme-shop/checkout"}
    operator.stripe.add_destination(URL, THIN, metadata=ours)
    assert findings(operator)["stripe (thin events): signing secret"] == "trouble"
    assert "scripts/ops register-webhook --thin" in fixes(operator, "signing secret")


def test_a_destination_that_was_made_by_hand_is_taken_over(operator: Operator) -> None:
    made = operator.stripe.add_destination(URL, THIN)
    (fix,) = [each for each in fixes(operator, "signing secret") if each]
    assert fix == f"scripts/ops add-webhook-secret --endpoint {made['id']}"


def test_thin_destinations_for_connected_accounts_are_checked_one_by_one(operator: Operator) -> None:
    routes(operator, connect=True)
    operator.runs("register-webhook", "--thin")
    assert findings(operator) == {}
    list(operator.stripe.destinations.values())[1]["status"] = "disabled"
    assert set(findings(operator)) == {"stripe (thin events, connected accounts): status"}


def test_a_key_that_sees_endpoints_alone_is_good_enough_where_no_destination_is_noted(registered: Operator) -> None:
    registered.stripe.lacking["/v2/core/event_destinations"] = "rak_event_destination_read"
    assert findings(registered) == {"stripe: thin destinations": "warning"}


def test_a_missing_permission_is_named_and_no_other_check_suffers(routing: Operator) -> None:
    routing.stripe.lacking |= {"/v1/checkout/sessions": "rak_checkout_session_read", "/v1/payment_intents": "rak_pi"}
    told = routing.reports("doctor")["checks"]
    found = {each["check"]: each["problem"] for each in told if each["verdict"] == "trouble"}
    assert set(found) == {"Checkout Sessions: read", "PaymentIntents: read"}
    assert "rak_checkout_session_read" in found["Checkout Sessions: read"]
    assert fixes(routing, "PaymentIntents: read")[0].startswith("give it the permission in Stripe's dashboard")


def test_the_read_that_asks_for_a_permission_gets_no_data(routing: Operator) -> None:
    routing.runs("doctor")
    asked = [str(each.query_params) for each in routing.stripe.reads]
    assert asked == ["limit=1&created%5Blt%5D=1262304000"] * 7
    assert {each.headers["authorization"] for each in routing.stripe.reads} == {"Bearer rk_test_0123456789abcdef"}


def test_a_stripe_that_does_not_answer_is_no_missing_permission(routing: Operator) -> None:
    routing.stripe.faults = [401]
    assert findings(routing) == BOTH | {"secret checkout-stripe-api-key: Checkout Sessions: read": "could not check"}


def test_an_organizations_key_is_not_asked(routing: Operator) -> None:
    secret = "projects/acme-shop/secrets/checkout-stripe-api-key"
    routing.google.versions[secret].append(Version(b"sk_org_test_0123456789abcdef"))
    assert findings(routing) == BOTH | {"secret checkout-stripe-api-key: permissions": "warning"}
    assert routing.stripe.reads == []


def test_a_deployment_that_only_fills_sinks_routes_nothing(operator: Operator) -> None:
    told = with_events()
    told["stripe_events"] |= {"route": [], "handlers": None}
    operator.has(**told)
    run_events(operator.google, deployed(**told))
    changes.env("webhook", ROUTED_EVENTS=None, STRIPE_EVENTS_TOPIC=None)(operator)
    operator.google.policies["projects/acme-shop/topics/checkout-stripe-events"].bindings[0].members[:] = []
    operator.runs("register-webhook")
    assert findings(operator) == {}


def test_both_backlogs_of_dead_letters_are_looked_at(routing: Operator) -> None:
    routing.google.backlog = 2
    wanted = {f"subscription checkout-{each}-dead-letter: backlog" for each in ("events", "stripe-events")}
    assert set(findings(routing)) == {*BOTH, *wanted}
    runbook = [f"see docs/operations.md#{each}" for each in ("dead-letter", "stripe-events-dead-letter")]
    assert fixes(routing, "backlog") == runbook


def test_an_address_of_ones_own_is_checked_for_thin_events_too(operator: Operator) -> None:
    routes(operator)
    url = "https://hooks.acme.example/stripe"
    operator.runs("register-webhook", "--thin", "--url", url)
    assert operator.runs("doctor", "--url", url).exit_code == 0
    destination(webhook_endpoint={"url": URL})(operator)
    assert operator.runs("doctor", "--url", url).exit_code == 1
