"""`scripts/ops archive replay`, between a stand-in of Cloud Storage and the Pub/Sub emulator."""

import os
import shlex
import signal
import threading
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from fulfillment.topic.message import Message
from local.fakes.stripe_events import COMPLETED, FAILED, SUCCEEDED, Json, event, session, thin_event
from support import deployments
from support.archives import AT, SCHEMA, ZONES, archived, avro, file_name
from support.builders import paid_order
from support.emulated_shop import EmulatedShop, program
from support.operators import Operator
from support.routed_shop import BUCKET, EVENTS, RoutedShop
from support.waiting import LONG

ORDERS = "checkout-events"
SINCE = ("--since", (AT - timedelta(days=1)).isoformat())
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


class Archive:
    """A shop with an archive, and its operator."""

    def __init__(self, routed: RoutedShop, operator: Operator) -> None:
        self.routed, self.google, self.shop = routed, operator.google, routed.shop
        self.objects: dict[str, bytes] = {}
        self.zone = ZONES[0]
        self.google.objects = {BUCKET: self.objects}

    def put(self, *records: Json, prefix: str = "stripe", at: datetime = AT) -> str:
        """Writes a file, and returns its name."""
        name = file_name(prefix, at, self.zone)
        self.objects[name] = avro(*records)
        return name

    def runs(self, *asked: str, since: tuple[str, ...] = SINCE, **env: str | None) -> Any:
        return self.routed.runs("archive", "replay", *since, *asked, **env)

    def reports(self, *asked: str, since: tuple[str, ...] = SINCE) -> Any:
        return self.routed.reports("archive", "replay", *since, *asked)

    def taken(self, topic: str = EVENTS) -> list[Message]:
        return self.routed.taken(topic)


@pytest.fixture
def archive(operator: Operator, shop: EmulatedShop, tmp_path: Path) -> Archive:
    return Archive(RoutedShop(shop, tmp_path, GOOGLE_API_BASE=str(operator.env["GOOGLE_API_BASE"])), operator)


def invoice(number: int, event_type: str = "invoice.paid") -> Json:
    """An event whose bytes are not those that Python would write."""
    about = {"id": f"in_{number}", "object": "invoice", "customer_email": "jenny.rosen@example.com"}
    said = event(event_type, about, id=f"evt_{event_type}_{number}")
    if event_type.startswith("v1."):
        said |= {"object": "v2.core.event", "related_object": {"id": f"in_{number}"}, "created": AT.isoformat()}
    return said


def ids(messages: list[Message]) -> list[str]:
    return sorted(each.attributes["event_id"] for each in messages)


# What is published


def test_without_yes_it_says_how_many_of_which_types_from_when_to_when_and_how_many_bytes(archive: Archive) -> None:
    first, thin = archived(invoice(1)), archived(invoice(1, "v1.invoice.paid"), AT + 2 * MINUTE)
    archive.put(first, archived(invoice(2, "invoice.voided")), archived(invoice(3), AT + MINUTE))
    archive.put(thin, at=AT + 3 * MINUTE)
    told = archive.reports("--type", "invoice.paid")
    assert (told["ok"], told["changed"], told["topic"], told["count"]) == (True, False, EVENTS, 3)
    size = len(first["data"])
    assert told["types"] == {
        "invoice.paid": {"count": 2, "bytes": 2 * size, "first": AT.isoformat(), "last": (AT + MINUTE).isoformat()},
        "v1.invoice.paid": {
            "count": 1,
            "bytes": len(thin["data"]),
            "first": (AT + 2 * MINUTE).isoformat(),
            "last": (AT + 2 * MINUTE).isoformat(),
        },
    }
    shown = archive.runs("--type", "invoice.paid", "--dry-run").stdout
    assert f"would publish on {EVENTS}: 3 events of 2 files\nDo it: --yes" in shown
    assert archive.taken() == []


