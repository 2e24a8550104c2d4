"""The services around the pipe, on loopback: Stripe's API, and a mail server that keeps every mail."""

import contextlib
import email
import email.policy
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from local.fakes.stripe_events import Json
from local.fakes.stripe_stand_in import StripeStandIn, serve
from local.runtime.processes import free_ports

API_KEY = "sk_test_local_stand_in"
SHOP_URL = "https://shop.example.com"


class Mailbox:
    """Accepts every mail. `taken` is called with each, on the server's own thread."""

    def __init__(self, taken: Callable[[EmailMessage], None]) -> None:
        self._taken = taken

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Accepts a mail. aiosmtpd calls this method by its name."""
        content = envelope.original_content or b""
        self._taken(email.message_from_bytes(content, policy=email.policy.default))
        return "250 OK"


@dataclass
class Neighbors:
    """Stripe and the mails, in order of arrival; `env`: the settings with which the pipe finds both."""

    stripe: StripeStandIn
    env: dict[str, str]
    mails: list[EmailMessage] = field(default_factory=list)

    def sell(self, session: Json, items: Sequence[Json]) -> None:
        """Adds a session and its line items to Stripe."""
        self.stripe.sessions[session["id"]] = session
        self.stripe.line_items[session["id"]] = list(items)

    def mails_about(self, session_id: str) -> list[EmailMessage]:
        """The mails that name the order."""
        return [mail for mail in self.mails if session_id in mail.as_string()]


@contextlib.contextmanager
def mail_server(taken: Callable[[EmailMessage], None]) -> Iterator[dict[str, str]]:
    """A mail server on loopback; yields the settings with which the pipe finds it."""
    port = free_ports(1)[0]
    controller: Any = Controller(Mailbox(taken), hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield {
            "SMTP_URL": f"smtp+insecure://127.0.0.1:{port}",
            "EMAIL_FROM": "shop@example.com",
            "SHOP_URL": SHOP_URL,
        }
    finally:
        controller.stop()


@contextlib.asynccontextmanager
async def neighbors() -> AsyncIterator[Neighbors]:
    """Both services while the context lasts. Reconcile looks at all sessions, and hardly waits for their events."""
    mails: list[EmailMessage] = []
    stripe = StripeStandIn()
    with mail_server(mails.append) as mailing:
        async with serve(stripe) as base:
            reading = {"STRIPE_API_KEY": API_KEY, "STRIPE_API_BASE": base}
            reading |= {"RECONCILE_SINCE": "2020-01-01", "RECONCILE_GRACE_SECONDS": "1"}
            yield Neighbors(stripe, {**reading, **mailing}, mails)
