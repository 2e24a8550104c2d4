"""The whole pipe on this machine: topics, filtered push subscriptions and the functions, each run by the real
`functions-framework` command, on the official emulators. Reconcile is there if there is a key to read Stripe with.
"""

import contextlib
import sys
import time
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import httpx
from google.api_core.exceptions import AlreadyExists
from google.auth.credentials import AnonymousCredentials
from google.cloud.firestore import AsyncClient
from google.pubsub_v1 import PublisherClient, SubscriberClient
from google.pubsub_v1.services.publisher.transports import PublisherGrpcTransport
from google.pubsub_v1.services.subscriber.transports import SubscriberGrpcTransport

from fulfillment.domain.event_types import SUBSCRIBERS
from fulfillment.orders.firestore_orders import FirestoreOrders
from fulfillment.orders.store import Stored
from fulfillment.topic.message import Message
from fulfillment.topic.publisher import PubSubTopic
from local.fakes.stripe_events import SECRET
from local.programs.sales import NONSENSE
from local.runtime import emulators
from local.runtime.emulators import Emulators
from local.runtime.processes import Processes, free_ports

FUNCTIONS = Path(__file__).parents[4] / "functions"
WEBHOOK = "stripe_webhook"
ORDER_STATUS = "order_status"
ENTRY_POINTS = (WEBHOOK, *SUBSCRIBERS.values(), ORDER_STATUS)
RECONCILE = "reconcile"
PORTS = (*ENTRY_POINTS, "pubsub", "firestore", RECONCILE)
TOPIC, DEAD_LETTER, ORDER_EVENTS = "checkout-events", "checkout-events-dead-letter", "order-events"


class PubSubAdmin:
    """Makes topics and subscriptions in the emulator, and reads what was parked."""

    def __init__(self, host: str, project: str) -> None:
        channel = grpc.insecure_channel(host)
        self._project = f"projects/{project}"
        self._publisher = PublisherClient(transport=PublisherGrpcTransport(channel=channel))
        self._subscriber = SubscriberClient(transport=SubscriberGrpcTransport(channel=channel))

    def create_topic(self, topic: str) -> None:
        """Makes a topic, if it is not there."""
        with contextlib.suppress(AlreadyExists):
            self._publisher.create_topic(name=f"{self._project}/topics/{topic}")

    def subscribe(self, name: str, topic: str, url: str, **more: Any) -> None:
        """Makes a push subscription as Terraform makes it, but without a backoff: with one, the emulator 0.8.20 stops
        retrying when several messages fail at once; without, it tries each again every second.
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

    def keep(self, topic: str, name: str | None = None) -> None:
        """Makes the subscription of that name, or of the topic's, that keeps its messages for whoever looks."""
        name = f"{self._project}/subscriptions/{name or topic}"
        with contextlib.suppress(AlreadyExists):
            self._subscriber.create_subscription(name=name, topic=f"{self._project}/topics/{topic}")

    def take(self, topic: str, most: int = 100) -> list[Message]:
        """Pulls and acknowledges what is kept, so many messages at most."""
        name = f"{self._project}/subscriptions/{topic}"
        with warnings.catch_warnings():
            # Deprecated for production, where an empty answer may be a lie; the emulator's is true, and at once.
            warnings.simplefilter("ignore", DeprecationWarning)
            pulled = self._subscriber.pull({"subscription": name, "max_messages": most, "return_immediately": True})
        if pulled.received_messages:
            self._subscriber.acknowledge(subscription=name, ack_ids=[each.ack_id for each in pulled.received_messages])
        return [
            Message(data=each.message.data, attributes=dict(each.message.attributes), id=each.message.message_id)
            for each in pulled.received_messages
        ]


