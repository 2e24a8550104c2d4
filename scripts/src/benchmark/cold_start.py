"""Cold start: from the start of the process to the first answer, of each entry point, against the bare function. The
first answer must be for real work: its event is on the topic, or its order in the store.
"""

import http.client
import os
import re
import subprocess
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from benchmark import load
from benchmark.figures import Goal, Part, Spread, Table, ratios
from benchmark.servers import PROJECT, Bench
from fulfillment.domain.event_types import SUBSCRIBERS
from fulfillment.topic.attributes import attributes_of
from fulfillment.topic.message import Message
from local.fakes.memory_topic import push_body
from local.fakes.stripe_events import body, event, new_id, session, signature
from local.runtime.pipe import FUNCTIONS, ORDER_EVENTS, WEBHOOK

ROUNDS = 3  # per round of the other parts
EVERYTHING = {
    "ORDER_EVENTS_TOPIC": ORDER_EVENTS,
    "STRIPE_API_KEY": "rk_test_0123456789",
    "SMTP_URL": "smtp+insecure://127.0.0.1:1025",
    "EMAIL_FROM": "shop@example.com",
    "SHOP_URL": "https://example.com",
}
EMULATORS = {"PUBSUB_EMULATOR_HOST": "127.0.0.1:1", "FIRESTORE_EMULATOR_HOST": "127.0.0.1:1"}
_LIBRARIES = (
    "functions_framework",
    "gunicorn",
    "uvicorn",
    "starlette",
    "stripe",
    "grpc",
    "proto",
    "google.protobuf",
    "google.cloud",
    "google.api_core",
    "google.auth",
    "fulfillment",
    "requests",
    "urllib3",
    "charset_normalizer",
    "cryptography",
    "httpx",
    "jinja2",
    "babel",
)


@dataclass(frozen=True)
class Start:
    """A function to start, its first request, and the session whose event or order must exist afterwards."""

    title: str
    entry_point: str
    post: bytes
    headers: Mapping[str, str]
    env: Mapping[str, str]
    session_id: str = ""

    def seconds(self, bench: Bench) -> float:
        """From the start of the process to the first answer. AssertionError if that is no 200 or 204."""
        began = time.perf_counter()
        server = bench.start(self.entry_point, wait=False, **self.env)
        try:
            status = _first_answer(server.port, self, lambda: bench.check(server))
            took = time.perf_counter() - began
        finally:
            bench.processes.stop(server.name)
        if status not in {200, 204}:
            raise AssertionError(f"{self.title} answered {status}")
        return took


def measure(bench: Bench, _files: Path, rounds: int, share: float) -> Part:
    """All entry points, in rounds."""
    bench.topic("cold")
    took: dict[str, list[float]] = defaultdict(list)
    for number in range(-1, max(2, int(rounds * ROUNDS * share))):  # the first one warms up
        for start in _starts():
            seconds = start.seconds(bench)
            if start.entry_point == WEBHOOK:
                bench.find("cold", {start.session_id})
            elif start.session_id:
                bench.stored({start.session_id})
            if number >= 0:
                took[start.title].append(seconds)
    rows = [[title, Spread.of(each), ratios(each, took["a bare ASGI function"])] for title, each in took.items()]
    tables = [Table("Cold start", ["entry point", "seconds to the first answer", "of the bare function"], rows)]
    bounds = {f"`{WEBHOOK}`": 1.2} | {f"`{name}`": 1.7 for name in SUBSCRIBERS.values()}
    goals = [
        Goal(
            f"cold start of {title}, of the bare function", ratios(took[title], took["a bare ASGI function"]), most=most
        )
        for title, most in bounds.items()
    ]
    bars = {title.strip("`"): Spread.of(each).median for title, each in took.items()}
    return Part([*tables, _imports()], goals, {"seconds to the first answer": bars})


def _starts() -> list[Start]:
    """The functions of one round, each with its own event. A bare function with Firestore's client is the limit of a
    subscriber.
    """
    card = new_id("cs_test")
    signed = load.card_event(card)
    starts = [
        Start("a bare ASGI function", "bare", signed, {}, {}),
        replace(_subscriber("… with Firestore's client", "store", next(iter(SUBSCRIBERS)), {}), session_id=""),
        Start(f"`{WEBHOOK}`", WEBHOOK, signed, signature(signed), {"EVENTS_TOPIC": "cold"}, card),
    ]
    for event_type, entry_point in SUBSCRIBERS.items():
        starts.append(_subscriber(f"`{entry_point}`", entry_point, event_type, {}))
    event_type, entry_point = next(iter(SUBSCRIBERS.items()))
    unpaid = _subscriber("… with everything configured", entry_point, event_type, EVERYTHING)
    return [*starts, unpaid]


def _subscriber(title: str, entry_point: str, event_type: str, env: Mapping[str, str]) -> Start:
    """An event that owes only the hook or an announcement: a mail server's time must not be measured."""
    session_id = new_id("cs_test")
    status = "unpaid" if env or "failed" in event_type else "paid"
    first = event(event_type, session(session_id, payment_status=status), id=new_id("evt"))
    message = Message(data=body(first), attributes=attributes_of(first, ""), id="1")
    return Start(title, entry_point, push_body(message), {}, env, session_id)


def _first_answer(port: int, start: Start, check: Callable[[], None]) -> int:
    """The status of the first answer. Retries the request until there is one."""
    while True:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        try:
            connection.request("POST", "/", start.post, dict(start.headers))
            return connection.getresponse().status
        except ConnectionError:
            check()
            time.sleep(0.002)
        finally:
            connection.close()


def _imports() -> Table:
    """The milliseconds of imports by library, each without its dependencies, by `python -X importtime`."""
    rows = []
    for entry_point in (WEBHOOK, next(iter(SUBSCRIBERS.values()))):
        for where, env in (("on an emulator", EMULATORS), ("on Google Cloud, with what a token needs", {})):
            took = _import_times(entry_point, env)
            parts = sorted(((took[name], name) for name in took), reverse=True)
            largest = ", ".join(f"{name} {ms:.0f}" for ms, name in parts if ms >= 2)
            rows.append([f"`{entry_point}` {where}", f"{sum(took.values()):.0f}", largest])
    return Table("Imports", ["entry point", "ms", "of it"], rows, "With `-X importtime`, which slows imports down.")


def _import_times(entry_point: str, more: Mapping[str, str]) -> dict[str, float]:
    python = Path(os.environ["DEPLOYED"]) / "bin" / "python"
    env = {name: value for name, value in os.environ.items() if name not in EMULATORS} | dict(more)
    env |= {"FUNCTION_TARGET": entry_point, "PYTHONPATH": str(FUNCTIONS), "STRIPE_LIVEMODE": "false"}
    env |= {"GOOGLE_CLOUD_PROJECT": PROJECT, "STRIPE_WEBHOOK_SECRETS": "whsec_0123456789abcdef"}
    command = [str(python), "-X", "importtime", "-c", "import functions_framework._http.gunicorn, uvicorn_worker, main"]
    output = subprocess.run(command, env=env, capture_output=True, text=True, check=True).stderr
    took: dict[str, float] = defaultdict(float)
    for own, module in re.findall(r"import time:\s+(\d+) \|\s+\d+ \|\s+(\S+)", output):
        name = next((each for each in _LIBRARIES if module == each or module.startswith(f"{each}.")), "other libraries")
        took[name] += int(own) / 1000
    return took
