"""The filters of subscriptions, Terraform's and those of docs/stripe-events.md: the emulator applies none."""

import functools
import re
import shutil
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from fulfillment.domain.event_types import (
    AFTER_SALE,
    EXPIRED,
    ON_EXPIRED,
    SUBSCRIBERS,
    THIN,
    EventType,
    entry_point_of,
    order_types,
)
from fulfillment.domain.routes import ANSWERED, Routes
from fulfillment.stripe_types import FAMILIES
from fulfillment.topic.attributes import attributes_of
from support import terraform_states, tools
from support.every_event import events
from support.markdown import table_with
from support.pubsub_filter import matches
from support.terraform_states import NoProviders, State
from support.tools import ROOT

DOCUMENT = ROOT / "docs" / "stripe-events.md"
SUBSCRIBER = "google_pubsub_subscription.subscriber["
SINK = "google_pubsub_subscription.sink["
NO_PROVIDERS = "terraform cannot get its providers: subscriptions' filters were not looked at."
Attributes = Mapping[str, str]


@functools.cache
def messages() -> list[Attributes]:
    """The attributes of a message of every type."""
    return [attributes_of(said, f"00-{'1' * 32}-{'2' * 16}-01") for said in events()]


@pytest.fixture(scope="module")
def states() -> Mapping[str, State]:
    tools.need(tools.missing_terraform())
    try:
        return terraform_states.applied()
    except NoProviders:
        tools.need(NO_PROVIDERS)
        raise


def order_subscriptions(state: State) -> Mapping[str, Mapping[str, Any]]:
    """The subscriptions that call the subscribers of orders' events, by their name."""
    found = [each for address, each in state.items() if address.startswith(SUBSCRIBER)]
    return {each["name"].partition("-")[2]: each for each in found}


SLUGS = {
    SUBSCRIBERS[EventType.COMPLETED]: "completed",
    SUBSCRIBERS[EventType.ASYNC_PAYMENT_SUCCEEDED]: "succeeded",
    SUBSCRIBERS[EventType.ASYNC_PAYMENT_FAILED]: "failed",
    **dict(zip(AFTER_SALE, ("refund", "dispute"), strict=True)),
    ON_EXPIRED: "expired",
}


@pytest.mark.timeout(600)
def test_each_order_type_snapshot_or_thin_goes_to_exactly_one_subscription(states: Mapping[str, State]) -> None:
    with_carts = [name for name, state in states.items() if "expired" in order_subscriptions(state)]
    assert with_carts == ["after_sale"]
    for name, state in states.items():
        expected = {
            each: {SLUGS[str(entry_point_of(each))] + ("-thin" if each.startswith(THIN) else "")}
            for each in order_types(abandoned_carts=name in with_carts)
        }
        subscriptions = order_subscriptions(state)
        assert len({each["topic"] for each in subscriptions.values()}) == 1
        found = {
            told["event_type"]: {name for name, each in subscriptions.items() if matches(each["filter"], told)}
            for told in messages()
        }
        assert {event_type: names for event_type, names in found.items() if names} == expected


@pytest.mark.timeout(600)
def test_a_sink_gets_every_message_but_the_link_to_an_abandoned_cart(states: Mapping[str, State]) -> None:
    without_a_type: Attributes = {"object_id": "in_1"}
    found = {}
    for name, state in states.items():
        sinks = [each for address, each in state.items() if address.startswith(SINK)]
        for each in sinks:
            missing = [
                told for told in [*messages(), without_a_type] if each["filter"] and not matches(each["filter"], told)
            ]
            found[name, each["name"].partition("-")[2]] = [told["event_type"] for told in missing]
    of_orders, others = ["events-bigquery", "events-archive"], ["stripe-events-bigquery", "stripe-events-archive"]
    assert found == {
        **{("every_event", each): [] for each in (*of_orders, *others)},
        **{("after_sale", each): [EXPIRED] for each in of_orders},
        **{("after_sale", each): [] for each in others},
    }


def is_thin(told: Attributes) -> bool:
    return told["event_type"].startswith(("v1.", "v2."))


def family(told: Attributes) -> str:
    return told["event_type"].removeprefix("v1.")


WANTED: Mapping[str, Callable[[Attributes], bool]] = {
    "one type, snapshot or thin": lambda told: family(told) == "invoice.paid",
    "the snapshot event alone": lambda told: family(told) == "invoice.paid" and not is_thin(told),
    "the thin event alone": lambda told: family(told) == "invoice.paid" and is_thin(told),
    "refunds and disputes": lambda told: family(told).startswith(("refund.", "charge.dispute.")),
    "all but Checkout Sessions": lambda told: not family(told).startswith("checkout.session."),
    "every thin event": is_thin,
    "Stripe's API v2": lambda told: told["event_type"].startswith("v2."),
    "your own account, no connected one": lambda told: "account" not in told,
    "two types of one connected account": lambda told: (
        family(told) in {"invoice.paid", "invoice.payment_failed"} and told.get("account") == "acct_1"
    ),
}
"""What each filter of the document promises, by its row."""


def test_each_documented_filter_lets_through_what_it_promises_and_nothing_else() -> None:
    documented = {row["you want"]: row["filter"].strip("`") for row in table_with(DOCUMENT, "you want", "filter")}
    assert list(documented) == list(WANTED)
    both = [*messages(), *({**told, "account": "acct_1"} for told in messages())]
    for name, wanted in WANTED.items():
        through = [told for told in both if matches(documented[name], told)]
        assert through == [told for told in both if wanted(told)], name
        assert 0 < len(through) < len(both), name


@pytest.mark.timeout(600)
def test_the_terraform_of_the_document_is_valid(tmp_path: Any) -> None:
    tools.need(tools.missing_terraform())
    blocks = [text.partition("```")[0] for text in DOCUMENT.read_text("utf-8").split("```hcl\n")[1:]]
    assert len(blocks) == 2
    (tmp_path / "main.tf").write_text("\n".join(blocks))
    shutil.copy(ROOT / "terraform" / "versions.tf", tmp_path)
    versions = (tmp_path / "versions.tf").read_text("utf-8")
    (tmp_path / "versions.tf").write_text(versions.partition("\nprovider ")[0] + '\nprovider "google" {}\n')
    init = terraform_states.run(tmp_path, "init", "-backend=false", "-input=false", "-no-color")
    if "Failed to query available provider packages" in init.stderr:
        tools.need(NO_PROVIDERS)
    done = terraform_states.run(tmp_path, "validate", "-no-color")
    assert done.returncode == 0, done.stdout + done.stderr
    assert terraform_states.run(tmp_path, "fmt", "-check", "-diff").stdout == ""


def test_the_list_of_nearly_every_type_is_every_type_that_may_be_routed() -> None:
    """With the types that Stripe's library knows today."""
    (block,) = [each for each in DOCUMENT.read_text("utf-8").split("```") if '"charge.*"' in each]
    routes = Routes.parse(",".join(re.findall(r'"([^"]+)"', block)))
    assert {each for each in FAMILIES if each not in routes} == {ANSWERED}
