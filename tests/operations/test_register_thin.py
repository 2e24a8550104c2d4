"""`scripts/ops register-webhook` with routed events and thin destinations, between servers."""

from typing import Any

import pytest
from starlette.responses import JSONResponse

from fulfillment.domain.event_types import registered_types
from ops.clients.signing_secrets import fingerprint
from support.events_deployment import with_events
from support.operators import Operator

URL = "https://europe-west1-acme-shop.cloudfunctions.net/checkout-webhook"
OURS = {"managed_by": "scripts/ops", "deployment": "acme-shop/checkout"}
THIN_ORDERS = registered_types(thin=True, api_version=None, abandoned_carts=False)
ORDERS = {each.removeprefix("v1.") for each in THIN_ORDERS}


@pytest.fixture
def routing(operator: Operator) -> Operator:
    """An operator of a deployment that routes events and takes thin ones."""
    operator.has(**with_events())
    return operator


@pytest.fixture
def thin(routing: Operator) -> Operator:
    """The same, with a thin destination registered."""
    assert routing.runs("register-webhook", "--thin").exit_code == 0
    routing.google.calls.clear()
    routing.stripe.endpoint_calls.clear()
    return routing


def only_destination(operator: Operator) -> Any:
    (destination,) = operator.stripe.destinations.values()
    return destination


def actions(told: Any) -> list[tuple[str, str]]:
    return [(each["action"], each["endpoint"]) for each in told["steps"]]


def assert_in_force(operator: Operator, *endpoints: Any) -> None:
    """Exactly these endpoints' secrets are in force, and noted as theirs."""
    secrets = {each["id"]: operator.stripe.endpoint_secrets[each["id"]] for each in endpoints}
    assert sorted(operator.secrets) == sorted(secrets.values())
    assert operator.notes == {endpoint: fingerprint(secret) for endpoint, secret in secrets.items()}


def assert_untouched(operator: Operator) -> None:
    assert {call.split()[0] for call in operator.stripe.endpoint_calls} <= {"GET"}
    assert not [call for call in operator.google.calls if ":addVersion" in call or call.startswith("PATCH")]


def test_routed_types_are_registered_with_those_of_orders(routing: Operator) -> None:
    told = routing.reports("register-webhook")
    (endpoint,) = routing.stripe.endpoints.values()
    events = set(endpoint["enabled_events"])
    assert {*ORDERS, "invoice.paid", "customer.subscription.deleted"} <= events
    assert {each for each in events if not each.startswith("customer.subscription.")} == {*ORDERS, "invoice.paid"}
    (note,) = told["notes"]
    assert "A snapshot endpoint cannot carry customer.subscription.active" in note
    assert "--thin" in note
    assert routing.stripe.destinations == {}


def test_a_new_route_updates_the_endpoint_and_a_dropped_one_too(operator: Operator) -> None:
    operator.runs("register-webhook")
    operator.has(**with_events("invoice.paid"))
    assert [each["action"] for each in operator.reports("register-webhook")["steps"]] == ["update"]
    (endpoint,) = operator.stripe.endpoints.values()
    assert set(endpoint["enabled_events"]) == {*ORDERS, "invoice.paid"}
    operator.has(**with_events("charge.failed"))
    operator.runs("register-webhook")
    assert set(endpoint["enabled_events"]) == {*ORDERS, "charge.failed"}


def test_a_type_that_stripe_added_stays_registered_while_it_is_routed(operator: Operator) -> None:
    operator.has(**with_events("invoice.*"))
    operator.runs("register-webhook")
    (endpoint,) = operator.stripe.endpoints.values()
    endpoint["enabled_events"].append("invoice.teleported")
    assert operator.reports("register-webhook")["steps"] == []
    endpoint["enabled_events"].remove("invoice.paid")
    assert [each["action"] for each in operator.reports("register-webhook")["steps"]] == ["update"]
    assert {"invoice.teleported", "invoice.paid"} <= set(endpoint["enabled_events"])


@pytest.mark.parametrize("option", [[], ["--thin"]], ids=["snapshot", "thin"])
def test_a_wildcard_that_matches_nothing_does_nothing(routing: Operator, option: list[str]) -> None:
    routing.has(**with_events("invoize.*"))
    result = routing.runs("register-webhook", *option)
    assert (result.exit_code, "invoize.* matches no event type" in result.stderr) == (2, True)
    assert_untouched(routing)


def test_a_thin_destination_is_registered_and_its_secret_stored(routing: Operator) -> None:
    told = routing.reports("register-webhook", "--thin")
    made = only_destination(routing)
    assert actions(told) == [("create", made["id"])]
    assert (made["type"], made["event_payload"], made["events_from"]) == ("webhook_endpoint", "thin", ["@self"])
    assert (made["webhook_endpoint"]["url"], made["metadata"], made["status"]) == (URL, OURS, "enabled")
    assert THIN_ORDERS | {"v1.invoice.paid", "v1.customer.subscription.past_due"} <= set(made["enabled_events"])
    assert all(each.startswith("v1.") for each in made["enabled_events"])
    assert made["id"].startswith("ed_")
    assert_in_force(routing, made)
    assert routing.stripe.endpoints == {}


