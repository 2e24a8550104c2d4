"""Hostile input, in short: more than 20,000 inputs, the same in every run. `scripts/prove fuzz` is the long run. The
search itself is put to the test, too: it must find what it is there to find.
"""

import asyncio
import json
import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.responses import Response

from fulfillment.domain.after_sale_events import AfterSaleEvent, parse_after_sale
from fulfillment.domain.events import CheckoutEvent, parse
from fulfillment.domain.ids import SessionId
from fulfillment.presentation.templates import TEMPLATES
from fulfillment.subscriber import after_sale
from fulfillment.topic.publisher import Topic
from local.fakes.stripe_events import COMPLETED, thin_event
from local.runtime.processes import Processes
from prove import fuzzing, oracles
from prove.after_sale_target import AfterSalePushes
from prove.fuzzing import Report, Target
from prove.mail_target import MailTarget
from prove.order_status_target import OrderStatusTarget
from prove.socket_target import SocketTarget
from prove.targets import Events
from prove.webhook_target import WebhookTarget

INPUTS = 20_400


def fuzz(name: str, target: Target, share: float) -> Report:
    with fuzzing.log_held():
        return asyncio.run(fuzzing.run(name, target, "ci", round(INPUTS * share)))


@pytest.mark.parametrize("name", fuzzing.shares())
def test_no_hostile_input_breaks_a_promise(name: str) -> None:
    report = fuzz(name, *fuzzing.shares()[name])
    assert report.broken == []
    assert report.ways > 2


def test_no_bytes_over_a_socket_break_a_promise(tmp_path: Path) -> None:
    inputs = round(INPUTS * fuzzing.SOCKET_SHARE)
    with Processes(tmp_path) as processes, SocketTarget(processes) as target:
        report = asyncio.run(fuzzing.run("socket", target, "ci", inputs, at_once=32))
    assert report.broken == []
    assert report.ways > 2


def test_the_shares_are_the_whole() -> None:
    assert sum(share for _, share in fuzzing.shares().values()) + fuzzing.SOCKET_SHARE == pytest.approx(1)


def test_the_same_seed_makes_the_same_inputs() -> None:
    one, other = (fuzz("events", Events(broken_parser), 0.01).broken for _ in range(2))
    assert one == other != []


def broken_parser(body: bytes, at: datetime) -> CheckoutEvent:
    """Trusts a session's id."""
    event = parse(body, at)
    return replace(event, checkout=replace(event.checkout, id=SessionId("../" + event.checkout.id)))


def falling_parser(body: bytes, at: datetime) -> CheckoutEvent:
    """Expects that there is a customer."""
    json.loads(body)["data"]["object"]["customer_details"]["email"].lower()
    return parse(body, at)


@pytest.mark.parametrize(
    ("parser", "found"), [(broken_parser, "a document's id that is no plain name"), (falling_parser, "KeyError")]
)
def test_the_search_finds_a_parser_that_trusts(parser: Callable[[bytes, datetime], CheckoutEvent], found: str) -> None:
    assert found in "".join(fuzz("events", Events(parser), 0.05).broken)


def test_the_search_finds_a_subscriber_of_refunds_that_trusts(monkeypatch: pytest.MonkeyPatch) -> None:
    def falling(body: bytes, at: datetime) -> AfterSaleEvent:
        json.loads(body)["data"]["object"]["status"].lower()
        return parse_after_sale(body, at)

    monkeypatch.setattr(after_sale, "parse_after_sale", falling)
    assert "answered 500" in "".join(fuzz("after sale", AfterSalePushes(), 0.02).broken)


def test_the_order_of_a_thin_event_is_known_by_the_object_that_stripe_shows() -> None:
    shown = {"id": "re_1", "object": "refund", "status": "succeeded", "amount": 3500, "payment_intent": "pi_1"}
    told = thin_event("refund.updated", shown)
    given = {"told": told, "type": told["type"], "shown": shown, "session": {}, "known": True, "key": True}
    with fuzzing.log_held():
        assert "refunded" in asyncio.run(AfterSalePushes().take(json.dumps(given).encode()))


def test_the_search_finds_a_webhook_that_looks_at_the_time_alone() -> None:
    def careless(topic: Topic) -> Callable[[Request], object]:
        async def handle(request: Request) -> Response:
            await topic.publish(await request.body(), {"event_type": COMPLETED})
            return Response(status_code=200 if "t=" in request.headers.get("stripe-signature", "") else 400)

        return handle

    target = WebhookTarget(lambda orders, _routed: careless(orders))  # type: ignore[arg-type, return-value]
    broken = "".join(fuzz("webhook", target, 0.01).broken)
    assert "published without a valid signature" in broken
    assert "published, and answered 400" in broken


def test_the_search_finds_a_template_that_trusts(tmp_path: Path) -> None:
    shutil.copytree(TEMPLATES, tmp_path, dirs_exist_ok=True)
    parts = tmp_path / "parts.html"
    parts.write_text(parts.read_text().replace("{{ each.name or", "{{ each.name|default('', true)|safe or"))
    assert "in a mail" in "".join(fuzz("mails", MailTarget(tmp_path), 0.015).broken)


def test_the_search_finds_an_order_status_page_that_trusts(tmp_path: Path) -> None:
    shutil.copytree(TEMPLATES, tmp_path, dirs_exist_ok=True)
    page = tmp_path / "order_status.html"
    page.write_text(page.read_text().replace("{{ each.name or", "{{ each.name|default('', true)|safe or"))
    assert "on the order status page" in "".join(fuzz("landing", OrderStatusTarget(tmp_path), 0.02).broken)


def test_a_log_line_with_a_person_is_found() -> None:
    with pytest.raises(oracles.Broken, match="a person in the log"), fuzzing.log_held():
        sys.stdout.write("jenny.rosen@example.com")


def test_what_firestore_refuses_is_known_to_the_oracle() -> None:
    deep: object = {}
    for _ in range(25):
        deep = {"k": deep}
    for refused in ({"": 1}, {"__x__": 1}, {"k": "\ud800"}, {"k": 2**63}, {"k": [[1]]}, {"k": {1}}, {"k": deep}):
        with pytest.raises(oracles.Broken):
            oracles.fits_firestore("cs_test_a1", refused)
    for path in ("", "a/b", "..", "__x__", "a" * 256, "é"):
        with pytest.raises(oracles.Broken):
            oracles.fits_firestore(path, {})


def test_memory_that_grows_is_found() -> None:
    class Hoarder(Events):
        held = 0.0

        async def take(self, body: bytes) -> str:
            self.held += 1
            return await super().take(body)

        def megabytes(self) -> float:
            return self.held

    assert any("grew by" in each for each in fuzz("events", Hoarder(), 0.02).broken)