@dataclass
class Pipe:
    """A running pipe. `ports` holds the port of each entry point by its name."""

    processes: Processes
    emulators: Emulators
    ports: Mapping[str, int]
    env: Mapping[str, str]
    project: str
    admin: PubSubAdmin = field(init=False)

    def __post_init__(self) -> None:
        self.admin = PubSubAdmin(self.emulators.pubsub, self.project)

    @property
    def entry_points(self) -> tuple[str, ...]:
        """The functions that run here."""
        return (*ENTRY_POINTS, RECONCILE) if "STRIPE_API_KEY" in self.env else ENTRY_POINTS

    @property
    def webhook_url(self) -> str:
        """Where Stripe's events go."""
        return f"http://127.0.0.1:{self.ports[WEBHOOK]}/"

    @property
    def order_status_url(self) -> str:
        """Where a buyer lands: what a `success_url` begins with."""
        return f"http://127.0.0.1:{self.ports[ORDER_STATUS]}/"

    def create_topics(self) -> None:
        """Makes the topics and the subscriptions; what is there stays."""
        for topic in (TOPIC, DEAD_LETTER, ORDER_EVENTS):
            self.admin.create_topic(topic)
        for event_type, entry_point in SUBSCRIBERS.items():
            url = f"http://127.0.0.1:{self.ports[entry_point]}/"
            self.admin.subscribe(
                entry_point.replace("_", "-"),
                TOPIC,
                url,
                filter=f'attributes.event_type = "{event_type}"',
                dead_letter_policy={
                    "dead_letter_topic": f"projects/{self.project}/topics/{DEAD_LETTER}",
                    "max_delivery_attempts": 100,
                },
            )
        self.admin.keep(DEAD_LETTER)
        self.admin.keep(ORDER_EVENTS)

    def start_functions(self) -> None:
        """Starts the functions and waits until they answer."""
        for entry_point in self.entry_points:
            self.start_function(entry_point)
        for entry_point in self.entry_points:
            self.processes.await_http(entry_point, self.ports[entry_point])

    def start_function(self, entry_point: str) -> None:
        """Starts one function by the command that runs it in production."""
        command = [str(Path(sys.executable).with_name("functions-framework")), "--host=127.0.0.1"]
        command += [f"--source={FUNCTIONS / 'main.py'}", f"--target={entry_point}", f"--port={self.ports[entry_point]}"]
        self.processes.start(entry_point, command, self.env)

    def dump_stacks(self) -> None:
        """Ends the functions, each with the stacks of its threads in its log."""
        for entry_point in self.entry_points:
            self.processes.abort(entry_point)
        time.sleep(1)

    def tails(self) -> dict[str, str]:
        """The end of what each program printed, by its name."""
        return {name: self.processes.tail(name) for name in self.ports if self.processes.log(name).exists()}

    async def post(self, body: bytes, headers: Mapping[str, str]) -> int:
        """Stripe's POST to the webhook: the status of the answer."""
        async with httpx.AsyncClient() as client:
            answer = await client.post(self.webhook_url, content=body, headers=headers, timeout=30)
        return answer.status_code

    async def reconcile(self) -> int:
        """The schedule's call: the status of the answer."""
        async with httpx.AsyncClient() as client:
            return (await client.post(f"http://127.0.0.1:{self.ports[RECONCILE]}/", timeout=600)).status_code

    async def order(self, session_id: str) -> Stored | None:
        """The order as it is in Firestore."""
        return await FirestoreOrders(self.project, "(default)", "orders").get(session_id)

    async def parked(self) -> list[Message]:
        """What has been parked since the last look."""
        return self.admin.take(DEAD_LETTER)

    async def spoil(self, session_id: str) -> None:
        """Somebody writes nonsense in the place of an order."""
        await self._by_hand(session_id).set(NONSENSE)

    async def mend(self, session_id: str) -> None:
        """Takes the nonsense away."""
        await self._by_hand(session_id).delete()

    async def publish(self, data: bytes, attributes: Mapping[str, str]) -> str:
        """Puts a message on the topic of events."""
        return await PubSubTopic(self.project, TOPIC, self.emulators.pubsub).publish(data, attributes)

    def _by_hand(self, session_id: str) -> Any:
        client = AsyncClient(project=self.project, credentials=AnonymousCredentials())  # type: ignore[no-untyped-call]
        return client.collection("orders").document(session_id)


def start(processes: Processes, ports: Mapping[str, int], more: Mapping[str, str] | None = None) -> Pipe:
    """Starts everything. `ports`: of each entry point, and of `pubsub` and `firestore`; `more`: settings."""
    project = "local"
    hosts = emulators.start(processes, ports["pubsub"], ports["firestore"], project)
    env = {
        **hosts.env,
        "GOOGLE_CLOUD_PROJECT": project,
        "STRIPE_LIVEMODE": "false",
        "STRIPE_WEBHOOK_SECRETS": SECRET,
        "ORDER_EVENTS_TOPIC": ORDER_EVENTS,
        "PYTHONFAULTHANDLER": "1",
        **(more or {}),
    }
    pipe = Pipe(processes, hosts, ports, env, project)
    pipe.create_topics()
    pipe.start_functions()
    return pipe


def restart_pubsub(pipe: Pipe) -> None:
    """Starts Pub/Sub again after it ended: the emulator forgets its topics, production does not."""
    emulators.start_pubsub(pipe.processes, pipe.ports["pubsub"], pipe.project)
    pipe.processes.await_http("pubsub", pipe.ports["pubsub"])
    pipe.create_topics()


def choose_ports() -> dict[str, int]:
    """Free ports for a whole pipe."""
    return dict(zip(PORTS, free_ports(len(PORTS)), strict=True))
