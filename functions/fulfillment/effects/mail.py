"""Sends mails by SMTP with TLS and verified certificates. `mail_refusals` maps a server's answer to an error."""

import asyncio
import contextlib
from collections.abc import Callable

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
from fulfillment.effects.mail_refusals import refusal
from fulfillment.errors import (
    MailRefused,
    MailServerUnavailable,
)
from fulfillment.settings.hosts import Security, SmtpServer
from fulfillment.settings.mailbox import Mailbox

SECONDS = 30
GOODBYE_SECONDS = 2


class Mailer:
    """Sends the mails of `MailMessages`. A buyer without an address gets no mail; that is not an error.

    Raises MailRefused, RefusedForNow or MailServerUnavailable. Their texts show no address and no password. May be
    canceled at any time. A mail that is sent twice has the same Message-ID.
    """

    def __init__(self, server: Callable[[], SmtpServer], sender: Mailbox, messages: MailMessages) -> None:
        self._server, self._sender, self._messages = server, sender, messages

    async def send_receipt(self, order: Order, key: str) -> None:
        """Sends the receipt of a paid order."""
        await self._send(self._messages.receipt(order, key), order)

    async def notify_payment_failed(self, order: Order, key: str) -> None:
        """Sends the mail that the payment failed and that the buyer may order again."""
        await self._send(self._messages.payment_failed(order, key), order)

    async def notify_refund(self, order: Order, key: str, refund_id: str) -> None:
        """Sends the mail that money was refunded. A refund that has failed or was canceled meanwhile gets no mail: the
        money is not on its way.
        """
        refund = order.refunds.get(refund_id)
        if refund and refund.status == "succeeded":
            await self._send(self._messages.refund(order, refund, key), order)

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
            error = refused.recipients[0]
            raise refusal("recipient", error.code, error.message, order) from None
        except SMTPDataError as error:
            raise refusal("mail", error.code, error.message, order) from None
        except SMTPSenderRefused as error:
            raise refusal("sender", error.code, error.message, order) from None
        except SMTPNotSupported:
            text = "the mail server accepts no address with letters beyond ASCII: it has no SMTPUTF8"
            raise MailRefused(text) from None
        except (SMTPException, OSError) as error:
            answer = error.code if isinstance(error, SMTPResponseException) else type(error).__name__
            raise MailServerUnavailable(f"the mail server did not take the mail: {answer}") from None


def _client(server: SmtpServer, own_name: str) -> SMTP:
    """A client that is not connected yet. With STARTTLS it does not continue or log in without encryption."""
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
        step = type(error).__name__.removeprefix("SMTP")
        raise MailServerUnavailable(f"the mail server refused the connection: {error.code} ({step})") from None
    except (SMTPException, OSError) as error:
        raise MailServerUnavailable(f"no safe connection to the mail server: {error}") from None
