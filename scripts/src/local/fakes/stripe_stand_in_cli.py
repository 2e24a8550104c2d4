"""The stand-in's side of `stripe listen`, as the official Stripe CLI 1.52.0 speaks it: it asks where the
websocket is; through that, signed events go out, and what the webhook answered comes back.
"""

import contextlib

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from local.fakes.stripe_events import SECRET, Json, body, new_id, signature

API_VERSION = "2026-10-28.endive"
SUBPROTOCOL = "stripecli-devproxy-v1"
RECONNECT_SECONDS = 86_400  # so often the CLI opens a new websocket; what is sent meanwhile is lost


class StripeListen:
    """Whoever runs `stripe listen` now.

    `responses`   what the webhook answered, as `stripe listen` tells it: `webhook_id` is the event's id
    `listeners`   the websockets of every `stripe listen` that is ready
    """

    def __init__(self, secret: str = SECRET) -> None:
        self.secret = secret
        self.responses: list[Json] = []
        self.listeners: set[WebSocket] = set()

    def listen_routes(self) -> list[BaseRoute]:
        """Where the CLI listens."""
        return [
            Route("/v1/stripecli/sessions", self._listen, methods=["POST"]),
            WebSocketRoute("/v1/stripecli/websocket", self._talk),
        ]

    async def deliver(self, of: Json) -> None:
        """Sends an event, signed now, to whoever listens now. Nobody gets it later."""
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
        """Where the websocket is, and the secret that signs what comes through it."""
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
