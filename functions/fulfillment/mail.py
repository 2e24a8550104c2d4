"""Mails on their way: SMTP with TLS, certificates verified. The only file that knows aiosmtplib.

What the server says            becomes
the mail is taken (250)         done: what happens to the connection afterwards does not matter
no such recipient, for good     MailRefused: 5.1.x, or 550 and 553 without such a code
anything else                   MailServerUnavailable: sent again later, under the same Message-ID
"""

import asyncio
import contextlib
import re
from email.message import EmailMessage
from pathlib import Path

from aiosmtplib import (
    SMTP,
    SMTPDataError,
    SMTPException,
    SMTPNotSupported,
    SMTPRecipientsRefused,
    SMTPResponseException,
)

from fulfillment.addresses import Security, SmtpServer
from fulfillment.domain.order import Order
from fulfillment.errors import ConfigurationError, FulfillmentError, MailRefused, MailServerUnavailable
from fulfillment.letters import Letters
from fulfillment.settings import MailSettings
from fulfillment.templates import TEMPLATES

SECONDS = 30
GOODBYE_SECONDS = 2
_NO_SUCH_MAILBOX = frozenset((550, 553))  # where the server gives no enhanced code


class Mailer:
    """Sends what `Letters` writes. A buyer without an address gets nothing, and that is no error.

    Raises MailRefused or MailServerUnavailable, whose texts show no address and no password. May be
    canceled at any time; a mail that was sent twice carries the same Message-ID twice.
    """

    def __init__(self, settings: MailSettings, templates: Path = TEMPLATES) -> None:
        if settings.smtp_server is None or settings.email_from is None:
            raise ConfigurationError("mail needs SMTP_URL or SMTP_URL_FILE, and EMAIL_FROM")
        self._server, self._sender = settings.smtp_server, settings.email_from
        self._letters = Letters(settings.email_from, settings.shop_url, templates, settings.time_zone)

    async def send_receipt(self, order: Order, key: str) -> None:
        """Sends the receipt of a paid order."""
        await self._send(self._letters.receipt(order, key))

    async def notify_payment_failed(self, order: Order, key: str) -> None:
        """Tells the buyer that the money did not come, and asks for a new order."""
        await self._send(self._letters.payment_failed(order, key))

    async def _send(self, message: EmailMessage | None) -> None:
        if message is None:
            return
        client = _client(self._server(), self._sender.domain)
        try:
            async with asyncio.timeout(SECONDS):
                await _connect(client)
                await self._deliver(client, message)
            with contextlib.suppress(SMTPException, OSError):
                await client.quit(timeout=GOODBYE_SECONDS)
        except TimeoutError:
            raise MailServerUnavailable(f"the mail server took longer than {SECONDS} s") from None
        finally:
            client.close()

    async def _deliver(self, client: SMTP, message: EmailMessage) -> None:
        recipients = [address.addr_spec for address in message["To"].addresses]
        try:
            await client.send_message(message, sender=self._sender.addr_spec, recipients=recipients)
        except SMTPRecipientsRefused as refused:
            raise _refusal("recipient", refused.recipients[0]) from None
        except SMTPDataError as error:
            raise _refusal("mail", error) from None
        except SMTPNotSupported:
            raise MailRefused("the mail server takes no address with letters beyond ASCII") from None
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


def _refusal(what: str, error: SMTPResponseException) -> FulfillmentError:
    """Whether a refusal is for good. The server's text may hold the address: its numbers are enough."""
    enhanced = re.match(r"[245]\.\d{1,3}\.\d{1,3}\b", error.message)
    said = f"{error.code} {enhanced[0]}" if enhanced else f"{error.code}"
    # For good is what is said of the address itself; a policy, a quota or a full mailbox is put right by people.
    about_address = enhanced[0].startswith("5.1.") if enhanced else error.code in _NO_SUCH_MAILBOX
    if what == "recipient" and about_address:
        return MailRefused(f"the mail server refused the {what}: {said}")
    return MailServerUnavailable(f"the mail server refused the {what} for now: {said}")
