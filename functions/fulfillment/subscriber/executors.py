"""The effects that this deployment can perform, with their executors. An effect without its settings is not owed."""

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING

from fulfillment.domain.effects import (
    ANNOUNCEMENTS,
    FULFILL,
    LOAD_LINE_ITEMS,
    NOTIFY_PAYMENT_FAILED,
    PAYMENT_FAILED,
    SEND_RECEIPT,
)
from fulfillment.domain.items import with_line_items
from fulfillment.domain.order import Order
from fulfillment.effects.announce import Announcer
from fulfillment.effects.hook import Hooks, takes_two
from fulfillment.effects.runner import EffectExecutor, EffectExecutors
from fulfillment.errors import ConfigurationError, LineItemsRefused, StripeRefused
from fulfillment.subscriber.settings import SubscriberSettings
from fulfillment.topic.publisher import PubSubTopic

if TYPE_CHECKING:
    from fulfillment.stripe_api import StripeApi

ANNOUNCE_SECONDS = 10
_MARGIN_SECONDS = 5  # beyond an effect's own limit, so that its own error is logged
REST_SECONDS = 90  # of a delivery, beyond its hook: the function's time limit is HOOK_TIMEOUT + 120


def stripe_api(settings: SubscriberSettings) -> "StripeApi | None":
    """The client of Stripe's API, or None without a key."""
    if settings.stripe_key is None:
        return None
    from fulfillment.stripe_api import StripeApi

    return StripeApi(settings.stripe_key, settings.api_base)


def configured(settings: SubscriberSettings, hooks: object, stripe: "StripeApi | None" = None) -> EffectExecutors:
    """The executors that the settings and the user's hooks.py allow. Raises ConfigurationError."""
    by_name = _line_items(stripe) | _hooks(settings, hooks) | _mails(settings) | _announcements(settings)
    return EffectExecutors(
        by_name,
        budget=settings.hook_timeout + REST_SECONDS,
        hold_on_review=settings.hold_on_review,
        reconciled=stripe is not None,
    )


def _line_items(stripe: "StripeApi | None") -> dict[str, EffectExecutor]:
    if stripe is None:
        return {}
    from fulfillment.stripe_api import READ_SECONDS

    async def load(order: Order, _key: str) -> Callable[[Order], Order]:
        try:
            items = await stripe.line_items(order.id, order.owner)
        except StripeRefused as refused:
            raise LineItemsRefused(str(refused)) from None
        return lambda latest: with_line_items(latest, items)

    return {LOAD_LINE_ITEMS: EffectExecutor(READ_SECONDS + _MARGIN_SECONDS, load)}


def _hooks(settings: SubscriberSettings, hooks: object) -> dict[str, EffectExecutor]:
    if not callable(getattr(hooks, FULFILL, None)):
        raise ConfigurationError("hooks.py must have a function fulfill(order, key)")
    running = Hooks()
    found = {name: getattr(hooks, name) for name in (FULFILL, PAYMENT_FAILED) if callable(getattr(hooks, name, None))}
    for name, hook in found.items():
        if not takes_two(hook):  # at start, so that the first order does not find a wrong hook
            raise ConfigurationError(f"hooks.py: {name} must take (order, key)")
    return {name: EffectExecutor(settings.hook_timeout, running.performing(hook)) for name, hook in found.items()}


def _mails(settings: SubscriberSettings) -> dict[str, EffectExecutor]:
    server, sender = settings.smtp_server, settings.email_from
    if server is None or sender is None:
        return {}
    from fulfillment.effects import mail
    from fulfillment.effects.mail_message import MailMessages

    messages = MailMessages(sender, settings.shop_url, time_zone=settings.time_zone)
    mailer, seconds = mail.Mailer(server, sender, messages), mail.SECONDS + _MARGIN_SECONDS
    return {
        SEND_RECEIPT: EffectExecutor(seconds, mailer.send_receipt),
        NOTIFY_PAYMENT_FAILED: EffectExecutor(seconds, mailer.notify_payment_failed),
    }


def _announcements(settings: SubscriberSettings) -> dict[str, EffectExecutor]:
    if settings.order_events_topic is None:
        return {}
    announcer = Announcer(PubSubTopic(settings.project, settings.order_events_topic, settings.pubsub_emulator))
    return {
        name: EffectExecutor(ANNOUNCE_SECONDS, functools.partial(announcer.announce, status))
        for name, status in ANNOUNCEMENTS.items()
    }
