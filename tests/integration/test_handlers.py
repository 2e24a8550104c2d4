"""Handlers that read Stripe and Firestore: the stand-in's API over real HTTP, and the official emulator."""

import json
import uuid
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from google.cloud.firestore import Client
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

import fulfillment.stripe_api
from fulfillment.domain.ids import Id
from fulfillment.domain.order import Order
from fulfillment.domain.routes import Routes
from fulfillment.orders.firestore_orders import FirestoreOrders
from fulfillment.stripe_events import orders_of, read, reading
from fulfillment.stripe_events.endpoint import StripeEvents
from fulfillment.stripe_events.registry import Handler, find
from fulfillment.stripe_events.settings import StripeEventSettings
from fulfillment.topic.attributes import attributes_of
from fulfillment.topic.message import Message
from local.fakes.memory_topic import MemoryTopic, push_body
from local.fakes.stripe_events import Json, body, event, new_id, thin_event
from local.fakes.stripe_stand_in import StripeStandIn, serve
from local.runtime.emulators import Emulators
from support.builders import paid_order
from support.handlers import ask, logged
from support.serving import served
from support.shipped_handlers import shipped_examples

KEY = "rk_test_0123456789abcdef"
ROUTES = Routes.parse("invoice.paid,customer.subscription.*,v2.core.account.*")
Capture = pytest.CaptureFixture[str]


def invoice(subscription: str | None, **changes: Any) -> Json:
    """A renewal's invoice, as far as a handler needs it."""
    parent = {"type": "subscription_details", "subscription_details": {"subscription": subscription}}
    return {
        "id": new_id("in"),
        "object": "invoice",
        "billing_reason": "subscription_cycle",
        "livemode": False,
        "parent": parent if subscription else None,
        "lines": {"data": [{"period": {"start": 1_000, "end": 2_000}}, {"period": {"start": 1_000, "end": 3_000}}]},
    } | changes


@dataclass
class Desk:
    """on_stripe_event, with what its handlers return."""

    settings: StripeEventSettings
    stripe: StripeStandIn
    dead_letter: MemoryTopic = field(default_factory=MemoryTopic)
    returned: list[Any] = field(default_factory=list)

    async def push(self, said: Json, work: Any = read) -> int:
        """The answer to an event, whose handler does that work."""

        def handler(given: Json, _key: str) -> None:
            self.returned.append(work(given))

        names = ("on_invoice_paid", "on_v2_core_account_updated")
        return await self.push_to(dict.fromkeys(names, handler), said)

    async def push_to(self, handlers: dict[str, Handler], said: Json) -> int:
        message = Message(data=body(said), attributes=attributes_of(said, ""), id="7")
        endpoint = StripeEvents(self.settings, handlers, self.dead_letter)
        return (await ask(endpoint, push_body(message, 1))).status_code

    def reasons(self) -> list[str]:
        return [parked.attributes["reason"] for parked in self.dead_letter.stored]


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    stripe = StripeStandIn()
    async with serve(stripe) as base:
        settings = StripeEventSettings(
            project="shared", livemode=False, routes=ROUTES, stripe_key=lambda: KEY, api_base=base
        )
        yield Desk(settings, stripe)
        if api := reading._api(settings):
            await api.close()


def told(desk: Desk, **changes: Any) -> tuple[Json, Json]:
    """An invoice at Stripe, and the thin event about it."""
    of = invoice("sub_1")
    desk.stripe.others[f"/v1/invoices/{of['id']}"] = of
    return of, thin_event("invoice.paid", of, **changes)


async def test_the_object_of_a_thin_event_is_read_as_it_is_now(desk: Desk) -> None:
    of, said = told(desk)
    of["status"] = "void"
    assert await desk.push(said) == 204
    assert desk.returned == [of]
    assert type(desk.returned[0]["lines"]) is dict
    (asked,) = desk.stripe.reads
    assert "stripe-context" not in asked.headers
    assert "stripe-account" not in asked.headers


async def test_it_is_read_in_the_context_of_the_event(desk: Desk) -> None:
    of, said = told(desk, context="org_1/acct_1")
    desk.stripe.accounts[of["id"]] = "acct_1"
    assert await desk.push(said) == 204
    assert desk.returned == [of]
    assert desk.stripe.reads[0].headers["stripe-context"] == "org_1/acct_1"


