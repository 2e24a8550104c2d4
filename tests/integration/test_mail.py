"""Mails over real SMTP: what arrives, over which connections, and what each refusal becomes."""

import asyncio
import re
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from fulfillment import mail
from fulfillment.domain.checkout import Customer
from fulfillment.domain.status import Status
from fulfillment.errors import ConfigurationError, MailRefused, MailServerUnavailable
from fulfillment.mail import Mailer
from fulfillment.settings import MailSettings
from local.processes import free_ports
from mail_samples import HOSTILE_ADDRESSES, KEY, order, part, read, sent_to
from smtp_servers import Post, certificate, serving

LOGIN = "shop:s3cr%40t@"


def mailer(url: str) -> Mailer:
    env = {"GOOGLE_CLOUD_PROJECT": "shop", "STRIPE_LIVEMODE": "false", "SMTP_URL": url}
    return Mailer(MailSettings.load(env | {"EMAIL_FROM": "Shop <orders@shop.example>"}))


@pytest.fixture
def post() -> Post:
    return Post()


@pytest.fixture
async def plain(post: Post) -> AsyncIterator[Mailer]:
    async with serving(post, enable_SMTPUTF8=True) as port:
        yield mailer(f"smtp+insecure://127.0.0.1:{port}")


@pytest.fixture
def trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """A server's context, whose certificate this process trusts."""
    pem, context = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    return context


async def test_a_receipt_arrives_at_the_buyer_and_nobody_else(plain: Mailer, post: Post) -> None:
    await plain.send_receipt(order(), KEY)
    (envelope,) = post.envelopes
    assert (envelope.mail_from, envelope.rcpt_tos) == ("orders@shop.example", ["jenny@example.com"])
    assert isinstance(envelope.content, bytes)
    received = read(envelope.content)
    assert received["Subject"] == "Your receipt from Shop"
    assert "Total: $76.93" in part(received, "plain")
    assert "$76.93" in part(received, "html")


async def test_a_failed_payment_is_told(plain: Mailer, post: Post) -> None:
    await plain.notify_payment_failed(order(Status.PAYMENT_FAILED), KEY)
    assert isinstance(post.envelopes[0].content, bytes)
    assert "did not come through" in read(post.envelopes[0].content)["Subject"]


async def test_a_mail_sent_twice_is_known_by_its_message_id(plain: Mailer, post: Post) -> None:
    await plain.send_receipt(order(), KEY)
    await plain.send_receipt(order(), KEY)
    ids = {re.findall(rb"Message-ID: (.*)\r\n", each.original_content or b"")[0] for each in post.envelopes}
    assert (len(post.envelopes), len(ids)) == (2, 1)


@pytest.mark.parametrize("customer", [None, Customer(), Customer(email="")])
async def test_a_buyer_without_an_address_is_no_error(customer: Customer | None) -> None:
    await mailer("smtp+insecure://127.0.0.1:1").send_receipt(order(customer=customer), KEY)


@pytest.mark.parametrize("email", HOSTILE_ADDRESSES)
async def test_a_hostile_address_reaches_no_server(plain: Mailer, post: Post, email: str) -> None:
    with pytest.raises(MailRefused):
        await plain.send_receipt(sent_to(email), KEY)
    assert post.envelopes == []


async def test_an_address_beyond_ascii_needs_a_server_that_takes_it(plain: Mailer, post: Post) -> None:
    await plain.send_receipt(sent_to("jörg@bücher.example"), KEY)
    assert post.envelopes[0].rcpt_tos == ["jörg@xn--bcher-kva.example"]
    async with serving(post) as port:
        with pytest.raises(MailRefused, match="letters beyond ASCII"):
            await mailer(f"smtp+insecure://127.0.0.1:{port}").send_receipt(sent_to("jörg@b.example"), KEY)


async def test_starttls_goes_before_the_login(post: Post, trusted: ssl.SSLContext) -> None:
    options: dict[str, Any] = {"require_starttls": True, "auth_required": True, "authenticator": post.authenticate}
    async with serving(post, tls_context=trusted, **options) as port:
        await mailer(f"smtp://{LOGIN}127.0.0.1:{port}").send_receipt(order(), KEY)
    assert (len(post.envelopes), post.logins) == (1, [(b"shop", b"s3cr@t")])


async def test_tls_from_the_first_byte(post: Post, trusted: ssl.SSLContext) -> None:
    options: dict[str, Any] = {"auth_require_tls": False, "authenticator": post.authenticate}
    async with serving(post, tls=trusted, **options) as port:
        await mailer(f"smtps://{LOGIN}127.0.0.1:{port}").send_receipt(order(), KEY)
    assert (len(post.envelopes), post.logins) == (1, [(b"shop", b"s3cr@t")])


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
@pytest.mark.parametrize("flaw", ["unknown issuer", "another name"])
async def test_a_certificate_that_does_not_verify_gets_no_password(
    post: Post, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scheme: str, flaw: str
) -> None:
    pem, context = certificate(tmp_path, "127.0.0.2" if flaw == "another name" else "127.0.0.1")
    if flaw == "another name":
        monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    ways: dict[str, dict[str, Any]] = {
        "smtp": {"tls_context": context},
        "smtps": {"tls": context, "auth_require_tls": False},
    }
    async with serving(post, authenticator=post.authenticate, **ways[scheme]) as port:
        with pytest.raises(MailServerUnavailable, match="no safe connection.*certificate"):
            await mailer(f"{scheme}://{LOGIN}127.0.0.1:{port}").send_receipt(order(), KEY)
    assert (post.logins, post.envelopes) == ([], [])


