"""Mails on their way: SMTP with TLS, certificates verified. The only file that knows aiosmtplib.

What the server says                      at            becomes
250                                       DATA          done: what happens to the connection afterwards does not matter
no SMTPUTF8, and the address needs it     EHLO          MailRefused: this server never takes this address
5.1.x, but 5.1.0, 5.1.7 and 5.1.8         RCPT, DATA    MailRefused: there is no such address (RFC 3463)
5.6.x, 5.3.4, 5.2.3                       MAIL to DATA  MailRefused: the mail itself, its format, its characters, its
                                                        size; the next try would send the same mail
530, 5.1.7, 5.1.8, 5.4.5, 5xx at MAIL     MAIL to DATA  MailServerUnavailable: the sender, the login, or a daily limit;
                                                        a person or the next day puts it right for all mails
any other 5xx                             RCPT, DATA    RefusedForNow: tried again more seldom, then MailRefused
anything else                             anywhere      MailServerUnavailable: sent again later

Why any other 5xx leaves it open: servers use one code for what passes and for what does not. cPanel answers a bare 550
both for an unknown mailbox and for too many mails in an hour. Gmail answers 550 5.7.1 both for content and for the
sending server's reputation, and 550 5.2.1 both for a disabled mailbox and for one that gets too much just now. Amazon
SES answers a bare 554 for a sender that is not verified yet. Yahoo answers a bare 554 for headers, 5.7.9 for policy.

Each try of one mail has the same Message-ID.
"""

import asyncio
import contextlib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from typing import Any

from aiosmtplib import (
    SMTP,
    SMTPDataError,
    SMTPException,
    SMTPNotSupported,
    SMTPRecipientsRefused,
    SMTPResponseException,
    SMTPSenderRefused,
)

from fulfillment.domain.order import Order
from fulfillment.effects.mail_message import MailMessage, MailMessages
from fulfillment.errors import (
    FulfillmentError,
    MailRefused,
    MailServerUnavailable,
    RefusedForNow,
)
from fulfillment.settings.hosts import Security, SmtpServer
from fulfillment.settings.mailbox import Mailbox

SECONDS = 30
GOODBYE_SECONDS = 2
_ENHANCED = re.compile(r"(?:^\s*|#)(5\.\d{1,3}\.\d{1,3})\b")  # qmail writes it in brackets: (#5.1.1)
_OURS = re.compile(r"5\.1\.[78]|5\.4\.5")
_ADDRESS = re.compile(r"5\.1\.[1-9]\d*")
_MAIL = re.compile(r"5\.6\.\d+|5\.3\.4|5\.2\.3")
_LOGIN_NEEDED = 530
_PLAIN_WORD = re.compile(r"[A-Za-z]+(?:['-][A-Za-z]+)*\d{0,4}[.,:;!?]?")
_WORDS = 20  # of a server, at most


class Mailer:
    """Sends what `MailMessages` writes. A buyer without an address gets nothing, and that is no error.

    Raises MailRefused, RefusedForNow or MailServerUnavailable, whose texts show no address and no password. May be
    canceled at any time; a mail that was sent twice carries the same Message-ID twice.
    """

    def __init__(self, server: Callable[[], SmtpServer], sender: Mailbox, messages: MailMessages) -> None:
        self._server, self._sender, self._messages = server, sender, messages

    async def send_receipt(self, order: Order, key: str) -> None:
        """Sends the receipt of a paid order."""
        await self._send(self._messages.receipt(order, key), order)

    async def notify_payment_failed(self, order: Order, key: str) -> None:
        """Tells the buyer that the money did not come, and asks for a new order."""
        await self._send(self._messages.payment_failed(order, key), order)

    async def _send(self, message: MailMessage | None, order: Order) -> None:
        if message is None:
            return
        client = _client(self._server(), self._sender.domain)
        try:
            async with asyncio.timeout(SECONDS):
                await _connect(client)
                await self._deliver(client, message, order)
            with contextlib.suppress(SMTPException, OSError):
                await client.quit(timeout=GOODBYE_SECONDS)
        except TimeoutError:
            raise MailServerUnavailable(f"the mail server took longer than {SECONDS} s") from None
        finally:
            client.close()

    async def _deliver(self, client: SMTP, message: MailMessage, order: Order) -> None:
        address = message.to.addr_spec
        options = [] if address.isascii() else ["SMTPUTF8", "BODY=8BITMIME"]
        try:
            await client.sendmail(self._sender.addr_spec, [address], message.raw, mail_options=options)
        except SMTPRecipientsRefused as refused:
            raise _refusal("recipient", refused.recipients[0], order) from None
        except SMTPDataError as error:
            raise _refusal("mail", error, order) from None
        except SMTPSenderRefused as error:
            raise _refusal("sender", error, order) from None
        except SMTPNotSupported:
            text = "the mail server takes no address with letters beyond ASCII: it has no SMTPUTF8"
            raise MailRefused(text) from None
        except (SMTPException, OSError) as error:
            said = error.code if isinstance(error, SMTPResponseException) else type(error).__name__
            raise MailServerUnavailable(f"the mail server did not take the mail: {said}") from None


