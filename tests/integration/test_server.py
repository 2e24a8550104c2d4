"""The server that is deployed: uvicorn with uvloop and httptools, and orjson. Where one of them is not
installed, a function starts without it.
"""

import sys
import time
from pathlib import Path

import httpx
import pytest

from local.fakes.pubsub_stand_in import PubSubStandIn
from local.fakes.stripe_events import COMPLETED, SECRET, body, event, session, signature
from local.runtime.pipe import FUNCTIONS
from local.runtime.processes import Processes, free_ports
from support.waiting import LONG

FAST = ("uvloop", "httptools", "orjson")
TELLS = """
import os, sys, threading, time
for name in {hidden!r}:
    sys.modules[name] = None
def tell():
    while True:
        print("loaded:", *sorted(each for each in {fast!r} if sys.modules.get(each)), flush=True)
        time.sleep(0.2)
os.register_at_fork(after_in_child=lambda: threading.Thread(target=tell, daemon=True).start())
"""
"""A sitecustomize.py: hides packages, and tells again and again what the worker has loaded."""


@pytest.mark.parametrize(
    "hidden", [(), FAST, *((each,) for each in FAST)], ids=lambda hidden: " ".join(hidden) or "all"
)
def test_an_event_is_published_with_and_without_the_fast_packages(tmp_path: Path, hidden: tuple[str, ...]) -> None:
    (tmp_path / "sitecustomize.py").write_text(TELLS.format(hidden=hidden, fast=FAST))
    port, payload = free_ports(1)[0], body(event(COMPLETED, session("cs_test_a1")))
    command = [Path(sys.executable).with_name("functions-framework"), "--host=127.0.0.1", f"--port={port}"]
    command += [f"--source={FUNCTIONS / 'main.py'}", "--target=stripe_webhook"]
    with PubSubStandIn() as pubsub, Processes(tmp_path) as processes:
        env = {"GOOGLE_CLOUD_PROJECT": "shared", "STRIPE_LIVEMODE": "false", "STRIPE_WEBHOOK_SECRETS": SECRET}
        env |= {"PUBSUB_EMULATOR_HOST": pubsub.host, "PYTHONPATH": str(tmp_path)}
        processes.start("webhook", [str(each) for each in command], env)
        processes.await_http("webhook", port)
        answer = httpx.post(f"http://127.0.0.1:{port}/", content=payload, headers=signature(payload))
        assert (answer.status_code, answer.text) == (200, "ok\n")
        assert [message.data for message in pubsub.take()] == [payload]
        expected = " ".join(("loaded:", *sorted(set(FAST) - set(hidden))))
        deadline = time.monotonic() + LONG
        while f"{expected}\n" not in processes.log("webhook").read_text():
            assert time.monotonic() < deadline, processes.log("webhook").read_text()
            time.sleep(0.1)
