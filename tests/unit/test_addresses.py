"""What mail settings and buyers' addresses may be, and what is refused without being shown."""

from email import message_from_string
from email.message import EmailMessage
from email.policy import SMTPUTF8, default
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fulfillment.addresses import Security, SmtpServer, mailbox, parse_sender, parse_shop_url
from fulfillment.errors import ConfigurationError
from fulfillment.settings import SubscriberSettings
from mail_samples import HOSTILE_ADDRESSES

BASE = {"GOOGLE_CLOUD_PROJECT": "shop", "STRIPE_LIVEMODE": "true"}
URL, SENDER = "smtps://shop:s3cr%40t@smtp.example.com:465", "Shop <orders@shop.example>"


def test_a_server_is_read_from_its_url() -> None:
    server = SmtpServer.parse(f"{URL}\n")
    assert (server.security, server.host, server.port) == (Security.TLS, "smtp.example.com", 465)
    assert (server.user, server.password) == ("shop", "s3cr@t")
    assert SmtpServer.parse("smtp://a%40b.c:p%C3%A4%2F@h:587").password == "pä/"
    assert SmtpServer.parse("smtp://relay.example:587").user is None
    assert SmtpServer.parse("smtp+insecure://[::1]:1025").host == "::1"


@pytest.mark.parametrize(
    "url",
    [
        "smtp.example.com:465",
        "http://u:s3cret@h:465",
        "smtps://h",
        "smtps://u@h:465",
        "smtps://u:s3cret@h:0",
        "smtps://u:s3cret@h:65536",
        "smtps://u:s3cret@h:465/x",
        "smtps://u:s3cret@h:465?tls=no",
        "smtps://u:s3c@ret@h:465",
        "smtps://u:s3cret%@h:465",
        "smtps://u:s3cret%0D%0A@h:465",
        "smtps://u:s3cret%ff@h:465",
        "smtp+insecure://10.0.0.1:25",
        "smtp+insecure://smtp.example.com:25",
        "smtp+insecure://u:s3cret@127.0.0.1:1025",
    ],
)
def test_any_other_server_is_refused_by_a_rule_that_shows_no_password(url: str) -> None:
    with pytest.raises(ValueError, match=r"must be smtps://.*STARTTLS.*on loopback only") as error:
        SmtpServer.parse(url)
    assert "s3c" not in str(error.value)


def test_no_password_is_in_the_representation() -> None:
    assert "s3cr" not in repr(SubscriberSettings.load(BASE | {"SMTP_URL": URL, "EMAIL_FROM": SENDER}))


def test_without_a_server_nothing_of_mail_is_required() -> None:
    settings = SubscriberSettings.load(BASE)
    assert settings.smtp_server is None
    assert {"SMTP_URL", "EMAIL_FROM", "SHOP_URL"} <= set(settings.left_out())


def test_with_a_server_a_missing_sender_is_named() -> None:
    with pytest.raises(ConfigurationError, match=r"^EMAIL_FROM is required with SMTP_URL$"):
        SubscriberSettings.load(BASE | {"SMTP_URL": URL})


def test_a_server_in_two_places_is_a_contradiction(tmp_path: Path) -> None:
    (tmp_path / "url").write_text(URL)
    both = {"SMTP_URL": URL, "SMTP_URL_FILE": str(tmp_path / "url"), "EMAIL_FROM": SENDER}
    with pytest.raises(ConfigurationError, match="SMTP_URL and SMTP_URL_FILE contradict each other"):
        SubscriberSettings.load(BASE | both)


def test_a_server_is_read_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "url").write_text(f"{URL}\n")
    settings = SubscriberSettings.load(BASE | {"SMTP_URL_FILE": str(tmp_path / "url"), "EMAIL_FROM": SENDER})
    assert settings.smtp_server is not None
    assert settings.smtp_server() == SmtpServer.parse(URL)


def test_what_is_wrong_with_mail_is_named_beside_the_rest() -> None:
    wrong = {"SMTP_URL": "smtp://x", "EMAIL_FROM": "nobody", "SHOP_URL": "http://shop.example"}
    with pytest.raises(ConfigurationError) as error:
        SubscriberSettings.load(BASE | wrong)
    assert all(f"{name} must be" in str(error.value) for name in wrong)


@pytest.mark.parametrize(
    ("text", "name", "address"),
    [
        ("orders@shop.example", "", "orders@shop.example"),
        ("Shop <orders@shop.example>", "Shop", "orders@shop.example"),
        ('"Paper, Ink & Co." <orders@shop.example>', "Paper, Ink & Co.", "orders@shop.example"),
        ("Bücher <orders@bücher.example>", "Bücher", "orders@xn--bcher-kva.example"),
    ],
)
def test_a_sender_has_an_address_and_maybe_a_name(text: str, name: str, address: str) -> None:
    sender = parse_sender(text)
    assert (sender.display_name, sender.addr_spec) == (name, address)


@pytest.mark.parametrize("text", ["", "x", "a@b.c, d@e.f", "A <a@b.c>, B <d@e.f>", "A\n<a@b.c>", "ü@b.c", "<a@b.c"])
def test_any_other_sender_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must be"):
        parse_sender(text)


@pytest.mark.parametrize(
    "url", ["https://shop.example", "https://shop.example:8443/a?b=c&d#e", "http://localhost:3000/"]
)
def test_the_shop_is_a_safe_address(url: str) -> None:
    assert parse_shop_url(url) == url


@pytest.mark.parametrize(
    "url",
    ["http://shop.example", "javascript:alert(1)", "https://", "https://u:p@x.example", 'https://x/"', "https://x/ y"],
)
def test_any_other_shop_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="must be an https:// address"):
        parse_shop_url(url)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("jenny+shop.1@example.com", "jenny+shop.1@example.com"),
        ("o'brien@mail.example.co.uk", "o'brien@mail.example.co.uk"),
        ("jenny@bücher.example", "jenny@xn--bcher-kva.example"),
        ("jörg@example.com", "jörg@example.com"),
    ],
)
def test_a_buyers_address_is_one_mailbox(text: str, address: str) -> None:
    assert mailbox(text).addr_spec == address


@pytest.mark.parametrize("text", HOSTILE_ADDRESSES)
def test_a_hostile_address_is_refused_and_not_shown(text: str) -> None:
    with pytest.raises(ValueError, match=r"^must be one e-mail address, as in name@example.com$"):
        mailbox(text)


pieces = st.sampled_from([*"ab.@,;:<>()[]\"\\' \r\n\t\x00%", "Bcc: ", "\u2028", "\u202e", "ü", "．", "＠", "c@d.e"])  # noqa: RUF001


@example("üc@d.e")
@given(st.lists(pieces, max_size=12).map("".join) | st.text(max_size=20) | st.emails())
def test_whatever_the_address_there_is_one_recipient_or_none(text: str) -> None:
    try:
        address = mailbox(text)
    except ValueError:
        return
    message = EmailMessage(SMTPUTF8)
    message["To"] = address
    assert message["To"].addresses == (address,)
    mail = message_from_string(bytes(message).decode(), policy=default)  # as bytes Python reads no UTF-8 in headers
    assert (mail.keys(), mail["To"].addresses, mail.get_content()) == (["To"], (address,), "")
