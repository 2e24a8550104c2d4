"""Mails over real SMTP: what arrives, over which connections, and what each refusal becomes."""

import asyncio
import re
import ssl
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any

import pytest

from fulfillment.domain.checkout import Customer
from fulfillment.domain.decision import News
from fulfillment.domain.status import Status
from fulfillment.effects import mail, runner
from fulfillment.effects.mail import SECONDS, Mailer
from fulfillment.effects.mail_message import MailMessages
from fulfillment.effects.runner import EffectExecutor, EffectExecutors
from fulfillment.errors import EffectsOutstanding, MailRefused, MailServerUnavailable, PermanentError, RefusedForNow
from fulfillment.settings.hosts import SmtpServer
from fulfillment.settings.mailbox import parse_sender
from fulfillment.subscriber.delivery import Delivery
from local.fakes.memory_orders import MemoryOrders
from local.fakes.stripe_events import COMPLETED, event, session
from local.runtime.processes import free_ports
from support.after_sale import refund
from support.builders import order, parsed, sent_to
from support.mails import HOSTILE_ADDRESSES, KEY, part, read
from support.smtp_servers import Post, certificate, serving

LOGIN = "shop:s3cr%40t@"


def mailer(url: str, sender: str = "Shop <orders@shop.example>") -> Mailer:
    server, mailbox = SmtpServer.parse(url), parse_sender(sender)
    return Mailer(lambda: server, mailbox, MailMessages(mailbox, None))


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


async def test_a_receipt_arrives_at_the_buyer_alone(plain: Mailer, post: Post) -> None:
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


REFUND_KEY = "cs_test_a1:notify_refund:re_1"


async def test_a_refund_is_told(plain: Mailer, post: Post) -> None:
    of = order(refunds={"re_0": refund(200), "re_1": refund(1050)})
    await plain.notify_refund(of, REFUND_KEY, "re_1")
    (envelope,) = post.envelopes
    assert envelope.rcpt_tos == ["jenny@example.com"]
    assert isinstance(envelope.content, bytes)
    received = read(envelope.content)
    assert received["Subject"] == "Your refund from Shop"
    assert "Refund: $10.50" in part(received, "plain")
    assert "$10.50" in part(received, "html")


async def test_two_refunds_of_one_order_are_two_mails_and_each_is_known_by_its_message_id(
    plain: Mailer, post: Post
) -> None:
    of = order(refunds={"re_0": refund(200), "re_1": refund(200)})
    for name in ("re_0", "re_1", "re_1"):
        await plain.notify_refund(of, f"cs_test_a1:notify_refund:{name}", name)
    ids = [re.findall(rb"Message-ID: (.*)\r\n", each.original_content or b"")[0] for each in post.envelopes]
    assert (len(ids), len(set(ids)), ids[1] == ids[2]) == (3, 2, True)


@pytest.mark.parametrize("status", ["pending", "requires_action", "canceled", "failed", "a_new_one"])
async def test_a_refund_that_has_not_succeeded_gets_no_mail(plain: Mailer, post: Post, status: str) -> None:
    await plain.notify_refund(order(refunds={"re_1": refund(1050, status)}), REFUND_KEY, "re_1")
    await plain.notify_refund(order(), REFUND_KEY, "re_1")
    assert post.envelopes == []


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


@pytest.mark.parametrize(
    ("email", "recipient"),
    [
        ("jörg@bücher.example", "jörg@xn--bcher-kva.example"),
        ("jens@faß.de", "jens@xn--fa-hia.de"),
        ("संपर्क@डाटामेल.भारत", "संपर्क@xn--c2bd4bq1db8d.xn--h2brj9c"),
        ("aaa..bbb@docomo.ne.jp", '"aaa..bbb"@docomo.ne.jp'),
        (".a.@docomo.ne.jp", '".a."@docomo.ne.jp'),
        ('"jenny rosen"@b.example', '"jenny rosen"@b.example'),
        ('"a>, <x@y.z"@b.example', '"a>, <x@y.z"@b.example'),
    ],
)
async def test_envelope_and_header_name_the_buyer_the_same_way(
    plain: Mailer, post: Post, email: str, recipient: str
) -> None:
    await plain.send_receipt(sent_to(email), KEY)
    (envelope,) = post.envelopes
    (command,) = post.recipients
    assert re.sub(" SMTPUTF8.*", "", command) == f"TO:<{recipient}>"
    assert isinstance(envelope.content, bytes)
    assert re.findall(rb"^To: (.*)\r$", envelope.content, re.MULTILINE) == [recipient.encode()]
    (to,) = read(envelope.content)["To"].addresses
    assert to.username == recipient.rpartition("@")[0].strip('"')


