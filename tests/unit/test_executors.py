"""Which effects a deployment can perform, by its settings and hooks."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from fulfillment.domain.order import Order
from fulfillment.errors import ConfigurationError
from fulfillment.subscriber.executors import configured, stripe_api
from fulfillment.subscriber.settings import SubscriberSettings

SETTINGS = SubscriberSettings(project="shop", livemode=False)


def hooks_file(**functions: object) -> SimpleNamespace:
    return SimpleNamespace(**functions)


def test_only_what_is_configured_is_owed() -> None:
    def hook(_order: Order, _key: str) -> None:
        """Does nothing."""

    assert set(configured(SETTINGS, hooks_file(fulfill=hook)).by_kind) == {"fulfill"}
    both = configured(SETTINGS, hooks_file(fulfill=hook, payment_failed=hook)).by_kind
    assert set(both) == {"fulfill", "payment_failed"}
    announcing = replace(SETTINGS, order_events_topic="order-events", hook_timeout=60, hold_on_review=True)
    executors = configured(announcing, hooks_file(fulfill=hook))
    assert {name for name in executors.by_kind if name.startswith("announce_")} == {
        *("announce_awaiting_payment", "announce_payment_failed", "announce_paid", "announce_fulfilled"),
        "announce_money",
    }
    assert executors.lease == 90
    assert executors.hold_on_review


def test_hooks_without_fulfill_stop_the_start() -> None:
    with pytest.raises(ConfigurationError, match="hooks.py must have a function fulfill"):
        configured(SETTINGS, hooks_file())


HOOKS = {
    "fulfill": "order, key",
    "payment_failed": "order, key",
    "access_changed": "order, access, key",
    "refunded": "order, refund, key",
    "disputed": "order, dispute, key",
}


def function_of(arguments: int) -> object:
    """A hook with so many arguments."""
    return [lambda: None, lambda _a: None, lambda _a, _b: None, lambda _a, _b, _c: None, lambda _a, _b, _c, _d: None][
        arguments
    ]


@pytest.mark.parametrize("name", HOOKS)
@pytest.mark.parametrize("arguments", range(5))
def test_a_hook_that_cannot_be_called_stops_the_start_with_one_line(name: str, arguments: int) -> None:
    hooks: dict[str, object] = {"fulfill": print, name: function_of(arguments)}
    if arguments == HOOKS[name].count(",") + 1:
        assert name in configured(SETTINGS, hooks_file(**hooks)).by_kind
        return
    with pytest.raises(ConfigurationError) as refused:
        configured(SETTINGS, hooks_file(**hooks))
    assert str(refused.value) == f"hooks.py: {name} must take ({HOOKS[name]})"


@pytest.mark.parametrize("name", [each for each in HOOKS if each != "fulfill"])
def test_a_hook_may_be_left_out_and_what_is_no_function_is_none(name: str) -> None:
    assert name not in configured(SETTINGS, hooks_file(fulfill=print)).by_kind
    assert name not in configured(SETTINGS, hooks_file(fulfill=print, **{name: None})).by_kind


def test_a_key_and_a_mail_server_make_line_items_and_mails_owed() -> None:
    env = {"GOOGLE_CLOUD_PROJECT": "shop", "STRIPE_LIVEMODE": "false", "STRIPE_API_KEY": "sk_test_0123456789"}
    env |= {"SMTP_URL": "smtp+insecure://127.0.0.1:1025", "EMAIL_FROM": "shop@example.com"}
    settings = SubscriberSettings.load(env)
    executors = configured(settings, hooks_file(fulfill=print), stripe_api(settings))
    assert set(executors.by_kind) == {"load_line_items", "fulfill", "send_receipt", "notify_payment_failed"}
    assert executors.lease == 65
