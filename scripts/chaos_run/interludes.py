"""What an operator does in the middle of a run, and after it: each is called with the stage if it is listed here.

Whoever adds a command that mends (reconcile, say) lists a function that runs it, and the run proves that it may run at
any time.
"""

from collections.abc import Awaitable, Callable, Sequence

from chaos_run.judge import PUBSUBS_OWN
from chaos_run.stage import PROJECT, Stage
from fulfillment.topic import Message, PubSubTopic
from local.pipe import DEAD_LETTER, TOPIC

Interlude = Callable[[Stage], Awaitable[None]]


def take_parked(stage: Stage) -> list[Message]:
    """Every dead letter since the last look."""
    letters: list[Message] = []
    while found := stage.admin.take(DEAD_LETTER):
        letters += found
    return letters


async def replay(stage: Stage, letters: Sequence[Message]) -> int:
    """Sends dead letters again, with the wish to try what was refused; not the poison, which no parser reads yet. How
    many were sent.
    """
    topic = PubSubTopic(PROJECT, TOPIC, stage.emulators.pubsub)
    mendable = [letter for letter in letters if not letter.attributes.get("reason", "").startswith("malformed")]
    for letter in mendable:
        await topic.publish(letter.data, _as_first_sent(letter) | {"replay": "true"})
    return len(mendable)


def _as_first_sent(letter: Message) -> dict[str, str]:
    added = ("reason", PUBSUBS_OWN)
    return {name: text for name, text in letter.attributes.items() if not name.startswith(added)}


MIDDLE: Sequence[Interlude] = ()
END: Sequence[Interlude] = ()
