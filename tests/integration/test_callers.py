"""Every call to Stripe and to Google names the product and its version: read off the wire, where a server takes any
call, writes down its headers, and refuses it.
"""

import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import grpc
import pytest
import stripe
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from fulfillment.errors import FulfillmentError
from fulfillment.orders.firestore import Collection
from fulfillment.stripe_api import StripeApi
from fulfillment.topic.publisher import PubSubTopic
from fulfillment.version import NAME, USER_AGENT, VERSION
from ops.clients.access import StripeAccess
from ops.clients.google_api import GoogleApi
from ops.clients.google_cloud import GoogleCloud
from ops.clients.secret_manager import SecretManager
from ops.clients.snapshot_endpoints import SnapshotEndpoints
from ops.clients.stripe_client import connect
from ops.clients.stripe_endpoints import StripeEndpoints
from ops.clients.stripe_events import StripeEvents
from ops.clients.stripe_permissions import StripePermissions
from ops.clients.thin_destinations import ThinDestinations
from ops.dead_letters.subscription import DeadLetterSubscription
from ops.errors import OperationsError
from support.serving import served

KEY = "sk_test_0123456789abcdef"


@dataclass
class Wire:
    """Where the server is, and the headers of every call that it got."""

    at: str
    calls: list[dict[str, str]] = field(default_factory=list)


@pytest.fixture
def http() -> Iterator[Wire]:
    wire = Wire("")

    async def refuse(request: Request) -> Response:
        wire.calls.append(dict(request.headers))
        return JSONResponse({"error": {"message": "no", "code": 404}}, 404)

    app = Starlette(routes=[Route("/{path:path}", refuse, methods=["GET", "POST", "DELETE", "PATCH"])])
    with served(app) as base:
        wire.at = base.rstrip("/")
        yield wire


class Refusing(grpc.GenericRpcHandler):
    """Any method, of any service: none is implemented."""

    def __init__(self, calls: list[dict[str, str]]) -> None:
        self._calls = calls

    def service(self, handler_call_details: Any) -> None:
        self._calls.append(dict(handler_call_details.invocation_metadata))


@pytest.fixture
async def rpc() -> AsyncIterator[Wire]:
    wire = Wire("")
    server = grpc.aio.server()
    server.add_generic_rpc_handlers([Refusing(wire.calls)])
    wire.at = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    await server.start()
    yield wire
    await server.stop(None)


def assert_named_to_stripe(call: dict[str, str]) -> None:
    assert call["user-agent"].startswith("Stripe/")
    assert call["user-agent"].split()[2] == USER_AGENT
    about = json.loads(call["x-stripe-client-user-agent"])
    assert (about["lang"], about["application"]["name"], about["application"]["version"]) == ("python", NAME, VERSION)


@pytest.mark.parametrize(
    "ask",
    [
        lambda api: api.session("cs_test_1"),
        lambda api: api.sessions(1, 2),
        lambda api: api.line_items("cs_test_1"),
    ],
    ids=["session", "sessions", "line_items"],
)
async def test_the_functions_name_themselves_to_stripe(http: Wire, ask: Callable[[StripeApi], Awaitable[Any]]) -> None:
    api = StripeApi(lambda: KEY, http.at)
    with contextlib.suppress(FulfillmentError):  # what counts is what came
        await ask(api)
    await api.close()
    (call,) = http.calls
    assert_named_to_stripe(call)
    assert stripe.app_info is None  # clients that a hook makes speak for themselves


@pytest.mark.parametrize(
    "ask",
    [
        lambda access: StripeEndpoints(access).list(),
        lambda access: SnapshotEndpoints(connect(access)).delete("we_1"),
        lambda access: ThinDestinations(connect(access)).delete("ed_1"),
        lambda access: StripeEvents(access).resend("evt_1", None),
        lambda access: StripePermissions(access).use("PaymentIntents: read"),
    ],
    ids=["list", "delete", "delete thin", "resend", "permission"],
)
def test_the_commands_name_themselves_to_stripe(http: Wire, ask: Callable[[StripeAccess], object]) -> None:
    refused_or_missing(lambda: ask(StripeAccess(key=KEY, base=http.at)))
    (call,) = http.calls
    assert_named_to_stripe(call)


@pytest.mark.parametrize(
    "ask",
    [
        lambda api: GoogleCloud(api, "europe-west1").function("f"),
        lambda api: GoogleCloud(api, "europe-west1").service("s"),
        lambda api: GoogleCloud(api, "europe-west1").subscription("s"),
        lambda api: GoogleCloud(api, "europe-west1").topic_policy("t"),
        lambda api: SecretManager(api).latest("s"),
        lambda api: GoogleCloud(api, "europe-west1").backlog("s"),
    ],
    ids=["function", "service", "subscription", "topic_policy", "secret", "backlog"],
)
def test_the_commands_name_themselves_to_google(http: Wire, ask: Callable[[GoogleApi], object]) -> None:
    refused_or_missing(lambda: ask(GoogleApi("acme-shop", http.at)))
    (call,) = http.calls
    assert USER_AGENT in call.get("x-goog-api-client", call["user-agent"]).split()


def refused_or_missing(ask: Callable[[], object]) -> None:
    with contextlib.suppress(OperationsError):  # what counts is what came
        ask()


def assert_named_to_google(wire: Wire) -> None:
    assert wire.calls
    assert [each["x-goog-api-client"].split()[0] for each in wire.calls] == [USER_AGENT] * len(wire.calls)


async def test_a_publish_names_its_caller(rpc: Wire) -> None:
    with pytest.raises(FulfillmentError):
        await PubSubTopic("p", "t", rpc.at).publish(b"{}", {})
    assert_named_to_google(rpc)
    assert rpc.calls[0]["user-agent"].startswith(f"{USER_AGENT} grpc-python")


@pytest.mark.parametrize(
    "ask",
    [
        lambda orders: orders.create("a", {}),
        lambda orders: orders.get("a"),
        lambda orders: orders.get_all(["a"]),
        lambda orders: orders.find([], None, 1),
    ],
    ids=["create", "get", "get_all", "find"],
)
async def test_firestore_is_told_who_calls(
    rpc: Wire, monkeypatch: pytest.MonkeyPatch, ask: Callable[[Collection], Awaitable[Any]]
) -> None:
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", rpc.at)
    with pytest.raises(FulfillmentError):
        await ask(Collection("p", "(default)", "orders"))
    assert_named_to_google(rpc)


@pytest.mark.parametrize(
    "ask",
    [lambda box: box.pull(1), lambda box: box.keep(["a"]), lambda box: box.acknowledge(["a"])],
    ids=["pull", "keep", "acknowledge"],
)
async def test_pulling_dead_letters_names_its_caller(
    rpc: Wire, ask: Callable[[DeadLetterSubscription], Awaitable[Any]]
) -> None:
    box = DeadLetterSubscription("p", "s", rpc.at, 60)
    with pytest.raises(OperationsError):
        await ask(box)
    await box.close()
    assert_named_to_google(rpc)
    assert rpc.calls[0]["user-agent"].startswith(f"{USER_AGENT} grpc-python")