def test_an_event_is_published_with_its_bytes_and_attributes_and_that_it_is_from_the_archive(archive: Archive) -> None:
    record = archived(invoice(1), googclient_schemaencoding="JSON", replay="true", release="true")
    archive.put(record)
    told = archive.reports("--type", "invoice.*", "--yes")
    assert (told["ok"], told["changed"], told["count"]) == (True, True, 1)
    (message,) = archive.taken()
    assert message.data == record["data"]
    added = ("googclient_schemaencoding", "replay", "release")
    kept = {name: text for name, text in record["attributes"].items() if name not in added}
    assert message.attributes == kept | {"source": "archive"}
    assert archive.taken(ORDERS) == []


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        (["--type", "invoice.paid"], {"evt_invoice.paid_1", "evt_v1.invoice.paid_1"}),
        (["--type", "v1.invoice.paid"], {"evt_invoice.paid_1", "evt_v1.invoice.paid_1"}),
        (["--type", "invoice.*"], {"evt_invoice.paid_1", "evt_v1.invoice.paid_1", "evt_invoice.voided_1"}),
        (
            ["--type", "invoice.voided", "--type", "v2.core.account.updated"],
            {"evt_invoice.voided_1", "evt_v2.core.account.updated_1"},
        ),
        (["--type", "invoice.voided,invoice_item.*"], {"evt_invoice.voided_1"}),
    ],
)
def test_types_are_names_and_wildcards_and_take_their_thin_twins_with_them(
    archive: Archive, asked: list[str], found: set[str]
) -> None:
    types = ("invoice.paid", "v1.invoice.paid", "invoice.voided", "v2.core.account.updated", "invoiceitem.created")
    archive.put(*(archived(invoice(1, each)) for each in types))
    archive.reports(*asked, "--yes")
    assert set(ids(archive.taken())) == found


def test_events_are_chosen_by_the_time_at_which_they_came_whatever_their_file_is_called(archive: Archive) -> None:
    times = (AT - MINUTE, AT, AT + MINUTE, AT + 2 * MINUTE)
    early, *_, late = (archived(invoice(number), at) for number, at in enumerate(times))
    first, last = archived(invoice(10), AT), archived(invoice(11), AT + MINUTE)
    archive.put(early, first, at=AT - 10 * MINUTE)
    archive.put(last, late, at=AT + 7 * DAY)  # the bucket could not be written for a week
    archive.reports(
        *("--type", "invoice.paid", "--until", (AT + MINUTE).isoformat(), "--yes"), since=("--since", AT.isoformat())
    )
    assert ids(archive.taken()) == ["evt_invoice.paid_10", "evt_invoice.paid_11"]


def test_an_event_that_the_archive_holds_twice_is_published_once(archive: Archive) -> None:
    twice = archived(invoice(1))
    archive.put(twice, twice, archived(invoice(2)))
    archive.put(archived(invoice(1), AT + 3 * DAY), at=AT + 3 * DAY)
    told = archive.reports("--type", "invoice.paid", "--yes")
    assert (told["count"], sum(told["left_out"].values())) == (2, 2)
    assert ids(archive.taken()) == ["evt_invoice.paid_1", "evt_invoice.paid_2"]


def test_what_a_replay_published_is_archived_too_and_not_replayed_again(archive: Archive) -> None:
    archive.put(archived(invoice(1), source="archive"))
    told = archive.reports("--type", "invoice.paid", "--yes")
    assert (told["ok"], told["count"]) == (True, 0)
    assert archive.taken() == []


def test_an_event_without_attributes_gets_those_of_its_body(archive: Archive) -> None:
    record = archived(invoice(1))
    told = {name: text for name, text in record["attributes"].items() if name != "traceparent"}
    archive.put(record | {"attributes": {}})
    archive.reports("--type", "invoice.paid", "--yes")
    (message,) = archive.taken()
    assert message.attributes == told | {"source": "archive"}


@pytest.mark.parametrize("zone", ZONES)
def test_a_thousand_events_of_many_files_and_pages_are_all_published(archive: Archive, zone: str) -> None:
    archive.google.page, archive.zone = 3, zone
    wanted = set[str]()
    for file in range(10):
        said = [invoice(1000 * file + number) for number in range(100)]
        archive.put(*map(archived, said), at=AT + file * MINUTE)
        wanted |= {each["id"] for each in said}
    told = archive.reports("--type", "invoice.paid", "--yes")
    assert told["count"] == 1000
    assert set(ids(archive.taken())) == wanted


# What is broken


