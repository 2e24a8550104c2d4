"""The services around the functions, and the effects that reached them: hook calls, mails, announcements."""

import asyncio
import contextlib
import email
import email.policy
import json
import time
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from chaos.case import Case
from fulfillment.topic.message import Message
from local.fakes.stripe_stand_in import StripeStandIn, serve
from local.runtime.processes import free_ports


@dataclass(frozen=True)
class Call:
    """An effect on the world, with its key. `function`: the caller, if known; `how`: done, raised, refused, or cut off;
    `seconds`: its duration; `level`: the access that a hook was told, or the money status of an announcement.
    """

    key: str
    at: float
    function: str | None = None
    how: str = "done"
    seconds: float = 0.0
    level: str | None = None


@dataclass
class World:
    """Stripe's API, a mail server and the shop. Once it is fixed, it refuses nothing permanently."""

    folder: Path
    stripe: StripeStandIn
    ports: dict[str, int] = field(default_factory=dict)
    mails: list[Call] = field(default_factory=list)
    announced: dict[str, Call] = field(default_factory=dict)
    callers: dict[int, str] = field(default_factory=dict)

    def sell(self, cases: Iterable[Case]) -> None:
        """Adds the sessions, their line items and what follows them to Stripe, except for forged ones."""
        for case in (each for each in cases if each.signed):
            self.stripe.others |= case.aftermath.objects
            self.stripe.intents |= case.aftermath.intents
            if case.events:
                self.stripe.sessions[case.session_id] = case.events[-1]["data"]["object"]
                self.stripe.line_items[case.session_id] = list(case.items)

    @property
    def is_fixed(self) -> bool:
        """Whether the shop sells everything, and every mailbox exists."""
        return (self.folder / "fixed").exists()

    def fix(self) -> None:
        """From now on the shop and the mail server accept what they refused."""
        (self.folder / "fixed").touch()

    def note(self, announcements: Iterable[Message]) -> None:
        """Keeps each announcement once, with the time when Pub/Sub stored it: a redelivery is no second one."""
        for each in announcements:
            if each.published_at:
                key, money = each.attributes["key"], each.attributes.get("money_status")
                self.announced[str(each.id)] = Call(key, each.published_at.timestamp(), level=money)

    def hooks(self) -> list[Call]:
        """Every hook call recorded on disk."""
        return [call for file in self.folder.glob("*.calls") for call in _recorded(file.read_text().splitlines())]

    def calls(self) -> list[Call]:
        """All effects."""
        return [*self.hooks(), *self.mails, *self.announced.values()]


class _PostOffice:
    """Accepts every mail except those to a mailbox that does not exist yet."""

    def __init__(self, of: World) -> None:
        self._world = of

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: Any
    ) -> str:
        """Refuses unknown mailboxes permanently."""
        if address.startswith("bounce@") and not self._world.is_fixed:
            return "550 5.1.1 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Accepts a mail, and records its sender."""
        mail = email.message_from_bytes(envelope.original_content or b"", policy=email.policy.default)
        peer: Any = session.peer
        link = self._world.callers[peer[1]]
        self._world.mails.append(Call(str(mail["Message-ID"]), time.time(), link.partition("->")[0]))
        return "250 OK"


@contextlib.asynccontextmanager
async def world(folder: Path) -> AsyncIterator[World]:
    """All of it, while the context lasts."""
    calls = folder / "calls"
    calls.mkdir()
    stripe = StripeStandIn()
    around = World(calls, stripe)
    (port,) = free_ports(1)
    controller: Any = Controller(_PostOffice(around), hostname="127.0.0.1", port=port)
    controller.start()
    try:
        async with serve(stripe) as base:
            around.ports = {"mail": port, "stripe": int(base.rpartition(":")[2])}
            yield around
    finally:
        await asyncio.to_thread(controller.stop)


def _recorded(lines: Iterable[str]) -> list[Call]:
    """The calls in a hook's record. Each has a begin, and most have an end."""
    begun: dict[str, Call] = {}
    for line in map(json.loads, lines):
        if line["what"] == "begin":
            begun[line["call"]] = Call(line["key"], line["at"], line["function"], "cut off", level=line["level"])
        else:
            call = begun[line["call"]]
            begun[line["call"]] = replace(call, how=line["what"], seconds=line["at"] - call.at)
    return list(begun.values())