async def test_without_starttls_neither_password_nor_mail_is_sent(post: Post) -> None:
    async with serving(post, auth_require_tls=False, authenticator=post.authenticate) as port:
        with pytest.raises(MailServerUnavailable, match="STARTTLS"):
            await mailer(f"smtp://{LOGIN}127.0.0.1:{port}").send_receipt(order(), KEY)
    assert (post.logins, post.envelopes) == ([], [])


async def test_a_wrong_password_waits_for_a_person_and_is_not_shown(post: Post, trusted: ssl.SSLContext) -> None:
    async with serving(post, tls_context=trusted, authenticator=post.authenticate) as port:
        with pytest.raises(MailServerUnavailable, match=r"turned us away: 535 \(AuthenticationError\)") as error:
            await mailer(f"smtp://shop:wr0ng@127.0.0.1:{port}").send_receipt(order(), KEY)
    assert "wr0ng" not in str(error.value)
    assert post.envelopes == []


@pytest.mark.parametrize(
    ("replies", "kind", "said"),
    [
        ({"RCPT": "550 5.1.1 <jenny@example.com>: unknown"}, MailRefused, "refused the recipient: 550 5.1.1"),
        ({"RCPT": "553 jenny@example.com"}, MailRefused, "refused the recipient: 553"),
        ({"DATA": "554 5.7.1 jenny@example.com is spam"}, MailServerUnavailable, "the mail for now: 554 5.7.1"),
        ({"RCPT": "554 5.7.1 Relay access denied"}, MailServerUnavailable, "the recipient for now: 554 5.7.1"),
        ({"RCPT": "552 5.2.2 mailbox full"}, MailServerUnavailable, "the recipient for now: 552 5.2.2"),
        ({"RCPT": "450 4.2.1 jenny@example.com"}, MailServerUnavailable, "the recipient for now: 450 4.2.1"),
        ({"RCPT": "530 5.7.0 log in, jenny@example.com"}, MailServerUnavailable, "the recipient for now: 530 5.7.0"),
        ({"DATA": "550 5.4.5 Daily limit exceeded"}, MailServerUnavailable, "the mail for now: 550 5.4.5"),
        ({"DATA": "451 greylisted jenny@example.com"}, MailServerUnavailable, "the mail for now: 451"),
        ({"MAIL": "550 orders@shop.example is not yours"}, MailServerUnavailable, "did not take the mail: 550"),
        ({"MAIL": "421 too busy"}, MailServerUnavailable, "did not take the mail"),
    ],
)
async def test_every_refusal_says_whether_to_try_again_and_shows_no_address(
    plain: Mailer, post: Post, replies: dict[str, str], kind: type[Exception], said: str
) -> None:
    post.replies = replies
    with pytest.raises(kind) as error:
        await plain.send_receipt(order(), KEY)
    assert said in str(error.value)
    assert "@" not in str(error.value)
    assert error.value.__suppress_context__
    assert post.envelopes == []


async def test_a_server_that_is_down_is_tried_again_later() -> None:
    with pytest.raises(MailServerUnavailable, match="no safe connection"):
        await mailer(f"smtp+insecure://127.0.0.1:{free_ports(1)[0]}").send_receipt(order(), KEY)


async def test_a_server_that_hangs_is_left(plain: Mailer, post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail, "SECONDS", 0.2)
    post.delay = 30
    with pytest.raises(MailServerUnavailable, match=r"took longer than 0.2 s|SMTPReadTimeoutError"):
        await plain.send_receipt(order(), KEY)


async def test_a_goodbye_that_fails_does_not_make_a_sent_mail_unsent(plain: Mailer, post: Post) -> None:
    post.replies["QUIT"] = "500 never"
    await plain.send_receipt(order(), KEY)
    assert len(post.envelopes) == 1


async def test_sending_can_be_canceled(plain: Mailer, post: Post) -> None:
    post.delay = 30
    sending = asyncio.create_task(plain.send_receipt(order(), KEY))
    await asyncio.sleep(0.1)
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending


def test_a_mailer_without_a_server_is_a_mistake() -> None:
    env = {"GOOGLE_CLOUD_PROJECT": "shop", "STRIPE_LIVEMODE": "false", "EMAIL_FROM": "orders@shop.example"}
    with pytest.raises(ConfigurationError, match="mail needs SMTP_URL"):
        Mailer(MailSettings.load(env))
