"""`scripts/ops reconcile`, between a stand-in of Stripe and the emulators."""

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from local.fakes.stripe_events import line_item, session
from support import deployments
from support.builders import paid_order
from support.emulated_shop import EmulatedShop
from support.operators import Operator

DAY = 86400


@pytest.fixture
def sold(operator: Operator, shop: EmulatedShop) -> Operator:
    """Three sales of which one has become an order, one of last week, and a cart that is not paid."""
    sales: dict[str, dict[str, Any]] = {
        "cs_test_1": {},
        "cs_test_2": {},
        "cs_test_3": {},
        "cs_test_old": {"created": int(time.time()) - 7 * DAY},
    }
    for name, changes in {**sales, "cs_test_open": {"status": "open"}}.items():
        operator.stripe.sessions[name] = session(name, **changes)
        operator.stripe.line_items[name] = [line_item()]
    shop.keep(paid_order("cs_test_1"))
    operator.env |= {**shop.env, "OPS_DEPLOYMENT": None}
    return operator


@pytest.mark.parametrize("dry", [[], ["--dry-run"]])
def test_without_yes_it_says_what_it_would_publish(sold: Operator, shop: EmulatedShop, dry: list[str]) -> None:
    shop.admin.keep("checkout-events")
    result = sold.runs("reconcile", "--since", "3d", *dry)
    assert result.exit_code == 0
    assert "compared: 3 sessions, 0 orders that are not paid, 1 that owe" in result.stdout
    assert "2 without an order" in result.stdout
    assert "would be published: 2\nDo it: --yes" in result.stdout
    assert shop.admin.take("checkout-events") == []


def test_what_is_found_is_published_and_fulfilled(sold: Operator, shop: EmulatedShop) -> None:
    with shop.open():
        told = shop.reports("reconcile", "--since", "30d", "--yes", **sold.env)
        assert (told["ok"], told["sessions"], told["missing"], told["published"]) == (True, 4, 3, 3)
        assert set(told["examples"]) == {"cs_test_2", "cs_test_3", "cs_test_old"}
        shop.until(lambda: set(shop.performed) == {"cs_test_2", "cs_test_3", "cs_test_old"})
        told = shop.reports("reconcile", "--since", "30d", **sold.env)
        assert (told["missing"], told["behind"], told["published"]) == (0, 0, 0)


def test_sales_of_another_product_are_not_ours(sold: Operator) -> None:
    sold.stripe.sessions["cs_test_2"]["metadata"] = {"shop": "ours"}
    told = sold.reports("reconcile", "--since", "3d", ORDER_FILTER="metadata.shop=ours")
    assert (told["sessions"], told["missing"], told["examples"]) == (3, 1, ["cs_test_2"])


def test_stripe_down_is_trouble_and_says_where_to_look(sold: Operator) -> None:
    sold.stripe.faults = [401]
    result = sold.runs("reconcile", "--since", "3d")
    assert (result.exit_code, "Stripe answered 401" in result.stderr) == (1, True)


def test_it_asks_for_a_payment_as_long_as_the_function_does(sold: Operator, shop: EmulatedShop) -> None:
    waits = paid_order("cs_test_waits", payment_status="unpaid")
    shop.keep(replace(waits, created_at=datetime.now(UTC) - timedelta(days=40)))
    sold.stripe.sessions["cs_test_waits"] = session("cs_test_waits", created=int(time.time()) - 40 * DAY)
    for days, behind in ((30, 0), (60, 1)):
        planned = deployments.told()["reconcile"]
        planned["limits"]["max_age_days"] = days
        sold.has(project=shop.project, database="(default)", reconcile=planned)
        file = str(sold.folder / "deployment.json")
        assert sold.reports("reconcile", "--since", "3d", "--deployment", file)["behind"] == behind


@pytest.mark.parametrize("args", [[], ["--since", "some day"]])
def test_without_a_time_nothing_is_asked(sold: Operator, args: list[str]) -> None:
    assert sold.runs("reconcile", *args).exit_code == 2
    assert sold.stripe.reads == []