def test_a_file_that_cannot_be_read_is_named_and_the_others_are_replayed(archive: Archive) -> None:
    good = [archive.put(archived(invoice(number)), at=AT + number * MINUTE) for number in (1, 9)]
    cut = archive.put(*(archived(invoice(number)) for number in range(20, 60)), at=AT + 2 * MINUTE)
    archive.objects[cut] = archive.objects[cut][:-100]
    broken = {cut: "it ends or breaks after"}
    for content, problem in (
        (b"", "no Avro file, or not whole"),
        (b"not Avro", "no Avro file, or not whole"),
        (avro({"data": b"x"}, schema=SCHEMA | {"fields": SCHEMA["fields"][-1:]}), "something else"),
    ):
        name = file_name("stripe", AT + 3 * MINUTE)
        archive.objects[name], broken[name] = content, problem
    odd = f"stripe/{AT:%Y/%m/%d}/notes.txt"
    archive.objects[odd], broken[odd] = b"remember the milk", "does not end in .avro"
    archive.objects[f"stripe/{AT:%Y/%m/%d}/"] = b""  # what the console makes of a folder
    result = archive.runs("--type", "invoice.paid", "--yes")
    assert result.exit_code == 1
    for name, problem in broken.items():
        (line,) = [line for line in result.stdout.splitlines() if f"cannot be read: gs://{BUCKET}/{name}: " in line]
        assert problem in line
    assert not [name for name in good if name in result.stdout]
    found = ids(archive.taken())
    assert {"evt_invoice.paid_1", "evt_invoice.paid_9", "evt_invoice.paid_20"} <= set(found)
    told = archive.reports("--type", "invoice.paid")
    assert (told["ok"], told["unreadable"]["count"], set(told["unreadable"]["objects"])) == (False, 5, set(broken))


def test_a_connection_that_breaks_within_a_file_is_made_anew(archive: Archive) -> None:
    name = archive.put(*(archived(invoice(number)) for number in range(50)))
    archive.google.cut = {name}
    told = archive.reports("--type", "invoice.paid", "--yes")
    assert (told["ok"], told["count"]) == (True, 50)


def test_a_file_that_was_deleted_meanwhile_is_named(archive: Archive) -> None:
    gone, _stays = archive.put(archived(invoice(1))), archive.put(archived(invoice(2)), at=AT + MINUTE)
    archive.google.before = lambda call: archive.objects.pop(gone, None) if "/o/" in call else None
    told = archive.reports("--type", "invoice.paid", "--yes")
    assert (told["ok"], told["count"], list(told["unreadable"]["objects"])) == (False, 1, [gone])


def test_a_bucket_that_does_not_exist_or_may_not_be_read_is_said(archive: Archive) -> None:
    archive.google.objects = {}
    result = archive.runs("--type", "invoice.paid")
    assert (result.exit_code, "bucket does not exist" in result.stderr) == (1, True)
    archive.google.faults = {"/storage/": 403}
    result = archive.runs("--type", "invoice.paid")
    assert (result.exit_code, "Google does not let you" in result.stderr) == (1, True)


# What ends early


@pytest.mark.parametrize("zone", ZONES)
def test_a_run_that_cannot_publish_ends_and_says_how_to_go_on(archive: Archive, zone: str) -> None:
    archive.zone = zone
    first = archive.put(archived(invoice(1)))
    archive.put(archived(invoice(2)), at=AT + MINUTE)
    archive.put(archived(invoice(3)), at=AT + 2 * MINUTE)
    downloads = 0

    def before(call: str) -> None:
        nonlocal downloads
        downloads += "/o/" in call
        if downloads == 2:
            archive.shop.admin._publisher.delete_topic(topic=f"projects/{archive.shop.project}/topics/{EVENTS}")
            downloads += 1

    archive.google.before = before
    result = archive.runs("--type", "invoice.paid", "--yes")
    assert result.exit_code == 1
    assert "1 events are published. Go on: scripts/ops archive replay" in result.stderr
    assert ids(archive.taken()) == ["evt_invoice.paid_1"]
    archive.google.before = lambda _call: None
    archive.shop.admin.create_topic(EVENTS)
    archive.shop.admin.keep(EVENTS, "again")
    command = shlex.split(result.stderr.partition("Go on: ")[2].strip())
    assert command[command.index("--after") + 1] == first
    told = archive.routed.reports(*command[1:])
    assert (told["ok"], told["count"]) == (True, 2)
    assert ids(archive.taken("again")) == ["evt_invoice.paid_2", "evt_invoice.paid_3"]


