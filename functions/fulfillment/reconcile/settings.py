"""What reconcile needs of the environment."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fulfillment.settings import parsers
from fulfillment.settings.base import setting
from fulfillment.settings.shared import OrdersSettings, StripeSettings


@dataclass(frozen=True, kw_only=True)
class ReconcileSettings(OrdersSettings, StripeSettings):
    """What `reconcile` needs."""

    events_topic: str = setting("EVENTS_TOPIC", parsers.topic, default="checkout-events")
    since: datetime | None = setting("RECONCILE_SINCE", parsers.moment, default=None)
    max_age_days: int = setting("RECONCILE_MAX_AGE_DAYS", parsers.count(1, 365), default=30)
    late_minutes: int = setting("RECONCILE_LATE_MINUTES", parsers.count(20, 1440), default=30)
    grace_seconds: int = setting("RECONCILE_GRACE_SECONDS", parsers.count(0, 120), default=20)
    run_seconds: int = setting("RECONCILE_RUN_SECONDS", parsers.count(1, 3300), default=600)
    reads_per_second: int = setting("RECONCILE_READS_PER_SECOND", parsers.count(1, 100), default=10)

    @classmethod
    def _contradictions(cls, given: set[str], found: Mapping[str, Any]) -> list[str]:
        keyless = not {"STRIPE_API_KEY", "STRIPE_API_KEY_FILE"} & given
        return ["STRIPE_API_KEY or STRIPE_API_KEY_FILE is required"] * keyless + super()._contradictions(given, found)

    @property
    def stripe_key(self) -> Callable[[], str]:
        """Tells the API key in force now."""
        return self.api_key_file or (lambda: self.api_key or "")

    @property
    def lists_sessions(self) -> bool:
        """Whether Stripe lists sessions to this key: to an organization's only those of an account that is named."""
        return not parsers.is_organization(self.stripe_key())
