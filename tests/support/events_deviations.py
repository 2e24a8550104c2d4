"""Deviations of a deployment with routed and thin events, each with the checks of `scripts/ops doctor` that find it."""

from typing import Any

from google.cloud.functions_v2 import Function, ServiceConfig
from google.pubsub_v1 import DeadLetterPolicy, ExpirationPolicy

from support import deployment_changes as changes
from support.deployment_changes import Change
from support.deviations import ALL_TYPES
from support.events_deployment import LETTERS, NAME

HANDLERS, PUSH, KEPT = f"function {NAME}", f"subscription {NAME}", f"subscription {LETTERS}"
THIN, SNAPSHOT = "stripe (thin events)", "stripe"
TABLE, BUCKET = "subscription checkout-events-bigquery", f"subscription {NAME}-archive"
COMPLETED = "subscription checkout-completed-thin"
WEBHOOK = "function checkout-webhook"
KEY = "secret checkout-stripe-api-key"
EVENTS = "stripe-events"


def destination(**changes: Any) -> Change:
    return lambda o: next(iter(o.stripe.destinations.values())).update(changes)


def refused(path: str) -> Change:
    """The key lacks a permission."""
    return lambda o: o.stripe.lacking.update({path: "rak_some_read"})


DEVIATIONS: list[tuple[str, Change, set[str]]] = [
    ("routed types are missing", changes.endpoint(enabled_events=ALL_TYPES), {f"{SNAPSHOT}: events"}),
    ("a thin type is missing", destination(enabled_events=["v1.invoice.paid"]), {f"{THIN}: events"}),
    ("thin and disabled", destination(status="disabled"), {f"{THIN}: status"}),
    ("thin, of other accounts", destination(events_from=["@accounts"]), {f"{THIN}: connect"}),
    ("thin, of all accounts", destination(events_from=["@self", "@accounts"]), {f"{THIN}: connect"}),
    ("thin, elsewhere", destination(webhook_endpoint={"url": "https://old.acme.example"}), {f"{THIN}: url"}),
    (
        "two thin ones",
        lambda o: o.stripe.add_destination(changes.URL, ["v1.invoice.paid"]),
        {"stripe: other endpoint"},
    ),
    ("the key sees no destination", refused("/v2/core/event_destinations"), {f"{SNAPSHOT}: thin destinations"}),
    ("no sessions", refused("/v1/checkout/sessions"), {f"{KEY}: Checkout Sessions: read"}),
    ("no payments", refused("/v1/payment_intents"), {f"{KEY}: PaymentIntents: read"}),
    *(
        (permission, refused(f"/v1/{path}"), {f"{KEY}: {permission}: read"})
        for permission, path in (
            ("Charges and Refunds", "refunds"),
            ("Disputes", "disputes"),
            ("Radar (early fraud warnings)", "radar/early_fraud_warnings"),
            ("Radar (reviews)", "reviews"),
            ("Invoices", "invoice_payments"),
        )
    ),
    ("other routes", changes.env("webhook", ROUTED_EVENTS="invoice.paid"), {f"{WEBHOOK}: ROUTED_EVENTS"}),
    ("no routes", changes.env("webhook", ROUTED_EVENTS=None), {f"{WEBHOOK}: ROUTED_EVENTS"}),
    ("impossible routes", changes.env("webhook", ROUTED_EVENTS="*"), {f"{WEBHOOK}: settings"}),
    ("other topic", changes.env("webhook", STRIPE_EVENTS_TOPIC="others"), {f"{WEBHOOK}: STRIPE_EVENTS_TOPIC"}),
    *(
        (f"{slug} of another name", changes.env(slug, DEPLOYMENT="other"), {f"function checkout-{slug}: DEPLOYMENT"})
        for slug in ("order-status", "reconcile")
    ),
    (
        "the webhook does not publish",
        changes.revoke("topics", EVENTS, "checkout-webhook@"),
        {f"topic {NAME}: publisher checkout-webhook"},
    ),
    (
        "handlers do not park",
        changes.revoke("topics", f"{EVENTS}-dead-letter", "checkout-stripe-events@"),
        {f"topic {LETTERS}: publisher {NAME}"},
    ),
    (
        "the agent does not park",
        changes.revoke("topics", f"{EVENTS}-dead-letter", "gcp-sa-pubsub"),
        {f"topic {LETTERS}: publisher pubsub agent"},
    ),
    ("no topic", changes.gone("topics", EVENTS), {f"topic {NAME}: exists"}),
    (
        "a snapshot filter",
        changes.sub("filter", 'attributes.event_type = "checkout.session.completed"', "completed-thin"),
        {f"{COMPLETED}: filter"},
    ),
    ("no thin subscription", changes.gone("subscriptions", "completed-thin"), {f"{COMPLETED}: exists"}),
    ("thin without the agent", changes.policy("subscriptions", "completed-thin"), {f"{COMPLETED}: pubsub agent"}),
    ("filtered handlers", changes.sub("filter", 'attributes.event_type = "x"', EVENTS), {f"{PUSH}: filter"}),
    (
        "handlers of orders",
        changes.sub("topic", "projects/acme-shop/topics/checkout-events", EVENTS),
        {f"{PUSH}: topic"},
    ),
    (
        "letters among orders' letters",
        changes.sub(
            "dead_letter_policy.dead_letter_topic", "projects/acme-shop/topics/checkout-events-dead-letter", EVENTS
        ),
        {f"{PUSH}: dead letter topic"},
    ),
    (
        "pushed elsewhere",
        changes.sub("push_config.push_endpoint", "https://x.example", EVENTS),
        {f"{PUSH}: push endpoint", f"{PUSH}: audience"},
    ),
    ("handlers' agent", changes.policy("subscriptions", EVENTS), {f"{PUSH}: pubsub agent"}),
    ("no handlers", changes.gone("functions", EVENTS), {f"{HANDLERS}: exists", f"{PUSH}: ack deadline"}),
    ("handlers failed", changes.put("functions", EVENTS, "state", Function.State.FAILED), {f"{HANDLERS}: state"}),
    (
        "handlers pinned",
        changes.config(EVENTS, "all_traffic_on_latest_revision", value=False),
        {f"{HANDLERS}: traffic"},
    ),
    (
        "handlers are a subscriber",
        changes.put("functions", EVENTS, "build_config.entry_point", "reconcile"),
        {f"{HANDLERS}: entry point"},
    ),
    ("handlers' account", changes.config(EVENTS, "service_account_email", "a@b.example"), {f"{HANDLERS}: account"}),
    (
        "open handlers",
        changes.config(EVENTS, "ingress_settings", ServiceConfig.IngressSettings.ALLOW_ALL),
        {f"{HANDLERS}: ingress"},
    ),
    (
        "moved handlers",
        changes.config(EVENTS, "uri", "https://elsewhere.example"),
        {
            f"{HANDLERS}: address",
        },
    ),
    (
        "handlers without a key",
        changes.env(EVENTS, STRIPE_API_KEY_FILE=None),
        {f"{HANDLERS}: secret of STRIPE_API_KEY_FILE"},
    ),
    ("handlers cannot start", changes.env(EVENTS, ROUTED_EVENTS=None), {f"{HANDLERS}: settings"}),
    ("handlers' emulator", changes.env(EVENTS, PUBSUB_EMULATOR_HOST="localhost:1"), {f"{HANDLERS}: emulators"}),
    *(
        (f"{name} of handlers", changes.env(EVENTS, **{name: value}), {f"{HANDLERS}: {name}"})
        for name, value in (
            ("ROUTED_EVENTS", "invoice.paid"),
            ("DEAD_LETTER_TOPIC", "others"),
            ("FIRESTORE_DATABASE", "other-orders"),
            ("ORDERS_COLLECTION", "other"),
            ("GOOGLE_CLOUD_PROJECT", "other-shop"),
            ("STRIPE_LIVEMODE", "true"),
        )
    ),
    ("handlers' door", changes.policy("services", EVENTS), {f"service {NAME}: invoker"}),
    (
        "handlers for all",
        changes.policy(
            "services",
            EVENTS,
            ("roles/run.invoker", "serviceAccount:checkout-push-events@acme-shop.iam.gserviceaccount.com"),
            ("roles/run.invoker", "allUsers"),
        ),
        {f"service {NAME}: not public"},
    ),
    (
        "handlers read no key",
        changes.revoke("secrets", "stripe-api-key", "checkout-stripe-events@"),
        {f"{KEY}: reader {NAME}"},
    ),
    (
        "letters are kept a week",
        changes.sub("message_retention_duration", {"seconds": 604800}, f"{EVENTS}-dead-letter"),
        {f"{KEPT}: retention"},
    ),
    (
        "letters of orders",
        changes.sub("topic", "projects/acme-shop/topics/checkout-events-dead-letter", f"{EVENTS}-dead-letter"),
        {f"{KEPT}: topic"},
    ),
    ("some letters", changes.sub("filter", 'attributes.reason = "x"', f"{EVENTS}-dead-letter"), {f"{KEPT}: filter"}),
    (
        "pushed letters",
        changes.sub("push_config.push_endpoint", "https://x.example", f"{EVENTS}-dead-letter"),
        {f"{KEPT}: pull"},
    ),
    (
        "letters expire",
        changes.sub("expiration_policy", ExpirationPolicy(ttl={"seconds": 1}), f"{EVENTS}-dead-letter"),
        {f"{KEPT}: never expires"},
    ),
    ("letters detached", changes.sub("detached", name=f"{EVENTS}-dead-letter", value=True), {f"{KEPT}: attached"}),
    ("a filtered table", changes.sub("filter", 'attributes.event_type = "x"', "events-bigquery"), {f"{TABLE}: filter"}),
    (
        "a table of letters",
        changes.sub("topic", "projects/acme-shop/topics/checkout-events-dead-letter", "events-bigquery"),
        {f"{TABLE}: topic"},
    ),
    ("no table", changes.sub("bigquery_config", None, "events-bigquery"), {f"{TABLE}: sink"}),
    (
        "a table without roles",
        changes.sub("bigquery_config.state", "PERMISSION_DENIED", "events-bigquery"),
        {f"{TABLE}: state"},
    ),
    (
        "a bucket that is gone",
        changes.sub("cloud_storage_config.state", "NOT_FOUND", f"{EVENTS}-archive"),
        {f"{BUCKET}: state"},
    ),
    (
        "a bucket without letters",
        changes.sub("dead_letter_policy", DeadLetterPolicy(), f"{EVENTS}-archive"),
        {f"{BUCKET}: dead letter topic"},
    ),
    (
        "a bucket for a while",
        changes.sub("expiration_policy", ExpirationPolicy(ttl={"seconds": 1}), f"{EVENTS}-archive"),
        {f"{BUCKET}: never expires"},
    ),
    ("a detached bucket", changes.sub("detached", name=f"{EVENTS}-archive", value=True), {f"{BUCKET}: attached"}),
    ("a bucket's agent", changes.policy("subscriptions", f"{EVENTS}-archive"), {f"{BUCKET}: pubsub agent"}),
]