def test_a_second_run_finds_nothing_to_do(thin: Operator) -> None:
    told = thin.reports("register-webhook", "--thin")
    assert (told["ok"], told["steps"], told["notes"]) == (True, [], [])
    assert_untouched(thin)


def test_a_dry_run_changes_nothing(routing: Operator) -> None:
    told = routing.reports("register-webhook", "--thin", "--dry-run")
    assert [each["action"] for each in told["steps"]] == ["create"]
    assert_untouched(routing)


@pytest.mark.parametrize(
    "changes",
    [
        {"enabled_events": ["v1.invoice.paid"]},
        {"enabled_events": ["*"]},
        {"status": "disabled"},
        {"status": "disabled", "enabled_events": ["v1.invoice.paid"]},
    ],
)
def test_one_that_was_changed_is_made_right_again(thin: Operator, changes: dict[str, Any]) -> None:
    made, before = only_destination(thin), dict(only_destination(thin))
    made.update(changes)
    assert actions(thin.reports("register-webhook", "--thin")) == [("update", made["id"])]
    assert made == before
    assert_in_force(thin, made)


def test_an_update_that_ends_half_way_is_ended_by_the_next_run(thin: Operator) -> None:
    made = only_destination(thin)
    made.update(status="disabled", enabled_events=["v1.invoice.paid"])
    thin.stripe.endpoint_faults = [None, None, None, JSONResponse({"error": {}}, 403)]
    assert thin.runs("register-webhook", "--thin").exit_code == 1
    assert made["status"] == "disabled"
    thin.reports("register-webhook", "--thin")
    assert made["status"] == "enabled"


def test_connected_accounts_have_a_destination_of_their_own(routing: Operator) -> None:
    routing.has(**with_events(), connect=True)
    routing.runs("register-webhook", "--thin")
    own, connected = routing.stripe.destinations.values()
    assert (own["events_from"], connected["events_from"]) == (["@self"], ["@accounts"])
    assert_in_force(routing, own, connected)
    assert routing.reports("register-webhook", "--thin")["steps"] == []


@pytest.mark.parametrize(("first", "second"), [([], ["--thin"]), (["--thin"], [])], ids=["to thin", "back"])
def test_the_other_kind_stays_and_delivers_until_it_is_retired(
    routing: Operator, first: list[str], second: list[str]
) -> None:
    routing.runs("register-webhook", *first)
    (old,) = [*routing.stripe.endpoints.values(), *routing.stripe.destinations.values()]
    told = routing.reports("register-webhook", *second, "--retire", "--yes")
    assert [each["action"] for each in told["steps"]] == ["create"]
    assert any(old["id"] in note and "--retire" in note for note in told["notes"])
    both = [*routing.stripe.endpoints.values(), *routing.stripe.destinations.values()]
    assert len(both) == 2
    assert_in_force(routing, *both)
    assert routing.reports("register-webhook", *second)["steps"] == []
    assert routing.reports("register-webhook", *first)["steps"] == []
    told = routing.reports("register-webhook", *second, "--retire", "--yes")
    assert actions(told) == [("retire", old["id"])]
    assert_in_force(routing, *(each for each in both if each is not old))


def test_what_only_the_retired_one_carries_is_told_before_it_is_deleted(routing: Operator) -> None:
    for option in ([], ["--thin"]):
        routing.runs("register-webhook", *option)
    (step,) = routing.reports("register-webhook", "--retire", "--dry-run")["steps"]
    assert (step["action"], step["endpoint"]) == ("retire", only_destination(routing)["id"])
    assert "it alone carries customer.subscription.active" in step["why"]
    (step,) = routing.reports("register-webhook", "--thin", "--retire", "--dry-run")["steps"]
    assert "alone" not in step["why"]


def test_a_crash_before_the_secret_is_stored_is_mended_by_the_next_run(routing: Operator) -> None:
    orphan = routing.stripe.add_destination(URL, list(THIN_ORDERS), metadata=dict(OURS))
    told = routing.reports("register-webhook", "--thin")
    assert [each["action"] for each in told["steps"]] == ["create", "delete"]
    assert any(orphan["id"] in note and "scripts/ops reconcile --since 20" in note for note in told["notes"])
    assert_in_force(routing, only_destination(routing))


def test_a_run_for_the_other_kind_leaves_a_half_made_destination_and_names_it(routing: Operator) -> None:
    orphan = routing.stripe.add_destination(URL, list(THIN_ORDERS), metadata=dict(OURS))
    told = routing.reports("register-webhook", "--retire", "--yes")
    assert [each["action"] for each in told["steps"]] == ["create"]
    assert any(orphan["id"] in note and "register-webhook --thin" in note for note in told["notes"])
    assert only_destination(routing) is orphan


