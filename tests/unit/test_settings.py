"""The environment: everything that is wrong is named at once, nothing secret is shown."""

import subprocess
import sys
import zoneinfo
from collections.abc import Iterator
from datetime import UTC
from importlib.resources import files
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from fulfillment.domain.order_filter import OrderFilter
from fulfillment.order_status.settings import OrderStatusSettings
from fulfillment.reconcile.settings import ReconcileSettings
from fulfillment.subscriber.settings import SubscriberSettings
from fulfillment.webhook.settings import WebhookSettings
from local.fakes.stripe_events import COMPLETED, event, session
from local.runtime.pipe import FUNCTIONS
from support.builders import parsed
from support.environments import BASE, KEYED, LIVE, TEST, WEBHOOK, A, problems


def test_defaults_are_the_contracts() -> None:
    webhook, subscriber = WebhookSettings.load(WEBHOOK), SubscriberSettings.load(BASE)
    assert (webhook.project, webhook.livemode, webhook.events_topic) == ("shop", True, "checkout-events")
    assert webhook.webhook_secrets() == (A,)
    assert (subscriber.dead_letter_topic, subscriber.database) == ("checkout-events-dead-letter", "(default)")
    assert (subscriber.collection, subscriber.order_filter) == ("orders", None)


def test_everything_that_is_wrong_is_named_at_once() -> None:
    said = problems(WebhookSettings, {"STRIPE_LIVEMODE": "yes", "EVENTS_TOPIC": "goog-x"})
    assert "GOOGLE_CLOUD_PROJECT is required" in said
    assert "STRIPE_LIVEMODE must be true (live mode) or false (test mode)" in said
    assert "EVENTS_TOPIC must be a Pub/Sub topic's id" in said
    assert "STRIPE_WEBHOOK_SECRETS or STRIPE_WEBHOOK_SECRETS_FILE is required" in said


def test_an_entry_point_asks_only_for_what_it_needs() -> None:
    assert SubscriberSettings.load(BASE).project == "shop"
    assert "STRIPE_WEBHOOK" in problems(WebhookSettings, BASE)


@pytest.mark.parametrize("name", ["Europe/Berlin", "America/Argentina/Ushuaia", "Etc/GMT+12", " Asia/Tokyo "])
def test_a_time_zone_is_told_by_its_name(name: str) -> None:
    assert SubscriberSettings.load(BASE | {"SHOP_TIME_ZONE": name}).time_zone == ZoneInfo(name.strip())


def test_the_time_zone_is_utc_where_nothing_is_said() -> None:
    assert SubscriberSettings.load(BASE).time_zone is UTC
    assert OrderStatusSettings.load(BASE | {"SHOP_TIME_ZONE": "UTC"}).time_zone is UTC
    assert "SHOP_TIME_ZONE" not in SubscriberSettings.load(BASE).left_out()


@pytest.mark.parametrize(
    "name",
    ["Berlin", "Europe", "Europe/", "europe/", "CEST", "+01:00", "../UTC", "/etc/passwd", "a\x00b", "zone.tab", "🕰"],
)
def test_a_time_zone_that_does_not_exist_stops_the_start(name: str) -> None:
    said = problems(SubscriberSettings, BASE | {"SHOP_TIME_ZONE": name})
    assert said == "SHOP_TIME_ZONE must be the IANA name of a time zone, such as Europe/Berlin or UTC"


@pytest.fixture
def zones(tmp_path: Path) -> Iterator[Path]:
    """Where the machine keeps its time zones."""
    zoneinfo.reset_tzpath([tmp_path])
    yield tmp_path
    zoneinfo.reset_tzpath()


@pytest.mark.parametrize(
    "name", ["localtime", "posixrules", "Factory", "right/UTC", "posix/Europe/Berlin", "europe/berlin"]
)
def test_a_time_zone_of_the_machines_own_is_no_iana_name(name: str, zones: Path) -> None:
    (zones / name).parent.mkdir(parents=True, exist_ok=True)
    (zones / name).write_bytes(files("tzdata").joinpath("zoneinfo", "Europe", "Berlin").read_bytes())
    assert ZoneInfo.no_cache(name)
    said = problems(OrderStatusSettings, BASE | {"SHOP_TIME_ZONE": name})
    assert said == "SHOP_TIME_ZONE must be the IANA name of a time zone, such as Europe/Berlin or UTC"


def test_a_machine_needs_no_time_zones_of_its_own() -> None:
    code = "from fulfillment.settings.parsers import time_zone; print(time_zone('Europe/Berlin')); time_zone('Nowhere')"
    env = {"PYTHONPATH": str(FUNCTIONS), "PYTHONTZPATH": ""}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=False)
    assert done.stdout == "Europe/Berlin\n"
    assert "must be the IANA name" in done.stderr