def test_a_run_that_is_killed_anywhere_has_lost_nothing(archive: Archive) -> None:
    """SIGKILL in the middle. The run that goes on where it told to publishes the rest."""
    wanted = set[str]()
    for file in range(40):
        said = [invoice(1000 * file + number) for number in range(200)]
        archive.put(*map(archived, said), at=AT + file * MINUTE)
        wanted |= {each["id"] for each in said}
    seen = set[str]()
    archive.shop.env |= archive.routed.env
    path = archive.routed.file.parent / "stderr"
    run = program(archive.shop, "archive", "replay", *SINCE, "--type", "invoice.paid", "--yes", stderr=path)
    deadline = time.monotonic() + LONG
    while "--after" not in path.read_text():
        seen |= set(ids(archive.taken()))
        assert time.monotonic() < deadline
    run.kill()
    assert run.wait() == -signal.SIGKILL
    command = shlex.split(path.read_text().partition("If this ends: ")[2].splitlines()[0])
    told = archive.routed.reports(*command[1:])
    assert told["ok"]
    assert told["count"] < len(wanted)
    seen |= set(ids(archive.taken()))
    assert seen == wanted


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_ends_a_run_in_which_no_event_matches(archive: Archive, how: signal.Signals) -> None:
    """It comes during the first download."""
    for file in range(40):
        archive.put(archived(invoice(file)), at=AT + file * MINUTE)
    started, downloads = threading.Event(), 0

    def before(call: str) -> None:
        nonlocal downloads
        downloads += "/o/" in call
        if "/o/" in call and downloads == 1:
            started.wait()
            os.kill(run.pid, how)

    archive.google.before = before
    archive.shop.env |= archive.routed.env
    run = program(archive.shop, "archive", "replay", *SINCE, "--type", "invoice.voided")
    started.set()
    assert run.wait(LONG) == 1
    assert downloads == 1


def test_the_bucket_is_only_read(archive: Archive) -> None:
    archive.put(archived(invoice(1)))
    before = dict(archive.objects)
    archive.google.calls.clear()
    archive.reports("--type", "invoice.paid", "--yes")
    assert archive.objects == before
    assert {call.split()[0] for call in archive.google.calls} == {"GET"}


# Orders


def completed(session_id: str, *, created: datetime = AT, **changes: Any) -> Json:
    at = int(created.timestamp())
    return event(COMPLETED, session(session_id, created=at, **changes), created=at)


def sell_since(archive: Archive, since: datetime | None, **more: Any) -> None:
    planned = deployments.told()["reconcile"] | ({"since": since.isoformat()} if since else {})
    archive.routed.has(reconcile=planned, **more)


@pytest.fixture
def sold(archive: Archive) -> Archive:
    """Three sales; one is an order, and one is older than the deployment."""
    sell_since(archive, AT - 2 * DAY)
    archive.shop.keep(paid_order("cs_test_known"))
    archive.put(
        archived(completed("cs_test_known", created=AT - 3 * DAY)),
        archived(completed("cs_test_lost")),
        archived(completed("cs_test_old", created=AT - 3 * DAY)),
        prefix="orders",
    )
    return archive


def test_orders_events_are_listed_without_an_order_here_before_any_is_published(sold: Archive) -> None:
    told = sold.reports("--orders", "--type", COMPLETED)
    assert (told["topic"], told["count"], told["changed"]) == (ORDERS, 2, False)
    assert told["missing"] == {"count": 2, "sessions": ["cs_test_lost", "cs_test_old"]}
    since = (AT - 2 * DAY).strftime("%Y-%m-%d 12:00:00")
    assert told["left_out"] == {f"no order here, and from before {since} UTC (reconcile.since; an apply changes it)": 1}
    assert (
        "sessions without an order here: 2: cs_test_lost, cs_test_old"
        in sold.runs("--orders", "--type", COMPLETED).stdout
    )
    assert sold.taken(ORDERS) == []


