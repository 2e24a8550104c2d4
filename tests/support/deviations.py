"""Deviations of a deployment, each with the checks of `scripts/ops doctor` that must find it."""

from google.cloud.functions_v2 import Function, ServiceConfig
from google.pubsub_v1 import DeadLetterPolicy, ExpirationPolicy, PushConfig, RetryPolicy

from support.deployment_changes import (
    URL,
    Change,
    _another,
    _conditional,
    _config,
    _endpoint,
    _env,
    _forget,
    _gone,
    _holds,
    _mount,
    _policy,
    _put,
    _revoke,
    _sub,
)
from support.deployments import HOST

AGENT = f"serviceAccount:service-123456789@gcp-sa-pubsub.{HOST}"
PUSH = "serviceAccount:checkout-push-completed@acme-shop." + HOST
TOKEN = PushConfig.OidcToken
ONE_TYPE = ["checkout.session.completed"]
ALL_TYPES = [f"checkout.session.{each}" for each in ("completed", "async_payment_succeeded", "async_payment_failed")]
OTHER_VERSION = {"api_version": "2024-06-20"}
WELL_KEPT = "subscription checkout-completed"
LETTERS = "subscription checkout-events-dead-letter"
COMPLETED, WEBHOOK = "function checkout-completed", "function checkout-webhook"
LANDING, RECONCILE = "function checkout-order-status", "function checkout-reconcile"
OTHERS = (
    ("EVENTS_TOPIC", "other-events"),
    ("FIRESTORE_DATABASE", "other-orders"),
    ("ORDERS_COLLECTION", "other"),
    ("GOOGLE_CLOUD_PROJECT", "other-shop"),
    ("STRIPE_LIVEMODE", "true"),
)
SCHEDULE = f"serviceAccount:checkout-schedule@acme-shop.{HOST}"
INTERNAL = ServiceConfig.IngressSettings.ALLOW_INTERNAL_ONLY
FILES = "STRIPE_WEBHOOK_SECRETS_FILE"

