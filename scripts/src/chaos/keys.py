"""The keys of effects: those that the cases of a run may owe, and those that an order must have performed."""

import hashlib
import re
from collections.abc import Iterable, Sequence

from chaos import model
from chaos.case import Case
from chaos.world import Call
from fulfillment.domain.access import BEFORE, access_key
from fulfillment.domain.effects import ANNOUNCE_MONEY, LOAD_LINE_ITEMS, OWED_ON_ENTERING
from fulfillment.domain.order import Announced, Order

_NUMBERED = re.compile(rf":(access|{ANNOUNCE_MONEY}):[0-9]+$")
"""The end of a key that tells a level of access, or a change of the money status."""


def by_key(cases: Sequence[Case], calls: Iterable[Call]) -> dict[str, list[Call]]:
    """The calls that were done, or cut off, by the key of their effect, sorted by time. A mail's key is found by its
    Message-ID.
    """
    ids = {_message_id(key): key for key in _owed(cases)}
    found: dict[str, list[Call]] = {}
    for call in sorted(calls, key=lambda call: call.at):
        if call.how in {"done", "cut off"}:
            found.setdefault(ids.get(call.key, call.key), []).append(call)
    return found


def unknown(cases: Sequence[Case], keys: Iterable[str]) -> list[str]:
    """The keys that none of the cases may owe."""
    known = _owed(cases)
    return [key for key in keys if _NUMBERED.sub(r":\1:#", key) not in known]


def performed(order: Order) -> Iterable[str]:
    """The keys of what must have happened in the world: the order's effects that are not held, its last level of
    access, and its last money status.
    """
    names = {name: each for name, each in order.effects.items() if name != LOAD_LINE_ITEMS}
    done = {each.key for name, each in names.items() if not model.is_held(order, name, each)}
    access, announced = order.access or BEFORE, order.announced or Announced()
    done |= {access_key(order.id, access.number)} if access.number else set()
    return done | ({f"{order.id}:{ANNOUNCE_MONEY}:{announced.changes}"} if announced.changes else set())


def _owed(cases: Sequence[Case]) -> set[str]:
    """The keys of all effects that the cases may owe, with `#` for a number."""
    names = [*(name for owed in OWED_ON_ENTERING.values() for name in owed), "access:#", f"{ANNOUNCE_MONEY}:#"]
    sold = [case for case in cases if case.expects == "order"]
    of_sales = {f"{case.session_id}:{name}" for case in sold for name in names}
    told = ((case, id_, status) for case in sold for id_, seen in model.statuses_of(case) for status in seen)
    return of_sales | {f"{case.session_id}:{id_}:{status}" for case, id_, status in told}


def _message_id(key: str) -> str:
    return f"<{hashlib.sha256(key.encode()).hexdigest()[:32]}@example.com>"