async def test_an_address_beyond_ascii_is_refused_for_good_by_a_server_without_smtputf8(post: Post) -> None:
    async with serving(post) as port:
        sending = mailer(f"smtp+insecure://127.0.0.1:{port}")
        for email in ("jörg@b.example", "संपर्क@डाटामेल.भारत"):
            with pytest.raises(MailRefused, match="no address with letters beyond ASCII: it has no SMTPUTF8"):
                await sending.send_receipt(sent_to(email), KEY)
        assert post.envelopes == []
        await sending.send_receipt(sent_to("jens@faß.de"), KEY)
    assert post.envelopes[0].rcpt_tos == ["jens@xn--fa-hia.de"]


async def test_a_senders_name_arrives_as_it_is(post: Post) -> None:
    name = "Bäckerei Jäger und Söhne Köln"
    async with serving(post) as port:
        await mailer(f"smtp+insecure://127.0.0.1:{port}", f"{name} <orders@faß.de>").send_receipt(order(), KEY)
    (envelope,) = post.envelopes
    assert envelope.mail_from == "orders@xn--fa-hia.de"
    assert isinstance(envelope.content, bytes)
    mail = read(envelope.content)
    assert (str(mail["From"]), mail["Subject"]) == (f"{name} <orders@xn--fa-hia.de>", f"Your receipt from {name}")
    assert all(len(line) <= 998 for line in envelope.content.split(b"\r\n"))


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
        with pytest.raises(MailServerUnavailable, match=r"refused the connection: 535 \(Authent") as error:
            await mailer(f"smtp://shop:wr0ng@127.0.0.1:{port}").send_receipt(order(), KEY)
    assert "wr0ng" not in str(error.value)
    assert post.envelopes == []


NO_SUCH_ADDRESS = ["550 5.1.1 unknown", "553 5.1.3 syntax", "550 5.1.2 no domain", "550 #5.1.2 no domain"]
NO_SUCH_ADDRESS += ["550 sorry, no mailbox here by that name. (#5.1.1)", "556 5.1.10 null MX", "551 5.1.6 moved"]
THIS_MAIL_NEVER = ["554 5.6.0 malformed", "550 5.6.7 needs SMTPUTF8", "552 5.3.4 too big", "552 5.2.3 too long"]
SENDER = ["530 5.7.0 log in first", "550 5.1.8 bad sender", "553 5.1.7 bad sender", "550 5.4.5 Daily limit exceeded"]
LATER = ["450 4.2.1 busy", "451 greylisted", "421 too busy", "452 4.5.3 too many", "450 5.1.1 no idea"]
OPEN = ["550 no such user", "550 max emails per hour", "553 name not allowed", "554 5.7.1 Relay access denied"]
OPEN += ["550 5.2.1 disabled", "552 5.2.2 full", "550 5.7.1 likely spam", "554 rejected", "554 5.7.9 policy"]
OPEN += ["550 5.7.26 unauthenticated", "550 5.0.0 no", "554 5.5.0 no", "550 5.4.1 access denied", "550 4.1.1 odd"]
OPEN += ["550 5.1.0 sender rejected", "550 #5.1.0 Address rejected."]


def replies(said: list[str], kind: type[Exception], *commands: str) -> list[tuple[str, str, type[Exception]]]:
    return [(command, reply, kind) for command in commands for reply in said]


@pytest.mark.parametrize(
    ("command", "reply", "kind"),
    [
        *replies(NO_SUCH_ADDRESS, MailRefused, "RCPT", "DATA"),
        *replies(NO_SUCH_ADDRESS, MailServerUnavailable, "MAIL"),
        *replies(THIS_MAIL_NEVER, MailRefused, "MAIL", "RCPT", "DATA"),
        *replies([*SENDER, *LATER], MailServerUnavailable, "MAIL", "RCPT", "DATA"),
        *replies(OPEN, RefusedForNow, "RCPT", "DATA"),
        *replies(OPEN, MailServerUnavailable, "MAIL"),
    ],
)
async def test_every_refusal_says_whether_to_try_again_and_shows_no_address(
    plain: Mailer, post: Post, command: str, reply: str, kind: type[Exception]
) -> None:
    post.replies = {command: f"{reply} <jenny@example.com> for jenny, Rosen"}
    with pytest.raises(kind) as error:
        await plain.send_receipt(order(), KEY)
    assert type(error.value) is kind
    assert f"refused the {({'MAIL': 'sender', 'RCPT': 'recipient', 'DATA': 'mail'})[command]}" in str(error.value)
    assert reply[:3] in str(error.value)
    assert not re.search("@|jenny|rosen|example", str(error.value), re.IGNORECASE)
    assert error.value.__suppress_context__
    assert post.envelopes == []


