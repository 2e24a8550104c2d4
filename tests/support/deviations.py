"""Deviations of a deployment, each with the checks of `scripts/ops doctor` that must find it."""

from google.cloud.functions_v2 import Function, ServiceConfig
from google.pubsub_v1 import DeadLetterPolicy, ExpirationPolicy, PushConfig, RetryPolicy

from support import deployment_changes as changes
from support.deployment_changes import URL, Change
from support.deployments import DISPUTES, EXPIRED, HOST, REFUNDS

AGENT = f"serviceAccount:service-123456789@gcp-sa-pubsub.{HOST}"
PUSH = "serviceAccount:checkout-push-completed@acme-shop." + HOST
TOKEN = PushConfig.OidcToken
ONE_TYPE = ["checkout.session.completed"]
SALES = [f"checkout.session.{each}" for each in ("completed", "async_payment_succeeded", "async_payment_failed")]
ALL_TYPES = [*SALES, *REFUNDS, *DISPUTES]
SLUGS = ("completed", "succeeded", "failed", "refund", "dispute")
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
    ("another address", changes.endpoint(url="https://old.acme.example/checkout-webhook"), {"stripe: url"}),
    ("an event is missing", changes.endpoint(enabled_events=ALL_TYPES[1:]), {"stripe: events"}),
    ("as version 1.1 registered it", changes.endpoint(enabled_events=SALES), {"stripe: events"}),
    ("an expired session without need", changes.endpoint(enabled_events=[*ALL_TYPES, *EXPIRED]), {"stripe: events"}),
    ("an event too many", changes.endpoint(enabled_events=[*ALL_TYPES, "charge.failed"]), {"stripe: events"}),
    ("all events", changes.endpoint(enabled_events=["*"]), {"stripe: events"}),
    ("another version", changes.endpoint(**OTHER_VERSION), {"stripe: api version"}),
    ("the account's version", changes.endpoint(api_version=None), {"stripe: api version"}),
    ("disabled", changes.endpoint(status="disabled"), {"stripe: status"}),
    ("for connected accounts", changes.endpoint(application="ca_1"), {"stripe: connect"}),
    ("its secret is not noted", changes.forget, {"stripe: signing secret"}),
    ("its secret is overwritten", changes.holds("webhook-secrets", f"whsec_{'1' * 32}"), {"stripe: signing secret"}),
    ("a duplicate", changes.another(), {"stripe: other endpoint"}),
    ("a duplicate with a query", changes.another(f"{URL}/?source=stripe"), {"stripe: other endpoint"}),
    ("a mistyped path", changes.another(URL.replace("-webhook", "-webhok")), {"stripe: other endpoint"}),
    (
        "the service's own address",
        changes.another("https://checkout-webhook-x-ew.a.run.app/"),
        {"stripe: other endpoint"},
    ),
    ("an old one without a secret", changes.another(**OTHER_VERSION), {"stripe: other endpoint"}),
    ("the webhook failed", changes.put("functions", "webhook", "state", Function.State.FAILED), {f"{WEBHOOK}: state"}),
    (
        "being deployed",
        changes.put("functions", "completed", "state", Function.State.DEPLOYING),
        {f"{COMPLETED}: state"},
    ),
    (
        "an old revision",
        changes.config("webhook", "all_traffic_on_latest_revision", value=False),
        {f"{WEBHOOK}: traffic"},
    ),
    ("pinned", changes.config("completed", "all_traffic_on_latest_revision", value=False), {f"{COMPLETED}: traffic"}),
    (
        "the webhook's entry point",
        changes.put("functions", "webhook", "build_config.entry_point", "on_async_payment_failed"),
        {f"{WEBHOOK}: entry point"},
    ),
    (
        "a subscriber's entry point",
        changes.put("functions", "completed", "build_config.entry_point", "on_async_payment_failed"),
        {f"{COMPLETED}: entry point"},
    ),
    ("two mail servers", changes.env("completed", SMTP_URL="smtps://a:b@c.example:465"), {f"{COMPLETED}: settings"}),
    ("its account", changes.config("webhook", "service_account_email", f"default@{HOST}"), {f"{WEBHOOK}: account"}),
    ("account", changes.config("completed", "service_account_email", f"default@{HOST}"), {f"{COMPLETED}: account"}),
    (
        "a closed webhook",
        changes.config("webhook", "ingress_settings", ServiceConfig.IngressSettings.ALLOW_INTERNAL_ONLY),
        {f"{WEBHOOK}: ingress"},
    ),
    (
        "an open subscriber",
        changes.config("completed", "ingress_settings", ServiceConfig.IngressSettings.ALLOW_ALL),
        {f"{COMPLETED}: ingress"},
    ),
    ("moved", changes.put("functions", "webhook", "url", "https://elsewhere.example"), {f"{WEBHOOK}: address"}),
    ("moved too", changes.config("completed", "uri", "https://elsewhere.example"), {f"{COMPLETED}: address"}),
    ("another secret", changes.mount("webhook", "secret", "smtp"), {f"{WEBHOOK}: secret of {FILES}"}),
    ("an old version", changes.mount("webhook", "version", "1"), {f"{WEBHOOK}: secret of {FILES}"}),
    ("another file", changes.mount("webhook", "path", "secret"), {f"{WEBHOOK}: secret of {FILES}"}),
    ("another folder", changes.mount("webhook", "mount_path", "/etc"), {f"{WEBHOOK}: secret of {FILES}"}),
    ("no secret", changes.env("webhook", **{FILES: None}), {f"{WEBHOOK}: secret of {FILES}", f"{WEBHOOK}: settings"}),
    ("no key", changes.env("completed", STRIPE_API_KEY_FILE=None), {f"{COMPLETED}: secret of STRIPE_API_KEY_FILE"}),
    ("an old key", changes.mount("completed", "version", "2"), {f"{COMPLETED}: secret of STRIPE_API_KEY_FILE"}),
    ("no mail", changes.env("completed", SMTP_URL_FILE=None), {f"{COMPLETED}: secret of SMTP_URL_FILE"}),
    ("mail of old", changes.mount("completed", "version", "2", 1), {f"{COMPLETED}: secret of SMTP_URL_FILE"}),
    ("no sender", changes.env("completed", EMAIL_FROM=None), {f"{COMPLETED}: settings"}),
    ("no project", changes.env("webhook", GOOGLE_CLOUD_PROJECT=None), {f"{WEBHOOK}: settings"}),
    ("a bad mode", changes.env("webhook", STRIPE_LIVEMODE="test"), {f"{WEBHOOK}: settings"}),
    ("two lists", changes.env("webhook", STRIPE_WEBHOOK_SECRETS=f"whsec_{'0' * 32}"), {f"{WEBHOOK}: settings"}),
    ("an emulator", changes.env("webhook", PUBSUB_EMULATOR_HOST="localhost:1"), {f"{WEBHOOK}: emulators"}),
    ("the emulator", changes.env("completed", FIRESTORE_EMULATOR_HOST="localhost:1"), {f"{COMPLETED}: emulators"}),
    *(
        (f"{name} of the webhook", changes.env("webhook", **{name: value}), {f"{WEBHOOK}: {name}"})
        for name, value in (
            ("GOOGLE_CLOUD_PROJECT", "other-shop"),
            ("STRIPE_LIVEMODE", "true"),
            ("EVENTS_TOPIC", "other-events"),
        )
    ),
    *(
        (f"{name} of a subscriber", changes.env("completed", **{name: value}), {f"{COMPLETED}: {name}"})
        for name, value in (
            ("GOOGLE_CLOUD_PROJECT", "other-shop"),
            ("DEAD_LETTER_TOPIC", "other-letters"),
            ("FIRESTORE_DATABASE", "other-orders"),
            ("ORDERS_COLLECTION", "other"),
            ("ORDER_EVENTS_TOPIC", None),
            ("STRIPE_LIVEMODE", "true"),
        )
    ),
    *(
        (f"another {name} of {slug}", changes.env(slug, **{name: value}), {f"function checkout-{slug}: {name}"})
        for slug in ("refund", "dispute", "completed")
        for name, value in (("ACCESS_POLICY", "any_refund"), ("REFUND_MAILS", "true"))
    ),
    ("a policy of tomorrow", changes.env("refund", ACCESS_POLICY="never"), {"function checkout-refund: settings"}),
    (
        "no mail of refunds",
        changes.env("refund", SMTP_URL_FILE=None),
        {"function checkout-refund: secret of SMTP_URL_FILE"},
    ),
    ("carts", changes.env("webhook", ABANDONED_CARTS="true"), {f"{WEBHOOK}: ABANDONED_CARTS"}),
    *(
        (
            f"filter of {slug}",
            changes.sub("filter", 'attributes.event_type = "a"', slug),
            {f"subscription checkout-{slug}: filter"},
        )
        for slug in ("refund", "dispute")
    ),
    ("a closed door", changes.policy("services", "webhook"), {"service checkout-webhook: invoker"}),
    ("a door for a while", changes.conditional("services", "webhook"), {"service checkout-webhook: invoker"}),
    (
        "a door for accounts",
        changes.policy("services", "webhook", ("roles/run.invoker", "allAuthenticatedUsers")),
        {"service checkout-webhook: invoker"},
    ),
    ("a subscriber's door", changes.policy("services", "completed"), {"service checkout-completed: invoker"}),
    ("its door for a while", changes.conditional("services", "completed"), {"service checkout-completed: invoker"}),
    (
        "a door for another",
        changes.policy("services", "completed", ("roles/run.invoker", PUSH.replace("completed", "failed"))),
        {"service checkout-completed: invoker"},
    ),
    (
        "another role",
        changes.policy("services", "completed", ("roles/run.viewer", PUSH)),
        {"service checkout-completed: invoker"},
    ),
    *(
        (
            f"a door for {public}",
            changes.policy("services", "completed", ("roles/run.invoker", PUSH), ("roles/run.invoker", public)),
            {"service checkout-completed: not public"},
        )
        for public in ("allUsers", "allAuthenticatedUsers")
    ),
    (
        "no check at the door",
        changes.put("services", "completed", "invoker_iam_disabled", value=True),
        {"service checkout-completed: not public"},
    ),
    (
        "the webhook's publisher",
        changes.revoke("topics", "events", "checkout-webhook@"),
        {"topic checkout-events: publisher checkout-webhook"},
    ),
    (
        "the landing page's publisher",
        changes.revoke("topics", "events", "checkout-order-status@"),
        {"topic checkout-events: publisher checkout-order-status"},
    ),
    ("a closed landing page", changes.policy("services", "order-status"), {"service checkout-order-status: invoker"}),
    (
        "a landing page that no buyer reaches",
        changes.config("order-status", "ingress_settings", INTERNAL),
        {f"{LANDING}: ingress"},
    ),
    *(
        (f"{name} of the landing page", changes.env("order-status", **{name: value}), {f"{LANDING}: {name}"})
        for name, value in OTHERS
    ),
    ("a failed page", changes.put("functions", "order-status", "state", Function.State.FAILED), {f"{LANDING}: state"}),
    (
        "a pinned page",
        changes.config("order-status", "all_traffic_on_latest_revision", value=False),
        {f"{LANDING}: traffic"},
    ),
    (
        "the page's entry point",
        changes.put("functions", "order-status", "build_config.entry_point", "stripe_webhook"),
        {f"{LANDING}: entry point"},
    ),
    (
        "the page's account",
        changes.config("order-status", "service_account_email", f"a@{HOST}"),
        {f"{LANDING}: account"},
    ),
    (
        "a moved page",
        changes.put("functions", "order-status", "url", "https://elsewhere.example"),
        {f"{LANDING}: address"},
    ),
    ("no number", changes.env("order-status", ORDER_STATUS_READS_PER_MINUTE="many"), {f"{LANDING}: settings"}),
    ("the page's emulator", changes.env("order-status", PUBSUB_EMULATOR_HOST="localhost:1"), {f"{LANDING}: emulators"}),
    (
        "a landing page without its key",
        changes.env("order-status", STRIPE_API_KEY_FILE=None),
        {f"{LANDING}: secret of STRIPE_API_KEY_FILE"},
    ),
    (
        "reconcile's publisher",
        changes.revoke("topics", "events", "checkout-reconcile@"),
        {"topic checkout-events: publisher checkout-reconcile"},
    ),
    ("the schedule is refused", changes.policy("services", "reconcile"), {"service checkout-reconcile: invoker"}),
    (
        "the public calls reconcile",
        changes.policy("services", "reconcile", ("roles/run.invoker", SCHEDULE), ("roles/run.invoker", "allUsers")),
        {"service checkout-reconcile: not public"},
    ),
    (
        "an open reconcile",
        changes.config("reconcile", "ingress_settings", ServiceConfig.IngressSettings.ALLOW_ALL),
        {f"{RECONCILE}: ingress"},
    ),
    *(
        (f"{name} of reconcile", changes.env("reconcile", **{name: value}), {f"{RECONCILE}: {name}"})
        for name, value in OTHERS
    ),
    (
        "a failed reconcile",
        changes.put("functions", "reconcile", "state", Function.State.FAILED),
        {f"{RECONCILE}: state"},
    ),
    (
        "a pinned one",
        changes.config("reconcile", "all_traffic_on_latest_revision", value=False),
        {f"{RECONCILE}: traffic"},
    ),
    (
        "reconcile's entry point",
        changes.put("functions", "reconcile", "build_config.entry_point", "stripe_webhook"),
        {f"{RECONCILE}: entry point"},
    ),
    (
        "reconcile's account",
        changes.config("reconcile", "service_account_email", f"a@{HOST}"),
        {f"{RECONCILE}: account"},
    ),
    ("a moved one", changes.config("reconcile", "uri", "https://elsewhere.example"), {f"{RECONCILE}: address"}),
    ("too impatient", changes.env("reconcile", RECONCILE_LATE_MINUTES="5"), {f"{RECONCILE}: settings"}),
    ("its emulator", changes.env("reconcile", PUBSUB_EMULATOR_HOST="localhost:1"), {f"{RECONCILE}: emulators"}),
    (
        "another secret",
        changes.mount("reconcile", "secret", "checkout-smtp-url"),
        {f"{RECONCILE}: secret of STRIPE_API_KEY_FILE"},
    ),
    (
        "the agent publishes",
        changes.revoke("topics", "events-dead-letter", "gcp-sa-pubsub"),
        {"topic checkout-events-dead-letter: publisher pubsub agent"},
    ),
    *(
        (
            f"{slug} publishes to {topic}",
            changes.revoke("topics", topic, f"checkout-{slug}@"),
            {f"topic checkout-{topic}: publisher checkout-{slug}"},
        )
        for slug in SLUGS
        for topic in ("events-dead-letter", "order-events")
    ),
    ("the topic", changes.sub("topic", "projects/acme-shop/topics/checkout-order-events"), {f"{WELL_KEPT}: topic"}),
    ("a deleted topic", changes.sub("topic", "_deleted-topic_"), {f"{WELL_KEPT}: topic"}),
    ("the filter", changes.sub("filter", 'attributes.event_type = "charge.failed"'), {f"{WELL_KEPT}: filter"}),
    ("no filter", changes.sub("filter", ""), {f"{WELL_KEPT}: filter"}),
    (
        "the endpoint",
        changes.sub("push_config.push_endpoint", "https://checkout-failed-x-ew.a.run.app"),
        {f"{WELL_KEPT}: push endpoint", f"{WELL_KEPT}: audience"},
    ),
    (
        "the push account",
        changes.sub("push_config.oidc_token.service_account_email", f"default@{HOST}"),
        {f"{WELL_KEPT}: push account"},
    ),
    (
        "the audience",
        changes.sub("push_config.oidc_token.audience", "https://elsewhere.example"),
        {f"{WELL_KEPT}: audience"},
    ),
    ("no token", changes.sub("push_config.oidc_token", TOKEN()), {f"{WELL_KEPT}: push account"}),
    ("no envelope", changes.sub("push_config.no_wrapper", PushConfig.NoWrapper()), {f"{WELL_KEPT}: envelope"}),
    (
        "the dead letters' topic",
        changes.sub("dead_letter_policy.dead_letter_topic", "projects/acme-shop/topics/checkout-events"),
        {f"{WELL_KEPT}: dead letter topic"},
    ),
    ("few attempts", changes.sub("dead_letter_policy.max_delivery_attempts", 19), {f"{WELL_KEPT}: attempts"}),
    (
        "no dead letters",
        changes.sub("dead_letter_policy", DeadLetterPolicy()),
        {f"{WELL_KEPT}: attempts", f"{WELL_KEPT}: dead letter topic"},
    ),
    ("no patience", changes.sub("retry_policy", RetryPolicy()), {f"{WELL_KEPT}: minimum backoff"}),
    ("less patience", changes.sub("retry_policy.minimum_backoff", {"seconds": 9}), {f"{WELL_KEPT}: minimum backoff"}),
    ("kept for a while", changes.sub("message_retention_duration", {"seconds": 59999}), {f"{WELL_KEPT}: retention"}),
    (
        "it expires",
        changes.sub("expiration_policy", ExpirationPolicy(ttl={"seconds": 1})),
        {f"{WELL_KEPT}: never expires"},
    ),
    ("it expires by default", changes.sub("expiration_policy", None), {f"{WELL_KEPT}: never expires"}),
    ("detached", changes.sub("detached", value=True), {f"{WELL_KEPT}: attached"}),
    ("a short deadline", changes.sub("ack_deadline_seconds", 179), {f"{WELL_KEPT}: ack deadline"}),
    ("a long deadline", changes.sub("ack_deadline_seconds", 181), {f"{WELL_KEPT}: ack deadline"}),
    ("a slower function", changes.config("completed", "timeout_seconds", 160), {f"{WELL_KEPT}: ack deadline"}),
    ("the agent", changes.policy("subscriptions", "completed"), {f"{WELL_KEPT}: pubsub agent"}),
    (
        "the wrong agent's role",
        changes.policy("subscriptions", "completed", ("roles/pubsub.viewer", AGENT)),
        {f"{WELL_KEPT}: pubsub agent"},
    ),
    (
        "the letters' topic",
        changes.sub("topic", "projects/acme-shop/topics/checkout-events", "events-dead-letter"),
        {f"{LETTERS}: topic"},
    ),
    (
        "some letters only",
        changes.sub("filter", 'attributes.reason = "x"', "events-dead-letter"),
        {f"{LETTERS}: filter"},
    ),
    (
        "letters are pushed",
        changes.sub("push_config.push_endpoint", "https://elsewhere.example", "events-dead-letter"),
        {f"{LETTERS}: pull"},
    ),
    (
        "30 days",
        changes.sub("message_retention_duration", {"seconds": 2592000}, "events-dead-letter"),
        {f"{LETTERS}: retention"},
    ),
    (
        "letters expire",
        changes.sub("expiration_policy", ExpirationPolicy(ttl={"seconds": 2678400}), "events-dead-letter"),
        {f"{LETTERS}: never expires"},
    ),
    ("letters detached", changes.sub("detached", name="events-dead-letter", value=True), {f"{LETTERS}: attached"}),
    ("letters", lambda o: setattr(o.google, "backlog", 3), {f"{LETTERS}: backlog"}),
    (
        "no list",
        changes.holds("webhook-secrets", "nonsense"),
        {"secret checkout-webhook-secrets: holds", "stripe: signing secret"},
    ),
    (
        "the placeholder",
        changes.holds("webhook-secrets", f"whsec_unregistered{'0' * 32}"),
        {
            "secret checkout-webhook-secrets: registered",
            "secret checkout-webhook-secrets: newest",
            "stripe: signing secret",
        },
    ),
    (
        "no API key",
        changes.holds("stripe-api-key", "missing: export …"),
        {"secret checkout-stripe-api-key: holds", "secret checkout-stripe-api-key: newest"},
    ),
    (
        "no mail server any more",
        changes.holds("smtp-url", "missing: export …"),
        {"secret checkout-smtp-url: holds", "secret checkout-smtp-url: newest"},
    ),
    (
        "a live key",
        changes.holds("stripe-api-key", "rk_live_0123456789abcdef"),
        {"secret checkout-stripe-api-key: mode"},
    ),
    ("no mail server", changes.holds("smtp-url", "mail.example"), {"secret checkout-smtp-url: holds"}),
    *(
        (
            f"{slug} reads {name}",
            changes.revoke("secrets", name, f"checkout-{slug}@"),
            {f"secret checkout-{name}: reader checkout-{slug}"},
        )
        for slug, name in (
            ("webhook", "webhook-secrets"),
            *((slug, name) for slug in SLUGS for name in ("stripe-api-key", "smtp-url")),
            ("order-status", "stripe-api-key"),
            ("reconcile", "stripe-api-key"),
        )
    ),
    ("no function", changes.gone("functions", "completed"), {f"{COMPLETED}: exists", f"{WELL_KEPT}: ack deadline"}),
    ("no webhook", changes.gone("functions", "webhook"), {f"{WEBHOOK}: exists"}),
    ("no service", changes.gone("services", "webhook"), {"service checkout-webhook: exists"}),
    ("no topic", changes.gone("topics", "events"), {"topic checkout-events: exists"}),
    ("no subscription", changes.gone("subscriptions", "completed"), {f"{WELL_KEPT}: exists"}),
    ("no letters", changes.gone("subscriptions", "events-dead-letter"), {f"{LETTERS}: exists"}),
    (
        "no version",
        lambda o: o.google.versions["projects/acme-shop/secrets/checkout-smtp-url"].clear(),
        {"secret checkout-smtp-url: exists"},
    ),
]
