"""Creates topics and subscriptions in Pub/Sub's emulator, as Terraform does, and reads them."""

import contextlib
import warnings
from typing import Any

import grpc
from google.api_core.exceptions import AlreadyExists
from google.pubsub_v1 import PublisherClient, PubsubMessage, SubscriberClient
from google.pubsub_v1.services.publisher.transports import PublisherGrpcTransport
from google.pubsub_v1.services.subscriber.transports import SubscriberGrpcTransport

from fulfillment.topic.message import Message


class PubSubAdmin:
    """Creates topics and subscriptions in the emulator, and reads kept messages."""

    def __init__(self, host: str, project: str) -> None:
        channel = grpc.insecure_channel(host)
        self._project = f"projects/{project}"
        self._publisher = PublisherClient(transport=PublisherGrpcTransport(channel=channel))
        self._subscriber = SubscriberClient(transport=SubscriberGrpcTransport(channel=channel))

    def create_topic(self, topic: str) -> None:
        """Creates a topic that does not exist yet."""
        with contextlib.suppress(AlreadyExists):
            self._publisher.create_topic(name=f"{self._project}/topics/{topic}")

    def subscribe(self, name: str, topic: str, url: str, **more: Any) -> None:
        """Creates a push subscription as Terraform does, but without a backoff: with one, the emulator 0.8.20 stops
        retrying when several messages fail at once; without one, it retries each message every second.
        """
        request = {
            "name": f"{self._project}/subscriptions/{name}",
            "topic": f"{self._project}/topics/{topic}",
            "push_config": {"push_endpoint": url},
            "ack_deadline_seconds": 90,
            **more,
        }
        with contextlib.suppress(AlreadyExists):
            self._subscriber.create_subscription(request=request)

    def unsubscribe(self, name: str) -> None:
        """Deletes a subscription."""
        self._subscriber.delete_subscription(subscription=f"{self._project}/subscriptions/{name}")

    def keep(self, topic: str, name: str | None = None) -> None:
        """Creates a pull subscription of that name, or of the topic's, which keeps the messages."""
        name = f"{self._project}/subscriptions/{name or topic}"
        with contextlib.suppress(AlreadyExists):
            self._subscriber.create_subscription(name=name, topic=f"{self._project}/topics/{topic}")

    def take(self, topic: str, most: int = 100) -> list[Message]:
        """Pulls and acknowledges kept messages, at most `most`."""
        name = f"{self._project}/subscriptions/{topic}"
        with warnings.catch_warnings():
            # Deprecated for production, where an empty answer may be wrong; the emulator's is right, and immediate.
            warnings.simplefilter("ignore", DeprecationWarning)
            pulled = self._subscriber.pull({"subscription": name, "max_messages": most, "return_immediately": True})
        if pulled.received_messages:
            self._subscriber.acknowledge(subscription=name, ack_ids=[each.ack_id for each in pulled.received_messages])
        return [_message(each.message) for each in pulled.received_messages]


def _message(pulled: PubsubMessage) -> Message:
    at: Any = pulled.publish_time  # a datetime
    return Message(data=pulled.data, attributes=dict(pulled.attributes), id=pulled.message_id, published_at=at)