def test_orders_events_become_orders_without_asking_for_a_replay(sold: Archive) -> None:
    told = sold.reports("--orders", "--type", "checkout.session.*", "--yes")
    assert (told["ok"], told["count"]) == (True, 2)
    messages = sold.taken(ORDERS)
    assert {each.attributes["session_id"] for each in messages} == {"cs_test_known", "cs_test_lost"}
    assert all(each.attributes["source"] == "archive" and "replay" not in each.attributes for each in messages)
    assert sold.taken() == []


def test_a_lost_order_is_made_and_fulfilled_from_the_archive(sold: Archive) -> None:
    with sold.shop.open():
        sold.reports("--orders", "--type", COMPLETED, "--yes")
        sold.shop.until(lambda: "cs_test_lost" in sold.shop.performed)
    assert sold.shop.order("cs_test_lost").customer


@pytest.mark.parametrize("since", [None, AT - 4 * DAY])
def test_where_the_output_does_not_say_since_when_it_sells_the_option_says_it(
    sold: Archive, since: datetime | None
) -> None:
    sell_since(sold, since)
    told = sold.reports("--orders", "--type", COMPLETED)
    assert told["count"] == (3 if since else 2)
    assert [each.partition(" UTC ")[2] for each in told["left_out"]] == ([] if since else ["(--since)"])
    earlier = ("--since", (AT - 5 * DAY).isoformat())
    assert sold.reports("--orders", "--type", COMPLETED, since=earlier)["count"] == 3


def test_sales_of_others_carts_that_sell_nothing_and_malformed_events_stay_away(archive: Archive) -> None:
    archive.routed.has(order_filter="metadata.shop=ours")
    malformed = completed("cs_test_malformed", metadata={"shop": "ours"})
    malformed["data"]["object"]["amount_total"] = "3500"
    archive.put(
        archived(completed("cs_test_theirs")),
        archived(completed("cs_test_card", mode="setup", metadata={"shop": "ours"})),
        archived(completed("cs_test_live", livemode=True, metadata={"shop": "ours"}) | {"livemode": True}),
        archived(malformed),
        archived(completed("cs_test_ours", metadata={"shop": "ours"})),
        prefix="orders",
    )
    told = archive.reports("--orders", "--type", COMPLETED, "--yes")
    assert (told["count"], told["missing"]["sessions"]) == (1, ["cs_test_ours"])
    assert told["left_out"] == {"not this deployment's sale": 3, "malformed: a subscriber would park it": 1}
    assert [each.attributes["session_id"] for each in archive.taken(ORDERS)] == ["cs_test_ours"]


def test_what_an_order_retold_without_its_buyer_never_takes_the_place_of_the_event(archive: Archive) -> None:
    said = completed("cs_test_a")
    retold = said | {"data": {"object": {"id": "cs_test_a"}}}
    archive.put(archived(retold, source="ops", replay="true"), archived(said), prefix="orders")
    assert archive.reports("--orders", "--type", COMPLETED, "--yes")["count"] == 1
    (message,) = archive.taken(ORDERS)
    assert b"jenny.rosen@example.com" in message.data


def test_a_thin_event_of_an_order_is_judged_by_its_own_time(archive: Archive) -> None:
    sell_since(archive, AT - DAY)
    for number, at in enumerate((AT, AT - 2 * DAY)):
        said = invoice(number, "v1.checkout.session.completed") | {"created": at.isoformat()}
        said["related_object"] = {"id": f"cs_test_{number}"}
        archive.put(archived(said), prefix="orders")
    told = archive.reports("--orders", "--type", COMPLETED, "--yes")
    assert (told["count"], told["missing"]["count"]) == (1, 2)
    assert [each.attributes["session_id"] for each in archive.taken(ORDERS)] == ["cs_test_0"]


def test_two_events_of_one_session_are_one_session_without_an_order(archive: Archive) -> None:
    cart = session("cs_test_a", created=int(AT.timestamp()), payment_status="unpaid")
    archive.put(archived(event(COMPLETED, cart)), archived(event(SUCCEEDED, cart)), prefix="orders")
    archive.put(archived(event(FAILED, cart)), prefix="orders", at=AT + MINUTE)
    told = archive.reports("--orders", "--type", "checkout.session.*")
    assert (told["count"], told["missing"]) == (3, {"count": 1, "sessions": ["cs_test_a"]})


