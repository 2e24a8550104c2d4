"""The rules for a function and its Cloud Run service. Pure."""

from collections.abc import Mapping

from fulfillment.order_status.settings import OrderStatusSettings
from fulfillment.reconcile.settings import ReconcileSettings
from fulfillment.settings.base import Settings
from fulfillment.stripe_events.settings import StripeEventSettings
from fulfillment.subscriber.settings import SubscriberSettings
from fulfillment.webhook.settings import WebhookSettings
from ops.clients.event_types import routes_of
from ops.clients.google_resources import Function, Service
from ops.deployment.model import Deployment, Handlers, OrderStatus, Reconcile, StripeEvents, Subscriber
from ops.deployment.terraform_output import APPLY
from ops.doctor.checks import Finding, Problems, differs, judge
from ops.doctor.settings_checks import check_environment, check_mounts, check_settings

INVOKER = "roles/run.invoker"


def check_webhook(deployment: Deployment, found: Function) -> list[Finding]:
    """The function that Stripe calls."""
    needed = {"STRIPE_WEBHOOK_SECRETS_FILE": deployment.secrets.webhook}
    problems = {
        **_function(found),
        "entry point": differs(found.entry_point, "stripe_webhook"),
        "account": differs(found.account, deployment.webhook.account),
        "ingress": differs(found.ingress, deployment.webhook.ingress),
        "address": differs(found.url, deployment.webhook.url),
        **check_mounts(needed, found),
        **check_settings(
            WebhookSettings,
            deployment,
            found,
            {
                "EVENTS_TOPIC": deployment.topics.events,
                "ABANDONED_CARTS": deployment.abandoned_carts,
                **_routes(deployment),
            },
        ),
    }
    return judge(
        f"function {deployment.webhook.function}", problems, fixes=_look(deployment, deployment.webhook.function)
    )


def check_subscriber(deployment: Deployment, entry_point: str, wanted: Subscriber, found: Function) -> list[Finding]:
    """A function that Pub/Sub calls. Those that perform effects have the same settings."""
    performs = entry_point in deployment.performers
    needed = {
        "STRIPE_API_KEY_FILE": deployment.secrets.stripe_api_key,
        "SMTP_URL_FILE": deployment.secrets.smtp_url if performs else None,
    }
    values = {
        "DEAD_LETTER_TOPIC": deployment.topics.dead_letter,
        "FIRESTORE_DATABASE": deployment.database,
        "ORDERS_COLLECTION": deployment.collection,
        "ORDER_EVENTS_TOPIC": deployment.topics.order_events,
        **_after_sale(deployment),
    }
    problems = {
        **_function(found),
        "entry point": differs(found.entry_point, entry_point),
        "account": differs(found.account, wanted.account),
        "ingress": differs(found.ingress, "ALLOW_INTERNAL_ONLY"),
        "address": differs(found.uri, wanted.url),
        **check_mounts(needed, found),
        **(
            check_settings(SubscriberSettings, deployment, found, values)
            if performs
            else _few_settings(deployment, found)
        ),
    }
    return judge(f"function {wanted.function}", problems, fixes=_look(deployment, wanted.function))


def check_handlers(deployment: Deployment, events: StripeEvents, wanted: Handlers, found: Function) -> list[Finding]:
    """The function that runs functions/handlers. Pub/Sub calls it."""
    values = {
        "ROUTED_EVENTS": routes_of(deployment),
        "DEAD_LETTER_TOPIC": events.dead_letter,
        "FIRESTORE_DATABASE": deployment.database,
        "ORDERS_COLLECTION": deployment.collection,
    }
    problems = {
        **_function(found),
        "entry point": differs(found.entry_point, "on_stripe_event"),
        "account": differs(found.account, wanted.account),
        "ingress": differs(found.ingress, "ALLOW_INTERNAL_ONLY"),
        "address": differs(found.uri, wanted.url),
        **check_mounts({"STRIPE_API_KEY_FILE": deployment.secrets.stripe_api_key}, found),
        **check_settings(StripeEventSettings, deployment, found, values),
    }
    return judge(f"function {wanted.function}", problems, fixes=_look(deployment, wanted.function))