async def test_an_object_of_api_v2_is_read_too(desk: Desk) -> None:
    url = "/v2/core/accounts/acct_1?include=identity"
    account = {"id": "acct_1", "object": "v2.core.account", "livemode": False}
    desk.stripe.others["/v2/core/accounts/acct_1"] = account
    related = {"id": "acct_1", "type": "v2.core.account", "url": url}
    said = thin_event("", account, type="v2.core.account.updated", related_object=related)
    assert await desk.push(said) == 204
    assert desk.returned == [account]
    assert desk.stripe.reads[0].query_params["include"] == "identity"


REFUSED = [
    (403, "the key lacks a permission: a restricted key needs to read objects of this kind"),
    (404, "no such object: it was deleted, or the key is of the other mode, or of another account than the webhook's"),
]


@pytest.mark.parametrize(("status", "advice"), REFUSED)
async def test_an_object_that_the_key_may_not_read_is_parked_with_where_to_look(
    desk: Desk, status: int, advice: str
) -> None:
    _, said = told(desk, context="acct_1")
    desk.stripe.faults = [status]
    assert await desk.push(said) == 204
    (reason,) = desk.reasons()
    assert reason.startswith(
        "read_refused: invoice, and the event is of test mode. "
        f"Stripe answered {status} to the key rk_test_… in the context acct_1: {advice}"
    )
    assert len(desk.stripe.reads) == 1


async def test_a_refusal_of_api_v2_has_only_a_code_and_is_parked(desk: Desk) -> None:
    _, said = told(desk)
    said["related_object"]["url"] = "/v2/core/accounts/acct_1"
    refusal = {"error": {"code": "not_found", "message": "jenny.rosen@example.com"}}
    desk.stripe.faults = [Response(json.dumps(refusal), 404, media_type="application/json")]
    assert await desk.push(said) == 204
    (reason,) = desk.reasons()
    assert "Stripe answered 404" in reason
    assert "jenny" not in reason


