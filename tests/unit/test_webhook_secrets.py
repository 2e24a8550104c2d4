"""Signing secrets, from the environment or from a file: what is refused, and what is never shown."""

import threading
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fulfillment.settings.hosts import SmtpServer
from fulfillment.settings.parsers import parse_api_key, parse_webhook_secrets
from fulfillment.settings.secret_file import SecretFile
from fulfillment.subscriber.settings import SubscriberSettings
from fulfillment.webhook.settings import WebhookSettings
from support.environments import BASE, KEYED, LIVE, WEBHOOK, A, B, Clock, problems
from support.waiting import LONG


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
