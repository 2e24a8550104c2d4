"""What Terraform's own tests cannot see of the alerts: which log entries they match, and how resources are replaced."""

import ast
import re
from typing import Any

import pytest

from docs_tables.source import Module
from support.log_filter import matches
from support.tools import ROOT

WEBHOOK, SUBSCRIBER, RECONCILE, PAGE = (
    "checkout-webhook",
    "checkout-completed",
    "checkout-reconcile",
    "checkout-order-status",
)
SALE = [SUBSCRIBER, "checkout-succeeded", "checkout-failed"]
DISPUTES = "checkout-dispute"
SUBSCRIBERS = [*SALE, "checkout-refund", DISPUTES, "checkout-expired"]
HANDLERS = "checkout-stripe-events"
STRIPE = "Stripe/1.0 (+https://stripe.com/docs/webhooks)"
UPTIME_CHECK = "GoogleStackdriverMonitoring-UptimeChecks(https://cloud.google.com/monitoring)"
PUBSUB = "CloudPubSub-Google"
ON_REQUESTS = ["webhook_shut", "callers_refused"]


def listed(*names: str) -> str:
    return " OR ".join(f'"{name}"' for name in names)


RENDERED = {
    'local.function_name["stripe_webhook"]': WEBHOOK,
    'local.function_name["reconcile"]': RECONCILE,
    "var.project_id": "acme-shop",
    "var.reconcile.late_minutes": "30",
    'join(" OR ", formatlist("\\"%s\\"", local.subscriber_names))': listed(*SUBSCRIBERS),
    'join(" OR ", formatlist("\\"%s\\"", values(local.function_name)))': listed(
        WEBHOOK, RECONCILE, PAGE, HANDLERS, *SUBSCRIBERS
    ),
    'join(" OR ", formatlist("\\"%s\\"", local.called_names))': listed(*SUBSCRIBERS, HANDLERS, RECONCILE, PAGE),
}
"""What Terraform puts in the place of an expression, for a deployment as it is by default."""


EACH_EFFECT = r'\$\{join\(" OR ", \[for effect in local\.effects : "([^]]*?)"(?: if effect != "(\w+)")?\]\)\}'
"""A test of each effect, or of each but one, put together by Terraform."""


def each_effect(module: Module, test: str, but: str | None) -> str:
    effects = [effect for effect in module.locals["effects"] if effect != but]
    return " OR ".join(test.replace("${effect}", effect) for effect in effects)


def render(module: Module, text: str) -> str:
    """A text of Terraform as Google gets it."""
    text = text.replace('\\"', '"')
    for expression, value in RENDERED.items():
        text = text.replace("${" + expression.replace('\\"', '"') + "}", value)
    while reference := re.search(r"\$\{local\.(\w+)\}", text):
        text = text.replace(reference[0], render(module, module.locals[reference[1]]))
    text = re.sub(EACH_EFFECT, lambda found: each_effect(module, found[1], found[2]), text)
    assert "${" not in text, f"say in RENDERED what Terraform makes of: {text}"
    return text


def alert(module: Module, name: str) -> str:
    return render(module, module.locals["alerts_on_lines"][name]["filter"])


def raised_by(module: Module, entry: dict[str, Any]) -> dict[str, str]:
    """The alerts that the entry raises, with their severity."""
    alerts = module.locals["alerts_on_lines"]
    return {name: each["severity"] for name, each in alerts.items() if matches(alert(module, name), entry)}


def request(service: str, status: int, agent: str = STRIPE, **changes: Any) -> dict[str, Any]:
    """An entry of Cloud Run's request log, by the fields of LogEntry and HttpRequest that Google documents: numbers of
    bytes are texts there (int64), the status is a number (int32).
    """
    return {
        "logName": "projects/acme-shop/logs/run.googleapis.com%2Frequests",
        "resource": {
            "type": "cloud_run_revision",
            "labels": {
                "project_id": "acme-shop",
                "location": "europe-west1",
                "service_name": service,
                "configuration_name": service,
                "revision_name": f"{service}-00007-abc",
            },
        },
        "timestamp": "2026-11-27T08:00:00.123456Z",
        "receiveTimestamp": "2026-11-27T08:00:00.234567Z",
        "insertId": "6748d2f0000e1a2b3c4d5e6f",
        "severity": "WARNING" if 400 <= status < 500 else "ERROR" if status >= 500 else "INFO",
        "httpRequest": {
            "requestMethod": "POST",
            "requestUrl": f"https://{service}-abcdefghij-ew.a.run.app/",
            "requestSize": "2718",
            "status": status,
            "responseSize": "300",
            "userAgent": agent,
            "remoteIp": "203.0.113.7",
            "serverIp": "198.51.100.1",
            "latency": "0.004s",
            "protocol": "HTTP/1.1",
        },
        "trace": "projects/acme-shop/traces/0123456789abcdef0123456789abcdef",
        **changes,
    }


