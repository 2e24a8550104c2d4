"""What a reader of Stripe's sessions promises: the same tests on the one in memory and on the API of the stand-in."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from fulfillment.domain.ids import ContextPath, Owner
from fulfillment.errors import StripeRefused
from fulfillment.stripe_api import StripeApi
from local.fakes.memory_stripe import MemoryStripe
from local.fakes.stripe_events import Json, session
from local.fakes.stripe_stand_in import StripeStandIn, serve

KEY = "sk_test_0123456789abcdef"


@dataclass
class World:
    """One who reads, and what is there to be read."""

    read: MemoryStripe | StripeApi
    known: dict[str, Json]
    intents: dict[str, Json]
    accounts: dict[str, str]


@pytest.fixture(params=["memory", "stand-in"])
async def world(request: pytest.FixtureRequest) -> AsyncIterator[World]:
    if request.param == "memory":
        memory = MemoryStripe()
        yield World(memory, memory.known, memory.intents, memory.accounts)
        return
    stand_in = StripeStandIn()
    async with serve(stand_in) as base:
        api = StripeApi(lambda: KEY, base)
        yield World(api, stand_in.sessions, stand_in.intents, stand_in.accounts)
        await api.close()


async def test_a_session_is_read_with_its_payment(world: World) -> None:
    said = world.known["cs_test_a"] = session("cs_test_a", payment_intent="pi_1")
    world.intents["pi_1"] = {"id": "pi_1", "status": "processing"}
    assert await world.read.session("cs_test_a") == said | {"payment_intent": world.intents["pi_1"]}


async def test_a_session_of_another_account_is_none(world: World) -> None:
    world.known["cs_test_a"] = session("cs_test_a")
    world.accounts["cs_test_a"] = "acct_1"
    assert await world.read.session("cs_test_a") is None
    assert await world.read.session("cs_test_a", Owner(account="acct_1"))
    assert await world.read.session("cs_test_a", Owner.told_by(None, ContextPath("org_1/acct_1")))
    assert await world.read.session("cs_test_b") is None


async def test_a_session_that_must_exist_is_read_or_refused(world: World) -> None:
    said = world.known["cs_test_a"] = session("cs_test_a", payment_intent=None)
    assert await world.read.require_session("cs_test_a") == said
    with pytest.raises(StripeRefused, match="404"):
        await world.read.require_session("cs_test_b")
    with pytest.raises(StripeRefused, match="404"):
        await world.read.require_session("cs_test_a", Owner(account="acct_1"))


async def test_complete_sessions_of_our_own_are_listed_newest_first_page_by_page(world: World) -> None:
    for number in range(220):
        said = session(f"cs_test_{number:03d}", created=1000 + number // 3)
        world.known[said["id"]] = said
    world.known["cs_test_000"]["status"] = "open"
    world.accounts["cs_test_001"] = "acct_1"
    listed: list[str] = []
    has_more = True
    while has_more:
        page = await world.read.sessions(1000, 1072, listed[-1] if listed else None)
        assert len(page.data) <= 100
        listed += [str(each["id"]) for each in page.data]
        has_more = page.has_more
    wanted = [each for each in world.known.values() if each["created"] < 1072][2:]
    assert listed == [each["id"] for each in sorted(wanted, key=lambda each: (-each["created"], each["id"]))]
    assert not (await world.read.sessions(5000, 6000)).data
