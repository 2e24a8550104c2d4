"""The environment: everything that is wrong is named at once, nothing secret is shown."""

import subprocess
import sys
import threading
import time
import zoneinfo
from collections.abc import Iterator
from datetime import UTC
from importlib.resources import files
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fulfillment.domain.order_filter import OrderFilter
from fulfillment.errors import ConfigurationError
from fulfillment.order_status.settings import OrderStatusSettings
from fulfillment.reconcile.settings import ReconcileSettings
from fulfillment.settings.base import Settings
from fulfillment.settings.hosts import SmtpServer
from fulfillment.settings.parsers import parse_api_key, parse_webhook_secrets
from fulfillment.settings.secret_file import SecretFile
from fulfillment.subscriber.settings import SubscriberSettings
from fulfillment.webhook.settings import WebhookSettings
from local.fakes.stripe_events import COMPLETED, event, session
from local.runtime.pipe import FUNCTIONS
from support.builders import parsed
from support.waiting import LONG

A, B = "whsec_" + "a" * 32, "whsec_" + "b" * 32
BASE = {"GOOGLE_CLOUD_PROJECT": "shop", "STRIPE_LIVEMODE": "true"}
WEBHOOK = BASE | {"STRIPE_WEBHOOK_SECRETS": A}
LIVE, TEST = "rk_live_" + "a" * 32, "sk_test_" + "b" * 32
KEYED = BASE | {"STRIPE_API_KEY": LIVE}


def problems(kind: type[Settings], env: dict[str, str]) -> str:
    with pytest.raises(ConfigurationError) as error:
        kind.load(env)
    return str(error.value)


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


def test_secrets_in_two_places_are_a_contradiction(tmp_path: Path) -> None:
    (tmp_path / "s").write_text(A)
    assert "contradict each other" in problems(
        WebhookSettings, WEBHOOK | {"STRIPE_WEBHOOK_SECRETS_FILE": str(tmp_path / "s")}
    )


@pytest.mark.parametrize(
    "text", [f"{A},{B}", f" {A}\n{B}\n", f"{A} , {B}", f"\t{A}\r\n,{B},", f"{A};{B}", f";{A} ; {B};"]
)
def test_several_secrets_are_separated_by_commas_semicolons_or_whitespace(text: str) -> None:
    assert parse_webhook_secrets(text) == (A, B)


@pytest.mark.parametrize("text", [f"{A}{B}", f"{B},{A}{B}", f"{A}{B}{A};{B}", f"whsec_{A}", f"{A[:9]}{B}"])
def test_secrets_that_nothing_separates_are_refused_and_not_shown(text: str) -> None:
    """As one they sign nothing that Stripe sends."""
    with pytest.raises(ValueError, match="put a comma or a line break between") as error:
        parse_webhook_secrets(text)
    assert not [each for each in ("aaa", "bbb") if each in str(error.value)]


@pytest.mark.parametrize("text", ["", ",", "whsec_", "whsec_short", "sk_live_" + "a" * 32, f"{A},oops"])
def test_a_secret_that_is_empty_short_or_none_is_refused_and_not_shown(text: str) -> None:
    with pytest.raises(ValueError, match="signing secrets") as error:
        parse_webhook_secrets(text)
    assert "oops" not in str(error.value)
    assert "aaaa" not in str(error.value)


UNSEEN = [
    "\u200b",
    "\ufeff",
    "\xa0",
    "\u202f",
    "\u3000",
    "\u2060",
    "\xad",
    "\u200e",
    "\ufe0f",
    "\x00",
    "\x1b",
    "\x7f",
    "\x85",
]
FOREIGN = [*UNSEEN, "\uff41", "é", "\u2013", "\u201c", "\u0430", "😀", "\ud800", "\udcff"]
PARSERS = {
    "STRIPE_WEBHOOK_SECRETS": (parse_webhook_secrets, A),
    "STRIPE_API_KEY": (parse_api_key, LIVE),
    "SMTP_URL": (SmtpServer.parse, "smtps://shop:aaaaaaaa@smtp.example.com:465"),
}


