"""What is around the functions, and what it saw: the hooks' record, the mails, the announcements."""

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

from chaos.cases import Case
from fulfillment.topic.message import Message
from local.fakes.stripe_stand_in import StripeStandIn, serve
from local.runtime.processes import free_ports


@dataclass(frozen=True)
class Call:
    """Something was done to the world, under that key. `function` did it, where that is known. `how`: done, raised,
    refused, or cut off in the middle; `seconds`: how long it took.
    """

    key: str
    at: float
    function: str | None = None
    how: str = "done"
    seconds: float = 0.0


@dataclass
class World:
    """Stripe's API, a mail server and the shop. `fixed`: from now on nothing is refused for good any more."""

    folder: Path
    stripe: StripeStandIn
    ports: dict[str, int] = field(default_factory=dict)
    mails: list[Call] = field(default_factory=list)
    announced: dict[str, Call] = field(default_factory=dict)
    callers: dict[int, str] = field(default_factory=dict)

    def sell(self, cases: Iterable[Case]) -> None:
        """Stripe knows the sessions and what they sold, but for what is forged."""
        for case in (each for each in cases if each.signed):
            self.stripe.sessions[case.session_id] = case.events[-1]["data"]["object"]
            self.stripe.line_items[case.session_id] = list(case.items)

    @property
    def is_fixed(self) -> bool:
        """Whether the shop sells everything, and every mailbox is there."""
        return (self.folder / "fixed").exists()

    def fix(self) -> None:
        """What was refused for good is taken from now on."""
        (self.folder / "fixed").touch()

    def note(self, announcements: Iterable[Message]) -> None:
        """Keeps what was announced, once per message: that Pub/Sub brings one again is no second announcement."""
        for each in announcements:
            self.announced[str(each.id)] = Call(each.attributes["key"], time.time())

    def hooks(self) -> list[Call]:
        """Every call of a hook, as it is on disk."""
        return [call for file in self.folder.glob("*.calls") for call in _recorded(file.read_text().splitlines())]

    def calls(self) -> list[Call]:
        """Everything that was done."""
        return [*self.hooks(), *self.mails, *self.announced.values()]


class _PostOffice:
    """Takes every mail but those to a mailbox that is not there yet."""

    def __init__(self, of: World) -> None:
        self._world = of

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: Any
    ) -> str:
        """Refuses for good who does not exist."""
        if address.startswith("bounce@") and not self._world.is_fixed:
            return "550 5.1.1 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Takes a mail, and notes by whom it came."""
        mail = email.message_from_bytes(envelope.original_content or b"", policy=email.policy.default)
        peer: Any = session.peer
        link = self._world.callers[peer[1]]
        self._world.mails.append(Call(str(mail["Message-ID"]), time.time(), link.partition("->")[0]))
        return "250 OK"


@contextlib.asynccontextmanager
async def world(folder: Path) -> AsyncIterator[World]:
    """All of it, as long as it lasts."""
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
    """The calls in a hook's record: each begins, and most of them end in some way."""
    begun: dict[str, Call] = {}
    for line in map(json.loads, lines):
        if line["what"] == "begin":
            begun[line["call"]] = Call(line["key"], line["at"], line["function"], "cut off")
        else:
            call = begun[line["call"]]
            begun[line["call"]] = replace(call, how=line["what"], seconds=line["at"] - call.at)
    return list(begun.values())
