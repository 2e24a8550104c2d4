"""The real functions on the real emulators, with a link on every connection between them and their neighbors."""

import asyncio
import contextlib
import os
import re
import shutil
import signal
import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from chaos import proxy
from chaos.case import ROUTES
from chaos.plan import FUNCTIONS, NEIGHBORS, PERFORMERS, Plan, link_names
from chaos.profiles import Profile
from chaos.proxy import Link
from chaos.world import World, world
from fulfillment.domain.event_types import SUBSCRIBERS
from fulfillment.orders.firestore_orders import FirestoreOrders
from fulfillment.orders.store import Stored
from local.fakes.stripe_events import SECRET
from local.runtime import emulators, pipe
from local.runtime.emulators import Emulators
from local.runtime.neighbors import API_KEY, SHOP_URL
from local.runtime.pipe import DEAD_LETTER, ORDER_EVENTS, STRIPE_EVENTS, TOPIC, both_kinds
from local.runtime.processes import Processes, free_ports
from local.runtime.pubsub_admin import PubSubAdmin

PROJECT = "chaos"
WATCHED = "dead-letters-watched"  # a subscription of its own, so that the operator's commands are not affected
ACK_SECONDS = 10  # the emulator waits this long for an answer, also after the connection broke
STARTING_SECONDS = 10  # for the functions' start; then the plan begins
LAID_OVER = Path(__file__).parent / "overlay"
HURRIED = {  # file: the text there, and its replacement in the hurried copy
    "effects/mail.py": ("SECONDS = 30", "SECONDS = 5"),
    "stripe_client.py": ("READ_SECONDS = 20", "READ_SECONDS = 5"),
    "effects/runner.py": ("SLACK_SECONDS = 30", "SLACK_SECONDS = 8"),
    "orders/firestore.py": ("RPC_SECONDS = 10.0", "RPC_SECONDS = 3.0"),
    "topic/publisher.py": ("PUBLISH_SECONDS = 8", "PUBLISH_SECONDS = 3"),
}
_WORTH = {"mail": proxy.end_of_mail, "pubsub": proxy.after_greeting, "firestore": proxy.after_greeting}


@dataclass
class Testbed:
    """Everything that runs. `links` by name, as `plan.link_names` has them."""

    processes: Processes
    emulators: Emulators
    links: Mapping[str, Link]
    ports: Mapping[str, int]
    env: Mapping[str, Mapping[str, str]]
    source: Path
    world: World
    admin: PubSubAdmin
    orders: FirestoreOrders

    @property
    def webhook_url(self) -> str:
        """The URL for Stripe's events: a link's."""
        return f"http://127.0.0.1:{self.links['stripe->stripe_webhook'].port}/"

    def start(self, function: str) -> None:
        """Starts a function with the production command."""
        command = [str(Path(sys.executable).with_name("functions-framework")), "--host=127.0.0.1"]
        command += [f"--source={self.source / 'main.py'}", f"--target={function}", f"--port={self.ports[function]}"]
        self.processes.start(function, command, self.env[function])

    def kill(self, function: str) -> None:
        """Kills a function with all its processes."""
        self.processes.stop(function, signal.SIGKILL)

    async def order(self, session_id: str) -> Stored | None:
        """The order in Firestore, read without a link."""
        return await self.orders.get(session_id)


@contextlib.asynccontextmanager
async def built(folder: Path, profile: Profile, plan: Plan) -> AsyncIterator[Testbed]:
    """Everything, started."""
    ports = dict(zip(FUNCTIONS, free_ports(len(FUNCTIONS)), strict=True))
    source = copied(folder, profile)
    with Processes(folder) as processes:
        pubsub, firestore = free_ports(2)
        hosts = await asyncio.to_thread(emulators.start, processes, pubsub, firestore, PROJECT)
        async with world(folder) as around:
            targets = {"pubsub": _port(hosts.pubsub), "firestore": _port(hosts.firestore), **around.ports}
            links = [_link(name, targets | ports) for name in link_names()]
            async with proxy.running(links) as around.callers:
                by_kind = {link.name: link for link in links}
                env = {name: _env(name, by_kind, folder, profile) | _clock(name, plan) for name in FUNCTIONS}
                admin = PubSubAdmin(hosts.pubsub, PROJECT)
                orders = FirestoreOrders(PROJECT, "(default)", "orders")
                with _environment(hosts.env):
                    testbed = Testbed(processes, hosts, by_kind, ports, env, source, around, admin, orders)
                    await _open(testbed, profile)
                    yield testbed


