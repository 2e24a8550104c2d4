"""A shop on the emulators, and its operator: orders, dead letters, a subscriber whose hook may refuse."""

import asyncio
import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from click.testing import CliRunner, Result
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from fulfillment.domain.event_types import EventType
from fulfillment.domain.order import Order
from fulfillment.errors import PermanentError
from fulfillment.orders.firestore import Collection
from fulfillment.orders.firestore_orders import FirestoreOrders
from fulfillment.subscriber.endpoint import Subscriber
from fulfillment.subscriber.executors import configured, stripe_api
from fulfillment.subscriber.settings import SubscriberSettings
from fulfillment.topic.attributes import attributes_of
from fulfillment.topic.publisher import PubSubTopic
from local.fakes.stripe_events import Json, body
from local.runtime.emulators import Emulators
from local.runtime.pipe import DEAD_LETTER, STRIPE_EVENTS, STRIPE_EVENTS_DEAD_LETTER, TOPIC
from local.runtime.pubsub_admin import PubSubAdmin
from ops.cli import ops
from support.serving import served
from support.tools import ROOT
from support.waiting import LONG

SECRETIVE = ("jenny", "Jenny", "Oyster", "R-1001", "cart_")


class EmulatedShop:
    """A project of its own on the shared emulators. `refuses`: what the hook says, if it refuses."""

    def __init__(self, emulated: Emulators) -> None:
        self.project = f"shop-{uuid.uuid4().hex[:12]}"
        self.emulated = emulated
        self.env: dict[str, str | None] = {**emulated.env, "GOOGLE_CLOUD_PROJECT": self.project}
        self.admin = PubSubAdmin(emulated.pubsub, self.project)
        for topic in (TOPIC, DEAD_LETTER, STRIPE_EVENTS, STRIPE_EVENTS_DEAD_LETTER):
            self.admin.create_topic(topic)
        for topic in (DEAD_LETTER, STRIPE_EVENTS_DEAD_LETTER):
            self.admin.keep(topic)
        self.refuses: str | None = None
        self.performed: list[str] = []

    def runs(self, *args: str, **env: str | None) -> Result:
        """Runs a command."""
        result = CliRunner().invoke(ops, args, env=self.env | env)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    def reports(self, *args: str, **env: str | None) -> Any:
        """What a command says to a machine: nothing personal, unless it is asked for."""
        said = self.runs(*args, "--json", **env).stdout
        assert not [each for each in SECRETIVE if each in said]
        # The subscriber is in this process, and its log lines go to stdout, too.
        return json.loads("".join(line for line in said.splitlines(keepends=True) if not line.startswith('{"sev')))

    def orders(self) -> FirestoreOrders:
        """A store for one event loop."""
        return FirestoreOrders(self.project, "(default)", "orders")

    def keep(self, *orders: Order) -> None:
        """Stores orders."""

        async def store() -> None:
            there = self.orders()
            await asyncio.gather(*(there.create(each) for each in orders))

        asyncio.run(store())

    def order(self, order_id: str) -> Order:
        """An order as it is stored."""
        found = asyncio.run(self.orders().get(order_id))
        assert found
        return found.order

    def break_order(self, order_id: str) -> None:
        """Makes an order unreadable, as one that was changed by hand."""

        async def change() -> None:
            documents = Collection(self.project, "(default)", "orders")
            found = await documents.get(order_id)
            assert found
            await documents.replace(order_id, {"schema": 99}, found.version)

        asyncio.run(change())

    def park(self, *letters: tuple[bytes, dict[str, str]]) -> None:
        """Puts messages into the dead letter."""

        async def publish() -> None:
            topic = PubSubTopic(self.project, DEAD_LETTER, self.emulated.pubsub)
            await asyncio.gather(*(topic.publish(data, attributes) for data, attributes in letters))

        asyncio.run(publish())

    def publish(self, said: Json, **more: str) -> None:
        """Sends an event on its way, as the webhook does."""
        attributes = attributes_of(said, "") | more
        asyncio.run(PubSubTopic(self.project, TOPIC, self.emulated.pubsub).publish(body(said), attributes))

    @contextmanager
    def open(self, **settings: str) -> Iterator[None]:
        """While this lasts, a subscriber performs what is owed."""
        env = {**os.environ, "GOOGLE_CLOUD_PROJECT": self.project, "STRIPE_LIVEMODE": "false"}
        loaded = SubscriberSettings.load({**env, **self.emulated.env, **settings})
        dead_letter = PubSubTopic(self.project, DEAD_LETTER, self.emulated.pubsub)
        stripe = stripe_api(loaded)
        executors = configured(loaded, SimpleNamespace(fulfill=self._fulfill), stripe)
        subscriber = Subscriber(EventType.COMPLETED, loaded, self.orders(), dead_letter, executors, stripe)

        async def handle(request: Request) -> Response:
            return await subscriber(request)

        with served(Starlette(routes=[Route("/", handle, methods=["POST"])])) as url:
            self.admin.subscribe("completed", TOPIC, url)
            yield

    def until(self, condition: Callable[[], bool], seconds: float = LONG) -> None:
        """Returns once it is so."""
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline
            time.sleep(0.1)

    def _fulfill(self, order: Order, _key: str) -> None:
        if self.refuses:
            raise PermanentError(self.refuses)
        self.performed.append(order.id)


def program(shop: EmulatedShop, *args: str, stderr: Path | None = None) -> subprocess.Popen[bytes]:
    """The real program, started. `stderr`: the file that gets what it tells a person."""
    path = {
        "PYTHONPATH": f"{ROOT}/scripts/src:{ROOT}/functions",
        "PATH": os.environ["PATH"],
        "HOME": os.environ["HOME"],
    }
    env = path | {name: text for name, text in shop.env.items() if text}
    command = [sys.executable, "-m", "ops", *args]
    with (stderr or Path(os.devnull)).open("wb") as told:
        return subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=told)
