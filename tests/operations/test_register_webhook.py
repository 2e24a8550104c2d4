"""`scripts/ops register-webhook`, between servers: what Stripe has registered afterwards, and what is stored."""

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from starlette.responses import JSONResponse

from fulfillment.domain.event_types import registered_types
from ops.clients.signing_secrets import fingerprint
from support.google_stand_in import Version
from support.operators import KEY, Operator
from support.waiting import LONG

URL = "https://europe-west1-acme-shop.cloudfunctions.net/checkout-webhook"
NEWER = "2027-03-31.next"
SECRET = "projects/acme-shop/secrets/checkout-webhook-secrets"
OURS = {"managed_by": "scripts/ops", "deployment": "acme-shop/checkout"}
TYPES = sorted(registered_types(thin=False, api_version="2026-10-28.endive", abandoned_carts=False))


def only_endpoint(operator: Operator) -> Any:
    (endpoint,) = operator.stripe.endpoints.values()
    return endpoint


def secret_of(operator: Operator, endpoint: Any) -> str:
    return operator.stripe.endpoint_secrets[endpoint["id"]]


def assert_in_force(operator: Operator, *endpoints: Any) -> None:
    """Exactly these endpoints' secrets are in force, and noted as theirs."""
    secrets = {each["id"]: secret_of(operator, each) for each in endpoints}
    assert sorted(operator.secrets) == sorted(secrets.values())
    assert operator.notes == {endpoint: fingerprint(secret) for endpoint, secret in secrets.items()}


def assert_untouched(operator: Operator) -> None:
    """Nothing was changed at Stripe, and nothing stored."""
    assert {call.split()[0] for call in operator.stripe.endpoint_calls} <= {"GET"}
    assert not [call for call in operator.google.calls if ":addVersion" in call or call.startswith("PATCH")]


def test_it_registers_exactly_what_is_routed_and_stores_the_secret(operator: Operator) -> None:
    told = operator.reports("register-webhook")
    endpoint = only_endpoint(operator)
    assert [(each["action"], each["endpoint"]) for each in told["steps"]] == [("create", endpoint["id"])]
    assert (endpoint["url"], endpoint["api_version"], endpoint["application"]) == (URL, "2026-10-28.endive", None)
    assert sorted(endpoint["enabled_events"]) == sorted(TYPES)
    assert endpoint["metadata"] == OURS
    assert_in_force(operator, endpoint)


def test_the_placeholder_goes_and_terraforms_version_stays(operator: Operator) -> None:
    operator.runs("register-webhook")
    first, second = operator.google.versions[SECRET]
    assert first.enabled
    assert second.enabled
    assert b"unregistered" in first.data
    assert b"unregistered" not in second.data
    changes = {call.rpartition(":")[2] for call in operator.google.calls if call.startswith("POST")}
    assert changes == {"testIamPermissions", "addVersion"}


def test_a_second_run_finds_nothing_to_do(registered: Operator) -> None:
    told = registered.reports("register-webhook")
    assert (told["ok"], told["steps"], told["notes"]) == (True, [], [])
    assert_untouched(registered)


def test_a_dry_run_changes_nothing(operator: Operator) -> None:
    told = operator.reports("register-webhook", "--dry-run")
    assert [each["action"] for each in told["steps"]] == ["create"]
    assert_untouched(operator)


@pytest.mark.parametrize(
    "changes",
    [
        {"enabled_events": TYPES[:1]},
        {"enabled_events": [*TYPES, "charge.failed"]},
        {"enabled_events": ["*"]},
        {"status": "disabled"},
    ],
)
def test_an_endpoint_that_was_changed_is_made_right_again(registered: Operator, changes: dict[str, Any]) -> None:
    endpoint = only_endpoint(registered)
    endpoint.update(changes)
    assert registered.reports("register-webhook", "--dry-run")["steps"][0]["action"] == "update"
    assert_untouched(registered)
    assert [each["action"] for each in registered.reports("register-webhook")["steps"]] == ["update"]
    assert sorted(endpoint["enabled_events"]) == sorted(TYPES)
    assert endpoint["status"] == "enabled"
    assert_in_force(registered, endpoint)


