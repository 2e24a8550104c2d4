"""A proxy between the functions and an emulator that counts every call: nothing is estimated."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc
from google.cloud.firestore_v1.types import BatchGetDocumentsRequest, CommitRequest
from google.pubsub_v1.types import PublishRequest


@dataclass
class Counts:
    """The counts. `calls` by the method's name; `writes`: those that the store accepted."""

    calls: Counter[str] = field(default_factory=Counter)
    reads: int = 0
    writes: int = 0
    messages: Counter[str] = field(default_factory=Counter)
    sizes: Counter[str] = field(default_factory=Counter)

    def note(self, method: str, request: bytes) -> None:
        """Counts one call. Messages and their bytes (data and attributes) are counted by topic."""
        name = method.rpartition("/")[2]
        self.calls[name] += 1
        if name == "BatchGetDocuments":
            self.reads += len(BatchGetDocumentsRequest.deserialize(request).documents)
        elif name == "Publish":
            published = PublishRequest.deserialize(request)
            topic = published.topic.rpartition("/")[2]
            self.messages[topic] += len(published.messages)
            for each in published.messages:
                attributes = sum(len(key.encode()) + len(value.encode()) for key, value in each.attributes.items())
                self.sizes[topic] += len(each.data) + attributes

    def note_success(self, method: str, request: bytes) -> None:
        """Counts the writes of a successful call."""
        if method.endswith("/Commit"):
            self.writes += len(CommitRequest.deserialize(request).writes)


class _Passing(grpc.GenericRpcHandler):
    """Every method, as bytes."""

    def __init__(self, channel: grpc.Channel, counts: Counts) -> None:
        self._channel, self._counts = channel, counts

    def service(self, handler_call_details: Any) -> Any:
        """Forwards a call with one request and one or several answers."""
        method = handler_call_details.method

        def passing(request: bytes, context: Any) -> Iterator[bytes]:
            self._counts.note(method, request)
            metadata = tuple(each for each in context.invocation_metadata() if each[0] != "user-agent")
            try:
                call: Any = self._channel.unary_stream(method)
                yield from call(request, metadata=metadata)
                self._counts.note_success(method, request)
            except grpc.RpcError as error:
                context.set_trailing_metadata(error.trailing_metadata())
                context.abort(error.code(), error.details())

        return grpc.unary_stream_rpc_method_handler(passing)


@contextmanager
def counting(emulator: str) -> Iterator[tuple[str, Counts]]:
    """The address to use instead of the emulator's, and the counts."""
    counts = Counts()
    with grpc.insecure_channel(emulator) as channel, ThreadPoolExecutor(16) as threads:
        server = grpc.server(threads)
        server.add_generic_rpc_handlers([_Passing(channel, counts)])
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        try:
            yield f"127.0.0.1:{port}", counts
        finally:
            server.stop(None).wait()