async def test_the_servers_numbers_and_plain_words_are_the_reason(plain: Mailer, post: Post) -> None:
    post.replies = {
        "DATA": "554 5.6.0 Message not allowed - Headers are not RFC5322 compliant[291] see https://a.b/?jenny"
    }
    said = "554 5.6.0 (Message not allowed … Headers are not RFC5322 … see)"
    with pytest.raises(MailRefused, match=re.escape(f"refused the mail: {said}")):
        await plain.send_receipt(order(), KEY)
    post.replies = {"RCPT": "550 shop.example has exceeded the max emails per hour"}
    with pytest.raises(RefusedForNow) as error:
        await plain.send_receipt(order(), KEY)
    told = "the mail server refused the recipient {}: 550 (has exceeded the max emails per hour)"
    assert str(error.value) == told.format("for now")
    assert error.value.final.reason == f"mail_refused: {told.format('each time')}"


@pytest.mark.parametrize(
    "words",
    [
        *("jenny@example.com", "<jenny@example.com>", "jenny", "JENNY,", "user=jenny", "example.com", "Rosen's"),
        *(
            "jennyrosen",
            "CA",
            "354",
            "Oyster",
            "94080",
            "4242424242424242",
            "=?utf-8?q?jenny?=",
            "jenny%40example.com",
            "Jörg",
        ),
    ],
)
async def test_what_a_server_repeats_of_the_buyer_is_left_out(plain: Mailer, post: Post, words: str) -> None:
    post.replies = {"RCPT": f"550 unknown {words.encode('ascii', 'replace').decode()} today"}
    with pytest.raises(RefusedForNow, match=r"550 \(unknown … today\)$"):
        await plain.send_receipt(order(), KEY)


class Clock(datetime):
    """Says what time it is in a test."""

    at = datetime(2026, 11, 23, tzinfo=UTC)

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> "Clock":
        return cls.fromtimestamp(cls.at.timestamp(), tz)


async def deliveries(sending: Mailer, monkeypatch: pytest.MonkeyPatch, wait: Callable[[int], None]) -> list[str]:
    """Delivers a paid order every ten minutes until nothing is owed, a hundred times at most; what was parked."""
    monkeypatch.setattr(runner, "datetime", Clock)
    monkeypatch.setattr(Clock, "at", Clock.at)
    executors = EffectExecutors({"send_receipt": EffectExecutor(SECONDS, sending.send_receipt)})
    orders, parked = MemoryOrders(lambda: Clock.at), list[str]()
    paid = parsed(event(COMPLETED, session("cs_test_a1", customer_details={"email": "jenny@example.com"})))

    async def park(error: PermanentError) -> None:
        parked.append(error.reason)

    for number in range(100):
        wait(number)
        try:
            await Delivery(orders=orders, executors=executors, news=News.of(paid)).run(park)
        except EffectsOutstanding:
            Clock.at += timedelta(minutes=10)
        else:
            return parked
    pytest.fail("still owed when Pub/Sub gives up")


async def test_a_bare_550_is_asked_six_times_in_eight_hours_and_then_parked_with_the_servers_words(
    plain: Mailer, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    post.replies = {"RCPT": "550 no such user here"}
    parked = await deliveries(plain, monkeypatch, lambda _: None)
    assert parked == ["mail_refused: the mail server refused the recipient each time: 550 (no such user here)"]
    assert len(post.recipients) == 6
    assert post.envelopes == []


async def test_a_limit_that_ends_after_an_hour_costs_no_mail(
    plain: Mailer, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wait(number: int) -> None:
        limit = {"RCPT": "550 shop.example has exceeded the max emails per hour"}
        post.replies = limit if number < 7 else {}

    assert await deliveries(plain, monkeypatch, wait) == []
    assert (len(post.recipients), len(post.envelopes)) == (4, 1)


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