@pytest.mark.parametrize("foreign", FOREIGN, ids=ascii)
@pytest.mark.parametrize("name", PARSERS)
def test_a_foreign_character_in_a_secret_is_refused_and_its_place_is_said_and_no_more(name: str, foreign: str) -> None:
    """A zero-width space that came along with a copy is invisible, and no event would ever be Stripe's."""
    parse, secret = PARSERS[name]
    for place in (0, len(secret) // 2, len(secret)):
        text = secret[:place] + foreign + secret[place:]
        with pytest.raises(ValueError, match=f"as character {place + 1} of {len(text)}: copy it again") as error:
            parse(text)
        assert "aaaa" not in str(error.value)
        assert str(error.value).isascii() or foreign not in str(error.value)


@pytest.mark.parametrize("foreign", ["\u200b", "\ufeff", "\xa0"], ids=ascii)
def test_a_character_that_cannot_be_seen_stops_the_start_and_is_named(foreign: str, tmp_path: Path) -> None:
    said = problems(WebhookSettings, WEBHOOK | {"STRIPE_WEBHOOK_SECRETS": A + foreign})
    assert f"STRIPE_WEBHOOK_SECRETS holds U+{ord(foreign):04X}, which cannot be seen, as character 39 of 39" in said
    (tmp_path / "s").write_text(foreign + A, "utf-8")
    said = problems(WebhookSettings, BASE | {"STRIPE_WEBHOOK_SECRETS_FILE": str(tmp_path / "s")})
    assert f"STRIPE_WEBHOOK_SECRETS_FILE holds U+{ord(foreign):04X}, which cannot be seen, as character 1 of 39" in said


@pytest.mark.parametrize(
    "text", [f'"{A}"', f"'{A}'", f"<{A}>", f'{A}"', f"{A}.", f"{A[:9]}…{A[9:]}", f"{A}\\n", f"[{A}]"]
)
def test_a_secret_with_what_stood_around_it_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="without quotes or brackets|beyond ASCII"):
        parse_webhook_secrets(text)


@given(st.text())
def test_what_is_taken_for_signing_secrets_is_plain_ascii(text: str) -> None:
    try:
        taken = parse_webhook_secrets(f"{A}{text}")
    except ValueError as error:
        assert "aaaa" not in str(error)  # noqa: PT017
    else:
        assert all(each.isascii() and each.isprintable() for each in taken)


def test_no_secret_is_in_the_representation() -> None:
    assert "aaaa" not in repr(WebhookSettings.load(WEBHOOK))


def test_what_is_left_out_is_listed() -> None:
    left_out = SubscriberSettings.load(BASE).left_out()
    assert {"ORDER_FILTER", "STRIPE_API_KEY", "SMTP_URL", "ORDER_EVENTS_TOPIC"} <= set(left_out)
    assert not any(name.endswith(("_FILE", "_EMULATOR_HOST")) for name in left_out)
    assert "STRIPE_API_KEY" not in SubscriberSettings.load(KEYED).left_out()


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_rotated_secret_is_in_force_after_ten_seconds_without_a_deploy(tmp_path: Path) -> None:
    file, clock = tmp_path / "secret", Clock()
    file.write_text(A)
    secrets = SecretFile(file, parse_webhook_secrets, clock)
    file.write_text(f"{A}\n{B}")
    clock.now = 9.9
    assert secrets() == (A,)
    clock.now = 10
    assert secrets() == (A, B)


@pytest.mark.parametrize("content", [None, "", "rubbish", "\udc00"])
def test_a_file_that_became_unreadable_keeps_the_last_good_secrets(tmp_path: Path, content: str | None) -> None:
    file, clock = tmp_path / "secret", Clock()
    file.write_text(A)
    secrets = SecretFile(file, parse_webhook_secrets, clock)
    file.unlink() if content is None else file.write_bytes(content.encode("utf-8", "surrogatepass"))
    clock.now = 60
    assert secrets() == (A,)
    file.write_text(B)
    clock.now = 120
    assert secrets() == (B,)


def test_secrets_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(A)
    settings = WebhookSettings.load(BASE | {"STRIPE_WEBHOOK_SECRETS_FILE": str(tmp_path / "secret")})
    assert settings.webhook_secrets() == (A,)


def test_a_file_that_is_missing_at_start_is_named(tmp_path: Path) -> None:
    said = problems(WebhookSettings, BASE | {"STRIPE_WEBHOOK_SECRETS_FILE": str(tmp_path / "none")})
    assert said == "STRIPE_WEBHOOK_SECRETS_FILE cannot be read (FileNotFoundError)"


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


def key(env: dict[str, str]) -> str | None:
    tell = SubscriberSettings.load(env).stripe_key
    return tell() if tell else None


def test_an_api_key_is_optional_and_stripes_own_address_the_default() -> None:
    assert key(BASE) is None
    assert key(KEYED) == LIVE
    assert SubscriberSettings.load(BASE).api_base == "https://api.stripe.com"


def test_an_api_key_from_a_file_is_stripped_and_read_again(tmp_path: Path) -> None:
    file, clock = tmp_path / "key", Clock()
    file.write_text(f"{LIVE}\n")
    assert key(BASE | {"STRIPE_API_KEY_FILE": str(file)}) == LIVE
    tell = SecretFile(file, parse_api_key, clock)
    file.write_text(f" {TEST} ")
    clock.now = 10
    assert tell() == TEST