def test_the_time_since_when_it_sells_is_told_in_utc(sold: Archive) -> None:
    sell_since(sold, (AT - 2 * DAY).astimezone(timezone(timedelta(hours=9))))
    (why,) = sold.reports("--orders", "--type", COMPLETED)["left_out"]
    assert (AT - 2 * DAY).strftime("%Y-%m-%d 12:00:00 UTC") in why


def test_an_event_that_a_sink_gave_up_and_that_was_replayed_is_found_among_the_routed_ones(archive: Archive) -> None:
    """Its replay is on the topic of routed events. One of an order that was routed is in both folders."""
    both = archived(completed("cs_test_both"))
    archive.put(both, prefix="orders")
    archive.put(both, archived(invoice(1)), archived(completed("cs_test_given_up")))
    archive.put(archived(completed("cs_test_late")), prefix="orders", at=AT + MINUTE)
    told = archive.reports("--orders", "--type", "checkout.session.*", "--yes")
    assert (told["ok"], told["topic"], told["count"], sum(told["left_out"].values())) == (True, ORDERS, 3, 1)
    found = {each.attributes["session_id"] for each in archive.taken(ORDERS)}
    assert found == {"cs_test_both", "cs_test_given_up", "cs_test_late"}
    assert archive.taken() == []


def test_a_type_that_waited_for_an_answer_may_be_among_those_of_a_wildcard(archive: Archive) -> None:
    archive.put(archived(invoice(1, "issuing_authorization.created")))
    assert archive.reports("--type", "issuing_authorization.*")["count"] == 1


def test_a_routed_event_of_an_order_is_replayed_on_the_topic_of_routed_events(sold: Archive) -> None:
    sold.put(archived(completed("cs_test_routed")))
    sold.routed.has(route=["checkout.session.*"])
    told = sold.reports("--type", COMPLETED, "--yes")
    assert (told["topic"], told["count"], told["missing"]) == (EVENTS, 1, None)
    assert [each.attributes["session_id"] for each in sold.taken()] == ["cs_test_routed"]
    assert "--orders replays those" in sold.runs("--type", "checkout.session.*").stdout
    result = sold.runs("--type", COMPLETED, "--type", "invoice.paid", OPS_DEPLOYMENT=unrouted(sold))
    assert (result.exit_code, "add --orders" in result.stderr) == (2, True)


REFUND = {"id": "re_1", "object": "refund", "status": "failed", "amount": 100, "payment_intent": "pi_1"}
REFUNDS = ("--orders", "--type", "refund.*")
CARTS = ("--orders", "--type", "checkout.session.expired")


def refunded(**changes: Any) -> Json:
    return event("refund.failed", REFUND, created=int((AT - 90 * DAY).timestamp()), **changes)


def test_events_of_refunds_are_published_whatever_their_age_and_their_subscriber_finds_the_order(
    archive: Archive,
) -> None:
    sell_since(archive, AT - DAY)
    other_mode = refunded(livemode=True)
    archive.put(
        archived(refunded()), archived(thin_event("refund.failed", REFUND)), archived(other_mode), prefix="orders"
    )
    told = archive.reports(*REFUNDS, "--yes")
    assert (told["count"], told["topic"], told["missing"]) == (2, ORDERS, {"count": 0, "sessions": []})
    assert told["left_out"] == {"not this deployment's sale": 1}
    assert {each.attributes["event_type"] for each in archive.taken(ORDERS)} == {"refund.failed", "v1.refund.failed"}


def test_two_reads_of_a_refund_in_one_status_are_both_published_and_each_once(archive: Archive) -> None:
    sell_since(archive, AT - DAY)
    early, late = (refunded(id="reconcile:re_1:failed") | {"created": int(AT.timestamp()) + each} for each in (0, 600))
    archive.put(*(archived(each, source="reconcile") for each in (early, late, early)), prefix="orders")
    assert archive.reports(*REFUNDS, "--yes")["count"] == 2
    assert len(archive.taken(ORDERS)) == 2


