"""The joins of what is told of one object after the sale. Pure.

A join is commutative, associative and idempotent: `merge` gives the same object for the same events and reads, in any
order and any number.
"""

from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar

from fulfillment.domain.after_sale import APPEALS, AfterSale, Claim, Dispute
from fulfillment.domain.records import inherit_unknown

O = TypeVar("O", bound=AfterSale)  # noqa: E741 - an object


def merge(known: O | None, new: O) -> O:
    """The join of two views of one object."""
    if known is None:
        return _viewed(new)
    leader = new if _leads(new, known) else known
    claims = {
        status: _lead(known.claims.get(status), new.claims.get(status))
        for status in sorted({*known.claims, *new.claims}, key=known.rank)
    }
    newest = max((each for each in (known.newest, new.newest) if each), default=None)
    reads = [each for each in (known.read, new.read) if each]
    read = max(reads, key=lambda each: (each.at, new.rank(each.status)), default=None)
    joined = replace(leader, claims=claims, newest=newest, read=read, **_grown(known, new))
    return _viewed(inherit_unknown(joined, known))


def _leads(new: AfterSale, known: AfterSale) -> bool:
    """Whether the fields come from `new`: it has the higher claim, or the smaller event id, or the newer rendering."""
    if new.highest != known.highest:
        return new.rank(new.highest) > known.rank(known.highest)
    claim, before = new.claims[new.highest], known.claims[known.highest]
    return claim.event < before.event or (claim.event == before.event and _rendering(claim) >= _rendering(before))


def _rendering(claim: Claim) -> tuple[str, datetime]:
    """One event comes in several API versions. One read is made several times."""
    return claim.api_version or "", claim.created


def _lead(known: Claim | None, new: Claim | None) -> Claim:
    """The claim of the smallest event id, in its newest rendering, with the time when it was first received."""
    claims = [each for each in (known, new) if each]
    first = min(each.event for each in claims)
    of_first = [each for each in claims if each.event == first]
    lead = max(of_first, key=_rendering)
    return replace(lead, received_at=min(each.received_at for each in of_first))


def _grown(known: AfterSale, new: AfterSale) -> dict[str, Any]:
    """The fields of a dispute that only grow, whichever claim leads."""
    if not (isinstance(known, Dispute) and isinstance(new, Dispute)):
        return {}
    return {
        "due_by": max((each for each in (known.due_by, new.due_by) if each), default=None),
        "submission_count": max(known.submission_count, new.submission_count),
        "has_evidence": known.has_evidence or new.has_evidence,
        "ledger": {**known.ledger, **new.ledger},
    }


def _viewed(one: O) -> O:
    """The object with its computed fields."""
    read = one.read if one.is_read_last else None
    status = read.status if read and read.status in one.CHAIN else one.highest
    computed: dict[str, Any] = {"status": status}
    if isinstance(one, Dispute):
        computed["appeal"] = APPEALS.get(status)
    return one if all(getattr(one, name) == value for name, value in computed.items()) else replace(one, **computed)
