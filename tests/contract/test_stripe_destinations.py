"""What the stand-in's event destinations promise, through Stripe's own library."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from stripe import InvalidRequestError, StripeClient, StripeError

from local.fakes.stripe_stand_in import StripeStandIn
from ops.clients.access import StripeAccess
from ops.clients.stripe_client import connect
from support.serving import served

URL = "https://shop.example/webhook"
INCLUDE = ["webhook_endpoint.url", "webhook_endpoint.signing_secret"]
WANTED: Any = {
    "type": "webhook_endpoint",
    "event_payload": "thin",
    "name": "orders",
    "enabled_events": ["v1.checkout.session.completed"],
    "events_from": ["@accounts"],
    "metadata": {"a": "1", "b": "2"},
    "webhook_endpoint": {"url": URL},
}


@pytest.fixture
def stand_in() -> StripeStandIn:
    return StripeStandIn()


@pytest.fixture
def base(stand_in: StripeStandIn) -> Iterator[str]:
    with served(stand_in.app()) as at:
        yield at.rstrip("/")


@pytest.fixture
def client(base: str) -> StripeClient:
    return connect(StripeAccess(key="sk_test_0123456789abcdef", base=base))


def test_the_secret_is_told_once_and_only_if_it_is_included(client: StripeClient) -> None:
    destinations = client.v2.core.event_destinations
    silent = destinations.create(params=WANTED)
    assert silent.webhook_endpoint
    assert (silent.webhook_endpoint.url, silent.webhook_endpoint.signing_secret) == (None, None)
    made = destinations.create(params=WANTED | {"include": INCLUDE})
    assert made.webhook_endpoint
    assert made.webhook_endpoint.url == URL
    assert str(made.webhook_endpoint.signing_secret).startswith("whsec_")
    again = destinations.retrieve(made.id, params={"include": ["webhook_endpoint.url"]})
    assert again.webhook_endpoint
    assert (again.webhook_endpoint.url, again.webhook_endpoint.signing_secret) == (URL, None)
    assert (again.status, again.events_from, again.snapshot_api_version) == ("enabled", ["@accounts"], None)


def test_an_update_merges_metadata_and_keeps_the_rest(client: StripeClient) -> None:
    destinations = client.v2.core.event_destinations
    made = destinations.create(params=WANTED)
    changes: Any = {"enabled_events": ["v1.invoice.paid"], "metadata": {"a": None, "c": "3"}}
    found = destinations.update(made.id, params=changes)
    assert found.metadata
    assert (found.enabled_events, found.metadata.to_dict()) == (["v1.invoice.paid"], {"b": "2", "c": "3"})
    assert (found.name, found.events_from) == ("orders", ["@accounts"])


def test_one_is_disabled_enabled_and_deleted(client: StripeClient) -> None:
    destinations = client.v2.core.event_destinations
    made = destinations.create(params=WANTED)
    disabled = destinations.disable(made.id)
    assert disabled.status_details
    assert disabled.status_details.disabled
    assert (disabled.status, disabled.status_details.disabled.reason) == ("disabled", "user")
    assert destinations.enable(made.id).status == "enabled"
    assert destinations.delete(made.id).id == made.id
    with pytest.raises(InvalidRequestError) as error:
        destinations.retrieve(made.id)
    assert (error.value.http_status, error.value.code) == (404, "not_found")


def test_every_page_is_listed_with_what_is_included(client: StripeClient, stand_in: StripeStandIn) -> None:
    made = [stand_in.add_destination(f"{URL}/{number}", ["*"])["id"] for number in range(45)]
    stand_in.add_destination(URL, ["*"], livemode=True)
    params: Any = {"limit": 20, "include": ["webhook_endpoint.url"]}
    listed = list(client.v2.core.event_destinations.list(params=params).auto_paging_iter())
    assert [each.id for each in listed] == made[::-1]
    assert [each.webhook_endpoint and each.webhook_endpoint.url for each in listed[-1:]] == [f"{URL}/0"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"enabled_events": ["checkout.session.completed"]}, "enabled_events"),
        ({"enabled_events": []}, "enabled_events"),
        ({"events_from": ["everywhere"]}, "events_from"),
        ({"snapshot_api_version": "2026-10-28.endive"}, "snapshot_api_version"),
        ({"webhook_endpoint": {"url": "ftp://shop.example"}}, "webhook_endpoint.url"),
        ({"api_version": "2026-10-28.endive"}, "api_version"),
    ],
    ids=str,
)
def test_what_cannot_be_is_refused(client: StripeClient, change: Any, field: str) -> None:
    with pytest.raises(StripeError) as error:
        client.v2.core.event_destinations.create(params=WANTED | change)
    assert (error.value.http_status, field in str(error.value)) == (400, True)


def test_a_live_one_needs_https_and_sixteen_are_enough(base: str, client: StripeClient) -> None:
    live = connect(StripeAccess(key="sk_live_0123456789abcdef", base=base))
    unsafe: Any = WANTED | {"webhook_endpoint": {"url": URL.replace("https", "http")}}
    with pytest.raises(StripeError):
        live.v2.core.event_destinations.create(params=unsafe)
    for _ in range(16):
        client.v2.core.event_destinations.create(params=unsafe)
    with pytest.raises(StripeError) as error:
        client.v2.core.event_destinations.create(params=WANTED)
    assert "maximum of 16" in str(error.value)


def test_a_repeated_key_makes_one_destination(client: StripeClient, stand_in: StripeStandIn) -> None:
    destinations = client.v2.core.event_destinations
    first, second = (destinations.create(params=WANTED, options={"idempotency_key": "k"}) for _ in range(2))
    assert first.id == second.id
    assert list(stand_in.destinations) == [first.id]


def test_without_a_key_nothing_is_told(base: str) -> None:
    assert httpx.get(f"{base}/v2/core/event_destinations").status_code == 401