@pytest.mark.parametrize(
    ("faults", "text"),
    [
        ([401], "Stripe answered 401 to the key rk_test_… for its own account: the API key is revoked"),
        ([429] * 99, "Stripe answered 429"),
        ([503] * 99, "Stripe answered 503"),
        ([Response("<html>", 404)], "not Stripe, but something on the way to it answered 404"),
        ([Response("[]", 200)], "Stripe's answer cannot be read"),
    ],
)
async def test_what_may_pass_brings_the_event_again(
    desk: Desk, faults: list[Any], text: str, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setattr(fulfillment.stripe_api.StripeApi.__init__, "__defaults__", (1, None))
    _, said = told(desk)
    desk.stripe.faults = faults
    assert await desk.push(said) == 503
    line = logged(capsys)
    assert (line["outcome"], desk.dead_letter.stored) == ("retry", [])
    assert text in line["message"]
    desk.stripe.faults = []
    assert await desk.push(said) == 204


# --- orders


@pytest.fixture
async def sold(desk: Desk, emulated: Emulators, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A desk with Firestore."""
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", emulated.firestore)
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "shared")
    return desk


async def order(subscription: str | None) -> Order:
    made = replace(paid_order(), subscription=Id(subscription) if subscription else None)
    assert await FirestoreOrders("shared", "(default)", "orders").create(made)
    return made


async def test_the_orders_of_a_subscription_are_found(sold: Desk) -> None:
    subscription = new_id("sub")
    ids = {(await order(subscription)).id for _ in range(2)}
    await order(new_id("sub"))
    await order(None)
    assert await sold.push(event("invoice.paid", {}), lambda _: orders_of(subscription)) == 204
    assert await sold.push(event("invoice.paid", {}), lambda _: orders_of(new_id("sub"))) == 204
    found, none = sold.returned
    assert {each.id for each in found} == ids
    assert none == ()


async def test_an_order_that_cannot_be_read_is_not_left_out(sold: Desk) -> None:
    subscription = new_id("sub")
    await order(subscription)
    Client("shared").collection("orders").document(f"cs_test_{uuid.uuid4().hex}").set({"subscription": subscription})
    assert await sold.push(event("invoice.paid", {}), lambda _: orders_of(subscription)) == 204
    assert sold.reasons() == ["corrupt_order: 1 of the subscription's orders cannot be read"]


async def test_without_firestore_the_event_comes_again(
    sold: Desk, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setattr("fulfillment.orders.firestore.RPC_SECONDS", 0.2)
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", "127.0.0.1:1")
    assert await sold.push(event("invoice.paid", {}), lambda _: orders_of("sub_1")) == 503
    assert logged(capsys)["message"].startswith("Firestore did not answer")


# --- the worked examples


@dataclass
class Members:
    """The shop's own system: it keeps what it was told, once per key."""

    told: dict[str, tuple[str, Json]] = field(default_factory=dict)
    calls: int = 0
    status: int = 204

    async def take(self, request: Request) -> Response:
        self.calls += 1
        key = request.headers["idempotency-key"]
        self.told.setdefault(key, (request.path_params["member"], await request.json()))
        return Response(status_code=self.status)


@pytest.fixture
def members(monkeypatch: pytest.MonkeyPatch) -> Iterator[Members]:
    system = Members()
    app = Starlette(routes=[Route("/members/{member}", system.take, methods=["PATCH"])])
    with served(app) as url:
        monkeypatch.setenv("MEMBERS_URL", url.rstrip("/"))
        yield system


HANDLERS = find(shipped_examples(), ROUTES)


async def test_a_paid_invoice_extends_the_membership_once_for_both_twins(sold: Desk, members: Members) -> None:
    bought = await order(new_id("sub"))
    paid = event("invoice.paid", invoice(bought.subscription))
    of = paid["data"]["object"]
    sold.stripe.others[f"/v1/invoices/{of['id']}"] = of
    for said in (paid, thin_event("invoice.paid", of, snapshot_event=paid["id"]), paid):
        assert await sold.push_to(dict(HANDLERS), said) == 204
    assert members.told == {f"{paid['id']}:{bought.id}": ("cart_1001", {"paid_until": 3_000})}
    assert members.calls == 3


async def test_an_invoice_of_an_older_api_version_names_its_subscription_itself(sold: Desk, members: Members) -> None:
    bought = await order(new_id("sub"))
    older = {name: each for name, each in invoice(None).items() if name != "parent"}
    paid = event("invoice.paid", older | {"subscription": bought.subscription})
    assert await sold.push_to(dict(HANDLERS), paid) == 204
    assert list(members.told) == [f"{paid['id']}:{bought.id}"]


@pytest.mark.parametrize(
    "of", [invoice(None), invoice("sub_of_another_shop"), invoice("sub_1", billing_reason="subscription_create")]
)
async def test_an_invoice_that_extends_nothing_here_is_not_passed_on(sold: Desk, members: Members, of: Json) -> None:
    await order(None)
    assert await sold.push_to(dict(HANDLERS), event("invoice.paid", of)) == 204
    assert members.calls == 0


async def test_a_subscription_that_is_over_ends_the_membership_once_for_both_twins(
    sold: Desk, members: Members
) -> None:
    bought = await order(new_id("sub"))
    over = {"id": bought.subscription, "object": "subscription", "livemode": False, "ended_at": 4_000}
    sold.stripe.others[f"/v1/subscriptions/{bought.subscription}"] = over
    ended = event("customer.subscription.deleted", over)
    for said in (thin_event(ended["type"], over, snapshot_event=ended["id"]), ended):
        assert await sold.push_to(dict(HANDLERS), said) == 204
    assert members.told == {f"{ended['id']}:{bought.id}": ("cart_1001", {"ended_at": 4_000})}


@pytest.mark.parametrize(("status", "answer", "parked"), [(404, 204, 1), (503, 503, 0)])
async def test_a_member_that_is_unknown_is_parked_and_a_system_that_is_down_is_asked_again(
    sold: Desk, members: Members, status: int, answer: int, parked: int
) -> None:
    bought = await order(new_id("sub"))
    members.status = status
    assert await sold.push_to(dict(HANDLERS), event("invoice.paid", invoice(bought.subscription))) == answer
    assert len(sold.dead_letter.stored) == parked
