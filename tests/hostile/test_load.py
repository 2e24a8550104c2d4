"""More than the webhook can carry, in short; `scripts/prove load` is the long run."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from fulfillment.topic.message import Message
from local.fakes.pubsub_stand_in import PubSubStandIn
from local.runtime.processes import Processes
from prove.load import Load, Phase
from prove.servers import Server


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Processes]:
    with Processes(tmp_path) as running:
        yield running


async def phases(pubsub: PubSubStandIn, processes: Processes, connections: int, requests: int) -> list[Phase]:
    server = Server(processes, pubsub.host)
    server.start()
    return [phase async for phase in Load(server, pubsub, connections, requests).phases()]


async def test_overload_costs_time_and_no_message(processes: Processes) -> None:
    with PubSubStandIn() as pubsub:
        ran = await phases(pubsub, processes, connections=64, requests=3)
    assert [(phase.name, phase.broken) for phase in ran] == [(phase.name, []) for phase in ran]
    assert [phase.answers.total() for phase in ran] == [192] * 5


class Forgetful(PubSubStandIn):
    """Loses one message in each phase, after it said that it was stored."""

    def take(self) -> list[Message]:
        return super().take()[1:]


async def test_the_load_finds_a_message_that_was_answered_for_and_lost(processes: Processes) -> None:
    with Forgetful() as pubsub:
        ran = await phases(pubsub, processes, connections=2, requests=1)
    assert ran[0].broken == ["1 answered 200 and not stored"]
    assert ran[2].broken == []
