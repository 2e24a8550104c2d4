"""An upgrade keeps what is deployed: no resource of an earlier version is destroyed, or destroyed and made anew."""

from collections.abc import Mapping

import pytest

from docs_tables.source import Module
from support import terraform_states, tools
from support.terraform_states import NoProviders, State, now_at, replaced

VERSIONS = terraform_states.versions()
NO_PROVIDERS = (
    "terraform cannot get its providers: what an upgrade replaces was not looked at. Is there a way to the registry?"
)


@pytest.fixture(scope="module")
def today() -> Mapping[str, State]:
    tools.need(tools.missing_terraform())
    try:
        return terraform_states.applied()
    except NoProviders:
        tools.need(NO_PROVIDERS)
        raise


@pytest.mark.timeout(600)
@pytest.mark.parametrize("version", VERSIONS)
def test_an_upgrade_destroys_nothing_and_makes_nothing_anew(
    module: Module, today: Mapping[str, State], version: str
) -> None:
    for configuration, before in terraform_states.stored(version).items():
        assert len(before) > 100
        assert replaced(before, today[configuration], module.moved) == []


@pytest.mark.timeout(600)
def test_an_upgrade_adds_subscriptions_and_changes_nothing_of_those_that_are_there(today: Mapping[str, State]) -> None:
    """Byte for byte: another name, topic or filter makes a subscription anew, without the messages that wait in it."""
    added = {"checkout-refund", "checkout-refund-thin", "checkout-dispute", "checkout-dispute-thin"}
    thin = {"checkout-completed-thin", "checkout-succeeded-thin", "checkout-failed-thin"}
    for version, new in {"1.0.0": added | thin, "1.1.0": added}.items():
        for configuration, before in terraform_states.stored(version).items():
            kept, now = subscriptions(before), subscriptions(today[configuration])
            assert len(kept) >= 4
            assert {address: now.get(address) for address in kept} == kept
            assert {each["name"] for address, each in now.items() if address not in kept} == new


def subscriptions(state: State) -> dict[str, dict[str, str]]:
    """The name, the topic and the filter of each subscription, by its address."""
    fixed = ("name", "topic", "filter")
    found = {address: each for address, each in state.items() if address.startswith("google_pubsub_subscription.")}
    return {address: {name: each[name] for name in fixed} for address, each in found.items()}


@pytest.mark.timeout(600)
def test_each_moved_block_is_missed_if_it_is_left_out(module: Module, today: Mapping[str, State]) -> None:
    states = [terraform_states.stored(version)["everything"] for version in VERSIONS]
    for each in module.moved:
        others = [move for move in module.moved if move != each]
        assert any(replaced(before, today["everything"], others) for before in states), each


def test_a_resource_that_is_gone_renamed_or_elsewhere_is_told() -> None:
    before = {"a.b": {"name": "shop"}, "a.c": {"name": "page"}}
    assert replaced(before, before, []) == []
    assert replaced(before, {"a.b": {"name": "shop"}}, []) == ["a.c is destroyed: a.c is not in the new version"]
    assert replaced(before, {**before, "a.b": {"name": "store"}}, []) == [
        "a.b is made anew: name was shop, and is store"
    ]
    assert replaced(before, {**before, "a.b": {}}, []) == ["a.b is made anew: name was shop, and is None"]
    assert "a.c was two resources" in replaced(before, before, [("a.b", "a.c")])


def test_moved_blocks_are_followed_as_terraform_does() -> None:
    """An instance, a resource with all its instances, and one move after the other."""
    moves = [("a.old", "a.new"), ("a.one[0]", 'a.new["one"]'), ("a.new", "a.newest")]
    assert now_at("a.old", moves) == "a.newest"
    assert now_at('a.old["x y"]', moves) == 'a.newest["x y"]'
    assert now_at("a.one[0]", moves) == 'a.newest["one"]'
    assert now_at("a.older", moves) == "a.older"