def test_another_version_is_a_second_endpoint_and_both_secrets_are_in_force(registered: Operator) -> None:
    old = only_endpoint(registered)
    told = registered.reports("register-webhook", "--api-version", NEWER, "--retire", "--yes")
    assert [each["action"] for each in told["steps"]] == ["create"]
    _, new = registered.stripe.endpoints.values()
    assert new["api_version"] == NEWER
    assert_in_force(registered, old, new)
    assert any(old["id"] in note and "--retire" in note for note in told["notes"])
    assert any("A run that creates an endpoint retires none" in note for note in told["notes"])


def test_the_old_version_is_retired_once_the_new_one_is_there(registered: Operator) -> None:
    old = only_endpoint(registered)
    registered.runs("register-webhook", "--api-version", NEWER)
    told = registered.reports("register-webhook", "--api-version", NEWER, "--retire", "--yes")
    assert [(each["action"], each["endpoint"]) for each in told["steps"]] == [("retire", old["id"])]
    new = only_endpoint(registered)
    assert new["api_version"] == NEWER
    assert_in_force(registered, new)


def test_a_newer_version_is_not_retired_where_the_pinned_one_is_out_of_date(registered: Operator) -> None:
    old = only_endpoint(registered)
    registered.runs("register-webhook", "--api-version", NEWER)
    (new,) = [each for each in registered.stripe.endpoints.values() if each is not old]
    told = registered.reports("register-webhook", "--retire", "--yes")
    assert told["steps"] == []
    assert any(new["id"] in note and "stripe.api_version" in note for note in told["notes"])
    registered.runs("register-webhook", "--retire", "--yes", "--api-version", old["api_version"])
    assert_in_force(registered, only_endpoint(registered))
    assert only_endpoint(registered) is old


def test_retiring_asks_first_or_does_nothing_at_all(registered: Operator) -> None:
    registered.runs("register-webhook", "--api-version", NEWER)
    registered.stripe.endpoint_calls.clear()
    registered.google.calls.clear()
    result = registered.runs("register-webhook", "--api-version", NEWER, "--retire")
    assert result.exit_code == 2
    assert "--yes" in result.stderr
    assert_untouched(registered)


def test_an_endpoint_that_is_gone_is_forgotten_when_asked_for(registered: Operator) -> None:
    gone = only_endpoint(registered)
    registered.stripe.endpoints.clear()
    assert any(gone["id"] in note for note in registered.reports("register-webhook")["notes"])
    new = only_endpoint(registered)
    assert gone["id"] in registered.notes
    assert [each["action"] for each in registered.reports("register-webhook", "--retire", "--yes")["steps"]] == [
        "forget"
    ]
    assert_in_force(registered, new)


def test_a_crash_before_the_secret_is_stored_is_mended_by_the_next_run(operator: Operator) -> None:
    orphan = operator.stripe.add_endpoint(URL, TYPES, metadata=dict(OURS))
    told = operator.reports("register-webhook")
    assert [each["action"] for each in told["steps"]] == ["create", "delete"]
    assert any(orphan["id"] in note and "Resend" in note for note in told["notes"])
    changes = [call.split()[0] for call in operator.stripe.endpoint_calls if not call.startswith("GET")]
    assert changes == ["POST", "DELETE"]
    assert_in_force(operator, only_endpoint(operator))


def test_a_secret_that_was_overwritten_is_made_anew(registered: Operator) -> None:
    old = only_endpoint(registered)
    registered.google.versions[SECRET].append(Version(b"whsec_unregistered0123456789abcdef"))
    registered.runs("register-webhook")
    assert only_endpoint(registered)["id"] != old["id"]
    assert secret_of(registered, only_endpoint(registered)) in registered.secrets


