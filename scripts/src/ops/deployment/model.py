"""What was deployed, as values: names, no secrets."""

from collections.abc import Mapping
from dataclasses import dataclass

from fulfillment.domain.access import DEFAULT_RULES
from fulfillment.domain.event_types import ON_EXPIRED
from fulfillment.reconcile.settings import ReconcileSettings


@dataclass(frozen=True, kw_only=True)
class Topics:
    """Pub/Sub topics, by id."""

    events: str
    dead_letter: str
    order_events: str | None = None


@dataclass(frozen=True, kw_only=True)
class Webhook:
    """The function that Stripe calls."""

    function: str
    url: str
    account: str
    ingress: str = "ALLOW_ALL"


@dataclass(frozen=True, kw_only=True)
class Subscriber:
    """A function that Pub/Sub calls, and the subscriptions that do it as `push_account`: `thin_subscription` for thin
    events; None before version 1.1. `event_types`: its snapshot types; before version 1.2 `event_type` is the only one.
    """

    function: str
    url: str
    subscription: str
    push_account: str
    account: str
    event_type: str | None = None
    event_types: tuple[str, ...] = ()
    thin_subscription: str | None = None

    @property
    def types(self) -> tuple[str, ...]:
        """Its snapshot types."""
        told = (*self.event_types, self.event_type)
        return tuple(dict.fromkeys(each for each in told if each))


@dataclass(frozen=True, kw_only=True)
class Handlers:
    """The function that runs functions/handlers, and the subscription that calls it."""

    function: str
    url: str
    subscription: str
    push_account: str
    account: str


@dataclass(frozen=True, kw_only=True)
class Sink:
    """Where a copy of every event goes: the `name` of a dataset or bucket, and the subscriptions that fill it."""

    name: str
    subscriptions: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class StripeEvents:
    """The topic of routed events, and its dead letters. `route`: the routed types, as `events.route` in Terraform."""

    route: tuple[str, ...]
    topic: str
    dead_letter: str
    dead_letter_subscription: str
    handlers: Handlers | None = None
    bigquery: Sink | None = None
    archive: Sink | None = None


@dataclass(frozen=True, kw_only=True)
class Limits:
    """The limits of reconcile: see `ReconcileSettings`."""

    max_age_days: int = ReconcileSettings.max_age_days
    late_minutes: int = ReconcileSettings.late_minutes
    reads_per_second: int = ReconcileSettings.reads_per_second


@dataclass(frozen=True, kw_only=True)
class Reconcile:
    """The function that the schedule calls as `caller`. `since`: the day or time from which this deployment sells, in
    ISO 8601; None before version 1.1.
    """

    function: str
    url: str
    account: str
    caller: str
    limits: Limits
    since: str | None = None


@dataclass(frozen=True, kw_only=True)
class AfterSale:
    """What is done after the sale, as Terraform's variable `after_sale` says."""

    access_policy: tuple[str, ...] = tuple(sorted(DEFAULT_RULES))
    refund_mails: bool = False
    abandoned_carts: bool = False


@dataclass(frozen=True, kw_only=True)
class OrderStatus:
    """The function that buyers call."""

    function: str
    url: str
    account: str
    ingress: str = "ALLOW_ALL"


@dataclass(frozen=True, kw_only=True)
class Secrets:
    """Secrets in Secret Manager, by id; None where the deployment has none."""

    webhook: str
    stripe_api_key: str | None = None
    smtp_url: str | None = None


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """Names, no secrets. `subscribers`: those of orders' events, by entry point. `after_sale`: None before version 1.2,
    which handled sales alone.
    """

    project: str
    project_number: str
    region: str
    livemode: bool
    name: str
    api_version: str
    connect: bool
    order_filter: str | None = None
    database: str
    collection: str
    topics: Topics
    dead_letter_subscription: str
    webhook: Webhook
    subscribers: Mapping[str, Subscriber]
    secrets: Secrets
    order_status: OrderStatus | None = None
    reconcile: Reconcile | None = None
    stripe_events: StripeEvents | None = None
    after_sale: AfterSale | None = None

    @property
    def abandoned_carts(self) -> bool:
        """Whether expired sessions are handled."""
        return self.after_sale is not None and self.after_sale.abandoned_carts

    @property
    def performers(self) -> Mapping[str, Subscriber]:
        """The subscribers that write orders and perform effects, by entry point. They all have the same settings."""
        return {name: each for name, each in self.subscribers.items() if name != ON_EXPIRED}

    @property
    def id(self) -> str:
        """Unique among the deployments of the same mode."""
        return f"{self.project}/{self.name}"

    @property
    def mode(self) -> str:
        """Stripe's word for `livemode`."""
        return "live" if self.livemode else "test"

    @property
    def pubsub_agent(self) -> str:
        """Pub/Sub's own account, which moves dead letters."""
        return f"service-{self.project_number}@gcp-sa-pubsub.iam.gserviceaccount.com"