def line(service: str, **fields: Any) -> dict[str, Any]:
    """An entry that a function has written itself: another log, and no httpRequest."""
    entry = request(service, 200)
    del entry["httpRequest"]
    return entry | {"logName": "projects/acme-shop/logs/run.googleapis.com%2Fstdout", "jsonPayload": fields}


@pytest.mark.parametrize("status", [401, 403])
def test_a_webhook_that_iam_shuts_is_noticed_by_the_first_request_that_it_refuses(module: Module, status: int) -> None:
    text = "The request was not authenticated."
    assert matches(alert(module, "webhook_shut"), request(WEBHOOK, status, textPayload=text))


@pytest.mark.parametrize("status", [200, 204, 400, 404, 405, 413, 429, 499, 500, 503, 504])
@pytest.mark.parametrize("name", ON_REQUESTS)
def test_no_other_answer_is_taken_for_a_refusal(module: Module, name: str, status: int) -> None:
    for service in (WEBHOOK, *SUBSCRIBERS, RECONCILE, PAGE):
        assert not matches(alert(module, name), request(service, status))


@pytest.mark.parametrize("service", [*SUBSCRIBERS, RECONCILE, PAGE])
@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_push_or_schedule_or_buyer_is_noticed_and_not_taken_for_the_webhooks(
    module: Module, service: str, status: int
) -> None:
    entry = request(service, status, PUBSUB)
    assert matches(alert(module, "callers_refused"), entry)
    assert not matches(alert(module, "webhook_shut"), entry)


def test_the_uptime_check_alone_does_not_say_that_stripe_is_refused(module: Module) -> None:
    """It has an alert of its own, which waits until the invoker of a first apply is known everywhere."""
    assert not matches(alert(module, "webhook_shut"), request(WEBHOOK, 403, UPTIME_CHECK))
    assert not matches(alert(module, "callers_refused"), request(WEBHOOK, 403))


@pytest.mark.parametrize("name", ON_REQUESTS)
def test_another_service_another_project_and_another_log_are_not_ours(module: Module, name: str) -> None:
    ours = WEBHOOK if name == "webhook_shut" else SUBSCRIBER
    others = [
        request("another-service", 403),
        request(ours, 403, logName="projects/acme-shop/logs/run.googleapis.com%2Fstdout"),
        request(ours, 403, logName="projects/another/logs/run.googleapis.com%2Frequests"),
        request(ours, 403) | {"resource": {"type": "cloud_run_job", "labels": {"service_name": ours}}},
        line(ours, status=403, outcome="refused"),
    ]
    assert [each for each in others if matches(alert(module, name), each)] == []


def test_no_alert_on_a_line_of_ours_is_raised_by_a_request_log(module: Module) -> None:
    others = set(module.locals["alerts_on_lines"]) - set(ON_REQUESTS)
    entries = [
        request(service, status) for service in (WEBHOOK, SUBSCRIBER, RECONCILE) for status in (200, 403, 429, 503)
    ]
    raised = {name for name in others for entry in entries if matches(alert(module, name), entry)}
    assert raised == set()


@pytest.mark.parametrize("effect", ["send_receipt", "notify_payment_failed", "notify_refund"])
def test_a_buyers_mistyped_address_is_a_warning_and_nothing_else(module: Module, effect: str) -> None:
    refused = "failed: mail_refused: the buyer's e-mail address is not an address"
    entry = line(SUBSCRIBER, outcome="advanced", effects={"fulfill": "done", effect: refused})
    assert raised_by(module, entry) == {"mail_refused": "WARNING"}


@pytest.mark.parametrize(
    "effect", ["load_line_items", "fulfill", "send_receipt", "payment_failed", "refunded", "disputed"]
)
def test_an_effect_that_is_refused_for_any_other_reason_is_critical(module: Module, effect: str) -> None:
    """Also beside a mail that is refused."""
    entry = line(SUBSCRIBER, outcome="advanced", effects={effect: "failed: permanent: sold out"})
    assert raised_by(module, entry) == {"permanent_failures": "CRITICAL"}
    entry["jsonPayload"]["effects"]["notify_payment_failed"] = "failed: mail_refused: 550"
    assert raised_by(module, entry) == {"permanent_failures": "CRITICAL", "mail_refused": "WARNING"}


@pytest.mark.parametrize("result", ["failed: permanent: no such user", "to be tried again: TimeoutError"])
def test_access_that_cannot_be_changed_is_critical_and_told_once(module: Module, result: str) -> None:
    for service in [*SALE, "checkout-refund", DISPUTES]:
        entry = line(service, outcome="advanced", attempt=10, effects={"access_changed": result})
        assert raised_by(module, entry) == {"access_failed": "CRITICAL"}


@pytest.mark.parametrize(
    "fields",
    [
        {"attempt": 10, "effects": {"access_changed": "done"}},
        {"attempt": 9, "effects": {"access_changed": "to be tried again: TimeoutError"}},
        {"effects": {"access_changed": "to be tried again: TimeoutError"}},
        {"attempt": 10, "effects": {"fulfill": "to be tried again: TimeoutError"}},
    ],
)
def test_a_try_of_access_that_may_pass_by_itself_is_no_alert(module: Module, fields: dict[str, Any]) -> None:
    assert raised_by(module, line(DISPUTES, outcome="retry", **fields)) == {}