@pytest.mark.parametrize("fault", [":addVersion", "PATCH"])
def test_an_endpoint_whose_secret_cannot_be_stored_is_not_kept(operator: Operator, fault: str) -> None:
    operator.google.faults[fault] = 403
    result = operator.runs("register-webhook")
    assert result.exit_code == 1
    assert "could not be stored" in result.stderr
    assert operator.stripe.endpoints == {}
    operator.google.faults.clear()
    assert operator.runs("register-webhook").exit_code == 0
    assert secret_of(operator, only_endpoint(operator)) in operator.secrets
    assert only_endpoint(operator)["id"] in operator.notes


def test_one_that_cannot_be_deleted_again_either_is_deleted_by_the_next_run(operator: Operator) -> None:
    operator.google.faults[":addVersion"] = 403
    operator.stripe.endpoint_faults = [None, None, None, JSONResponse({"error": {}}, 403)]
    assert operator.runs("register-webhook").exit_code == 1
    orphan = only_endpoint(operator)
    operator.google.faults.clear()
    assert operator.runs("register-webhook").exit_code == 0
    assert only_endpoint(operator)["id"] != orphan["id"]
    assert_in_force(operator, only_endpoint(operator))


@pytest.mark.parametrize(
    ("lacking", "fault"),
    [
        *((f"secretmanager.{each}", None) for each in ("secrets.update", "versions.add")),
        (None, ":access"),
        (None, ":testIamPermissions"),
    ],
)
def test_nothing_is_made_at_stripe_where_the_secret_cannot_be_stored(
    operator: Operator, lacking: str | None, fault: str | None
) -> None:
    operator.google.lacking |= {lacking} if lacking else set()
    operator.google.faults |= {fault: 403} if fault else {}
    result = operator.runs("register-webhook")
    assert result.exit_code == 1
    assert (lacking or "secretmanager.versions.access") in result.stderr
    assert_untouched(operator)


def test_a_disabled_version_is_no_reason_to_go_on(operator: Operator) -> None:
    operator.google.versions[SECRET][-1].enabled = False
    result = operator.runs("register-webhook")
    assert result.exit_code == 1
    assert "disabled or destroyed: enable it" in result.stderr
    assert_untouched(operator)


def test_a_list_that_is_mistyped_is_not_added_to_and_the_way_out_is_told(operator: Operator) -> None:
    operator.google.versions[SECRET].append(Version(b"nonsense"))
    for command in ("register-webhook", "add-webhook-secret"):
        result = operator.runs(command)
        assert result.exit_code == 1
        assert "docs/operations.md#stale-secret" in result.stderr
    assert_untouched(operator)


def test_a_foreign_endpoint_at_our_address_stops_it_until_it_is_taken_over(operator: Operator) -> None:
    stranger = operator.stripe.add_endpoint(URL, ["*"])
    result = operator.runs("register-webhook")
    assert result.exit_code == 1
    command = f"add-webhook-secret --endpoint {stranger['id']}"
    assert command in result.stderr
    assert_untouched(operator)
    assert operator.runs(*command.split(), stdin=secret_of(operator, stranger) + "\n").exit_code == 0
    assert [each["action"] for each in operator.reports("register-webhook")["steps"]] == ["update"]
    assert only_endpoint(operator)["metadata"] == OURS
    assert_in_force(operator, stranger)


def test_endpoints_that_are_none_of_its_business_are_left_alone(operator: Operator) -> None:
    others = [
        operator.stripe.add_endpoint("https://shop.example/hook", ["*"]),
        operator.stripe.add_endpoint(URL.replace("checkout", "other"), TYPES, metadata=OURS | {"deployment": "x/y"}),
        operator.stripe.add_endpoint(URL, TYPES, livemode=True),
        operator.stripe.add_endpoint(URL, TYPES, api_version="2020-08-27"),
    ]
    before = [dict(each) for each in others]
    operator.runs("register-webhook", "--retire", "--yes")
    operator.runs("register-webhook", "--retire", "--yes")
    assert [operator.stripe.endpoints[each["id"]] for each in before] == before
    assert len(operator.stripe.endpoints) == 5


