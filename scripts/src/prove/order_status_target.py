"""The order status page, with hostile URLs and orders: no personal data, and nothing that a browser executes."""

import re
from html.parser import HTMLParser
from pathlib import Path
from random import Random
from urllib.parse import quote

from fulfillment.domain.events import parse
from fulfillment.domain.items import read_page, with_line_items
from fulfillment.domain.transitions import apply
from fulfillment.errors import MalformedEvent
from fulfillment.order_status.endpoint import OrderStatus
from fulfillment.order_status.publisher import ClaimPublisher
from fulfillment.order_status.settings import OrderStatusSettings
from fulfillment.order_status.status_page import StatusPage
from fulfillment.presentation.templates import TEMPLATES
from fulfillment.topic.finder import Finder
from local.fakes.memory_topic import ORIGIN, MemoryTopic
from local.fakes.stripe_events import line_item
from prove import oracles
from prove.mutations import VALUES, hostile_json
from prove.targets import NOW, CheckedOrders, Headers, answer

SHOP = "https://shop.example/"
SETTINGS = OrderStatusSettings.load(
    {"GOOGLE_CLOUD_PROJECT": "local", "STRIPE_LIVEMODE": "false", "SHOP_URL": SHOP, "STRIPE_API_KEY": ""}
)
WORDS = [each for each in VALUES if isinstance(each, str)]
_LINKS = (SHOP, "data:,", "?", "#", "/")
_RUNS = {"script", "img", "iframe", "object", "embed", "form", "input", "base"}


class OrderStatusTarget:
    """The page of one order, with hostile requests and item names."""

    def __init__(self, templates: Path = TEMPLATES) -> None:
        self._page = StatusPage(SETTINGS, templates)

    def make(self, random: Random, sample: bytes) -> tuple[bytes, str | None, str, Headers]:
        """A hostile event, a hostile name of an item, a method and headers."""
        asked = random.choice((None, None, None, *random.sample(WORDS, 2)))
        method = "GET" if random.random() < 0.9 else random.choice(("HEAD", "POST", "TRACE"))
        names = (b"accept", b"accept-language", b"traceparent")
        said = (b"application/json", b"text/html", b"de,*;q=x", b"\xff")
        headers = tuple((random.choice(names), random.choice(said)) for _ in range(random.randrange(3)))
        event = hostile_json(random, sample) if random.random() < 0.5 else sample
        return event, asked, method, ((b"x-item", random.choice(WORDS).encode("utf-8", "replace")), *headers)

    async def take(self, made: tuple[bytes, str | None, str, Headers]) -> str:
        """Requests the page, and returns the result."""
        event, asked, method, headers = made
        orders = CheckedOrders()
        session_id = await _store(orders, event, headers[0][1].decode())
        query = f"session_id={quote(session_id if asked is None else asked, errors='replace')}".encode()
        page = OrderStatus(
            SETTINGS, orders, None, ClaimPublisher(Finder(MemoryTopic(), "order_status", ORIGIN)), self._page
        )
        shown = await answer(page, b"", headers[1:], method, query)
        text = bytes(shown.body).decode()
        oracles.hold(shown.status_code in {200, 202, 404, 405}, f"answered {shown.status_code}")
        oracles.hold(not any(word in text for word in oracles.PERSON), "a person on the order status page")
        if shown.headers["content-type"].startswith("text/html"):
            oracles.hold("default-src 'none'" in shown.headers["content-security-policy"], "no policy for the page")
            _Reader().feed(text)
        return f"{shown.status_code} {re.search('<title>(.*?)</title>', text)}"


async def _store(orders: CheckedOrders, event: bytes, item: str) -> str:
    """Stores the event's order with an item of that name. Returns its id, or an unknown id if there is no order."""
    try:
        order = apply(None, parse(event, NOW)).order
    except MalformedEvent:
        return "cs_test_unknown"
    items = read_page({"data": [line_item(description=item)], "has_more": False}).items
    await orders.create(with_line_items(order, items))
    return order.id


class _Reader(HTMLParser):
    """Reads the page. Raises Broken for anything that a browser would execute or load."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Checks one tag."""
        oracles.hold(tag not in _RUNS, f"a <{tag}> on the order status page")
        for name, value in attrs:
            oracles.hold(not name.startswith("on") and name != "style", f"an attribute {name} on the order status page")
            oracles.hold(name not in {"href", "src"} or (value or "").startswith(_LINKS), "a link that is not ours")