@pytest.mark.parametrize("text", ["pk_live_" + "a" * 32, A, "sk_" + "a" * 32, "sk_live_", "sk_live_aaaa aaaaaaaa"])
def test_an_api_key_that_is_none_is_refused_and_not_shown(text: str) -> None:
    said = problems(SubscriberSettings, BASE | {"STRIPE_API_KEY": text})
    assert said.startswith("STRIPE_API_KEY must be a secret or restricted key: ")
    assert "aaaa" not in said


def test_two_api_keys_that_were_pasted_together_are_refused_and_not_shown() -> None:
    said = problems(SubscriberSettings, BASE | {"STRIPE_API_KEY": f"{TEST}{TEST}"})
    assert said == "STRIPE_API_KEY must be one key: two run into each other"


@pytest.mark.parametrize(
    ("livemode", "given", "said"),
    [
        ("true", TEST, "the Stripe API key is of test mode, but STRIPE_LIVEMODE=true means live mode"),
        ("false", LIVE, "the Stripe API key is of live mode, but STRIPE_LIVEMODE=false means test mode"),
    ],
)
def test_an_api_key_of_the_other_mode_is_refused_and_not_shown(
    tmp_path: Path, livemode: str, given: str, said: str
) -> None:
    (tmp_path / "key").write_text(given)
    base = BASE | {"STRIPE_LIVEMODE": livemode}
    assert problems(SubscriberSettings, base | {"STRIPE_API_KEY": given}) == said
    assert problems(SubscriberSettings, base | {"STRIPE_API_KEY_FILE": str(tmp_path / "key")}) == said


@pytest.mark.parametrize("livemode", ["true", "false"])
@pytest.mark.parametrize("key", ["sk_org_0123456789abcdef", "rk_org_0123456789abcdef"])
def test_an_organizations_key_goes_with_both_modes(livemode: str, key: str) -> None:
    settings = SubscriberSettings.load(BASE | {"STRIPE_LIVEMODE": livemode, "STRIPE_API_KEY": key})
    assert settings.stripe_key
    assert settings.stripe_key() == key


def test_two_api_keys_are_a_contradiction(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(LIVE)
    said = problems(SubscriberSettings, KEYED | {"STRIPE_API_KEY_FILE": str(tmp_path / "key")})
    assert said == "STRIPE_API_KEY and STRIPE_API_KEY_FILE contradict each other: set one of them"


def test_a_wrong_livemode_is_not_blamed_on_the_api_key() -> None:
    said = problems(SubscriberSettings, KEYED | {"STRIPE_LIVEMODE": "yes"})
    assert said == "STRIPE_LIVEMODE must be true (live mode) or false (test mode)"


def test_no_api_key_is_in_the_representation(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(LIVE)
    for env in (KEYED, BASE | {"STRIPE_API_KEY_FILE": str(tmp_path / "key")}):
        assert "aaaa" not in repr(SubscriberSettings.load(env))


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("https://api.stripe.com/", "https://api.stripe.com"),
        ("https://proxy.example.com:8443/stripe", "https://proxy.example.com:8443/stripe"),
        ("http://127.0.0.1:4242", "http://127.0.0.1:4242"),
        ("http://localhost:4242/", "http://localhost:4242"),
        ("http://[::1]:4242", "http://[::1]:4242"),
    ],
)
def test_the_api_is_at_an_encrypted_address_or_on_loopback(text: str, read: str) -> None:
    assert SubscriberSettings.load(BASE | {"STRIPE_API_BASE": text}).api_base == read


@pytest.mark.parametrize(
    "text",
    [
        "http://api.stripe.com",
        "http://127.0.0.1.example.com",
        "http://10.0.0.1",
        "api.stripe.com",
        "https://",
        "https://user@api.stripe.com",
        "https://api.stripe.com?x=1",
        "https://api.stripe.com#x",
        "https://[::1",
        "ftp://localhost",
    ],
)
def test_an_address_that_would_show_the_key_is_refused(text: str) -> None:
    said = problems(SubscriberSettings, BASE | {"STRIPE_API_BASE": text})
    assert said.startswith("STRIPE_API_BASE ")


def test_a_secret_that_is_read_late_is_adopted_when_it_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A mounted secret is fetched when it is read: no caller waits long for that, and it is not thrown away."""
    monkeypatch.setattr("fulfillment.settings.secret_file.SECRET_READ_SECONDS", 0.01)
    file, clock, go = tmp_path / "secret", Clock(), threading.Event()
    file.write_text(A)

    def parse(text: str) -> tuple[str, ...]:
        if clock.now:
            go.wait(10)
        return parse_webhook_secrets(text)

    secrets = SecretFile(file, parse, clock)
    file.write_text(B)
    clock.now = 10
    assert secrets() == (A,)
    assert '"outcome": "stale_secret"' in capsys.readouterr().out
    assert secrets() == (A,)
    go.set()
    deadline = time.monotonic() + LONG
    while secrets() != (B,):
        assert time.monotonic() < deadline
        time.sleep(0.01)


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