def check_order_status(deployment: Deployment, wanted: OrderStatus, found: Function) -> list[Finding]:
    """The function that buyers call."""
    own = {
        "entry point": differs(found.entry_point, "order_status"),
        "ingress": differs(found.ingress, wanted.ingress),
        "address": differs(found.url, wanted.url),
    }
    return _check_finder(deployment, wanted, OrderStatusSettings, found, own)


def check_reconcile(deployment: Deployment, wanted: Reconcile, found: Function) -> list[Finding]:
    """The function that the schedule calls."""
    own = {
        "entry point": differs(found.entry_point, "reconcile"),
        "ingress": differs(found.ingress, "ALLOW_INTERNAL_ONLY"),
        "address": differs(found.uri, wanted.url),
    }
    return _check_finder(deployment, wanted, ReconcileSettings, found, own)


def _check_finder(
    deployment: Deployment,
    wanted: OrderStatus | Reconcile,
    settings: type[Settings],
    found: Function,
    own: Mapping[str, str | None],
) -> list[Finding]:
    """Checks what `order_status` and `reconcile` share: both read Stripe and the orders, and publish."""
    values = {
        "DEPLOYMENT": deployment.name,
        "EVENTS_TOPIC": deployment.topics.events,
        "FIRESTORE_DATABASE": deployment.database,
        "ORDERS_COLLECTION": deployment.collection,
    }
    problems = {
        **_function(found),
        **own,
        "account": differs(found.account, wanted.account),
        **check_mounts({"STRIPE_API_KEY_FILE": deployment.secrets.stripe_api_key}, found),
        **check_settings(settings, deployment, found, values),
    }
    return judge(f"function {wanted.function}", problems, fixes=_look(deployment, wanted.function))


def check_public_service(function: str, whom: str, found: Service) -> list[Finding]:
    """Stripe and buyers have no Google account, so these functions are public. The signature protects the webhook, the
    session's id the order status page.
    """
    open_to_all = found.invoker_check_disabled or found.policy.lets(INVOKER, "allUsers")
    problem = None if open_to_all else f"Google refuses {whom}: allUsers is not its invoker"
    return judge(f"service {function}", {"invoker": problem})


def check_private_service(function: str, whom: str, account: str, found: Service) -> list[Finding]:
    """Only Pub/Sub may call a subscriber, and only the schedule reconcile; each has its own account."""
    permitted = found.policy.lets(INVOKER, f"serviceAccount:{account}")
    public = [*found.policy.public, *(["the check of the invoker is off"] if found.invoker_check_disabled else [])]
    problems = {
        "invoker": None if permitted else f"Google refuses {whom}: {account} is not its invoker",
        "not public": f"it is public: {', '.join(public)}" if public else None,
    }
    fixes = {"not public": f"remove that access: gcloud run services get-iam-policy {function}"}
    return judge(f"service {function}", problems, fixes=fixes)


def _function(found: Function) -> Problems:
    return {
        "state": differs(found.state, "ACTIVE"),
        "traffic": None if found.follows_latest else "requests go to an old revision, not to the newest",
    }


def _look(deployment: Deployment, name: str) -> Mapping[str, str]:
    where = f"--project {deployment.project} --region {deployment.region}"
    return {"state": f"see why: gcloud functions describe {name} {where}; then: {APPLY}"}


def _few_settings(deployment: Deployment, found: Function) -> Problems:
    return check_environment(deployment, found, {"DEAD_LETTER_TOPIC": deployment.topics.dead_letter})


def _after_sale(deployment: Deployment) -> dict[str, object]:
    """What revokes access, and whether refunds are mailed. Before version 1.2 neither was set."""
    of = deployment.after_sale
    return {"ACCESS_POLICY": frozenset(of.access_policy), "REFUND_MAILS": of.refund_mails} if of else {}


def _routes(deployment: Deployment) -> Mapping[str, object]:
    """What the webhook routes, and where to. Without routes the topic does not matter."""
    routes, events = routes_of(deployment), deployment.stripe_events
    return {"ROUTED_EVENTS": routes, **({"STRIPE_EVENTS_TOPIC": events.topic} if routes and events else {})}