def _client(server: SmtpServer, own_name: str) -> SMTP:
    """A client that is not connected yet. With STARTTLS it refuses to go on, and to log in, in the clear."""
    return SMTP(
        hostname=server.host,
        port=server.port,
        username=server.user,
        password=server.password,
        use_tls=server.security is Security.TLS,
        start_tls=server.security is Security.STARTTLS,
        local_hostname=own_name,
        timeout=SECONDS,
    )


async def _connect(client: SMTP) -> None:
    try:
        await client.connect()
    except SMTPResponseException as error:  # its text may hold the user's name
        doing = type(error).__name__.removeprefix("SMTP")
        raise MailServerUnavailable(f"the mail server turned us away: {error.code} ({doing})") from None
    except (SMTPException, OSError) as error:
        raise MailServerUnavailable(f"no safe connection to the mail server: {error}") from None


def _refusal(what: str, error: SMTPResponseException, order: Order) -> FulfillmentError:
    """What a refusal of the sender, the recipient or the mail becomes: the table above."""
    found = _ENHANCED.search(error.message)
    enhanced = found[1] if found else ""
    words = _harmless(error.message, order)
    said = " ".join(filter(None, (str(error.code), enhanced, words and f"({words})")))
    text = f"the mail server refused the {what}"
    if error.code < 500:
        return MailServerUnavailable(f"{text} for now: {said}")
    ours = error.code == _LOGIN_NEEDED or _OURS.fullmatch(enhanced)
    if _MAIL.fullmatch(enhanced) or (_ADDRESS.fullmatch(enhanced) and what != "sender" and not ours):
        return MailRefused(f"{text}: {said}")
    if ours or what == "sender":
        return MailServerUnavailable(f"{text} for now: {said}")
    return RefusedForNow(f"{text} for now: {said}", MailRefused(f"{text} each time: {said}"))


def _harmless(text: str, order: Order) -> str:
    """The plain words of a server's answer, without those that the buyer's name, address or e-mail has too: a server
    may repeat any of them, also without its @.
    """
    personal = _personal_words(order)
    said = [word if _PLAIN_WORD.fullmatch(word) and not _repeats(word, personal) else "…" for word in text.split()]
    kept = [word for word, before in zip(said, ["…", *said], strict=False) if (word, before) != ("…", "…")]
    return " ".join(kept[:_WORDS]).removesuffix(" …")


def _personal_words(order: Order) -> set[str]:
    who = " ".join(_texts([asdict(part) for part in (order.customer, order.shipping) if part]))
    return {word.casefold() for word in re.findall(r"[^\W_]+", who)}


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list | tuple):
        for each in value:
            yield from _texts(each)
    elif value is not None:
        yield str(value)


def _repeats(word: str, personal: set[str]) -> bool:
    own = re.sub(r"[\W_]", "", word).casefold()
    return own in personal or any(each in own for each in personal if len(each) > 3)
