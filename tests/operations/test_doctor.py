"""`scripts/ops doctor`, between servers: what runs as it must is found well, and one deviation is one finding."""

import re

import pytest
from google.cloud.functions_v2 import Function, ServiceConfig

from support import deployment_changes as changes
from support.deployment_changes import URL, Change
from support.deployments import told
from support.deviations import ALL_TYPES, COMPLETED, DEVIATIONS, LANDING, LETTERS, SLUGS, WELL_KEPT
from support.events_deviations import DEVIATIONS as EVENTS
from support.google_stand_in import Version
from support.operators import Operator


def findings(operator: Operator, **env: str) -> dict[str, str]:
    """What is not well -> how it ended. An endpoint's id is left out."""
    told = operator.reports("doctor", **env)
    found = {
        f"{each['subject']}: {each['check']}": each["verdict"] for each in told["checks"] if each["verdict"] != "ok"
    }
    assert told["ok"] is not bool(found)
    return {re.sub(r" we_\w+", "", name): verdict for name, verdict in found.items()}


@pytest.mark.slow
@pytest.mark.parametrize(("change", "expected"), [pytest.param(c, e, id=name) for name, c, e in DEVIATIONS])
def test_a_deviation_is_found_by_its_own_check_alone(registered: Operator, change: Change, expected: set[str]) -> None:
    change(registered)
    assert set(findings(registered)) == expected


def test_every_check_is_there_to_fail(registered: Operator) -> None:
    told = registered.reports("doctor")
    of_others = r"(function|service|subscription) checkout-(succeeded|failed|refund|dispute):"
    names = {f"{each['subject']}: {each['check']}" for each in told["checks"]}
    known = {name for _, _, expected in [*DEVIATIONS, *EVENTS] for name in expected} | {
        "stripe: livemode",
        "stripe: other endpoints",
    }
    assert {name for name in names if not re.match(of_others, name)} <= known


def test_a_registered_deployment_is_well_and_nothing_is_changed(registered: Operator) -> None:
    result = registered.runs("doctor")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.splitlines()[-1] == f"{len(result.stdout.splitlines()) - 1} ok"
    calls = registered.google.calls + registered.stripe.endpoint_calls
    assert {call.split()[0] for call in calls} == {"GET"}


@pytest.mark.parametrize("door", ["webhook", "order_status"])
def test_a_door_behind_a_load_balancer_is_well_where_terraform_says_so(registered: Operator, door: str) -> None:
    behind = ServiceConfig.IngressSettings.ALLOW_INTERNAL_AND_GCLB
    changes.config(door.replace("_", "-"), "ingress_settings", behind)(registered)
    assert len(findings(registered)) == 1
    registered.has(**{door: {**told()[door], "ingress": "ALLOW_INTERNAL_AND_GCLB"}})
    assert findings(registered) == {}


def test_webhook_without_check_of_the_invoker_is_as_good_as_public(registered: Operator) -> None:
    changes.policy("services", "webhook")(registered)
    changes.put("services", "webhook", "invoker_iam_disabled", value=True)(registered)
    assert findings(registered) == {}


def test_a_deployment_without_key_mail_and_order_events_is_well(registered: Operator) -> None:
    topics = {"events": "checkout-events", "dead_letter": "checkout-events-dead-letter", "order_events": None}
    registered.has(topics=topics, secrets={"webhook": "checkout-webhook-secrets"}, reconcile=None)
    for slug in SLUGS:
        names = ("STRIPE_API_KEY_FILE", "SMTP_URL_FILE", "ORDER_EVENTS_TOPIC", "EMAIL_FROM")
        changes.env(slug, **dict.fromkeys(names))(registered)
    changes.env("order-status", STRIPE_API_KEY_FILE=None)(registered)
    assert findings(registered) == {}


@pytest.mark.parametrize("name", ["order_status", "reconcile"])
def test_a_deployment_without_a_landing_page_or_without_reconcile_is_well(registered: Operator, name: str) -> None:
    registered.has(**{name: None})
    for kind in ("functions", "services"):
        changes.gone(kind, name.replace("_", "-"))(registered)
    assert findings(registered) == {}


def test_a_secret_that_the_deployment_does_not_know_is_found(registered: Operator) -> None:
    registered.has(secrets={"webhook": "checkout-webhook-secrets"}, reconcile=None)
    names = ("STRIPE_API_KEY_FILE", "SMTP_URL_FILE")
    assert set(findings(registered)) == {
        *(f"function checkout-{slug}: secret of {name}" for slug in SLUGS for name in names),
        f"{LANDING}: secret of STRIPE_API_KEY_FILE",
    }


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("functions/checkout-completed", {f"{COMPLETED}: read", f"{WELL_KEPT}: ack deadline"}),
        ("services/checkout-webhook:getIamPolicy", {"service checkout-webhook: read"}),
        ("subscriptions/checkout-completed:getIamPolicy", {f"{WELL_KEPT}: read"}),
        ("topics/checkout-events:getIamPolicy", {"topic checkout-events: read"}),
        ("timeSeries", {f"{LETTERS}: read"}),
        (
            "secrets/checkout-webhook-secrets/versions",
            {"secret checkout-webhook-secrets: read", "stripe: signing secret"},
        ),
        ("secrets/checkout-smtp-url:getIamPolicy", {"secret checkout-smtp-url: read"}),
    ],
)
def test_what_may_not_be_seen_is_said_and_keeps_no_other_check_from_running(
    registered: Operator, fault: str, expected: set[str]
) -> None:
    registered.google.faults[fault] = 403
    assert findings(registered) == dict.fromkeys(expected, "could not check")
    assert "secretmanager.versions.access" in registered.runs("doctor").stdout


