"""The examples in README.md, docs/effects.md and docs/after-sale.md run as they are written."""

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from google.cloud import firestore

from fulfillment.domain.access import Access, Level, access_key
from fulfillment.domain.ids import Id
from fulfillment.domain.order import LineItem, Order
from fulfillment.errors import PermanentError
from local.fakes.stripe_events import COMPLETED, event, new_id, session
from local.runtime.emulators import Emulators
from local.runtime.pubsub_admin import PubSubAdmin
from support.builders import order_of
from support.carts import RECOVERY_URL, cart

ROOT = Path(__file__).parents[2]


def example(file: str, word: str) -> dict[str, Any]:
    """The names that an example defines."""
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / file).read_text(), flags=re.DOTALL)
    (found,) = [block for block in blocks if word in block]
    names: dict[str, Any] = {}
    exec(found, names)  # noqa: S102 - our own text
    return names


def bought(price: str) -> Order:
    order = order_of(event(COMPLETED, session(new_id("cs_test"))))
    return replace(order, line_items=(LineItem(id="li_1", description="Mug", quantity=2, price=Id(price)),))


def requests_of(monkeypatch: pytest.MonkeyPatch, status: int) -> list[httpx.Request]:
    """What an example sends from now on; each request is answered with this status."""
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(status)

    original = httpx.AsyncClient
    monkeypatch.setattr(
        httpx, "AsyncClient", lambda **options: original(transport=httpx.MockTransport(answer), **options)
    )
    return seen


HOOKS = [
    block
    for file in ("README.md", "docs/effects.md", "docs/after-sale.md")
    for block in re.findall(r"```python\n(.*?)```", (ROOT / file).read_text("utf-8"), flags=re.DOTALL)
    if "def fulfill" in block or "def cart_abandoned" in block
]


HANDLERS = re.findall(r"```python\n(.*?)```", (ROOT / "docs/handlers.md").read_text("utf-8"), flags=re.DOTALL)
FILES = [*((block, "hooks.py") for block in HOOKS), *((block, "handlers/__init__.py") for block in HANDLERS)]


@pytest.mark.parametrize(("block", "file"), FILES)
@pytest.mark.parametrize("command", [["check"], ["format", "--check"]])
def test_every_example_passes_the_gate_as_the_users_file(block: str, file: str, command: list[str]) -> None:
    ruff = [sys.executable, "-m", "ruff", *command, "--no-cache", f"--stdin-filename=functions/{file}", "-"]
    done = subprocess.run(ruff, input=block, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


EXAMPLES = [
    *(("docs/effects.md", word) for word in ("firestore.transactional", "SHIPPING =", "PublisherClient")),
    ("docs/after-sale.md", "def access_changed"),
]


@pytest.mark.parametrize(("file", "word"), EXAMPLES)
@pytest.mark.parametrize("items", [None, (LineItem(id="li_1", price=Id("price_of_another")),)])
async def test_no_example_grants_what_is_not_known_to_be_ours(file: str, word: str, items: Any) -> None:
    fulfill = example(file, word)["fulfill"]

    async def call() -> None:
        given = fulfill(replace(bought("x"), line_items=items), "k")
        if given is not None:
            await given

    with pytest.raises(PermanentError):
        await call()


async def test_the_grant_is_made_once_per_key(emulated: Emulators, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", emulated.firestore)
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "shared")
    fulfill, order = example("docs/effects.md", "firestore.transactional")["fulfill"], bought("price_1Pro")
    key = f"{order.id}:fulfill"
    fulfill(order, key)
    grant = firestore.Client("shared").collection("grants").document(key)
    before = grant.get()
    fulfill(order, key)
    assert before.to_dict() == {"user": "cart_1001", "plans": ["pro"]}
    assert grant.get().update_time == before.update_time


@pytest.mark.parametrize("when", ["before", "between", "after"])
def test_the_access_of_the_documents_is_the_newest_level_whenever_the_plans_are_granted(
    emulated: Emulators, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", emulated.firestore)
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "shared")
    hooks, order = example("docs/after-sale.md", "def access_changed"), bought("price_1Pro")
    revoked, granted = Access(level=Level.REVOKED, number=17), Access(level=Level.GRANTED, number=18)
    calls: list[Access | None] = [revoked, granted, granted, revoked]  # twice, and late
    calls.insert({"before": 0, "between": 1, "after": 4}[when], None)
    for access in calls:
        if access is None:
            hooks["fulfill"](order, f"{order.id}:fulfill")
        else:
            erased = replace(order, client_reference_id=None, line_items=None)
            hooks["access_changed"](erased, access, access_key(order.id, access.number))
    grant = firestore.Client("shared").collection("access").document(order.id).get()
    assert grant.to_dict() == {
        "user": "cart_1001",
        "plans": ["pro"],
        "granted_by": f"{order.id}:fulfill",
        "level": "granted",
        "number": 18,
        "level_set_by": f"{order.id}:access:18",
    }


async def test_the_parcel_is_sent_with_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = requests_of(monkeypatch, 201)
    await example("docs/effects.md", "SHIPPING =")["fulfill"](bought("price_1Mug"), "cs_1:fulfill")
    assert seen[0].headers["idempotency-key"] == "cs_1:fulfill"
    assert b"mug-blue" in seen[0].content


async def test_a_buyer_is_invited_with_the_key_and_only_with_an_address_and_a_link(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen = requests_of(monkeypatch, 202)
    monkeypatch.setenv("MAIL_TOKEN", "t")
    invite = example("docs/effects.md", "INVITATIONS =")["cart_abandoned"]
    for left in (cart(customer_details=None), cart(after_expiration=None), cart()):
        await invite(left, left.key)
    (invited,) = seen
    assert invited.headers["idempotency-key"] == "cs_test_a1:cart_abandoned"
    assert RECOVERY_URL.encode() in invited.content


def test_the_job_is_published_with_the_key(emulated: Emulators, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PUBSUB_EMULATOR_HOST", emulated.pubsub)
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "shared")
    admin = PubSubAdmin(emulated.pubsub, "shared")
    admin.create_topic("jobs")
    admin.keep("jobs")
    example("docs/effects.md", "PublisherClient")["fulfill"](bought("price_1Course"), "cs_1:fulfill")
    assert [message.attributes for message in admin.take("jobs")] == [{"key": "cs_1:fulfill"}]


def test_the_first_handler_of_the_documents_notes_a_refund(capsys: pytest.CaptureFixture[str]) -> None:
    charge = {"id": "ch_1", "object": "charge", "amount_refunded": 500, "currency": "usd"}
    example("docs/handlers.md", "def on_charge_refunded")["on_charge_refunded"](
        event("charge.refunded", charge), "evt_1"
    )
    assert capsys.readouterr().out == "evt_1: 500 usd of ch_1 were refunded\n"


def test_the_membership_of_the_documents_is_the_shipped_example() -> None:
    assert HANDLERS[1] == (ROOT / "functions" / "handlers" / "examples.py").read_text("utf-8")


def test_the_readmes_hook_ships_into_its_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = example("README.md", "SHIPPED")
    names["SHIPPED"] = tmp_path / "shipped"
    names["fulfill"](bought("price_1Mug"), "cs_1:fulfill")
    assert (tmp_path / "shipped" / "cs_1:fulfill").read_text() == "2 x Mug"
    assert "shipped cs_test" in capsys.readouterr().out
