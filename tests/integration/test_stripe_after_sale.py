"""What follows a sale, read from Stripe's API over HTTP, from a stand-in: the requests, and what a refusal says."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import pytest
from starlette.responses import JSONResponse

from fulfillment.domain.ids import OWN, ContextPath, Owner
from fulfillment.errors import StripeRefused, StripeUnavailable
from fulfillment.stripe_api import StripeApi
from fulfillment.stripe_errors import SCOPES
from local.fakes.stripe_after_sale import AfterSaleWorld
from local.fakes.stripe_events import Json, session
from local.fakes.stripe_stand_in import StripeStandIn, serve

KEY = "rk_test_0123456789abcdef"
Ask = Callable[[StripeApi], Awaitable[Any]]


@pytest.fixture
def stand_in() -> StripeStandIn:
    return StripeStandIn()


@pytest.fixture
async def api(stand_in: StripeStandIn) -> AsyncIterator[StripeApi]:
    async with serve(stand_in) as base:
        reading = StripeApi(lambda: KEY, base, seconds=3)
        yield reading
        await reading.close()


def refunds(stand_in: StripeStandIn, count: int) -> None:
    for number in range(count):
        of = {"id": f"re_{number:03d}", "object": "refund", "payment_intent": "pi_1", "created": 1000 + number}
        stand_in.others[f"/v1/refunds/{of['id']}"] = of


ASKED: list[tuple[Ask, str, dict[str, str]]] = [
    (
        lambda api: api.sessions_of(OWN, payment_intent="pi_1"),
        "/v1/checkout/sessions",
        {"limit": "100", "payment_intent": "pi_1", "expand[0]": "data.payment_intent"},
    ),
    (
        lambda api: api.sessions_of(OWN, subscription="sub_1"),
        "/v1/checkout/sessions",
        {"limit": "100", "subscription": "sub_1", "expand[0]": "data.payment_intent"},
    ),
    (lambda api: api.refunds_of("pi_1", OWN), "/v1/refunds", {"limit": "100", "payment_intent": "pi_1"}),
    (lambda api: api.disputes_of("pi_1", OWN), "/v1/disputes", {"limit": "100", "payment_intent": "pi_1"}),
    (lambda api: api.refunds(1, 9), "/v1/refunds", {"limit": "100", "created[gte]": "1", "created[lt]": "9"}),
    (lambda api: api.disputes(1, 9), "/v1/disputes", {"limit": "100", "created[gte]": "1", "created[lt]": "9"}),
    (
        lambda api: api.invoice_payments_of(OWN, payment_intent="pi_1"),
        "/v1/invoice_payments",
        {
            "limit": "100",
            "payment[type]": "payment_intent",
            "payment[payment_intent]": "pi_1",
            "expand[0]": "data.invoice",
        },
    ),
    (
        lambda api: api.invoice_payments_of(OWN, invoice="in_1"),
        "/v1/invoice_payments",
        {"limit": "100", "invoice": "in_1", "expand[0]": "data.invoice"},
    ),
]


@pytest.mark.parametrize(("ask", "path", "query"), ASKED)
async def test_one_request_asks_for_a_hundred_by_stripes_names(
    stand_in: StripeStandIn, api: StripeApi, ask: Ask, path: str, query: dict[str, str]
) -> None:
    await ask(api)
    (request,) = stand_in.reads
    assert (request.method, request.url.path, dict(request.query_params)) == ("GET", path, query)
    assert request.headers["stripe-version"] == api.api_version


async def test_a_payment_is_read_with_its_charges_review(stand_in: StripeStandIn, api: StripeApi) -> None:
    stand_in.intents["pi_1"] = {"id": "pi_1", "latest_charge": None}
    assert await api.open_review_of("pi_1", OWN) is None
    (request,) = stand_in.reads
    assert (request.url.path, dict(request.query_params)) == (
        "/v1/payment_intents/pi_1",
        {"expand[0]": "latest_charge.review"},
    )


@pytest.mark.parametrize(
    ("owner", "header", "value"),
    [
        (Owner(account="acct_1"), "stripe-account", "acct_1"),
        (Owner.told_by("acct_1", ContextPath("org_1/acct_1")), "stripe-context", "org_1/acct_1"),
    ],
)
async def test_each_read_is_made_in_the_owners_account(
    stand_in: StripeStandIn, api: StripeApi, owner: Owner, header: str, value: str
) -> None:
    stand_in.intents["pi_1"] = {"id": "pi_1"}
    stand_in.others["/v1/invoices/in_1"] = {"id": "in_1"}
    stand_in.accounts |= {"pi_1": "acct_1", "in_1": "acct_1"}
    await api.sessions_of(owner, payment_intent="pi_1")
    await api.refunds_of("pi_1", owner)
    await api.disputes_of("pi_1", owner)
    await api.invoice_payments_of(owner, payment_intent="pi_1")
    await api.invoice("in_1", owner)
    await api.open_review_of("pi_1", owner)
    assert [each.headers.get(header) for each in stand_in.reads] == [value] * 6


async def test_a_page_that_fails_is_read_again_alone(stand_in: StripeStandIn, api: StripeApi) -> None:
    refunds(stand_in, 150)
    stand_in.faults = [None, 500]
    assert len(await api.refunds_of("pi_1", OWN)) == 150
    assert [each.query_params.get("starting_after") for each in stand_in.reads] == [None, "re_050", "re_050"]


REFUSED: list[tuple[Ask, str]] = [
    (lambda api: api.sessions_of(OWN, payment_intent="pi_1"), "'Checkout Sessions: read' and 'PaymentIntents: read'"),
    (lambda api: api.refunds_of("pi_1", OWN), "'Charges and Refunds: read'"),
    (lambda api: api.refunds(1, 2), "'Charges and Refunds: read'"),
    (lambda api: api.disputes_of("pi_1", OWN), "'Disputes: read'"),
    (lambda api: api.disputes(1, 2), "'Disputes: read'"),
    (lambda api: api.invoice_payments_of(OWN, invoice="in_1"), "'Invoices: read'"),
    (lambda api: api.invoice("in_1", OWN), "'Invoices: read'"),
    (lambda api: api.open_review_of("pi_1", OWN), "'Charges and Refunds: read' and 'Radar (reviews): read'"),
    (lambda api: api.object_at("/v1/refunds/re_1"), "'Charges and Refunds: read'"),
    (lambda api: api.object_at("/v1/charges/ch_1"), "'Charges and Refunds: read'"),
    (lambda api: api.object_at("/v1/disputes/dp_1"), "'Disputes: read'"),
    (lambda api: api.object_at("/v1/radar/early_fraud_warnings/issfr_1"), "'Radar (early fraud warnings): read'"),
    (lambda api: api.object_at("/v1/reviews/prv_1"), "'Radar (reviews): read'"),
    (lambda api: api.object_at("/v1/reviews?limit=1"), "'Radar (reviews): read'"),
    (lambda api: api.object_at("/v1/checkout/sessions/cs_1"), "'Checkout Sessions: read'"),
    (lambda api: api.object_at("/v1/customers/cus_1"), "needs to read objects of this kind, and"),
]


@pytest.mark.parametrize(("ask", "named"), REFUSED)
async def test_a_key_without_the_permission_is_told_its_name(
    stand_in: StripeStandIn, api: StripeApi, ask: Ask, named: str
) -> None:
    stand_in.faults = [403]
    with pytest.raises(StripeRefused) as refused:
        await ask(api)
    assert named in str(refused.value)
    assert KEY not in str(refused.value)


async def test_a_list_that_is_not_found_blames_no_session(stand_in: StripeStandIn, api: StripeApi) -> None:
    for ask, *_ in ASKED:
        stand_in.faults = [404]
        with pytest.raises(StripeRefused, match="no such object"):
            await ask(api)


@pytest.mark.parametrize("path", SCOPES.values())
async def test_each_permission_is_tried_by_a_list_that_exists(api: StripeApi, path: str) -> None:
    assert (await api.object_at(f"{path}?limit=1&created[lt]=1"))["object"] == "list"


async def test_an_answer_that_is_no_such_list_cannot_be_read(stand_in: StripeStandIn, api: StripeApi) -> None:
    nameless: Json = {"data": [{"object": "refund"}], "has_more": False}
    for answer in ({"object": "list"}, {"data": [], "has_more": True}, nameless):
        stand_in.faults = [JSONResponse(answer)]
        with pytest.raises(StripeUnavailable, match="cannot be read"):
            await api.refunds_of("pi_1", OWN)


async def test_a_charge_that_came_without_its_review_expanded_is_not_taken_for_unreviewed(
    stand_in: StripeStandIn, api: StripeApi
) -> None:
    for charge in ("ch_1", {"id": "ch_1", "review": "prv_1"}):
        stand_in.faults = [JSONResponse({"id": "pi_1", "latest_charge": charge})]
        with pytest.raises(StripeUnavailable, match="cannot be read: latest_charge"):
            await api.open_review_of("pi_1", OWN)


async def test_an_id_stays_one_part_of_the_path(stand_in: StripeStandIn, api: StripeApi) -> None:
    with pytest.raises(StripeRefused):
        await api.invoice("../customers/cus_1?x", OWN)
    assert stand_in.reads[0].url.path.startswith("/v1/invoices/")


async def test_a_refund_is_of_the_mode_of_its_payment(stand_in: StripeStandIn) -> None:
    life = AfterSaleWorld(stripe=stand_in)
    life.payment("pi_1", 100, livemode=True)
    (told,) = life.refund("pi_1")
    async with serve(stand_in) as base:
        live, test = (StripeApi(lambda key=key: key, base) for key in ("rk_live_1", "rk_test_1"))  # type: ignore[misc]
        assert (len(await live.refunds_of("pi_1", OWN)), len(await test.refunds_of("pi_1", OWN))) == (1, 0)
        assert await live.object_at(f"/v1/refunds/{told.about}") == told.object
        with pytest.raises(StripeRefused, match="404"):
            await test.object_at(f"/v1/refunds/{told.about}")
        await live.close()
        await test.close()


async def test_a_filter_that_stripe_does_not_have_is_refused(api: StripeApi) -> None:
    with pytest.raises(StripeRefused, match="400"):
        await api.object_at("/v1/refunds?session=cs_1")


async def test_a_refund_that_the_cli_asks_for_is_made_and_its_event_kept(stand_in: StripeStandIn) -> None:
    sold = session("cs_test_a1", payment_intent="pi_cli")
    stand_in.sessions["cs_test_a1"] = sold
    async with serve(stand_in) as base, httpx.AsyncClient(base_url=base) as cli:
        part = await cli.post("/v1/refunds", data={"payment_intent": "pi_cli", "amount": "500"})
        rest = await cli.post("/v1/refunds", data={"payment_intent": "pi_cli"})
        refused = [
            (await cli.post("/v1/refunds", data=data)).status_code
            for data in (
                {"payment_intent": "pi_cli"},
                {"payment_intent": "pi_cli", "amount": "1"},
                {"payment_intent": "pi_cli", "amount": "x"},
                {"payment_intent": "pi_cli", "amount": "0"},
                {"payment_intent": "pi_of_no_order"},
            )
        ]
    assert (part.json()["amount"], rest.json()["amount"]) == (500, sold["amount_total"] - 500)
    assert refused == [400, 400, 400, 400, 404]
    kept = [(each["type"], each["data"]["object"]["id"]) for each in stand_in.events.values()]
    assert kept == [("refund.created", part.json()["id"]), ("refund.created", rest.json()["id"])]
