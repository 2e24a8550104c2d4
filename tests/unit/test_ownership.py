"""Whether a session is this deployment's: the whole table, in the order in which the reasons are looked at."""

from dataclasses import replace

import pytest

from fulfillment.domain.order_filter import OrderFilter
from fulfillment.domain.ownership import Ownership, Verdict
from support.builders import order

OURS = OrderFilter.parse("metadata.shop=paper")
THEIRS = OrderFilter.parse("metadata.shop=ink")


def checkout(*, livemode: bool = False, mode: str = "payment", payment_status: str = "paid") -> object:
    return replace(order(), livemode=livemode, mode=mode, payment_status=payment_status, metadata={"shop": "paper"})


@pytest.mark.parametrize(
    ("livemode", "order_filter", "session", "verdict"),
    [
        (False, None, {}, Verdict.OURS),
        (False, OURS, {}, Verdict.OURS),
        (True, None, {"livemode": True}, Verdict.OURS),
        (False, None, {"payment_status": "unpaid"}, Verdict.OURS),
        (False, None, {"livemode": True}, Verdict.OTHER_MODE),
        (True, None, {}, Verdict.OTHER_MODE),
        (False, THEIRS, {}, Verdict.FILTERED),
        (False, None, {"mode": "setup"}, Verdict.NOTHING_SOLD),
        (True, THEIRS, {"mode": "setup"}, Verdict.OTHER_MODE),
        (False, THEIRS, {"mode": "setup"}, Verdict.FILTERED),
    ],
)
def test_a_session_is_ours_by_its_mode_the_filter_and_what_it_sells(
    livemode: bool,  # noqa: FBT001
    order_filter: OrderFilter | None,
    session: dict[str, object],
    verdict: Verdict,
) -> None:
    ownership = Ownership(livemode=livemode, order_filter=order_filter)
    assert ownership.judge(checkout(**session)) is verdict  # type: ignore[arg-type]
    assert ownership.owns(checkout(**session)) is (verdict is Verdict.OURS)  # type: ignore[arg-type]
