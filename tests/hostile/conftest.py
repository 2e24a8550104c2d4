"""What hostile tests share: a stand-in of Pub/Sub that tells what came through, and a webhook in front of it."""

from collections.abc import Iterator

import pytest
from functions_framework.aio import create_asgi_app

from local.fakes.pubsub_stand_in import PubSubStandIn
from local.fakes.stripe_events import SECRET
from local.runtime.pipe import FUNCTIONS
from support.serving import served


@pytest.fixture(scope="module")
def running_pubsub() -> Iterator[PubSubStandIn]:
    with PubSubStandIn() as running:
        yield running


@pytest.fixture(scope="module")
def url(running_pubsub: PubSubStandIn) -> Iterator[str]:
    """The webhook over real HTTP, one for all tests of a file."""
    env = {"GOOGLE_CLOUD_PROJECT": "shared", "STRIPE_LIVEMODE": "false", "STRIPE_WEBHOOK_SECRETS": SECRET}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (env | {"PUBSUB_EMULATOR_HOST": running_pubsub.host}).items():
            patch.setenv(name, value)
        app = create_asgi_app("stripe_webhook", FUNCTIONS / "main.py")  # type: ignore[no-untyped-call]
    with served(app) as address:
        yield address


@pytest.fixture
def pubsub(running_pubsub: PubSubStandIn) -> PubSubStandIn:
    """The stand-in, with nothing taken yet."""
    running_pubsub.take()
    return running_pubsub
