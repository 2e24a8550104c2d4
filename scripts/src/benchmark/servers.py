"""Functions under measurement, each run by the real `functions-framework` command with one worker."""

import functools
import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from google.auth.credentials import AnonymousCredentials
from google.cloud import firestore

from local.fakes.stripe_events import SECRET
from local.runtime import emulators
from local.runtime.emulators import Emulators
from local.runtime.pipe import DEAD_LETTER, FUNCTIONS, ORDER_EVENTS
from local.runtime.processes import Processes, ProgramFailed, free_ports
from local.runtime.pubsub_admin import PubSubAdmin

CONTENDERS = Path(__file__).with_name("contenders")
ON_STOCK = ("bare", "naive")
"""Contenders of the webhook: on the server as functions-framework brings it."""
PROJECT = "local"


@dataclass
class Bench:
    """The emulators, and the started functions."""

    processes: Processes
    emulators: Emulators = field(init=False)
    admin: PubSubAdmin = field(init=False)

    def __post_init__(self) -> None:
        pubsub, firestore_port = free_ports(2)
        self.emulators = emulators.start(self.processes, pubsub, firestore_port, PROJECT)
        self.admin = PubSubAdmin(self.emulators.pubsub, PROJECT)
        for topic in (DEAD_LETTER, ORDER_EVENTS):
            self.admin.create_topic(topic)

    @functools.cached_property
    def firestore(self) -> firestore.Client:
        """A client of the store."""
        os.environ.update(self.emulators.env)
        return firestore.Client(project=PROJECT, credentials=AnonymousCredentials())  # type: ignore[no-untyped-call]

    def topic(self, name: str) -> None:
        """Creates a topic, and a subscription that keeps its messages."""
        self.admin.create_topic(name)
        self.admin.keep(name)

    def find(self, topic: str, session_ids: set[str], seconds: float = 60) -> None:
        """Takes a topic's messages. AssertionError unless they are exactly these sessions' events."""
        found: set[str] = set()
        deadline = time.monotonic() + seconds
        while found != session_ids and time.monotonic() < deadline:
            taken = self.admin.take(topic, 1000)
            found |= {json.loads(each.data)["data"]["object"]["id"] for each in taken}
        if found != session_ids:
            raise AssertionError(
                f"{topic}: {len(session_ids - found)} events are lost, {len(found - session_ids)} strange"
            )

    def stored(self, session_ids: set[str]) -> None:
        """AssertionError unless the orders of these sessions are in the store."""
        collection = self.firestore.collection("orders")
        references = [collection.document(session_id) for session_id in session_ids]
        found = {each.id for each in self.firestore.get_all(references) if each.exists}
        if found != session_ids:
            raise AssertionError(f"{len(session_ids - found)} orders are not in the store")

    def start(self, entry_point: str, *, wait: bool = True, name: str | None = None, **more: str) -> "Server":
        """Starts a function: one of the product's, or a contender, by name."""
        server = Server(entry_point, free_ports(1)[0], name or entry_point)
        contender = CONTENDERS / entry_point / "main.py"
        source = contender if contender.exists() else FUNCTIONS / "main.py"
        packages = "STOCK" if entry_point in ON_STOCK else "DEPLOYED"
        command = [str(Path(os.environ[packages]) / "bin" / "functions-framework"), "--host=127.0.0.1"]
        command += [f"--source={source}", f"--target={entry_point}", f"--port={server.port}"]
        self.processes.start(server.name, command, self.env(more))
        if wait:
            self.processes.await_http(server.name, server.port)
        return server

    def check(self, server: "Server") -> None:
        """Raises ProgramFailed if the function has ended."""
        if server.name in self.processes.ended():
            raise ProgramFailed(f"{server.name} ended:\n{self.processes.tail(server.name)}")

    def env(self, more: Mapping[str, str]) -> dict[str, str]:
        """The settings of every function, and more."""
        settings = {"GOOGLE_CLOUD_PROJECT": PROJECT, "STRIPE_LIVEMODE": "false", "STRIPE_WEBHOOK_SECRETS": SECRET}
        return {**self.emulators.env, **settings, **more}


@dataclass(frozen=True)
class Server:
    """A running function."""

    entry_point: str
    port: int
    name: str

    @property
    def url(self) -> str:
        """The URL of the function."""
        return f"http://127.0.0.1:{self.port}/"