def test_blank_is_not_set() -> None:
    assert problems(SubscriberSettings, BASE | {"STRIPE_LIVEMODE": " "}) == "STRIPE_LIVEMODE is required"
    assert SubscriberSettings.load(BASE | {"ORDERS_COLLECTION": ""}).collection == "orders"


@pytest.mark.parametrize("text", ["", "shop=acme", "metadata.=x", "metadata.shop", "metadata.shop=", "payment_link=,"])
def test_a_filter_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must be metadata.KEY=VALUE or payment_link="):
        OrderFilter.parse(text)


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("metadata.shop=acme", True),
        ("metadata.shop=other, acme", True),
        ("metadata.shop=other", False),
        ("metadata.store=acme", False),
        ("metadata.n=1", False),
        ("payment_link=plink_1,plink_2", True),
        ("payment_link=plink_3", False),
    ],
)
def test_a_filter_says_which_sessions_are_ours(text: str, matches: bool) -> None:  # noqa: FBT001
    said = session("cs_test_a1", metadata={"shop": "acme", "n": [1]}, payment_link={"id": "plink_2"})
    assert OrderFilter.parse(text).matches(parsed(event(COMPLETED, said)).checkout) is matches


@pytest.mark.parametrize("name", ["Bad DB!", "a/b", "abc", "-abcd"])
def test_a_database_that_cannot_be_is_named(name: str) -> None:
    assert "FIRESTORE_DATABASE must be" in problems(SubscriberSettings, BASE | {"FIRESTORE_DATABASE": name})


@pytest.mark.parametrize("name", ["../x y", "A-B", "p"])
def test_a_project_that_cannot_be_is_named(name: str) -> None:
    assert "GOOGLE_CLOUD_PROJECT must be" in problems(SubscriberSettings, BASE | {"GOOGLE_CLOUD_PROJECT": name})


@pytest.mark.parametrize("name", ["a/b", "__x__", "ü", "a b"])
def test_a_collection_that_firestore_refuses_is_named(name: str) -> None:
    assert "ORDERS_COLLECTION must be" in problems(SubscriberSettings, BASE | {"ORDERS_COLLECTION": name})


def test_reconcile_needs_a_key() -> None:
    assert problems(ReconcileSettings, BASE) == "STRIPE_API_KEY or STRIPE_API_KEY_FILE is required"
    settings = ReconcileSettings.load(KEYED)
    assert settings.stripe_key() == LIVE
    assert (settings.since, settings.max_age_days, settings.late_minutes) == (None, 30, 30)
    assert (settings.grace_seconds, settings.run_seconds, settings.reads_per_second) == (20, 600, 10)
    assert settings.left_out() == ["ORDER_FILTER", "RECONCILE_SINCE"]


def test_a_key_in_a_file_is_a_key(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(LIVE)
    file = BASE | {"STRIPE_API_KEY_FILE": str(tmp_path / "key")}
    assert ReconcileSettings.load(file).stripe_key() == LIVE
    assert "contradict" in problems(ReconcileSettings, file | KEYED)
    assert "of test mode" in problems(ReconcileSettings, BASE | {"STRIPE_API_KEY": TEST})


def test_a_debt_is_left_alone_for_as_long_as_its_message_may_be_on_its_way() -> None:
    """Ten minutes between two deliveries, and as long again for the longest hook: before, a message is one too many."""
    assert "20 to 1440" in problems(ReconcileSettings, KEYED | {"RECONCILE_LATE_MINUTES": "19"})
    assert ReconcileSettings.load(KEYED | {"RECONCILE_LATE_MINUTES": "20"}).late_minutes == 20


@pytest.mark.parametrize(
    ("text", "since"),
    [
        ("2026-11-25", "2026-11-25T00:00:00+00:00"),
        ("2026-11-25T09:30:00Z", "2026-11-25T09:30:00+00:00"),
        ("2026-11-25T09:30:00+02:00", "2026-11-25T09:30:00+02:00"),
    ],
)
def test_a_moment_is_a_day_or_a_time_with_its_zone(text: str, since: str) -> None:
    found = ReconcileSettings.load(KEYED | {"RECONCILE_SINCE": text}).since
    assert found
    assert found.isoformat() == since


@pytest.mark.parametrize("text", ["yesterday", "2026-11-25T09:30:00", "20261125", "2026-13-01", "1795446600"])
def test_what_is_no_moment_is_refused(text: str) -> None:
    assert "RECONCILE_SINCE must be a day" in problems(ReconcileSettings, KEYED | {"RECONCILE_SINCE": text})


@pytest.mark.parametrize("text", ["0", "366", "-1", "1.5", "x", "9999999"])
def test_a_count_outside_its_limits_is_refused(text: str) -> None:
    said = problems(ReconcileSettings, KEYED | {"RECONCILE_MAX_AGE_DAYS": text})
    assert said == "RECONCILE_MAX_AGE_DAYS must be a whole number, 1 to 365"
