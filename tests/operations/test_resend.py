"""`scripts/ops events resend`, against the stand-in of Stripe."""

import time

import pytest

from local.fakes.stripe_events import COMPLETED, FAILED, event, session
from support.deployment_changes import URL
from support.emulated_shop import SECRETIVE, EmulatedShop
from support.events_deployment import with_events
from support.operators import Operator

DAY = 86400


@pytest.fixture
def missed(registered: Operator) -> Operator:
    """Of 250 events every other one was not delivered; one is of another type, and one is old."""
    now = int(time.time())
    for number in range(250):
        made = event(FAILED if number % 3 else COMPLETED, session(f"cs_test_{number}"), id=f"evt_{number:03}")
        registered.stripe.events[made["id"]] = made
    registered.stripe.events["evt_000"]["type"] = "invoice.paid"
    registered.stripe.events["evt_002"]["created"] = now - 10 * DAY
    registered.stripe.undelivered = {f"evt_{number:03}" for number in range(0, 250, 2)}
    return registered


def test_what_was_not_delivered_is_sent_again_to_the_deployments_endpoint(missed: Operator) -> None:
    (endpoint,) = missed.stripe.endpoints
    wanted = {f"evt_{number:03}" for number in range(4, 250, 2)}
    told = missed.reports("events", "resend", "--since", "3d")
    assert (set(told["events"]), told["changed"], missed.stripe.resent) == (wanted, False, [])
    told = missed.reports("events", "resend", "--since", "3d", "--yes")
    assert (told["ok"], told["failed"], told["endpoint"]) == (True, {}, endpoint)
    assert sorted(missed.stripe.resent) == [(each, endpoint) for each in sorted(wanted)]


def test_what_was_answered_200_is_sent_again_where_that_is_asked_for(missed: Operator) -> None:
    told = missed.reports("events", "resend", "--since", "3d", "--delivered-too")
    assert len(told["events"]) == 248


def test_routed_events_are_sent_again_too_and_no_others(missed: Operator) -> None:
    missed.stripe.events["evt_004"]["type"] = "charge.failed"
    missed.has(**with_events("invoice.*"))
    sent = set(missed.reports("events", "resend", "--since", "3d")["events"])
    assert sent == {f"evt_{number:03}" for number in range(0, 250, 2)} - {"evt_002", "evt_004"}


def test_named_events_are_sent_and_an_unknown_one_is_trouble(missed: Operator) -> None:
    result = missed.runs("events", "resend", "evt_001", "evt_unknown", "evt_003", "--endpoint", "we_1", "--yes")
    assert (result.exit_code, "no such event" in result.stdout) == (1, True)
    assert missed.stripe.resent == [("evt_001", "we_1"), ("evt_003", "we_1")]
    assert not [each for each in SECRETIVE if each in result.output]


def test_of_two_endpoints_the_newer_one_gets_them(missed: Operator) -> None:
    missed.runs("register-webhook", "--api-version", "2027-03-31.next")
    newest = list(missed.stripe.endpoints)[-1]
    assert missed.reports("events", "resend", "evt_001")["endpoint"] == newest


@pytest.mark.parametrize(
    "args",
    [[], ["evt_001", "--since", "3d"], ["ch_1"], ["evt_001", "--endpoint", "ep_1"], ["--since", "yesterday"]],
    ids=repr,
)
def test_what_is_not_told_right_does_nothing(missed: Operator, args: list[str]) -> None:
    assert missed.runs("events", "resend", *args, "--yes").exit_code == 2
    assert missed.stripe.resent == []


def test_a_destination_gets_nothing_again_and_the_way_out_is_told(missed: Operator) -> None:
    result = missed.runs("events", "resend", "evt_001", "--endpoint", "ed_test_1", "--yes")
    assert (result.exit_code, "scripts/ops reconcile" in result.stderr) == (2, True)
    missed.stripe.endpoints.clear()
    missed.stripe.add_destination(URL, ["v1.checkout.session.completed"], id="ed_test_2")
    result = missed.runs("events", "resend", "evt_001", "--yes")
    assert (result.exit_code, "ed_test_2" in result.stderr, "Workbench" in result.stderr) == (1, True, True)
    assert missed.stripe.resent == []


def test_of_both_kinds_the_endpoint_gets_them(missed: Operator) -> None:
    missed.stripe.add_destination(URL, ["v1.checkout.session.completed"])
    (endpoint,) = missed.stripe.endpoints
    assert missed.reports("events", "resend", "evt_001")["endpoint"] == endpoint


def test_without_an_endpoint_of_ours_there_is_nowhere_to_send_to(operator: Operator) -> None:
    result = operator.runs("events", "resend", "evt_001", "--yes")
    assert (result.exit_code, "register-webhook" in result.stderr) == (1, True)


def test_without_a_key_nothing_is_asked(missed: Operator) -> None:
    result = missed.runs("events", "resend", "evt_001", STRIPE_API_KEY=None)
    assert (result.exit_code, "Events and Webhook Endpoints" in result.stderr) == (2, True)


def test_on_the_emulators_a_listening_stripe_cli_gets_them(missed: Operator, shop: EmulatedShop) -> None:
    told = missed.reports("events", "resend", "evt_001", "--yes", **shop.env, OPS_DEPLOYMENT=None)
    assert (told["endpoint"], missed.stripe.resent) == (None, [("evt_001", None)])
