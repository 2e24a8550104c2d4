"""A stand-in of Pub/Sub's publisher over real gRPC. Unlike the emulator it can be slow, or refuse."""

import itertools
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Self

import grpc
from google.pubsub_v1.types import PublishRequest, PublishResponse

from fulfillment.topic.message import Message

THREADS = 64
LARGEST_REQUEST = 10_000_000  # Pub/Sub's limit; gRPC's default is lower
_PUBLISH = "/google.pubsub.v1.Publisher/Publish"


class PubSubStandIn:
    """Stores every message published to any topic. `seconds`: the delay of each answer; `refusal`: an error to answer
    instead, with nothing stored; `asked`: the number of calls.
    """

    def __init__(self) -> None:
        self.stored: list[Message] = []
        self.asked, self.seconds = 0, 0.0
        self.refusal: grpc.StatusCode | None = None
        self._ids = itertools.count(1)
        self._lock = threading.Lock()
        self._server = grpc.server(
            ThreadPoolExecutor(THREADS, thread_name_prefix="pubsub"),
            options=[("grpc.max_receive_message_length", LARGEST_REQUEST)],
        )
        self._server.add_generic_rpc_handlers((_Publisher(self._publish),))
        self.host = f"127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.stop(grace=None).wait()

    def take(self) -> list[Message]:
        """The messages stored since the last call."""
        with self._lock:
            taken, self.stored = self.stored, []
        return taken

    def _publish(self, request: Any, context: grpc.ServicerContext) -> Any:
        self.asked += 1
        time.sleep(self.seconds)
        if self.refusal:
            context.abort(self.refusal, "refused")
        with self._lock:
            ids = [str(next(self._ids)) for _ in request.messages]
            self.stored += [
                Message(data=each.data, attributes=dict(each.attributes), id=message_id)
                for each, message_id in zip(request.messages, ids, strict=True)
            ]
        return PublishResponse(message_ids=ids)


class _Publisher(grpc.GenericRpcHandler):
    def __init__(self, publish: Any) -> None:
        self._method = grpc.unary_unary_rpc_method_handler(
            publish,
            request_deserializer=PublishRequest.deserialize,
            response_serializer=PublishResponse.serialize,
        )

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> Any:
        """The only method."""
        return self._method if handler_call_details.method == _PUBLISH else None
