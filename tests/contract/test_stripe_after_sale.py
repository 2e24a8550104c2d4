"""What a reader of Stripe promises of what follows a sale: the same tests on the one in memory and on the API of the
stand-in, by Stripe's library.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest

from fulfillment.domain.ids import OWN, ContextPath, Owner
from fulfillment.errors import StripeRefused, StripeUnavailable
from fulfillment.stripe_api import StripeApi
from local.fakes.memory_stripe import MemoryStripe
from local.fakes.stripe_after_sale import AfterSaleWorld
from local.fakes.stripe_events import Json, session
from local.fakes.stripe_stand_in import StripeStandIn, serve

KEY = "rk_test_0123456789abcdef"
CONNECTED = Owner(account="acct_1")
IN_CONTEXT = Owner.told_by(None, ContextPath("org_1/acct_1"))


@dataclass
class World:
    """One who reads, and what is there to be read."""

    read: MemoryStripe | StripeApi
    sessions: dict[str, Json]
    fake: MemoryStripe | StripeStandIn

    def has(self, path: str, account: str | None = None, **fields: Any) -> Json:
        """Adds an object by its path."""
        name = path.rpartition("/")[2]
        self.fake.others[path] = {"id": name, "created": 1000, **fields}
        self.fake.accounts |= {name: account} if account else {}
        return self.fake.others[path]


@pytest.fixture(params=["memory", "stand-in"])
async def world(request: pytest.FixtureRequest) -> AsyncIterator[World]:
    if request.param == "memory":
        memory = MemoryStripe()
        yield World(memory, memory.known, memory)
        return
    stand_in = StripeStandIn()
    async with serve(stand_in) as base:
        api = StripeApi(lambda: KEY, base)
        yield World(api, stand_in.sessions, stand_in)
        await api.close()


def ids(found: tuple[Any, ...]) -> list[str]:
    return [each["id"] for each in found]


async def test_the_session_of_a_payment_is_found_with_its_payment_expanded(world: World) -> None:
    said = world.sessions["cs_test_a"] = session("cs_test_a", payment_intent="pi_1")
    world.sessions["cs_test_b"] = session("cs_test_b", payment_intent="pi_2")
    paid = world.fake.intents["pi_1"] = {"id": "pi_1", "status": "succeeded"}
    assert await world.read.sessions_of(OWN, payment_intent="pi_1") == (said | {"payment_intent": paid},)
    assert await world.read.sessions_of(OWN, payment_intent="pi_3") == ()
    assert await world.read.sessions_of(CONNECTED, payment_intent="pi_1") == ()


async def test_the_session_of_a_subscription_is_found(world: World) -> None:
    for name in ("a", "b"):
        said = session(f"cs_test_{name}", payment_intent=None, subscription=f"sub_{name}", mode="subscription")
        world.sessions[said["id"]] = said
    assert ids(await world.read.sessions_of(OWN, subscription="sub_a")) == ["cs_test_a"]


@pytest.mark.parametrize("kind", ["refunds", "disputes"])
async def test_all_of_a_payments_are_listed_newest_first(world: World, kind: str) -> None:
    for number in range(230):
        world.has(f"/v1/{kind}/x_{number:03d}", payment_intent="pi_1", created=1000 + number)
    world.has(f"/v1/{kind}/x_other", payment_intent="pi_2")
    ask = world.read.refunds_of if kind == "refunds" else world.read.disputes_of
    assert ids(await ask("pi_1", OWN)) == [f"x_{number:03d}" for number in range(229, -1, -1)]
    assert ids(await ask("pi_3", OWN)) == []


@pytest.mark.parametrize("kind", ["refunds", "disputes"])
async def test_a_connected_accounts_are_listed_for_that_account_alone(world: World, kind: str) -> None:
    world.has(f"/v1/{kind}/x_1", account="acct_1", payment_intent="pi_1")
    ask = world.read.refunds_of if kind == "refunds" else world.read.disputes_of
    assert [ids(await ask("pi_1", owner)) for owner in (OWN, CONNECTED, IN_CONTEXT)] == [[], ["x_1"], ["x_1"]]


@pytest.mark.parametrize("kind", ["refunds", "disputes"])
async def test_those_of_our_own_are_listed_by_their_time_page_by_page(world: World, kind: str) -> None:
    for number in range(220):
        world.has(f"/v1/{kind}/x_{number:03d}", created=1000 + number)
    world.has(f"/v1/{kind}/x_connected", account="acct_1", created=1100)
    ask = world.read.refunds if kind == "refunds" else world.read.disputes
    listed: list[str] = []
    has_more, pages = True, 0
    while has_more:
        page = await ask(1005, 1215, listed[-1] if listed else None)
        listed += ids(page.data)
        has_more, pages = page.has_more, pages + 1
    assert listed == [f"x_{number:03d}" for number in range(214, 4, -1)]
    assert pages == 3


async def test_the_invoice_of_a_payment_is_found_and_the_payments_of_an_invoice(world: World) -> None:
    billed = {"subscription_details": {"subscription": "sub_1"}, "type": "subscription_details"}
    invoice = world.has("/v1/invoices/in_1", object="invoice", parent=billed, livemode=False)
    payment = {"type": "payment_intent", "payment_intent": "pi_1"}
    said = world.has("/v1/invoice_payments/inpay_1", invoice="in_1", payment=payment)
    world.has("/v1/invoice_payments/inpay_2", invoice="in_2", payment=payment | {"payment_intent": "pi_2"})
    wanted = (said | {"invoice": invoice},)
    assert await world.read.invoice_payments_of(OWN, payment_intent="pi_1") == wanted
    assert await world.read.invoice_payments_of(OWN, invoice="in_1") == wanted
    assert await world.read.invoice("in_1", OWN) == invoice
    with pytest.raises(StripeRefused, match="404"):
        await world.read.invoice("in_1", CONNECTED)


@pytest.mark.parametrize(
    ("charge", "review", "found"),
    [("ch_1", "prv_1", "prv_1"), ("ch_1", "prv_2", None), ("ch_1", None, None), (None, None, None)],
)
async def test_only_an_open_review_of_a_payments_charge_is_found(
    world: World, charge: str | None, review: str | None, found: str | None
) -> None:
    world.has("/v1/reviews/prv_1", open=True)
    world.has("/v1/reviews/prv_2", open=False)
    world.has("/v1/charges/ch_1", review=review)
    world.fake.intents["pi_1"] = {"id": "pi_1", "latest_charge": charge}
    told = await world.read.open_review_of("pi_1", OWN)
    assert (told and told["id"]) == found


@pytest.mark.parametrize(
    "path", ["refunds/re_1", "disputes/dp_1", "radar/early_fraud_warnings/issfr_1", "reviews/prv_1", "charges/ch_1"]
)
async def test_an_object_is_read_by_its_path(world: World, path: str) -> None:
    said = world.has(f"/v1/{path}", object="x")
    assert await world.read.object_at(f"/v1/{path}") == said
    with pytest.raises(StripeRefused, match="404"):
        await world.read.object_at(f"/v1/{path}", CONNECTED)


@pytest.mark.parametrize("owner", [OWN, CONNECTED])
async def test_a_life_after_the_sale_is_read_as_its_events_tell_it(world: World, owner: Owner) -> None:
    life = AfterSaleWorld(stripe=world.fake)
    sold = world.sessions["cs_test_a"] = session("cs_test_a", payment_intent="pi_1")
    life.pay(sold, owner.account)
    life.warn("pi_1")
    life.refunded("pi_1", "pending", "succeeded", amount=100)
    life.disputed("pi_1", "needs_response", "won")
    life.review("pi_1")
    last = {told.about: told for told in life.told}
    assert len(last) == 4
    for told in last.values():
        assert told.thin
        assert await world.read.object_at(told.thin["related_object"]["url"], owner) == told.object
    assert [each["status"] for each in await world.read.refunds_of("pi_1", owner)] == ["succeeded"]
    assert [each["status"] for each in await world.read.disputes_of("pi_1", owner)] == ["won"]
    assert await world.read.open_review_of("pi_1", owner) == life.told[-1].object


async def test_a_failing_stripe_is_no_empty_list(world: World) -> None:
    if isinstance(world.fake, MemoryStripe):
        world.fake.faults = [StripeUnavailable("401")]
    else:
        world.fake.faults = [401]
    with pytest.raises(StripeUnavailable):
        await world.read.refunds_of("pi_1", OWN)


ASKED: list[Callable[[Any], Awaitable[Any]]] = [
    lambda read: read.sessions_of(OWN),
    lambda read: read.sessions_of(OWN, payment_intent="pi_1", subscription="sub_1"),
    lambda read: read.sessions_of(OWN, payment_intent=""),
    lambda read: read.refunds_of("", OWN),
    lambda read: read.disputes_of("", OWN),
    lambda read: read.invoice_payments_of(OWN),
]


@pytest.mark.parametrize("ask", ASKED)
async def test_the_whole_account_is_never_asked_for(world: World, ask: Callable[[Any], Awaitable[Any]]) -> None:
    with pytest.raises(ValueError, match="name one of"):
        await ask(world.read)
    assert not world.fake.reads
