"""The stand-in's side of `stripe listen`, for the official Stripe CLI 1.52.0: the CLI requests the websocket's URL, and
gets signed events through it; the webhook's answers come in.
"""

import contextlib

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from local.fakes.stripe_events import SECRET, Json, body, new_id, signature

API_VERSION = "2026-10-28.endive"
SUBPROTOCOL = "stripecli-devproxy-v1"
RECONNECT_SECONDS = 86_400  # the CLI opens a new websocket this often; events sent meanwhile are lost


class StripeListen:
    """The running `stripe listen` processes.

    `responses`   the webhook's answers, as `stripe listen` reports them: `webhook_id` is the event's id
    `listeners`   the websocket of each `stripe listen` that is ready
    """

    def __init__(self, secret: str = SECRET) -> None:
        self.secret = secret
        self.responses: list[Json] = []
        self.listeners: set[WebSocket] = set()

    def listen_routes(self) -> list[BaseRoute]:
        """The routes for `stripe listen`."""
        return [
            Route("/v1/stripecli/sessions", self._listen, methods=["POST"]),
            WebSocketRoute("/v1/stripecli/websocket", self._talk),
        ]

    async def deliver(self, of: Json) -> None:
        """Signs an event and sends it to every `stripe listen` that runs now. A later one does not get it."""
        payload = body(of)
        message = {
            "type": "webhook_event",
            "event_payload": payload.decode(),
            "http_headers": {"Content-Type": "application/json; charset=utf-8", **signature(payload, self.secret)},
            "webhook_id": of["id"],
            "webhook_conversation_id": new_id("wc"),
        }
        for listener in tuple(self.listeners):
            with contextlib.suppress(WebSocketDisconnect):
                await listener.send_json(message)

    async def _listen(self, request: Request) -> Response:
        """The URL of the websocket, and the secret that signs its events."""
        answer = {
            "secret": self.secret,
            "websocket_url": f"ws://{request.url.netloc}/v1/stripecli/websocket",
            "websocket_id": new_id("cliws"),
            "websocket_authorized_feature": "webhooks",
            "reconnect_delay": RECONNECT_SECONDS,
            "default_version": API_VERSION,
            "latest_version": API_VERSION,
        }
        return JSONResponse(answer)

    async def _talk(self, websocket: WebSocket) -> None:
        await websocket.accept(SUBPROTOCOL)
        self.listeners.add(websocket)
        try:
            async for message in websocket.iter_json():
                if message["type"] == "webhook_response":
                    self.responses.append(message)
        finally:
            self.listeners.discard(websocket)