def test_connect_has_an_endpoint_of_its_own(operator: Operator) -> None:
    operator.has(connect=True)
    assert operator.runs("register-webhook").exit_code == 0
    own, connected = operator.stripe.endpoints.values()
    assert (own["application"], bool(connected["application"])) == (None, True)
    assert_in_force(operator, own, connected)
    assert operator.reports("register-webhook")["steps"] == []
    assert operator.runs("doctor").exit_code == 0
    operator.has(connect=False)
    assert [each["endpoint"] for each in operator.reports("register-webhook", "--retire", "--yes")["steps"]] == [
        connected["id"]
    ]


def test_an_address_of_ones_own_is_registered_in_its_place(operator: Operator) -> None:
    url = "https://hooks.acme.example/stripe"
    operator.runs("register-webhook", "--url", url)
    assert only_endpoint(operator)["url"] == url
    assert operator.runs("doctor", "--url", url).exit_code == 0
    assert operator.runs("doctor").exit_code == 1


def test_a_create_whose_answer_was_lost_makes_one_endpoint(operator: Operator) -> None:
    operator.stripe.endpoint_faults = [None, None, 409]
    assert operator.runs("register-webhook").exit_code == 0
    assert operator.stripe.endpoint_calls.count("POST /v1/webhook_endpoints") == 2
    assert_in_force(operator, only_endpoint(operator))


def test_a_create_that_stripe_does_and_calls_failed_is_mended_by_the_next_run(operator: Operator) -> None:
    """Stripe answers a key again as it did first, a 500 too: trying again cannot help, and the secret is lost."""
    operator.stripe.endpoint_faults = [None, None, 500]
    result = operator.runs("register-webhook")
    assert result.exit_code == 1
    assert "may have succeeded all the same: run this again" in result.stderr
    orphan = only_endpoint(operator)["id"]
    told = operator.reports("register-webhook")
    assert [each["action"] for each in told["steps"]] == ["create", "delete"]
    assert any(orphan in note and "Resend" in note for note in told["notes"])
    assert_in_force(operator, only_endpoint(operator))


def test_annotations_of_others_stay(operator: Operator) -> None:
    operator.google.resources[SECRET].annotations = {"owner": "shop"}
    operator.runs("register-webhook")
    assert operator.notes == {"owner": "shop", only_endpoint(operator)["id"]: fingerprint(operator.secrets[0])}


def test_annotations_that_another_operator_changes_just_now_are_not_overwritten(operator: Operator) -> None:
    def another_operator(call: str) -> None:
        if call.startswith("PATCH"):
            operator.google.resources[SECRET].etag = '"7"'

    operator.google.before = another_operator
    result = operator.runs("register-webhook")
    assert result.exit_code == 1
    assert "run this again" in result.stderr


def test_what_another_operator_stores_meanwhile_stays_in_force(operator: Operator) -> None:
    """Between the reading of the list and its writing: both lists would have been newest, and only one is."""
    theirs = "whsec_stranger0123456789abcdef"

    def another_operator(call: str) -> None:
        if ":testIamPermissions" in call:
            operator.google.versions[SECRET].append(Version(theirs.encode()))

    operator.google.before = another_operator
    result = operator.runs("register-webhook")
    assert result.exit_code == 1
    assert "another signing secret was stored in the meantime: run this again" in result.stderr
    assert operator.secrets == [theirs]
    assert operator.stripe.endpoints == {}
    operator.google.before = lambda _call: None
    assert operator.runs("register-webhook").exit_code == 0
    assert operator.secrets == [theirs, secret_of(operator, only_endpoint(operator))]


