"""Pulls, leases, releases and acknowledges dead letters; the only file here that knows Pub/Sub's library.

Every method may raise Refused.
"""

import contextlib
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import grpc
from google.api_core.exceptions import Forbidden, GoogleAPIError, NotFound
from google.api_core.gapic_v1.client_info import ClientInfo
from google.auth.exceptions import GoogleAuthError
from google.pubsub_v1 import SubscriberAsyncClient
from google.pubsub_v1.services.subscriber.transports import SubscriberGrpcAsyncIOTransport
from google.pubsub_v1.types import ReceivedMessage

from fulfillment.credentials import find
from fulfillment.orders.firestore import plain
from fulfillment.version import USER_AGENT
from ops.clients import credentials
from ops.dead_letters.dead_letter import DeadLetter
from ops.deployment.terraform_output import APPLY
from ops.errors import Missing, Refused

SECONDS = 20
IDS = 500  # of one request: it may have 512 KiB
_OPTIONS = [
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    ("grpc.primary_user_agent", USER_AGENT),
]


class DeadLetterSubscription:
    """The subscription that holds dead letters. `lease`: seconds for which a pulled letter is hidden from others."""

    def __init__(self, project: str, subscription: str, emulator: str | None, lease: int) -> None:
        self._path, self._emulator = f"projects/{project}/subscriptions/{subscription}", emulator
        self.lease = lease
        self._client: SubscriberAsyncClient | None = None

    async def pull(self, most: int) -> list[DeadLetter]:
        """Up to `most` letters that no other run holds: keep or release them. An empty answer does not mean that there
        are none: Pub/Sub answers at once.
        """
        request = {"subscription": self._path, "max_messages": most, "return_immediately": True}
        client = await self._connected()
        with _calling(), warnings.catch_warnings():
            # Deprecated, as an empty answer may be wrong: the caller pulls again. Without it, the answer to a canceled
            # call may hold letters, which then stay hidden for the subscription's own deadline.
            warnings.simplefilter("ignore", DeprecationWarning)
            answer = await client.pull(request, timeout=SECONDS)
        return [_letter(each) for each in answer.received_messages]

    async def keep(self, ack_ids: Sequence[str]) -> None:
        """Leases them for a whole lease from now on."""
        await self._modify(ack_ids, self.lease)

    async def release(self, ack_ids: Sequence[str]) -> None:
        """Releases them: they may be pulled again at once."""
        await self._modify(ack_ids, 0)

    async def acknowledge(self, ack_ids: Sequence[str]) -> None:
        """Removes them for good."""
        client = await self._connected()
        with _calling():
            for some in _parts(ack_ids):
                await client.acknowledge(subscription=self._path, ack_ids=some, timeout=SECONDS)

    async def close(self) -> None:
        """Closes the connection."""
        if self._client:
            await self._client.transport.close()  # type: ignore[no-untyped-call]

    async def _modify(self, ack_ids: Sequence[str], seconds: int) -> None:
        client = await self._connected()
        with _calling():
            for some in _parts(ack_ids):
                request = {"subscription": self._path, "ack_ids": some, "ack_deadline_seconds": seconds}
                await client.modify_ack_deadline(request, timeout=SECONDS)

    async def _connected(self) -> SubscriberAsyncClient:
        if self._client is None:
            with _calling():
                channel = await self._channel()
            caller = ClientInfo(user_agent=USER_AGENT)  # type: ignore[no-untyped-call]
            transport = SubscriberGrpcAsyncIOTransport(channel=channel, client_info=caller)
            self._client = SubscriberAsyncClient(transport=transport)
        return self._client

    async def _channel(self) -> grpc.aio.Channel:
        if self._emulator:
            return grpc.aio.insecure_channel(self._emulator, options=_OPTIONS)
        credentials = await find(emulated=False)
        return SubscriberGrpcAsyncIOTransport.create_channel(credentials=credentials, options=_OPTIONS)


def _letter(pulled: ReceivedMessage) -> DeadLetter:
    message = pulled.message
    parked_at: Any = message.publish_time
    return DeadLetter(
        id=message.message_id,
        parked_at=plain(parked_at),
        attributes=dict(message.attributes),
        data=message.data,
        ack_id=pulled.ack_id,
    )


def _parts(ack_ids: Sequence[str]) -> Iterator[list[str]]:
    for start in range(0, len(ack_ids), IDS):
        yield list(ack_ids[start : start + IDS])


@contextlib.contextmanager
def _calling() -> Iterator[None]:
    """Turns every error into Refused or Missing, without Google's message."""
    try:
        yield
    except NotFound:
        raise Missing(f"the subscription that holds dead letters does not exist: {APPLY}") from None
    except Forbidden:
        raise Refused("Google does not let you: dead letters need roles/pubsub.subscriber") from None
    except GoogleAPIError as error:
        raise Refused(f"Pub/Sub did not answer: {type(error).__name__}") from None
    except GoogleAuthError:
        raise Refused(credentials.UNKNOWN) from None