def test_carts_of_this_deployments_time_are_published_and_are_no_lost_sales(archive: Archive) -> None:
    sell_since(archive, AT - DAY, **deployments.with_carts())
    carts = [
        event(
            "checkout.session.expired", session(f"cs_test_{number}"), created=int((AT - number * 2 * DAY).timestamp())
        )
        for number in range(2)
    ]
    archive.put(*map(archived, carts), prefix="orders")
    told = archive.reports(*CARTS, "--yes")
    assert (told["count"], told["missing"]["count"]) == (1, 0)
    assert [each.partition(" UTC")[0][:18] for each in told["left_out"]] == ["a cart from before"]
    assert [each.attributes["session_id"] for each in archive.taken(ORDERS)] == ["cs_test_0"]


def test_routed_carts_of_a_deployment_that_handles_none_stay_away_from_orders(archive: Archive) -> None:
    sell_since(archive, AT - DAY)
    archive.put(archived(event("checkout.session.expired", session("cs_test_cart"))))
    told = archive.reports("--orders", "--type", "checkout.session.*", "--yes")
    assert (told["count"], told["missing"]["count"]) == (0, 0)
    assert told["left_out"] == {"not an order's event: no subscriber would get it": 1}


def test_a_refund_is_an_orders_event_and_needs_the_option(archive: Archive) -> None:
    result = archive.runs("--type", "refund.failed")
    assert (result.exit_code, "add --orders" in result.stderr) == (2, True)


def unrouted(archive: Archive) -> str:
    """A deployment that routes only one of two types."""
    archive.routed.has(route=["invoice.paid"])
    return str(archive.routed.file)


# What is asked wrong


@pytest.mark.parametrize(
    ("asked", "problem"),
    [
        ([], "--type"),
        (["--type", "*"], "must name the types: `*` alone is refused. A wildcard needs a name: invoice.*\n"),
        (["--type", "invoice.paid", "--type", "v1.*"], "must name the types: `*` alone is refused. A wildcard"),
        (["--type", "Invoice"], "--type must hold event types"),
        (["--type", COMPLETED], "add --orders"),
        (["--type", "invoice.paid", "--orders"], "--orders replays orders' events"),
        (["--type", "invoice.paid", "--until", "2020-01-01"], "--since must be before --until"),
        (["--type", "invoice.paid", "--since", "2999-01-01"], "--since must be before --until"),
        (["--type", "invoice.paid", "--after", "orders/2026/01/01/x.avro"], "this replay: stripe/…\n"),
        (["--type", COMPLETED, "--orders", "--after", "2026/01/01/x.avro"], "this replay: orders/… or stripe/…\n"),
        (["--type", "invoice.paid", "--since", "yesterday"], "write it as"),
    ],
    ids=repr,
)
def test_what_is_asked_wrong_is_said_and_nothing_is_read(archive: Archive, asked: list[str], problem: str) -> None:
    archive.google.calls.clear()
    result = archive.runs(*asked, "--yes")
    assert (result.exit_code, problem in result.stderr) == (2, True), result.stderr
    assert archive.google.calls == []


def test_a_time_before_everything_is_a_time(archive: Archive) -> None:
    archive.put(archived(invoice(1)))
    assert archive.reports("--type", "invoice.paid", since=("--since", "0001-01-01"))["count"] == 1


@pytest.mark.parametrize("routed", [None, {"archive": None}])
def test_without_an_archive_it_says_how_to_make_one(operator: Operator, routed: Json | None) -> None:
    names = {"route": [], "topic": EVENTS, "dead_letter": "x", "dead_letter_subscription": "x"}
    operator.has(stripe_events=routed and {**names, **routed})
    result = operator.runs("archive", "replay", "--since", "1d", "--type", "invoice.paid")
    assert (result.exit_code, "events.archive" in result.stderr) == (2, True)


def test_on_the_emulators_there_is_no_archive(shop: EmulatedShop) -> None:
    result = shop.runs("archive", "replay", "--since", "1d", "--type", "invoice.paid")
    assert (result.exit_code, "there is no archive here" in result.stderr) == (2, True)