def test_what_another_operator_notes_meanwhile_stays_noted(operator: Operator) -> None:
    def another_operator(call: str) -> None:
        if ":addVersion" in call:
            operator.google.resources[SECRET].annotations = {"we_theirs": "0123456789abcdef"}

    operator.google.before = another_operator
    assert operator.runs("register-webhook").exit_code == 0
    assert set(operator.notes) == {"we_theirs", only_endpoint(operator)["id"]}


def test_all_pages_of_endpoints_are_read(registered: Operator) -> None:
    for number in range(130):
        registered.stripe.add_endpoint(f"https://shop.example/{number}", ["*"])
    assert registered.reports("register-webhook")["steps"] == []


def test_too_many_endpoints_are_said_with_the_reason(operator: Operator) -> None:
    for number in range(16):
        operator.stripe.add_endpoint(f"https://shop.example/{number}", ["*"])
    result = operator.runs("register-webhook")
    assert result.exit_code == 1
    assert "16 at most" in result.stderr


@pytest.mark.parametrize(
    ("key", "said"),
    [
        (None, "STRIPE_API_KEY is not set"),
        ("pk_test_0123456789", "must be a secret or restricted key"),
        ("sk_live_0123456789", "is of live mode, and the deployment of test"),
    ],
)
def test_a_key_that_does_not_fit_is_wrong_settings(operator: Operator, key: str | None, said: str) -> None:
    result = operator.runs("register-webhook", STRIPE_API_KEY=key)
    assert result.exit_code == 2
    assert said in result.stderr
    assert key is None or key not in result.output
    assert operator.stripe.endpoint_calls + operator.google.calls == []


@pytest.mark.parametrize(
    ("args", "env"),
    [
        (["--url", "http://acme.example/"], {}),
        (["--api-version", "newest"], {}),
        (["--unknown"], {}),
        ([], {"STRIPE_API_BASE": "http://acme.example"}),
        ([], {"GOOGLE_API_BASE": "https://acme.example"}),
        (["--deployment", "/nowhere/deployment.json"], {}),
    ],
)
def test_wrong_usage_ends_with_2_and_does_nothing(operator: Operator, args: list[str], env: dict[str, str]) -> None:
    assert operator.runs("register-webhook", *args, **env).exit_code == 2
    assert operator.stripe.endpoint_calls + operator.google.calls == []


@pytest.mark.parametrize(
    ("status", "said"), [(401, "revoked, expired or mistyped"), (403, "Webhook Endpoints: write"), (400, "req_1")]
)
def test_a_refusal_of_stripes_says_where_to_look_and_quotes_nothing(operator: Operator, status: int, said: str) -> None:
    body = {"error": {"message": f"Invalid API Key provided: {KEY}", "type": "invalid_request_error"}}
    operator.stripe.endpoint_faults = [JSONResponse(body, status, {"Request-Id": "req_1"})]
    result = operator.runs("register-webhook", "--json")
    assert result.exit_code == 1
    assert said in result.stderr
    assert said in result.stdout


def test_the_program_never_says_a_secret_though_the_libraries_are_asked_to_log(operator: Operator) -> None:
    env = {name: str(value) for name, value in operator.env.items()}
    env |= {"STRIPE_LOG": "debug", "GOOGLE_SDK_PYTHON_LOGGING_SCOPE": "google"}
    program = Path(__file__).parents[2] / "scripts" / "ops"
    done = subprocess.run(
        [program, "register-webhook"], env=os.environ | env, capture_output=True, text=True, timeout=LONG, check=False
    )
    assert done.returncode == 0, done.stderr
    endpoint = only_endpoint(operator)
    assert endpoint["id"] in done.stdout
    assert done.stderr == ""
    assert secret_of(operator, endpoint) not in done.stdout
    assert "\x1b" not in done.stdout
    assert_in_force(operator, endpoint)
