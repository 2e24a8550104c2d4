"""The functions in docs/stripe-events.md run as they are written, for a push without wrapping and for Eventarc."""

import base64
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from functions_framework import create_app

from fulfillment.topic.attributes import attributes_of
from local.fakes.stripe_events import Json, body
from support.every_event import snapshot, thin
from support.tools import ROOT

DOCUMENT = ROOT / "docs" / "stripe-events.md"
EXAMPLES = {
    re.findall(r"def (\w+)", block)[0]: block
    for block in re.findall(r"```python\n(.*?)```", DOCUMENT.read_text("utf-8"), flags=re.DOTALL)
}
TRACE = f"00-{'1' * 32}-{'2' * 16}-01"
SNAPSHOT, TWIN = snapshot("invoice.paid", 7), thin("v1.invoice.paid", 7)
OTHER = snapshot("invoice.created", 8)


def client(name: str, tmp_path: Path) -> Any:
    """The example as functions-framework runs it."""
    source = tmp_path / "main.py"
    source.write_text(EXAMPLES[name])
    return create_app(name, str(source), "cloudevent").test_client()  # type: ignore[no-untyped-call]


@pytest.mark.parametrize("name", EXAMPLES)
@pytest.mark.parametrize("command", [["check"], ["format", "--check"]])
def test_every_example_passes_the_gate(name: str, command: list[str]) -> None:
    ruff = [sys.executable, "-m", "ruff", *command, "--no-cache", "--stdin-filename=functions/hooks.py", "-"]
    done = subprocess.run(ruff, input=EXAMPLES[name], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("said", [SNAPSHOT, TWIN], ids=["snapshot", "thin"])
def test_a_push_without_wrapping_is_a_cloudevent_and_twins_have_one_key(
    said: Json, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = client("on_invoice_paid", tmp_path).post("/", data=body(said), headers=attributes_of(said, TRACE))
    assert answer.status_code == 200
    assert "com.stripe.v1.invoice.paid obj_007 evt_1Snapshot007" in capsys.readouterr().out


@pytest.mark.parametrize("said", [SNAPSHOT, TWIN, OTHER], ids=["snapshot", "thin", "another type"])
def test_eventarcs_function_finds_stripes_event_in_the_message(
    said: Json, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    message = {
        "data": base64.b64encode(body(said)).decode(),
        "attributes": attributes_of(said, TRACE),
        "messageId": "1",
    }
    headers = {
        "ce-specversion": "1.0",
        "ce-id": "1",
        "ce-source": "//pubsub.googleapis.com/projects/acme-shop/topics/checkout-stripe-events",
        "ce-type": "google.cloud.pubsub.topic.v1.messagePublished",
        "content-type": "application/json",
    }
    content = json.dumps({"message": message, "subscription": "projects/acme-shop/subscriptions/eventarc-1"})
    assert client("on_message", tmp_path).post("/", data=content, headers=headers).status_code == 200
    shown = capsys.readouterr().out
    assert (f"{said['type']} obj_007 {said['id']}" in shown) is (said is not OTHER)
