"""A landing page over real HTTP, with the emulators and a stand-in of Stripe behind it."""

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.requests import Request
from starlette.responses import Response

from fulfillment.domain.effects import Effect, EffectState
from fulfillment.domain.ids import SessionId
from fulfillment.domain.status import Status
from fulfillment.orders.firestore_orders import FirestoreOrders
from fulfillment.topic.message import Message
from local.fakes.stripe_events import session
from local.fakes.stripe_stand_in import StripeStandIn
from local.runtime.pubsub_admin import PubSubAdmin
from support.builders import order
from support.waiting import LONG

DONE = {"fulfill": Effect(state=EffectState.DONE, key="k")}


@dataclass
class Landing:
    """A landing page with a topic and a collection of its own."""

    url: str
    stripe: StripeStandIn
    orders: FirestoreOrders
    admin: PubSubAdmin
    topic: str

    async def get(self, session_id: str | None, accept: str = "text/html", **more: str) -> httpx.Response:
        params = more | ({} if session_id is None else {"session_id": session_id})
        async with httpx.AsyncClient(timeout=LONG) as client:
            return await client.get(self.url, params=params, headers={"Accept": accept})

    async def told(self, session_id: str) -> dict[str, Any]:
        return dict((await self.get(session_id, "application/json")).json())

    async def has(self, claim: Status, **changes: Any) -> str:
        """Stores an order, as a subscriber does."""
        order_id = new_id()
        assert await self.orders.create(order(claim, id=SessionId(order_id), **changes))
        return order_id

    def sold(self, **changes: Any) -> str:
        """Makes Stripe know a session whose webhook has not come."""
        order_id = new_id()
        self.stripe.sessions[order_id] = session(order_id, **changes)
        return order_id

    def published(self) -> list[Message]:
        return self.admin.take(self.topic)


class ClosingStripe(StripeStandIn):
    """Ends each connection with its answer: the page under test ends with its thread, and closes none itself."""

    def app(self) -> Starlette:
        app = super().app()
        app.add_middleware(BaseHTTPMiddleware, dispatch=_closing)
        return app


async def _closing(request: Request, answer: RequestResponseEndpoint) -> Response:
    response = await answer(request)
    response.headers["Connection"] = "close"
    return response


def new_id() -> str:
    return f"cs_test_{uuid.uuid4().hex}"


MakeLanding = Callable[..., Landing]
PERSONAL = ("jenny", "rosen", "oyster", "94080", "example.com/ok", "R-1001", "cart_1001", "pi_3Synth", "evt_", "li_1")


def line(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """The one line that the last request logged."""
    lines = [json.loads(text) for text in capsys.readouterr().out.splitlines() if "duration_ms" in text]
    assert len(lines) == 1
    return dict(lines[0])
