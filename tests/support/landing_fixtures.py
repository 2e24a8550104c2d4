"""The landing page, for those who visit it."""

import uuid
from collections.abc import AsyncIterator

import pytest

from fulfillment.orders.firestore_orders import FirestoreOrders
from local.fakes.stripe_stand_in import StripeStandIn
from local.fakes.stripe_stand_in import serve as serve_stripe
from local.runtime.emulators import Emulators
from local.runtime.neighbors import API_KEY, SHOP_URL
from local.runtime.pubsub_admin import PubSubAdmin
from support.landings import ClosingStripe, Landing, MakeLanding
from support.serving import Serve


@pytest.fixture
async def known_stripe() -> AsyncIterator[tuple[StripeStandIn, str]]:
    """A stand-in of Stripe, and where it is."""
    stand_in = ClosingStripe()
    async with serve_stripe(stand_in) as base:
        yield stand_in, base


@pytest.fixture
def make_landing(
    serve: Serve, emulated: Emulators, known_stripe: tuple[StripeStandIn, str], monkeypatch: pytest.MonkeyPatch
) -> MakeLanding:
    """Makes a landing page with those settings."""

    def start(**more: str) -> Landing:
        for name, host in emulated.env.items():
            monkeypatch.setenv(name, more.get(name, host))
        topic, collection = f"events-{uuid.uuid4().hex}", f"orders-{uuid.uuid4().hex}"
        admin = PubSubAdmin(emulated.pubsub, "shared")
        admin.create_topic(topic)
        admin.keep(topic)
        env = {"EVENTS_TOPIC": topic, "ORDERS_COLLECTION": collection, "SHOP_URL": SHOP_URL}
        env |= {"STRIPE_API_KEY": API_KEY, "STRIPE_API_BASE": known_stripe[1], **more}
        url = serve("order_status", **env)
        return Landing(url, known_stripe[0], FirestoreOrders("shared", "(default)", collection), admin, topic)

    return start


@pytest.fixture
def landing(make_landing: MakeLanding) -> Landing:
    return make_landing()
