"""What the stand-in's POST /local/events promises: any event, snapshot and thin, signed and posted to the webhook."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.datastructures import QueryParams
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from stripe import WebhookSignature

from fulfillment.domain.event_types import family_type
from fulfillment.stripe_types import SNAPSHOT, THIN
from local.fakes.stripe_events import SECRET
from local.fakes.stripe_stand_in import StripeStandIn
from local.fakes.stripe_stand_in_events import _type_in
from support.serving import served

INVOICE = {"id": "in_1", "object": "invoice", "billing_reason": "subscription_cycle"}
KEY = {"Authorization": "Bearer sk_test_0123456789abcdef"}


class Webhook:
    """What was posted, with a signature that Stripe's library accepts. `status`: the answer."""

    def __init__(self) -> None:
        self.got: list[dict[str, Any]] = []
        self.status = 200

    async def take(self, request: Request) -> Response:
        payload = (await request.body()).decode()
        WebhookSignature.verify_header(payload, request.headers["stripe-signature"], SECRET, 300)
        self.got.append(json.loads(payload))
        return Response(status_code=self.status)


@pytest.fixture
def webhook() -> Webhook:
    return Webhook()


@pytest.fixture
def stand_in() -> StripeStandIn:
    return StripeStandIn()


@pytest.fixture
def base(stand_in: StripeStandIn, webhook: Webhook) -> Iterator[str]:
    with (
        served(Starlette(routes=[Route("/", webhook.take, methods=["POST"])])) as stand_in.webhook,
        served(stand_in.app()) as at,
    ):
        yield at.rstrip("/")


def send(base: str, asked: str, of: object = INVOICE) -> httpx.Response:
    return httpx.post(f"{base}/local/events?{asked}", content=of if isinstance(of, bytes) else json.dumps(of))


def test_the_object_comes_as_a_snapshot_event_and_can_be_read(base: str, webhook: Webhook) -> None:
    answer = send(base, "type=invoice.paid")
    (got,) = webhook.got
    assert answer.json() == {"id": got["id"], "type": "invoice.paid", "webhook": 200}
    assert (got["object"], got["type"], got["data"]["object"]) == (
        "event",
        "invoice.paid",
        INVOICE | {"livemode": False},
    )
    assert httpx.get(f"{base}/v1/invoices/in_1", headers=KEY).json() == got["data"]["object"]
    listed = httpx.get(f"{base}/v1/events", headers=KEY).json()["data"]
    assert [each["id"] for each in listed] == [got["id"]]


def test_its_thin_twin_names_it_and_the_object_is_at_its_url_as_it_is_now(base: str, webhook: Webhook) -> None:
    send(base, "type=invoice.paid")
    send(base, "type=invoice.paid&thin=true", INVOICE | {"status": "void"})
    snapshot, thin = webhook.got
    assert (thin["object"], thin["type"]) == ("v2.core.event", "v1.invoice.paid")
    assert thin["snapshot_event"] == snapshot["id"]
    assert "data" not in thin
    assert httpx.get(base + thin["related_object"]["url"], headers=KEY).json()["status"] == "void"


def test_a_thin_event_without_a_twin_names_none(base: str, webhook: Webhook) -> None:
    send(base, "type=invoice.paid", INVOICE | {"id": "in_2"})
    send(base, "type=invoice.voided")
    send(base, "type=invoice.paid&thin=true")
    assert webhook.got[-1]["snapshot_event"] is None


@pytest.mark.parametrize(
    ("event_type", "of", "url"),
    [
        ("v1.invoice.paid", INVOICE, "/v1/invoices/in_1"),
        ("customer.subscription.past_due", {"id": "sub_1", "object": "subscription"}, "/v1/subscriptions/sub_1"),
        ("v2.core.account.created", {"id": "acct_1", "object": "v2.core.account"}, "/v2/core/accounts/acct_1"),
        (
            "checkout.session.expired&thin=true",
            {"id": "cs_1", "object": "checkout.session"},
            "/v1/checkout/sessions/cs_1",
        ),
    ],
)
def test_the_object_of_a_thin_event_is_found_at_its_url(
    base: str, webhook: Webhook, event_type: str, of: dict[str, str], url: str
) -> None:
    assert send(base, f"type={event_type}", of).status_code == 200
    (thin,) = webhook.got
    assert thin["related_object"] == {"id": of["id"], "type": of["object"], "url": url}
    assert httpx.get(base + url, headers=KEY).json() == of | {"livemode": False}


@given(
    st.sampled_from(sorted({family_type(each) for each in SNAPSHOT | THIN} - {"issuing_authorization.request"})),
    st.booleans(),
)
def test_only_events_that_stripe_has_are_made(family: str, thin: bool) -> None:  # noqa: FBT001 - drawn
    asked = QueryParams({"type": family, "thin": str(thin).lower()})
    try:
        family, is_thin = _type_in(asked)
    except HTTPException:
        assert thin
        assert family not in {family_type(each) for each in THIN}
    else:
        names = {family, f"v1.{family}"} & THIN if is_thin else {family} & SNAPSHOT
        assert names
        assert is_thin or not thin


@pytest.mark.parametrize(
    ("asked", "of", "problem"),
    [
        ("", INVOICE, "type: must be the type of one event"),
        ("type=invoice.*", INVOICE, "type: must be the type of one event"),
        ("type=invoice.paid,charge.refunded", INVOICE, "type: must be the type of one event"),
        ("type=Invoice", INVOICE, "type: must be the type of one event"),
        ("type=invoice.paid&thin=yes", INVOICE, "thin: must be true or false"),
        ("type=customer.source.updated&thin=true", INVOICE, "exists only as a snapshot event"),
        ("type=invoice.paid", b"", "the body is not JSON: it must be the event's object, such as -d @invoice.json"),
        ("type=invoice.paid", [INVOICE], "the body is not a JSON object"),
        ("type=invoice.paid", {"id": "in_1"}, "object: must be as Stripe writes it"),
        ("type=invoice.paid", {"object": "invoice"}, "id: must be as Stripe writes it"),
        ("type=invoice.paid", INVOICE | {"id": 7}, "id: must be as Stripe writes it"),
        ("type=invoice.paid", INVOICE | {"id": "in/1"}, "id: must be as Stripe writes it"),
        ("type=invoice.paid", {"object": "event", "id": "evt_1"}, "and not the event"),
    ],
)
def test_what_cannot_be_an_event_is_refused_by_name_and_leaves_nothing(
    base: str, stand_in: StripeStandIn, asked: str, of: object, problem: str
) -> None:
    answer = send(base, asked, of)
    assert answer.status_code == 400
    assert problem in answer.json()["error"]["message"]
    assert not stand_in.others
    assert not stand_in.events


def test_without_a_webhook_it_says_how_to_name_one(base: str, stand_in: StripeStandIn) -> None:
    stand_in.webhook = None
    answer = send(base, "type=invoice.paid")
    assert (answer.status_code, "--webhook URL" in answer.text) == (409, True)


def test_a_webhook_that_is_gone_or_refuses_is_said_and_the_event_can_be_sent_again(
    base: str, webhook: Webhook, stand_in: StripeStandIn
) -> None:
    webhook.status = 503
    answer = send(base, "type=invoice.paid")
    assert (answer.status_code, "answered 503" in answer.text) == (502, True)
    stand_in.webhook = "http://127.0.0.1:1/"
    answer = send(base, "type=invoice.paid")
    assert (answer.status_code, "is scripts/dev running?" in answer.text) == (502, True)
    assert stand_in.undelivered == set(stand_in.events)
    assert len(stand_in.undelivered) == 2
