"""One object that Stripe does not show stops no other, but a Stripe that is down ends the run."""

from collections.abc import Sequence

import pytest

from fulfillment.errors import StripeRefused, StripeUnavailable, StripeUnreadable
from fulfillment.reconcile.single_reads import SingleReads
from fulfillment.reconcile.stats import ReconcileStats

SILENT, REFUSED, UNREADABLE = StripeUnavailable("down"), StripeRefused("403"), StripeUnreadable("<html>")
Answer = StripeUnavailable | str | None


async def read(answers: Sequence[Answer]) -> tuple[list[str | None], ReconcileStats]:
    async def answered(answer: Answer) -> str | None:
        if isinstance(answer, StripeUnavailable):
            raise answer
        return answer

    reads = SingleReads(stats=ReconcileStats())
    return [await reads.shown(f"cs_{number}", answered(each)) for number, each in enumerate(answers)], reads.stats


@pytest.mark.parametrize("last", [REFUSED, UNREADABLE, None])
async def test_answers_that_show_nothing_are_passed_over_however_many_they_are(last: Answer) -> None:
    shown, stats = await read([last] * 5)
    assert (shown, stats.refused) == ([None] * 5, 5)


async def test_three_reads_without_an_answer_end_the_run() -> None:
    assert (await read([SILENT, SILENT]))[0] == [None, None]
    with pytest.raises(StripeUnavailable, match="down"):
        await read([SILENT, SILENT, SILENT])


@pytest.mark.parametrize("answer", ["an object", None, REFUSED, UNREADABLE])
async def test_any_answer_between_shows_that_stripe_is_there(answer: Answer) -> None:
    await read([SILENT, SILENT, answer, SILENT, SILENT])
    with pytest.raises(StripeUnavailable, match="down"):
        await read([answer, SILENT, SILENT, SILENT])