DEVIATIONS: list[tuple[str, Change, set[str]]] = [
    ("not registered", lambda o: o.stripe.endpoints.clear(), {"stripe: registered"}),
    ("another address", _endpoint(url="https://old.acme.example/checkout-webhook"), {"stripe: url"}),
    ("an event is missing", _endpoint(enabled_events=ALL_TYPES[:2]), {"stripe: events"}),
    ("an event too many", _endpoint(enabled_events=[*ALL_TYPES, "charge.failed"]), {"stripe: events"}),
    ("all events", _endpoint(enabled_events=["*"]), {"stripe: events"}),
    ("another version", _endpoint(**OTHER_VERSION), {"stripe: api version"}),
    ("the account's version", _endpoint(api_version=None), {"stripe: api version"}),
    ("disabled", _endpoint(status="disabled"), {"stripe: status"}),
    ("for connected accounts", _endpoint(application="ca_1"), {"stripe: connect"}),
    ("its secret is not noted", _forget, {"stripe: signing secret"}),
    ("its secret is overwritten", _holds("webhook-secrets", f"whsec_{'1' * 32}"), {"stripe: signing secret"}),
    ("a duplicate", _another(), {"stripe: other endpoint"}),
    ("a duplicate with a query", _another(f"{URL}/?source=stripe"), {"stripe: other endpoint"}),
    ("a mistyped path", _another(URL.replace("-webhook", "-webhok")), {"stripe: other endpoint"}),
    ("the service's own address", _another("https://checkout-webhook-x-ew.a.run.app/"), {"stripe: other endpoint"}),
    ("an old one without a secret", _another(**OTHER_VERSION), {"stripe: other endpoint"}),
    ("the webhook failed", _put("functions", "webhook", "state", Function.State.FAILED), {f"{WEBHOOK}: state"}),
    ("being deployed", _put("functions", "completed", "state", Function.State.DEPLOYING), {f"{COMPLETED}: state"}),
    ("an old revision", _config("webhook", "all_traffic_on_latest_revision", value=False), {f"{WEBHOOK}: traffic"}),
    ("pinned", _config("completed", "all_traffic_on_latest_revision", value=False), {f"{COMPLETED}: traffic"}),
    (
        "the webhook's entry point",
        _put("functions", "webhook", "build_config.entry_point", "on_async_payment_failed"),
        {f"{WEBHOOK}: entry point"},
    ),
    (
        "a subscriber's entry point",
        _put("functions", "completed", "build_config.entry_point", "on_async_payment_failed"),
        {f"{COMPLETED}: entry point"},
    ),
    ("two mail servers", _env("completed", SMTP_URL="smtps://a:b@c.example:465"), {f"{COMPLETED}: settings"}),
    ("its account", _config("webhook", "service_account_email", f"default@{HOST}"), {f"{WEBHOOK}: account"}),
    ("account", _config("completed", "service_account_email", f"default@{HOST}"), {f"{COMPLETED}: account"}),
    (
        "a closed webhook",
        _config("webhook", "ingress_settings", ServiceConfig.IngressSettings.ALLOW_INTERNAL_ONLY),
        {f"{WEBHOOK}: ingress"},
    ),
    (
        "an open subscriber",
        _config("completed", "ingress_settings", ServiceConfig.IngressSettings.ALLOW_ALL),
        {f"{COMPLETED}: ingress"},
    ),
    ("moved", _put("functions", "webhook", "url", "https://elsewhere.example"), {f"{WEBHOOK}: address"}),
    ("moved too", _config("completed", "uri", "https://elsewhere.example"), {f"{COMPLETED}: address"}),
    ("another secret", _mount("webhook", "secret", "smtp"), {f"{WEBHOOK}: secret of {FILES}"}),
    ("an old version", _mount("webhook", "version", "1"), {f"{WEBHOOK}: secret of {FILES}"}),
    ("another file", _mount("webhook", "path", "secret"), {f"{WEBHOOK}: secret of {FILES}"}),
    ("another folder", _mount("webhook", "mount_path", "/etc"), {f"{WEBHOOK}: secret of {FILES}"}),
    ("no secret", _env("webhook", **{FILES: None}), {f"{WEBHOOK}: secret of {FILES}", f"{WEBHOOK}: settings"}),
    ("no key", _env("completed", STRIPE_API_KEY_FILE=None), {f"{COMPLETED}: secret of STRIPE_API_KEY_FILE"}),
    ("an old key", _mount("completed", "version", "2"), {f"{COMPLETED}: secret of STRIPE_API_KEY_FILE"}),
    ("no mail", _env("completed", SMTP_URL_FILE=None), {f"{COMPLETED}: secret of SMTP_URL_FILE"}),
    ("mail of old", _mount("completed", "version", "2", 1), {f"{COMPLETED}: secret of SMTP_URL_FILE"}),
    ("no sender", _env("completed", EMAIL_FROM=None), {f"{COMPLETED}: settings"}),
    ("no project", _env("webhook", GOOGLE_CLOUD_PROJECT=None), {f"{WEBHOOK}: settings"}),
    ("a bad mode", _env("webhook", STRIPE_LIVEMODE="test"), {f"{WEBHOOK}: settings"}),
    ("two lists", _env("webhook", STRIPE_WEBHOOK_SECRETS=f"whsec_{'0' * 32}"), {f"{WEBHOOK}: settings"}),
    ("an emulator", _env("webhook", PUBSUB_EMULATOR_HOST="localhost:1"), {f"{WEBHOOK}: emulators"}),
    ("the emulator", _env("completed", FIRESTORE_EMULATOR_HOST="localhost:1"), {f"{COMPLETED}: emulators"}),
    *(
        (f"{name} of the webhook", _env("webhook", **{name: value}), {f"{WEBHOOK}: {name}"})
        for name, value in (
            ("GOOGLE_CLOUD_PROJECT", "other-shop"),
            ("STRIPE_LIVEMODE", "true"),
            ("EVENTS_TOPIC", "other-events"),
        )
    ),
    *(
        (f"{name} of a subscriber", _env("completed", **{name: value}), {f"{COMPLETED}: {name}"})
        for name, value in (
            ("GOOGLE_CLOUD_PROJECT", "other-shop"),
            ("DEAD_LETTER_TOPIC", "other-letters"),
            ("FIRESTORE_DATABASE", "other-orders"),
            ("ORDERS_COLLECTION", "other"),
            ("ORDER_EVENTS_TOPIC", None),
            ("STRIPE_LIVEMODE", "true"),
        )
    ),
    ("a closed door", _policy("services", "webhook"), {"service checkout-webhook: invoker"}),
    ("a door for a while", _conditional("services", "webhook"), {"service checkout-webhook: invoker"}),
    (
        "a door for accounts",
        _policy("services", "webhook", ("roles/run.invoker", "allAuthenticatedUsers")),
        {"service checkout-webhook: invoker"},
    ),
    ("a subscriber's door", _policy("services", "completed"), {"service checkout-completed: invoker"}),
    ("its door for a while", _conditional("services", "completed"), {"service checkout-completed: invoker"}),
    (
        "a door for another",
        _policy("services", "completed", ("roles/run.invoker", PUSH.replace("completed", "failed"))),
        {"service checkout-completed: invoker"},
    ),
    (
        "another role",
        _policy("services", "completed", ("roles/run.viewer", PUSH)),
        {"service checkout-completed: invoker"},
    ),
    *(
        (
            f"a door for {public}",
            _policy("services", "completed", ("roles/run.invoker", PUSH), ("roles/run.invoker", public)),
            {"service checkout-completed: not public"},
        )
        for public in ("allUsers", "allAuthenticatedUsers")
    ),
    (
        "no check at the door",
        _put("services", "completed", "invoker_iam_disabled", value=True),
        {"service checkout-completed: not public"},
    ),
    (
        "the webhook's publisher",
        _revoke("topics", "events", "checkout-webhook@"),
        {"topic checkout-events: publisher checkout-webhook"},
    ),
    (
        "the landing page's publisher",
        _revoke("topics", "events", "checkout-order-status@"),
        {"topic checkout-events: publisher checkout-order-status"},
    ),
    ("a closed landing page", _policy("services", "order-status"), {"service checkout-order-status: invoker"}),
    (
        "a landing page that no buyer reaches",
        _config("order-status", "ingress_settings", INTERNAL),
        {f"{LANDING}: ingress"},
    ),
    *(
        (f"{name} of the landing page", _env("order-status", **{name: value}), {f"{LANDING}: {name}"})
        for name, value in OTHERS
    ),
    ("a failed page", _put("functions", "order-status", "state", Function.State.FAILED), {f"{LANDING}: state"}),
    ("a pinned page", _config("order-status", "all_traffic_on_latest_revision", value=False), {f"{LANDING}: traffic"}),
    (
        "the page's entry point",
        _put("functions", "order-status", "build_config.entry_point", "stripe_webhook"),
        {f"{LANDING}: entry point"},
    ),
    ("the page's account", _config("order-status", "service_account_email", f"a@{HOST}"), {f"{LANDING}: account"}),
    ("a moved page", _put("functions", "order-status", "url", "https://elsewhere.example"), {f"{LANDING}: address"}),
    ("no number", _env("order-status", ORDER_STATUS_READS_PER_MINUTE="many"), {f"{LANDING}: settings"}),
    ("the page's emulator", _env("order-status", PUBSUB_EMULATOR_HOST="localhost:1"), {f"{LANDING}: emulators"}),
    (
        "a landing page without its key",
        _env("order-status", STRIPE_API_KEY_FILE=None),
        {f"{LANDING}: secret of STRIPE_API_KEY_FILE"},
    ),
    (
        "reconcile's publisher",
        _revoke("topics", "events", "checkout-reconcile@"),
        {"topic checkout-events: publisher checkout-reconcile"},
    ),
    ("the schedule is refused", _policy("services", "reconcile"), {"service checkout-reconcile: invoker"}),
    (
        "the public calls reconcile",
        _policy("services", "reconcile", ("roles/run.invoker", SCHEDULE), ("roles/run.invoker", "allUsers")),
        {"service checkout-reconcile: not public"},
    ),
    (
        "an open reconcile",
        _config("reconcile", "ingress_settings", ServiceConfig.IngressSettings.ALLOW_ALL),
        {f"{RECONCILE}: ingress"},
    ),
    *((f"{name} of reconcile", _env("reconcile", **{name: value}), {f"{RECONCILE}: {name}"}) for name, value in OTHERS),
    ("a failed reconcile", _put("functions", "reconcile", "state", Function.State.FAILED), {f"{RECONCILE}: state"}),
    ("a pinned one", _config("reconcile", "all_traffic_on_latest_revision", value=False), {f"{RECONCILE}: traffic"}),
    (
        "reconcile's entry point",
        _put("functions", "reconcile", "build_config.entry_point", "stripe_webhook"),
        {f"{RECONCILE}: entry point"},
    ),
    ("reconcile's account", _config("reconcile", "service_account_email", f"a@{HOST}"), {f"{RECONCILE}: account"}),
    ("a moved one", _config("reconcile", "uri", "https://elsewhere.example"), {f"{RECONCILE}: address"}),
    ("too impatient", _env("reconcile", RECONCILE_LATE_MINUTES="5"), {f"{RECONCILE}: settings"}),
    ("its emulator", _env("reconcile", PUBSUB_EMULATOR_HOST="localhost:1"), {f"{RECONCILE}: emulators"}),
    (
        "another secret",
        _mount("reconcile", "secret", "checkout-smtp-url"),
        {f"{RECONCILE}: secret of STRIPE_API_KEY_FILE"},
    ),
    (
        "the agent publishes",
        _revoke("topics", "events-dead-letter", "gcp-sa-pubsub"),
        {"topic checkout-events-dead-letter: publisher pubsub agent"},
    ),
    *(
        (
            f"{slug} publishes to {topic}",
            _revoke("topics", topic, f"checkout-{slug}@"),
            {f"topic checkout-{topic}: publisher checkout-{slug}"},
        )
        for slug in ("completed", "succeeded", "failed")
        for topic in ("events-dead-letter", "order-events")
    ),
    ("the topic", _sub("topic", "projects/acme-shop/topics/checkout-order-events"), {f"{WELL_KEPT}: topic"}),
    ("a deleted topic", _sub("topic", "_deleted-topic_"), {f"{WELL_KEPT}: topic"}),
    ("the filter", _sub("filter", 'attributes.event_type = "charge.failed"'), {f"{WELL_KEPT}: filter"}),
    ("no filter", _sub("filter", ""), {f"{WELL_KEPT}: filter"}),
    (
        "the endpoint",
        _sub("push_config.push_endpoint", "https://checkout-failed-x-ew.a.run.app"),
        {f"{WELL_KEPT}: push endpoint", f"{WELL_KEPT}: audience"},
    ),
    (
        "the push account",
        _sub("push_config.oidc_token.service_account_email", f"default@{HOST}"),
        {f"{WELL_KEPT}: push account"},
    ),
    ("the audience", _sub("push_config.oidc_token.audience", "https://elsewhere.example"), {f"{WELL_KEPT}: audience"}),
    ("no token", _sub("push_config.oidc_token", TOKEN()), {f"{WELL_KEPT}: push account"}),
    ("no envelope", _sub("push_config.no_wrapper", PushConfig.NoWrapper()), {f"{WELL_KEPT}: envelope"}),
    (
        "the dead letters' topic",
        _sub("dead_letter_policy.dead_letter_topic", "projects/acme-shop/topics/checkout-events"),
        {f"{WELL_KEPT}: dead letter topic"},
    ),
    ("few attempts", _sub("dead_letter_policy.max_delivery_attempts", 19), {f"{WELL_KEPT}: attempts"}),
    (
        "no dead letters",
        _sub("dead_letter_policy", DeadLetterPolicy()),
        {f"{WELL_KEPT}: attempts", f"{WELL_KEPT}: dead letter topic"},
    ),
    ("no patience", _sub("retry_policy", RetryPolicy()), {f"{WELL_KEPT}: minimum backoff"}),
    ("less patience", _sub("retry_policy.minimum_backoff", {"seconds": 9}), {f"{WELL_KEPT}: minimum backoff"}),
    ("kept for a while", _sub("message_retention_duration", {"seconds": 59999}), {f"{WELL_KEPT}: retention"}),
    ("it expires", _sub("expiration_policy", ExpirationPolicy(ttl={"seconds": 1})), {f"{WELL_KEPT}: never expires"}),
    ("it expires by default", _sub("expiration_policy", None), {f"{WELL_KEPT}: never expires"}),
    ("detached", _sub("detached", value=True), {f"{WELL_KEPT}: attached"}),
    ("a short deadline", _sub("ack_deadline_seconds", 179), {f"{WELL_KEPT}: ack deadline"}),
    ("a long deadline", _sub("ack_deadline_seconds", 181), {f"{WELL_KEPT}: ack deadline"}),
    ("a slower function", _config("completed", "timeout_seconds", 160), {f"{WELL_KEPT}: ack deadline"}),
    ("the agent", _policy("subscriptions", "completed"), {f"{WELL_KEPT}: pubsub agent"}),
    (
        "the wrong agent's role",
        _policy("subscriptions", "completed", ("roles/pubsub.viewer", AGENT)),
        {f"{WELL_KEPT}: pubsub agent"},
    ),
    (
        "the letters' topic",
        _sub("topic", "projects/acme-shop/topics/checkout-events", "events-dead-letter"),
        {f"{LETTERS}: topic"},
    ),
    ("some letters only", _sub("filter", 'attributes.reason = "x"', "events-dead-letter"), {f"{LETTERS}: filter"}),
    (
        "letters are pushed",
        _sub("push_config.push_endpoint", "https://elsewhere.example", "events-dead-letter"),
        {f"{LETTERS}: pull"},
    ),
    (
        "30 days",
        _sub("message_retention_duration", {"seconds": 2592000}, "events-dead-letter"),
        {f"{LETTERS}: retention"},
    ),
    (
        "letters expire",
        _sub("expiration_policy", ExpirationPolicy(ttl={"seconds": 2678400}), "events-dead-letter"),
        {f"{LETTERS}: never expires"},
    ),
    ("letters detached", _sub("detached", name="events-dead-letter", value=True), {f"{LETTERS}: attached"}),
    ("letters", lambda o: setattr(o.google, "backlog", 3), {f"{LETTERS}: backlog"}),
    (
        "no list",
        _holds("webhook-secrets", "nonsense"),
        {"secret checkout-webhook-secrets: holds", "stripe: signing secret"},
    ),
    (
        "the placeholder",
        _holds("webhook-secrets", f"whsec_unregistered{'0' * 32}"),
        {
            "secret checkout-webhook-secrets: registered",
            "secret checkout-webhook-secrets: newest",
            "stripe: signing secret",
        },
    ),
    (
        "no API key",
        _holds("stripe-api-key", "missing: export …"),
        {"secret checkout-stripe-api-key: holds", "secret checkout-stripe-api-key: newest"},
    ),
    (
        "no mail server any more",
        _holds("smtp-url", "missing: export …"),
        {"secret checkout-smtp-url: holds", "secret checkout-smtp-url: newest"},
    ),
    ("a live key", _holds("stripe-api-key", "rk_live_0123456789abcdef"), {"secret checkout-stripe-api-key: mode"}),
    ("no mail server", _holds("smtp-url", "mail.example"), {"secret checkout-smtp-url: holds"}),
    *(
        (
            f"{slug} reads {name}",
            _revoke("secrets", name, f"checkout-{slug}@"),
            {f"secret checkout-{name}: reader checkout-{slug}"},
        )
        for slug, name in (
            ("webhook", "webhook-secrets"),
            *((slug, name) for slug in ("completed", "succeeded", "failed") for name in ("stripe-api-key", "smtp-url")),
            ("order-status", "stripe-api-key"),
            ("reconcile", "stripe-api-key"),
        )
    ),
    ("no function", _gone("functions", "completed"), {f"{COMPLETED}: exists", f"{WELL_KEPT}: ack deadline"}),
    ("no webhook", _gone("functions", "webhook"), {f"{WEBHOOK}: exists"}),
    ("no service", _gone("services", "webhook"), {"service checkout-webhook: exists"}),
    ("no topic", _gone("topics", "events"), {"topic checkout-events: exists"}),
    ("no subscription", _gone("subscriptions", "completed"), {f"{WELL_KEPT}: exists"}),
    ("no letters", _gone("subscriptions", "events-dead-letter"), {f"{LETTERS}: exists"}),
    (
        "no version",
        lambda o: o.google.versions["projects/acme-shop/secrets/checkout-smtp-url"].clear(),
        {"secret checkout-smtp-url: exists"},
    ),
]
