"""What an entry point does not need it does not load: each in a process of its own, as it starts in production."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from fulfillment.version import VERSION
from local.runtime.pipe import FUNCTIONS

ENV = {
    "GOOGLE_CLOUD_PROJECT": "local",
    "STRIPE_LIVEMODE": "false",
    "STRIPE_WEBHOOK_SECRETS": "whsec_0123456789abcdef",
    "PYTHONPATH": str(FUNCTIONS),
}
HTTP_CLIENTS = {"requests", "httpx", "aiohttp"}
MAIL = {"jinja2.ext", "babel", "aiosmtplib"}
GOOGLE_CLIENTS = {"google.pubsub_v1", "google.cloud.firestore", "google.cloud.firestore_v1"}


def loaded(entry_point: str, modules: str = "main", **more: str) -> set[str]:
    """The modules of a process that has loaded these."""
    code = f"import json, sys, {modules}; print(json.dumps(sorted(sys.modules)))"
    env = {**ENV, "FUNCTION_TARGET": entry_point, **more}
    said = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True).stdout
    return set(json.loads(said.splitlines()[-1]))


def test_the_webhook_loads_no_client_but_for_publishing() -> None:
    assert loaded("stripe_webhook") & (MAIL | GOOGLE_CLIENTS) == set()
    # By itself: functions-framework finds, among the tools of development, a package of Google's that loads requests.
    own = "fulfillment.webhook.endpoint, fulfillment.topic.publisher, fulfillment.webhook.settings"
    modules = loaded("stripe_webhook", own)  # it opens no topic of Google Cloud's
    assert {"grpc", "stripe._webhook"} <= modules
    assert modules & (HTTP_CLIENTS | {"google.api_core"}) == set()


def test_the_webhook_knows_neither_the_shape_of_a_session_nor_e_mail() -> None:
    unneeded = {"fulfillment.domain.session", "fulfillment.domain.checkout", "fulfillment.settings.mailbox"}
    assert loaded("stripe_webhook") & (unneeded | {"email.headerregistry"}) == set()


def test_a_subscriber_loads_neither_stripe_nor_mail_that_is_not_configured() -> None:
    modules = loaded("on_checkout_session_completed")
    assert "google.cloud.firestore" in modules
    unneeded = {"stripe", "httpx", "google.pubsub_v1", "fulfillment.settings.mailbox"}
    assert modules & (MAIL | unneeded) == set()


def test_the_function_of_abandoned_carts_loads_no_store_and_without_a_key_no_stripe() -> None:
    modules = loaded("on_checkout_session_expired")
    assert modules & (MAIL | GOOGLE_CLIENTS | {"stripe", "httpx"}) == set()
    assert "stripe" in loaded("on_checkout_session_expired", STRIPE_API_KEY="rk_test_0123456789")


def handling(folder: Path, imported: str) -> dict[str, str]:
    """The environment of on_stripe_event with a handler that imports that."""
    text = f"{imported}\n\ndef on_invoice_paid(event, key):\n    pass\n"
    (folder / "handlers.py").write_text(text)
    return {"ROUTED_EVENTS": "invoice.paid", "PYTHONPATH": f"{folder}:{FUNCTIONS}"}


@pytest.mark.parametrize(
    ("imported", "clients"),
    [
        ("", set[str]()),
        ("from fulfillment.stripe_events import read", {"stripe", "fulfillment.domain.order"}),
        ("from fulfillment.stripe_events import orders_of", {"google.cloud.firestore", "fulfillment.domain.order"}),
    ],
)
def test_handlers_load_the_clients_that_they_import(tmp_path: Path, imported: str, clients: set[str]) -> None:
    modules = loaded("on_stripe_event", STRIPE_API_KEY="rk_test_0123456789", **handling(tmp_path, imported))
    loadable = {"stripe", "google.cloud.firestore", "google.pubsub_v1", "fulfillment.domain.order"}
    assert modules & (MAIL | loadable) == clients


def test_a_handler_that_is_not_routed_stops_the_start_with_one_line(tmp_path: Path) -> None:
    env = {**ENV, "FUNCTION_TARGET": "on_stripe_event", **handling(tmp_path, ""), "ROUTED_EVENTS": "charge.refunded"}
    done = subprocess.run([sys.executable, "-c", "import main"], env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    line = json.loads(done.stdout.splitlines()[-1])
    assert line["severity"] == "CRITICAL"
    assert line["message"].startswith(
        "on_stripe_event cannot start: functions/handlers: on_invoice_paid is for an event"
    )
    assert done.stderr == ""


@pytest.mark.parametrize("entry_point", ["stripe_webhook", "on_checkout_session_completed"])
def test_what_the_first_token_needs_is_loaded_at_start_but_not_for_an_emulator(entry_point: str) -> None:
    needed = {"google.auth.compute_engine", "google.auth.transport.grpc", "google.auth.transport.requests"}
    assert needed <= loaded(entry_point)
    opened = "fulfillment.topic.pubsub as pubsub; pubsub.Publisher('topic', '127.0.0.1:1')"
    assert not needed & loaded(entry_point, opened)


def test_what_is_imported_is_left_alone_by_the_garbage_collector() -> None:
    """Three quarters of what lives in a process are its libraries."""
    code = "import gc, main; print(gc.isenabled(), gc.get_freeze_count() > 3 * len(gc.get_objects()))"
    env = {**ENV, "FUNCTION_TARGET": "on_checkout_session_completed"}
    said = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True).stdout
    assert said.splitlines()[-1] == "True True"


@pytest.mark.parametrize("module", ["stripe", "aiosmtplib"])
def test_what_is_configured_is_loaded_at_start(module: str) -> None:
    settings = {"STRIPE_API_KEY": "rk_test_0123456789", "EMAIL_FROM": "shop@example.com"}
    modules = loaded("on_checkout_session_completed", SMTP_URL="smtp+insecure://127.0.0.1:1025", **settings)
    assert module in modules


def test_the_signature_check_leaves_the_library_as_whole_as_it_was() -> None:
    code = (
        "import fulfillment.webhook.signature; from stripe import HTTPXClient, RequestsClient; import requests, httpx; "
    )
    code += "HTTPXClient(); RequestsClient()"
    subprocess.run([sys.executable, "-c", code], env=ENV, check=True, cwd=Path(FUNCTIONS))


@pytest.mark.parametrize(
    ("target", "severity", "said"),
    [("stripe_webhook", "INFO", "stripe_webhook starts"), ("no_such", "CRITICAL", "no_such cannot start")],
)
def test_the_line_of_the_start_tells_the_version(target: str, severity: str, said: str) -> None:
    env = {**ENV, "FUNCTION_TARGET": target}
    done = subprocess.run([sys.executable, "-c", "import main"], env=env, capture_output=True, text=True, check=False)
    line = json.loads(done.stdout.splitlines()[-1])
    assert line["severity"] == severity
    assert line["message"].startswith(said)
    assert line["version"] == VERSION