async def _open(testbed: Testbed, profile: Profile) -> None:
    _create_topics(testbed, profile.attempts)
    for function in FUNCTIONS:
        testbed.start(function)
    for function in FUNCTIONS:
        await asyncio.to_thread(testbed.processes.await_http, function, testbed.ports[function])


def copied(folder: Path, profile: Profile) -> Path:
    """A copy of functions/ with the hooks and clock of a chaos run, and shorter time limits if `hurried`."""
    source = folder / "functions"
    shutil.copytree(pipe.FUNCTIONS, source, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(LAID_OVER, source, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__*__*"))
    for name, (written, instead) in HURRIED.items() if profile.hurried else ():
        file = source / "fulfillment" / name
        text, found = re.subn(rf"^{re.escape(written)}\b", instead, file.read_text(), flags=re.MULTILINE)
        if found != 1:
            raise LookupError(f"{name} has no line {written}: update HURRIED in chaos/testbed.py")
        file.write_text(text)
    return source


def _link(name: str, targets: Mapping[str, int]) -> Link:
    called = name.partition("->")[2]
    return Link(name, targets[called], _WORTH.get(called, proxy.any_request))


def _env(function: str, links: Mapping[str, Link], folder: Path, profile: Profile) -> dict[str, str]:
    """A function's settings. PYTHONPATH has only the copy: no other functions/ may be imported."""
    to = {called: f"127.0.0.1:{links[f'{function}->{called}'].port}" for called in NEIGHBORS[function]}
    env = {
        "GOOGLE_CLOUD_PROJECT": PROJECT,
        "STRIPE_LIVEMODE": "false",
        "STRIPE_WEBHOOK_SECRETS": SECRET,
        "ROUTED_EVENTS": str(ROUTES),
        "PUBSUB_EMULATOR_HOST": to["pubsub"],
        "PYTHONPATH": str(folder / "functions"),
        "CHAOS_FOLDER": str(folder / "calls"),
        "CHAOS_KEEPALIVE_MS": "3000" if profile.hurried else "30000",  # the library's own for the real Firestore
    }
    if function in PERFORMERS:
        env |= {"FIRESTORE_EMULATOR_HOST": to["firestore"], "SMTP_URL": f"smtp+insecure://{to['mail']}"}
        env |= {"STRIPE_API_KEY": API_KEY, "STRIPE_API_BASE": f"http://{to['stripe']}", "HOOK_TIMEOUT": "3"}
        env |= {"EMAIL_FROM": "shop@example.com", "SHOP_URL": SHOP_URL, "ORDER_EVENTS_TOPIC": ORDER_EVENTS}
        env |= {"RECONCILE_SINCE": "2020-01-01"}
    return env


def _clock(function: str, plan: Plan) -> dict[str, str]:
    epoch = time.time() + STARTING_SECONDS
    jumps = [f"{epoch + jump.at}:{jump.shift}" for jump in plan.jumps if jump.function == function]
    return {"CHAOS_CLOCK": " ".join(jumps)}


def _create_topics(testbed: Testbed, attempts: int) -> None:
    for topic in (TOPIC, DEAD_LETTER, ORDER_EVENTS, STRIPE_EVENTS):
        testbed.admin.create_topic(topic)
    policy = {"dead_letter_topic": f"projects/{PROJECT}/topics/{DEAD_LETTER}", "max_delivery_attempts": attempts}
    filters = {name: {"filter": both_kinds(event_type)} for event_type, name in SUBSCRIBERS.items()}
    for name in PERFORMERS:
        url = f"http://127.0.0.1:{testbed.links[f'push->{name}'].port}/"
        more = {"dead_letter_policy": policy, "ack_deadline_seconds": ACK_SECONDS, **filters.get(name, {})}
        testbed.admin.subscribe(name.replace("_", "-"), TOPIC, url, **more)
    testbed.admin.keep(DEAD_LETTER)
    testbed.admin.keep(DEAD_LETTER, WATCHED)
    testbed.admin.keep(ORDER_EVENTS)
    testbed.admin.keep(STRIPE_EVENTS)


def _port(host: str) -> int:
    return int(host.rpartition(":")[2])


@contextlib.contextmanager
def _environment(more: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in more}
    os.environ.update(more)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