@pytest.mark.parametrize("key", ["", "sk_live_0123456789abcdef", "nonsense"])
def test_without_a_fitting_key_all_but_stripe_is_checked(registered: Operator, key: str) -> None:
    assert findings(registered, STRIPE_API_KEY=key) == {"stripe: read": "could not check"}
    assert registered.runs("doctor", STRIPE_API_KEY=key).exit_code == 1


def test_a_backlog_that_was_never_measured_is_none(registered: Operator) -> None:
    registered.google.backlog = None
    assert findings(registered) == {}


def test_an_answer_that_is_nonsense_is_no_answer(registered: Operator) -> None:
    registered.google.nonsense = "checkout-webhook:getIamPolicy"
    assert findings(registered) == {"service checkout-webhook: read": "could not check"}


def test_trouble_comes_last_with_the_command_that_fixes_it(registered: Operator) -> None:
    changes.sub("filter", "")(registered)
    result = registered.runs("doctor")
    *_, line, summary = result.stdout.splitlines()
    assert result.exit_code == 1
    assert line.split("  ")[0] == "trouble"
    assert line.endswith(
        'filter: it is nothing, and must be attributes.event_type = "checkout.session.completed"'
        "  →  terraform -chdir=terraform apply"
    )
    assert summary.endswith("1 trouble")


@pytest.mark.parametrize(
    ("change", "fix"),
    [
        (
            changes.put("functions", "webhook", "state", Function.State.FAILED),
            "gcloud functions describe checkout-webhook --project acme-shop --region europe-west1",
        ),
        (
            changes.put("services", "completed", "invoker_iam_disabled", value=True),
            "gcloud run services get-iam-policy",
        ),
        (changes.endpoint(status="disabled"), "scripts/ops register-webhook"),
        (changes.forget, "scripts/ops register-webhook"),
        (changes.holds("stripe-api-key", "rk_live_0123456789abcdef"), "raise stripe.api_key_version by one"),
        (changes.holds("smtp-url", "nonsense"), "raise mail.smtp_url_version by one"),
        (
            changes.holds("webhook-secrets", "nonsense"),
            "gcloud secrets versions access NUMBER --secret checkout-webhook-secrets",
        ),
        (lambda o: setattr(o.google, "backlog", 1), "docs/operations.md#dead-letter"),
        (changes.sub("ack_deadline_seconds", 10), "terraform -chdir=terraform apply"),
    ],
)
def test_trouble_is_told_with_what_fixes_it(registered: Operator, change: Change, fix: str) -> None:
    change(registered)
    (found,) = [each for each in registered.reports("doctor")["checks"] if each["verdict"] == "trouble"]
    assert fix in found["fix"]


@pytest.mark.parametrize(
    ("secret", "placeholder", "version"),
    [("webhook-secrets", f"whsec_unregistered{'0' * 32}\n", 2), ("stripe-api-key", "missing: export …", 1)],
)
def test_a_placeholder_over_a_real_value_is_found_with_the_version_that_holds_it(
    registered: Operator, secret: str, placeholder: str, version: int
) -> None:
    changes.holds(secret, placeholder, placeholder)(registered)
    found = _newest(registered, secret)
    assert found["problem"] == f"a placeholder is newer than the real value in version {version}"
    assert found["fix"].startswith(f"gcloud secrets versions access {version} --secret checkout-{secret} ")


def test_a_placeholder_over_a_disabled_value_is_found_too(registered: Operator) -> None:
    registered.google.versions["projects/acme-shop/secrets/checkout-smtp-url"][0].enabled = False
    changes.holds("smtp-url", "missing: export …")(registered)
    assert _newest(registered, "smtp-url")["problem"].endswith("disabled or destroyed version: 1")


def test_the_placeholder_that_a_deployment_begins_with_lies_over_nothing(operator: Operator) -> None:
    assert _newest(operator, "webhook-secrets")["verdict"] == "ok"


def _newest(operator: Operator, secret: str) -> dict[str, str]:
    (found,) = [
        each
        for each in operator.reports("doctor")["checks"]
        if (each["subject"], each["check"]) == (f"secret checkout-{secret}", "newest")
    ]
    return dict(found)


def test_an_endpoint_that_another_operator_made_is_taken_over_with_its_secret(operator: Operator) -> None:
    made = operator.stripe.add_endpoint(URL, ALL_TYPES)
    operator.google.versions["projects/acme-shop/secrets/checkout-webhook-secrets"].append(
        Version(b"whsec_" + b"1" * 32)
    )
    (found,) = [each for each in operator.reports("doctor")["checks"] if each["verdict"] == "trouble"]
    assert found["fix"] == f"scripts/ops add-webhook-secret --endpoint {made['id']}"
