"""The whole pipe on this machine: topics, filtered push subscriptions and the functions, each run by the real
`functions-framework` command, on the official emulators. Reconcile runs if there is a key for Stripe's API,
on_checkout_session_expired with ABANDONED_CARTS, and functions/handlers if it is asked for.
"""

import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from google.auth.credentials import AnonymousCredentials
from google.cloud.firestore import AsyncClient

from fulfillment.domain.event_types import AFTER_SALE, ON_EXPIRED, SUBSCRIBERS, EventType
from fulfillment.orders.firestore_orders import FirestoreOrders
from fulfillment.orders.store import Stored
from fulfillment.topic.message import Message
from fulfillment.topic.publisher import PubSubTopic
from local.fakes.stripe_events import SECRET
from local.runtime import emulators
from local.runtime.emulators import Emulators
from local.runtime.processes import Processes, free_ports
from local.runtime.pubsub_admin import PubSubAdmin

FUNCTIONS = Path(__file__).parents[4] / "functions"
WEBHOOK = "stripe_webhook"
ORDER_STATUS = "order_status"
ENTRY_POINTS = (WEBHOOK, *SUBSCRIBERS.values(), *AFTER_SALE, ORDER_STATUS)
RECONCILE = "reconcile"
HANDLERS = "on_stripe_event"
PORTS = (*ENTRY_POINTS, "pubsub", "firestore", RECONCILE, HANDLERS, ON_EXPIRED)
TOPIC, DEAD_LETTER, ORDER_EVENTS = "checkout-events", "checkout-events-dead-letter", "order-events"
STRIPE_EVENTS, STRIPE_EVENTS_DEAD_LETTER = "checkout-stripe-events", "checkout-stripe-events-dead-letter"