@pytest.mark.parametrize(
    ("noticed", "raised"),
    [
        (["dispute"], {"dispute_opened": "ERROR"}),
        (["inquiry"], {"dispute_opened": "ERROR"}),
        (["early_fraud_warning"], {"early_fraud_warning": "WARNING"}),
        (["early_fraud_warning", "dispute"], {"dispute_opened": "ERROR", "early_fraud_warning": "WARNING"}),
        (["radar_review"], {}),
        ([], {}),
    ],
)
def test_a_new_dispute_and_a_new_warning_are_told(module: Module, noticed: list[str], raised: dict[str, str]) -> None:
    """Also if a session brings them along that was found."""
    for service in [*SALE, "checkout-refund", DISPUTES]:
        assert raised_by(module, line(service, outcome="advanced", noticed=noticed)) == raised


@pytest.mark.parametrize("severity", ["INFO", "WARNING", "ERROR"])
def test_an_order_that_money_holds_is_not_held_for_review(module: Module, severity: str) -> None:
    """The line of a delivery is a warning only if a review holds an effect."""
    entry = line(DISPUTES, outcome="advanced", effects={"fulfill": "held"}) | {"severity": severity}
    assert raised_by(module, entry) == ({"orders_held": "WARNING"} if severity == "WARNING" else {})


@pytest.mark.parametrize("effects", [{}, {"fulfill": "done"}, {"send_receipt": "to be tried again: 421"}])
def test_a_message_that_is_parked_is_critical_and_a_delivery_that_ends_well_is_not(
    module: Module, effects: dict[str, str]
) -> None:
    assert raised_by(module, line(SUBSCRIBER, outcome="parked")) == {"permanent_failures": "CRITICAL"}
    assert raised_by(module, line(SUBSCRIBER, outcome="advanced", effects=effects)) == {}


@pytest.mark.parametrize("status", [200, 400, 403, 429, 503])
def test_the_metric_of_requests_counts_each_request_once_by_its_status(module: Module, status: int) -> None:
    metric = module.locals["metrics"]["requests"]
    text = render(module, metric["filter"])
    for service in (WEBHOOK, *SUBSCRIBERS, RECONCILE, PAGE):
        assert matches(text, request(service, status))
    assert not matches(text, line(WEBHOOK, status=status, outcome="published"))
    assert metric["labels"] == {"status": "EXTRACT(httpRequest.status)"}


def test_what_the_uptime_check_asks_is_not_counted_among_stripes_requests(module: Module) -> None:
    text = render(module, module.locals["metrics"]["webhook"]["filter"])
    assert matches(text, line(WEBHOOK, entry_point="stripe_webhook", outcome="refused", status=400))
    assert matches(text, line(WEBHOOK, entry_point="stripe_webhook", outcome="cancelled"))
    assert not matches(text, line(WEBHOOK, entry_point="stripe_webhook", outcome="refused", status=405))


def test_no_function_gives_an_answer_by_which_googles_refusals_are_known() -> None:
    answering = [
        path for path in (ROOT / "functions").rglob("*.py") if "starlette.responses" in path.read_text("utf-8")
    ]
    answers = {
        node.value
        for path in answering
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, int) and 200 <= node.value < 600
    }
    assert {200, 204, 400, 405, 413, 500, 503} <= answers
    assert answers & {401, 403, 429} == set()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('a="X" AND b:"ell"', True),
        ('a="y" OR a="x"', True),
        ('NOT a="x"', False),
        ("NOT c=1", True),
        ("c!=1", False),
        ("c:*", False),
        ("n=(1 OR 2)", True),
        ("n>=3", False),
        ("severity>=WARNING", True),
        ('l="v"', True),
        ('l="w"', False),
        ("l:*", True),
        ("e:*", False),
        ('a="x" OR a="y" AND a="z"', False),
    ],
)
def test_a_filter_is_read_as_google_documents_it(text: str, *, expected: bool) -> None:
    """The last one: OR binds before AND."""
    assert matches(text, {"a": "x", "b": "Hello", "n": 2, "l": ["u", "v"], "e": [], "severity": "ERROR"}) is expected


@pytest.mark.parametrize("text", ["", "a", 'a="x" b="y"', '(a="x"', "a=1)", "a~1", "a=~1"])
def test_what_is_no_filter_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        matches(text, {"a": "x"})


@pytest.mark.parametrize(
    "named", ["google_monitoring_notification_channel.email", "google_monitoring_uptime_check_config.webhook"]
)
def test_what_an_alert_names_is_deleted_only_after_the_alert_has_let_go_of_it(module: Module, named: str) -> None:
    """Google deletes neither a channel nor an uptime check that an alert names."""
    (lifecycle,) = module.resources[named]["lifecycle"]
    assert lifecycle["create_before_destroy"] is True
