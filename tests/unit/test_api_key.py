"""Stripe's API key and the API's address."""

from pathlib import Path

import pytest

from fulfillment.settings.parsers import parse_api_key
from fulfillment.settings.secret_file import SecretFile
from fulfillment.subscriber.settings import SubscriberSettings
from support.environments import BASE, KEYED, LIVE, TEST, A, Clock, problems


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
