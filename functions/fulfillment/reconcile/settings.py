"""The settings of reconcile."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from fulfillment.domain.order_filter import OrderFilter
from fulfillment.settings import parsers, shared
from fulfillment.settings.base import Settings, setting


@dataclass(frozen=True, kw_only=True)
class ReconcileSettings(Settings):
    """The settings of `reconcile`."""

    CHECKS = (shared.key_is_of_livemode,)

    project: str = shared.project()
    livemode: bool = shared.livemode()
    pubsub_emulator: str | None = shared.pubsub_emulator()
    deployment: str = shared.deployment()
    events_topic: str = shared.events_topic()
    database: str = shared.database()
    collection: str = shared.collection()
    order_filter: OrderFilter | None = setting("ORDER_FILTER", OrderFilter.parse, default=None)
    stripe_key: Callable[[], str] = shared.stripe_key()
    api_base: str = shared.api_base()
    since: datetime | None = shared.since()
    max_age_days: int = setting("RECONCILE_MAX_AGE_DAYS", parsers.count(1, 365), default=30)
    late_minutes: int = setting("RECONCILE_LATE_MINUTES", parsers.count(20, 1440), default=30)
    grace_seconds: int = setting("RECONCILE_GRACE_SECONDS", parsers.count(0, 120), default=20)
    run_seconds: int = setting("RECONCILE_RUN_SECONDS", parsers.count(1, 3300), default=600)
    reads_per_second: int = setting("RECONCILE_READS_PER_SECOND", parsers.count(1, 100), default=10)

    @property
    def lists_sessions(self) -> bool:
        """Whether Stripe lists sessions with this key. An organization's key lists only those of a given account."""
        return not parsers.is_organization(self.stripe_key())
