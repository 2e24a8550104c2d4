"""What the functions' logs tell: the deliveries, and the effects whose answer came too late.

A busy machine is late without any fault. Pub/Sub may have stored an announcement that a function gave up. Firestore may
not have stored that an effect is done. Both are performed again.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from chaos.plan import FUNCTIONS
from fulfillment.domain.effects import ACCESS_CHANGED, DISPUTED, OF_AN_OBJECT, REFUNDED
from fulfillment.effects.attempts import AttemptState
from local.runtime.processes import Processes

Json = dict[str, Any]

PUBLISHING = "Pub/Sub did not store the message: TimeoutError"
STORING = "Firestore did not answer: TimeoutError"
DONE = AttemptState.DONE.value
_KINDS = {"access": ACCESS_CHANGED, "re": REFUNDED, "du": DISPUTED}
"""The kinds whose keys name something else: the number of a level, or an object by its id."""


def records(of: Processes) -> Iterator[Json]:
    """The functions' log lines about requests, without those about another subscriber's type."""
    for function in FUNCTIONS:
        for text in of.log(function).read_text(errors="replace").splitlines():
            try:
                line = json.loads(text)
            except ValueError:  # half a line of a killed function, or a line of its server
                continue
            if isinstance(line, dict) and line.get("severity") != "DEBUG" and "outcome" in line:
                yield line


def late(lines: Iterable[Json]) -> set[tuple[str, str]]:
    """The effects whose answer came too late: the function that performed it, and `{order}:{kind}`."""
    return {(line["entry_point"], f"{line.get('session')}:{kind}") for line in lines for kind in _late(line)}


def _late(line: Json) -> Iterator[str]:
    effects: dict[str, str] = line.get("effects") or {}
    yield from (kind for kind, said in effects.items() if kind.startswith("announce_") and PUBLISHING in said)
    if effects and STORING in line.get("message", ""):
        # Each is marked before the next begins: only the last one's write is unknown. Of several objects the line
        # tells the worst.
        kind, said = [*effects.items()][-1]
        yield from [kind] if said == DONE or kind in OF_AN_OBJECT else []


def effect_of(key: str) -> str:
    """The effect of a key, as `{order}:{kind}`."""
    order, _, effect = key.partition(":")
    name = effect.partition(":")[0]
    return f"{order}:{_KINDS.get(name.partition('_')[0], name)}"
