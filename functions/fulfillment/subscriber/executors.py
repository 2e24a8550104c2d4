"""The effects that this deployment can perform, with their executors. An effect without its settings is not owed."""

import functools
from collections.abc import Awaitable, Callable, Mapping
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from fulfillment.domain.after_sale import Fact
from fulfillment.domain.after_sale_events import read_fact
from fulfillment.domain.effects import (
    ACCESS_CHANGED,
    AFTER_SALE_KINDS,
    ANNOUNCE_MONEY,
    ANNOUNCEMENTS,
    DISPUTED,
    FULFILL,
    HOOKS,
    LOAD_LINE_ITEMS,
    NOTIFY_PAYMENT_FAILED,
    NOTIFY_REFUND,
    OF_A_STATUS,
    PAYMENT_FAILED,
    REFUNDED,
    SEND_RECEIPT,
    object_of,
)
from fulfillment.domain.facts import with_facts
from fulfillment.domain.items import with_line_items
from fulfillment.domain.order import Order
from fulfillment.effects.announce import Announcer
from fulfillment.effects.hook import Hooks, takes
from fulfillment.effects.runner import EffectExecutor, EffectExecutors, Result
from fulfillment.errors import ConfigurationError, LineItemsRefused, StripeRefused
from fulfillment.subscriber.fact_reader import reading_answers
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


OF_THE_SALE: AbstractSet[str] = HOOKS | frozenset(OF_A_STATUS)
AFTER_THE_SALE: AbstractSet[str] = HOOKS | AFTER_SALE_KINDS
"""The kinds that a subscriber drops if they are not configured: those that its own events give, and hooks, which are
the same code in every function.
"""


def configured(
    settings: SubscriberSettings,
    hooks: object,
    stripe: "StripeApi | None" = None,
    drops: AbstractSet[str] = OF_THE_SALE,
) -> EffectExecutors:
    """The executors that the settings and the user's hooks.py allow. Raises ConfigurationError."""
    by_name = (
        _line_items(stripe, hold_on_review=settings.hold_on_review)
        | _hooks(settings, hooks)
        | _mails(settings)
        | _announcements(settings)
    )
    return EffectExecutors(
        by_name,
        budget=settings.hook_timeout + REST_SECONDS,
        hold_on_review=settings.hold_on_review,
        reconciled=stripe is not None,
        access=settings.access_policy,
        drops=drops,
    )


def _line_items(stripe: "StripeApi | None", *, hold_on_review: bool) -> dict[str, EffectExecutor]:
    if stripe is None:
        return {}
    from fulfillment.stripe_api import READ_SECONDS

    async def load(order: Order, _key: str) -> Result:
        try:
            items = await stripe.line_items(order.id, order.owner)
        except StripeRefused as refused:
            raise LineItemsRefused(str(refused)) from None
        reviewed = await _open_review(stripe, order) if hold_on_review else None
        return lambda latest: with_facts(with_line_items(latest, items), reviewed or (), frozenset())

    seconds = READ_SECONDS * (2 if hold_on_review else 1) + _MARGIN_SECONDS
    return {LOAD_LINE_ITEMS: EffectExecutor(seconds, load)}


async def _open_review(stripe: "StripeApi", order: Order) -> tuple[Fact, ...]:
    """The open Radar review of the order's charge, which holds the order. None if the key may not see it: its event
    then tells of it.
    """
    if order.payment_intent is None:
        return ()
    at = datetime.now(UTC)
    try:
        review = await stripe.open_review_of(order.payment_intent, order.owner)
    except StripeRefused:
        return ()
    with reading_answers():
        return (read_fact(review, at, datetime.now(UTC), stripe.api_version),) if review else ()


def _hooks(settings: SubscriberSettings, hooks: object) -> dict[str, EffectExecutor]:
    if not callable(getattr(hooks, FULFILL, None)):
        raise ConfigurationError("hooks.py must have a function fulfill(order, key)")
    found = {name: getattr(hooks, name) for name in _ARGUMENTS if callable(getattr(hooks, name, None))}
    for name, hook in found.items():
        arguments = _ARGUMENTS[name]
        if not takes(hook, len(arguments)):  # at start, so that the first order does not find a wrong hook
            raise ConfigurationError(f"hooks.py: {name} must take ({', '.join(arguments)})")
    running = Hooks()
    calls = {name: _with_subject(name, running.performing(hook)) for name, hook in found.items()}
    return {name: EffectExecutor(settings.hook_timeout, call) for name, call in calls.items()}


_ARGUMENTS = {
    FULFILL: ("order", "key"),
    PAYMENT_FAILED: ("order", "key"),
    ACCESS_CHANGED: ("order", "access", "key"),
    REFUNDED: ("order", "refund", "key"),
    DISPUTED: ("order", "dispute", "key"),
}
"""The hooks, and what each is given."""
_SUBJECTS: Mapping[str, Callable[[Order, str], object]] = {
    ACCESS_CHANGED: lambda order, _key: order.access,
    REFUNDED: lambda order, key: order.refunds[object_of(key)],
    DISPUTED: lambda order, key: order.disputes[object_of(key)],
}
"""What a hook is about, beside the order."""


def _with_subject(name: str, hook: Callable[..., Awaitable[None]]) -> Callable[[Order, str], Awaitable[None]]:
    """The call of a hook with its order, its key, and what it is about."""
    subject = _SUBJECTS.get(name)
    if subject is None:
        return hook
    return lambda order, key: hook(order, subject(order, key), key)


def _mails(settings: SubscriberSettings) -> dict[str, EffectExecutor]:
    server, sender = settings.smtp_server, settings.email_from
    if server is None or sender is None:
        return {}
    from fulfillment.effects import mail
    from fulfillment.effects.mail_message import MailMessages

    refunds = settings.refund_mails
    messages = MailMessages(sender, settings.shop_url, time_zone=settings.time_zone, refunds=refunds)
    mailer, seconds = mail.Mailer(server, sender, messages), mail.SECONDS + _MARGIN_SECONDS

    async def notify_refund(order: Order, key: str) -> None:
        await mailer.notify_refund(order, key, object_of(key))

    return {
        SEND_RECEIPT: EffectExecutor(seconds, mailer.send_receipt),
        NOTIFY_PAYMENT_FAILED: EffectExecutor(seconds, mailer.notify_payment_failed),
        **({NOTIFY_REFUND: EffectExecutor(seconds, notify_refund)} if refunds else {}),
    }


def _announcements(settings: SubscriberSettings) -> dict[str, EffectExecutor]:
    if settings.order_events_topic is None:
        return {}
    announcer = Announcer(PubSubTopic(settings.project, settings.order_events_topic, settings.pubsub_emulator))
    of_statuses = {
        name: EffectExecutor(ANNOUNCE_SECONDS, functools.partial(announcer.announce, status))
        for name, status in ANNOUNCEMENTS.items()
    }
    return of_statuses | {ANNOUNCE_MONEY: EffectExecutor(ANNOUNCE_SECONDS, announcer.announce_money)}