@pytest.mark.parametrize("fault", [":addVersion", "PATCH"])
def test_one_whose_secret_cannot_be_stored_is_not_kept(routing: Operator, fault: str) -> None:
    routing.google.faults[fault] = 403
    result = routing.runs("register-webhook", "--thin")
    assert (result.exit_code, "could not be stored" in result.stderr) == (1, True)
    assert routing.stripe.destinations == {}
    routing.google.faults.clear()
    assert routing.runs("register-webhook", "--thin").exit_code == 0


@pytest.mark.parametrize("status", [409, 500])
def test_a_create_whose_answer_was_lost_leaves_one_destination(routing: Operator, status: int) -> None:
    routing.stripe.endpoint_faults = [None, None, status]
    routing.runs("register-webhook", "--thin")
    routing.runs("register-webhook", "--thin")
    assert_in_force(routing, only_destination(routing))


def test_a_foreign_destination_at_our_address_stops_it_until_it_is_taken_over(routing: Operator) -> None:
    stranger = routing.stripe.add_destination(URL, ["v1.invoice.paid"])
    result = routing.runs("register-webhook", "--thin")
    command = f"add-webhook-secret --endpoint {stranger['id']}"
    assert (result.exit_code, command in result.stderr) == (1, True)
    assert_untouched(routing)
    assert routing.runs(*command.split(), stdin=routing.stripe.endpoint_secrets[stranger["id"]]).exit_code == 0
    assert actions(routing.reports("register-webhook", "--thin")) == [("update", stranger["id"])]
    assert stranger["metadata"] == OURS
    assert_in_force(routing, stranger)


def test_destinations_that_are_none_of_its_business_are_left_alone(routing: Operator) -> None:
    others = [
        routing.stripe.add_destination("https://shop.example/hook", ["*"]),
        routing.stripe.add_destination(URL.replace("checkout", "other"), ["*"], metadata=OURS | {"deployment": "x/y"}),
        routing.stripe.add_destination(URL, ["*"], livemode=True),
        routing.stripe.add_destination(URL, ["*"], events_from=["@self", "@accounts"]),
        routing.stripe.add_destination(URL, ["*"], type="amazon_eventbridge"),
    ]
    before = [dict(each) for each in others]
    for _ in range(2):
        assert routing.runs("register-webhook", "--thin", "--retire", "--yes").exit_code == 0
    assert [routing.stripe.destinations[each["id"]] for each in before] == before
    assert len(routing.stripe.destinations) == 6


def test_an_endpoint_that_stripe_lists_among_the_destinations_too_is_one(operator: Operator) -> None:
    operator.runs("register-webhook")
    (endpoint,) = operator.stripe.endpoints.values()
    for changes in ({"id": endpoint["id"]}, {"created": "2023-11-14T22:13:20.123Z"}):
        twin = {"event_payload": "snapshot", "metadata": endpoint["metadata"], **changes}
        operator.stripe.add_destination(URL, endpoint["enabled_events"], **twin)
    assert endpoint["created"] == 1_700_000_000
    told = operator.reports("register-webhook", "--retire", "--yes")
    assert (told["steps"], told["notes"]) == ([], [])


@pytest.mark.parametrize(
    ("lacking", "said"),
    [
        ({"secrets": {"webhook": "checkout-webhook-secrets"}, "reconcile": None}, "stripe.api_key_version"),
        ({"subscribers": None}, "no subscription for thin events"),
    ],
    ids=["no key", "made before"],
)
def test_thin_events_are_refused_where_no_order_could_be_made_of_them(
    routing: Operator, lacking: dict[str, Any], said: str
) -> None:
    changes = {**with_events(), **lacking}
    routing.has(**{name: value for name, value in changes.items() if (name, value) != ("subscribers", None)})
    result = routing.runs("register-webhook", "--thin")
    assert (result.exit_code, said in result.stderr) == (2, True)
    assert_untouched(routing)


def test_a_thin_event_has_no_version(routing: Operator) -> None:
    result = routing.runs("register-webhook", "--thin", "--api-version", "2026-10-28.endive")
    assert (result.exit_code, "has no version" in result.stderr) == (2, True)


def test_a_key_that_may_see_endpoints_alone_is_good_enough_until_there_is_a_destination(routing: Operator) -> None:
    routing.stripe.lacking["/v2/core/event_destinations"] = "rak_event_destination_read"
    told = routing.reports("register-webhook")
    assert [each["action"] for each in told["steps"]] == ["create"]
    assert any("Thin destinations were not looked at" in note for note in told["notes"])
    result = routing.runs("register-webhook", "--thin")
    assert (result.exit_code, "'Event Destinations: write'" in result.stderr) == (1, True)
    assert "rak_event_destination_read" in result.stderr
    routing.stripe.lacking.clear()
    routing.runs("register-webhook", "--thin")
    before = routing.secrets
    routing.stripe.lacking["/v2/core/event_destinations"] = "rak_event_destination_read"
    assert routing.runs("register-webhook", "--retire", "--yes").exit_code == 1
    assert routing.secrets == before