@dataclass
class Pipe:
    """A running pipe. `ports` holds the port of each entry point by its name; `handlers`: functions/handlers runs."""

    processes: Processes
    emulators: Emulators
    ports: Mapping[str, int]
    env: Mapping[str, str]
    project: str
    handlers: bool = False
    admin: PubSubAdmin = field(init=False)

    def __post_init__(self) -> None:
        self.admin = PubSubAdmin(self.emulators.pubsub, self.project)

    @property
    def entry_points(self) -> tuple[str, ...]:
        """The functions that run here."""
        reconcile = (RECONCILE,) if "STRIPE_API_KEY" in self.env else ()
        carts = (ON_EXPIRED,) if self.env.get("ABANDONED_CARTS") == "true" else ()
        return (*ENTRY_POINTS, *carts, *reconcile, *((HANDLERS,) if self.handlers else ()))

    @property
    def webhook_url(self) -> str:
        """The URL for Stripe's events."""
        return f"http://127.0.0.1:{self.ports[WEBHOOK]}/"

    @property
    def order_status_url(self) -> str:
        """The order status page: the begin of a `success_url`."""
        return f"http://127.0.0.1:{self.ports[ORDER_STATUS]}/"

    def create_topics(self) -> None:
        """Creates the topics and subscriptions that do not exist yet."""
        for topic in (TOPIC, DEAD_LETTER, ORDER_EVENTS, STRIPE_EVENTS, STRIPE_EVENTS_DEAD_LETTER):
            self.admin.create_topic(topic)
        for event_type, entry_point in SUBSCRIBERS.items():
            self._subscribe(entry_point, TOPIC, DEAD_LETTER, filter=both_kinds(event_type))
        for entry_point in {*AFTER_SALE, ON_EXPIRED} & {*self.entry_points}:  # a filter for both kinds is too long
            self._subscribe(entry_point, TOPIC, DEAD_LETTER)
        if self.handlers:
            self._subscribe(HANDLERS, STRIPE_EVENTS, STRIPE_EVENTS_DEAD_LETTER)
        for topic in (DEAD_LETTER, ORDER_EVENTS, STRIPE_EVENTS, STRIPE_EVENTS_DEAD_LETTER):
            self.admin.keep(topic)

    def _subscribe(self, entry_point: str, topic: str, dead_letter: str, **more: str) -> None:
        """Has a topic's messages pushed to a function."""
        policy = {
            "dead_letter_topic": f"projects/{self.project}/topics/{dead_letter}",
            "max_delivery_attempts": 100,
        }
        url = f"http://127.0.0.1:{self.ports[entry_point]}/"
        self.admin.subscribe(entry_point.replace("_", "-"), topic, url, dead_letter_policy=policy, **more)

    def start_functions(self) -> None:
        """Starts the functions and waits until they answer."""
        for entry_point in self.entry_points:
            self.start_function(entry_point)
        for entry_point in self.entry_points:
            self.processes.await_http(entry_point, self.ports[entry_point])

    def start_function(self, entry_point: str) -> None:
        """Starts one function with the production command."""
        command = [str(Path(sys.executable).with_name("functions-framework")), "--host=127.0.0.1"]
        command += [f"--source={FUNCTIONS / 'main.py'}", f"--target={entry_point}", f"--port={self.ports[entry_point]}"]
        self.processes.start(entry_point, command, self.env)

    def dump_stacks(self) -> None:
        """Ends the functions; each writes the stacks of its threads to its log."""
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

    def printed(self) -> str:
        """What the functions have printed: log lines, and what the user's hooks print."""
        return "".join(self.processes.log(name).read_text(errors="replace") for name in self.entry_points)

    async def order(self, session_id: str) -> Stored | None:
        """The order as it is in Firestore."""
        return await FirestoreOrders(self.project, "(default)", "orders").get(session_id)

    async def parked(self, dead_letter: str = DEAD_LETTER) -> list[Message]:
        """The messages parked since the last call."""
        return self.admin.take(dead_letter)

    async def routed(self) -> list[Message]:
        """The messages on the topic of routed events since the last call."""
        return self.admin.take(STRIPE_EVENTS)

    async def write_by_hand(self, session_id: str, document: dict[str, Any] | None) -> None:
        """Replaces an order's document without any rule; None deletes it."""
        reference = self._reference(session_id)
        await (reference.delete() if document is None else reference.set(document))

    async def publish(self, data: bytes, attributes: Mapping[str, str]) -> str:
        """Publishes a message to the events topic."""
        return await PubSubTopic(self.project, TOPIC, self.emulators.pubsub).publish(data, attributes)

    def _reference(self, session_id: str) -> Any:
        client = AsyncClient(project=self.project, credentials=AnonymousCredentials())  # type: ignore[no-untyped-call]
        return client.collection("orders").document(session_id)


def both_kinds(event_type: EventType) -> str:
    """The filter of a subscriber's snapshot and thin events. In production each kind has its own subscription. The
    emulator applies no filter, so two would bring each event twice.
    """
    return f'attributes.event_type = "{event_type.value}" OR attributes.event_type = "{event_type.thin}"'


def start(
    processes: Processes,
    ports: Mapping[str, int],
    more: Mapping[str, str] | None = None,
    *,
    handlers: bool = False,
) -> Pipe:
    """Starts everything. `ports`: of each entry point, and of `pubsub` and `firestore`; `more`: settings; `handlers`:
    functions/handlers, which need ROUTED_EVENTS.
    """
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
    pipe = Pipe(processes, hosts, ports, env, project, handlers)
    pipe.create_topics()
    pipe.start_functions()
    return pipe


def restart_pubsub(pipe: Pipe) -> None:
    """Restarts Pub/Sub. Unlike production, the emulator loses its topics: they are created again."""
    emulators.start_pubsub(pipe.processes, pipe.ports["pubsub"], pipe.project)
    pipe.processes.await_http("pubsub", pipe.ports["pubsub"])
    pipe.create_topics()


def choose_ports() -> dict[str, int]:
    """Free ports for a whole pipe."""
    return dict(zip(PORTS, free_ports(len(PORTS)), strict=True))
