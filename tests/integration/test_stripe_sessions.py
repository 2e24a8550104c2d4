"""Sessions read from Stripe's API over real HTTP, from a stand-in."""

from collections.abc import AsyncIterator

import pytest
from starlette.responses import JSONResponse

from fulfillment.domain.ids import Owner
from fulfillment.errors import StripeUnavailable
from fulfillment.stripe_api import StripeApi
from local.fakes.stripe_events import session
from local.fakes.stripe_stand_in import StripeStandIn, serve

KEY = "sk_test_0123456789abcdef"
SESSION = "cs_test_a1"


@pytest.fixture
def stand_in() -> StripeStandIn:
    return StripeStandIn()


@pytest.fixture
async def api(stand_in: StripeStandIn) -> AsyncIterator[StripeApi]:
    async with serve(stand_in) as base:
        reading = StripeApi(lambda: KEY, base, seconds=3)
        yield reading
        await reading.close()


async def test_a_session_is_read_as_stripe_writes_it_with_its_payment(stand_in: StripeStandIn, api: StripeApi) -> None:
    said = stand_in.sessions[SESSION] = session(SESSION, payment_intent="pi_1")
    stand_in.intents["pi_1"] = {"id": "pi_1", "status": "processing"}
    assert await api.session(SESSION) == said | {"payment_intent": {"id": "pi_1", "status": "processing"}}


async def test_a_session_that_this_key_does_not_see_is_none(stand_in: StripeStandIn, api: StripeApi) -> None:
    stand_in.sessions[SESSION] = session(SESSION)
    stand_in.accounts[SESSION] = "acct_1"
    assert await api.session("cs_test_nothing") is None
    assert await api.session(SESSION) is None
    assert await api.session(SESSION, Owner(account="acct_1"))


async def test_stripe_down_is_no_missing_session(stand_in: StripeStandIn, api: StripeApi) -> None:
    for status in (401, 403):
        stand_in.faults = [status]
        with pytest.raises(StripeUnavailable, match=str(status)):
            await api.session(SESSION)


async def test_a_passing_failure_is_tried_again(stand_in: StripeStandIn, api: StripeApi) -> None:
    stand_in.sessions[SESSION] = session(SESSION)
    stand_in.faults = [429, 500]
    assert await api.session(SESSION)
    stand_in.faults = [503]
    assert (await api.sessions(0, 2**40)).data


async def test_complete_sessions_are_listed_newest_first_page_by_page(stand_in: StripeStandIn, api: StripeApi) -> None:
    for number in range(250):
        name = f"cs_test_{number:03d}"
        status = "open" if number % 50 == 7 else "complete"
        stand_in.sessions[name] = session(name, created=1000 + number, status=status)
    wanted = [f"cs_test_{number:03d}" for number in range(219, 19, -1) if number % 50 != 7]

    seen: list[str] = []
    while True:
        page = await api.sessions(1020, 1220, seen[-1] if seen else None)
        seen += [each["id"] for each in page.data]
        if not page.has_more:
            break

    assert seen == wanted
    assert len(stand_in.reads) == 2


async def test_an_answer_that_is_no_list_cannot_be_read(stand_in: StripeStandIn, api: StripeApi) -> None:
    for answer in ({"object": "session"}, {"data": [], "has_more": True}, {"data": [1], "has_more": False}):
        stand_in.faults = [JSONResponse(answer)]
        with pytest.raises(StripeUnavailable, match="cannot be read"):
            await api.sessions(0, 1)


def test_the_version_is_the_librarys(api: StripeApi) -> None:
    assert api.api_version == "2026-10-28.endive"
