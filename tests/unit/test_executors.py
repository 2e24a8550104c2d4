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


@pytest.mark.parametrize("name", ["fulfill", "payment_failed"])
def test_hooks_that_cannot_be_called_with_an_order_and_its_key_stop_the_start(name: str) -> None:
    hooks: dict[str, object] = {"fulfill": print, name: lambda order: order}
    with pytest.raises(ConfigurationError, match=rf"hooks.py: {name} must take \(order, key\)"):
        configured(SETTINGS, hooks_file(**hooks))


def test_a_key_and_a_mail_server_make_line_items_and_mails_owed() -> None:
    env = {"GOOGLE_CLOUD_PROJECT": "shop", "STRIPE_LIVEMODE": "false", "STRIPE_API_KEY": "sk_test_0123456789"}
    env |= {"SMTP_URL": "smtp+insecure://127.0.0.1:1025", "EMAIL_FROM": "shop@example.com"}
    settings = SubscriberSettings.load(env)
    executors = configured(settings, hooks_file(fulfill=print), stripe_api(settings))
    assert set(executors.by_kind) == {"load_line_items", "fulfill", "send_receipt", "notify_payment_failed"}
    assert executors.lease == 65
