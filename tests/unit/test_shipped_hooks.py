"""The hooks.py that is delivered: every hook is there, runs, and prints no personal data."""

import pytest

import hooks
from fulfillment.domain.access import Access, Level
from fulfillment.domain.effects import HOOKS
from fulfillment.subscriber.executors import configured
from fulfillment.subscriber.settings import SubscriberSettings
from support.after_sale import dispute, refund
from support.builders import order

SETTINGS = SubscriberSettings.load({"GOOGLE_CLOUD_PROJECT": "shop", "STRIPE_LIVEMODE": "false"})
ORDER = order()
SAID = {
    "fulfill": "fulfilled cs_test_a1 (7693 usd), key k",
    "payment_failed": "payment failed for order cs_test_a1, key k",
    "access_changed": "access to order cs_test_a1 is revoked (number 17), key k",
    "refunded": "refund of 500 usd for order cs_test_a1: pending, key k",
    "disputed": "dispute of 7693 usd for order cs_test_a1: needs_response, key k",
}
SUBJECTS = {
    "access_changed": Access(level=Level.REVOKED, number=17),
    "refunded": refund(500, "pending"),
    "disputed": dispute("needs_response"),
}


def test_every_hook_that_an_order_can_owe_is_delivered() -> None:
    assert configured(SETTINGS, hooks).by_kind.keys() >= HOOKS
    assert SAID.keys() == HOOKS


@pytest.mark.parametrize("name", SAID)
def test_a_delivered_hook_says_what_it_was_told_and_names_no_buyer(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    about = [SUBJECTS[name]] if name in SUBJECTS else []
    getattr(hooks, name)(ORDER, *about, "k")
    said = capsys.readouterr().out
    assert said.splitlines()[-1] == SAID[name]
    assert not [each for each in ("jenny", "Jenny", "Oyster") if each in said]
