"""What an earlier version stored is read, and what a newer one stored beside it survives."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fulfillment.domain.after_sale_events import parse_after_sale
from fulfillment.domain.checkout import Address, TaxId
from fulfillment.domain.cursor import read_cursor
from fulfillment.domain.effects import FULFILL
from fulfillment.domain.erasure import erase
from fulfillment.domain.event_types import AFTER_SALE, THIN, entry_point_of
from fulfillment.domain.events import parse
from fulfillment.domain.lifecycle import mark_done
from fulfillment.domain.records import inherit_unknown, without_unknown
from fulfillment.domain.shape import read
from fulfillment.domain.thin_events import parse_thin
from fulfillment.domain.transitions import apply
from fulfillment.orders.documents import from_document, to_document
from fulfillment.topic.message import parse_push
from support import stored_samples
from support.builders import NOW
from support.stored_samples import load, samples

NEWER = {"a": [1, {"b": None}], 'json:"__odd__"': 'json:"json:1"', "at": NOW}
RECORDS = ("customer", "shipping", "lease", "shipping_cost", "presentment", "customer.address", "shipping.address")
RECORDS_OF_MAPS = ("events", "effects")
COMPUTED = {"money"}
"""A field that a later version computes of what an earlier one stored."""
MAPS = {"events", "effects", "metadata", "consent", "custom_fields"}
RECORDS_OF_LISTS = ("line_items", "discounts", "customer.tax_ids")


def names(paths: list[Path]) -> list[str]:
    return [f"{path.parts[-3]} {path.stem}" for path in paths]


@pytest.mark.parametrize("path", samples("orders"), ids=names(samples("orders")))
def test_an_order_of_an_earlier_version_is_read_and_written_as_it_was(path: Path) -> None:
    document = load(path)
    assert without_new(to_document(from_document(document)), document) == document


@pytest.mark.parametrize("path", samples("messages"), ids=names(samples("messages")))
def test_a_message_of_an_earlier_version_is_an_event(path: Path) -> None:
    message = parse_push(path.read_bytes())
    if message.attributes["event_type"].startswith(THIN):
        assert message.attributes["session_id"] == parse_thin(message.data).session_id
        return
    if entry_point_of(message.attributes["event_type"]) in AFTER_SALE:
        assert message.attributes["event_id"] == parse_after_sale(message.data, NOW).id
        return
    event = parse(message.data, NOW)
    assert message.attributes["session_id"] == event.checkout.id
    assert apply(None, event).order.id == event.checkout.id


@pytest.mark.parametrize("path", samples("checkpoint"), ids=names(samples("checkpoint")))
def test_a_checkpoint_of_an_earlier_version_is_gone_on_with(path: Path) -> None:
    assert read_cursor(load(path)).stage.value == path.stem


def test_the_samples_have_every_field_that_this_version_stores() -> None:
    """Else a release would keep less than it stores."""
    for kind, made in (("orders", stored_samples.orders()), ("checkpoint", stored_samples.checkpoints())):
        now = {name: to_document(each) if kind == "orders" else each for name, each in made}  # type: ignore[arg-type]
        kept = [load(path) for path in samples(kind)]
        assert set().union(*map(_paths, kept)) >= set().union(*map(_paths, now.values()))


def test_nothing_of_the_sample_with_every_field_is_empty() -> None:
    document = load(stored_samples.STORED / "1.0.0" / "orders" / "guest_with_every_field.json")
    empty = {name for name, value in document.items() if value in (None, [], {})}
    assert empty == {"context", "review", "granted", "lease", "fulfilled_at", "erased_at"}, "they contradict the rest"


def without_new(written: Any, document: Any) -> Any:
    """What was written without the fields that a later version than the document's has added: they are empty."""
    if isinstance(written, Mapping) and isinstance(document, Mapping):
        assert not any(written[name] for name in written.keys() - document.keys() - COMPUTED)
        return {name: without_new(written[name], document[name]) for name in written if name in document}
    if isinstance(written, list) and isinstance(document, list) and len(written) == len(document):
        return list(map(without_new, written, document))
    return written


def with_newer_fields(document: dict[str, Any]) -> dict[str, Any]:
    """The document as a newer version may have written it: with more in each of its parts."""
    for path in (*RECORDS, *RECORDS_OF_MAPS, *RECORDS_OF_LISTS):
        part: Any = document
        for name in path.split("."):
            part = part[name]
        for each in _records(path, part):
            each.update(NEWER)
    return document


def _records(path: str, part: Any) -> list[dict[str, Any]]:
    if path in RECORDS_OF_MAPS:
        return list(part.values())
    return list(part) if path in RECORDS_OF_LISTS else [part]


def newer_document() -> dict[str, Any]:
    document = load(stored_samples.STORED / "1.0.0" / "orders" / "guest_with_every_field.json")
    document["lease"] = {"owner": "a", "at": NOW, "seconds": 9}
    return with_newer_fields(document)


def test_what_a_newer_version_has_written_in_a_part_of_an_order_survives_a_write() -> None:
    order = from_document(newer_document())
    assert without_new(to_document(order), newer_document()) == newer_document()


def test_it_survives_a_change_of_the_part() -> None:
    order = from_document(newer_document())
    done = to_document(replace(mark_done(order, FULFILL, NOW), lease=None))
    assert done["effects"]["fulfill"]["state"] == "done"
    assert NEWER.items() <= done["effects"]["fulfill"].items()
    assert NEWER.items() <= done["line_items"][0].items()


def test_what_stripe_says_beyond_what_is_read_is_not_kept() -> None:
    """Only what a version of this product has stored: an address of Stripe's may have anything beside it."""
    message = json.loads((stored_samples.STORED / "1.0.0" / "messages" / "card.json").read_text())
    event = json.loads(parse_push(json.dumps(message).encode()).data)
    event["data"]["object"]["customer_details"]["address"]["note"] = "ring twice"
    assert "ring twice" not in json.dumps(
        to_document(apply(None, parse(json.dumps(event).encode(), NOW)).order), default=str
    )


def _paths(value: object, path: str = "") -> Iterator[str]:
    """The paths of every field, whatever the keys of maps are."""
    if isinstance(value, Mapping):
        for name, item in value.items():
            key = (
                "*"
                if path.rsplit(".", 1)[-1] in {"events", "effects", "metadata", "consent", "custom_fields"}
                else name
            )
            yield from _paths(item, f"{path}.{key}")
    elif isinstance(value, list):
        for item in value:
            yield from _paths(item, path)
    else:
        yield path


def test_the_same_event_again_keeps_what_a_newer_version_has_written() -> None:
    """After a rollback the messages of unknown effects come again, with the event that the order's fields come from."""
    event = parse(parse_push((stored_samples.STORED / "1.0.0" / "messages" / "card.json").read_bytes()).data, NOW)
    document = to_document(apply(None, event).order)
    for part in (
        document["customer"],
        document["customer"]["address"],
        document["shipping"],
        *document["events"].values(),
    ):
        part.update(NEWER)
    order = from_document(document)
    assert apply(order, event).order == order
    later = replace(event, api_version="2030-01-01.zebra")
    assert NEWER.items() <= to_document(apply(order, later).order)["customer"]["address"].items()


def test_a_part_whose_shape_has_changed_takes_over_nothing() -> None:
    old = (TaxId(type="a", unknown={"x": 1}), TaxId(unknown={"y": 2}))
    assert inherit_unknown((TaxId(), TaxId(unknown={"y": 3})), old) == (
        TaxId(unknown={"x": 1}),
        TaxId(unknown={"y": 3}),
    )
    assert inherit_unknown((TaxId(),), old) == (TaxId(),)
    assert inherit_unknown(Address(), old[0]) == Address()
    assert inherit_unknown(None, old[0]) is None


def test_an_erased_order_has_no_unknown_field_in_its_items() -> None:
    order = from_document(newer_document())
    erased = erase(order, NOW)
    assert [item.unknown for item in erased.line_items or ()] == [{}]


def test_readers_outside_the_store_get_known_fields_alone() -> None:
    document = load(stored_samples.STORED / "1.0.0" / "orders" / "guest_with_every_field.json")
    document["lease"] = {"owner": "a", "at": NOW, "seconds": 9}
    assert without_unknown(from_document(newer_document())) == from_document(document)


def test_a_part_of_an_order_can_be_a_key_in_a_hook() -> None:
    assert {Address(city="Paris"): 1}[Address(city="Paris")] == 1


def test_unknown_fields_are_not_shown_where_a_part_is_and_a_field_of_that_name_is_one_of_them() -> None:
    assert "secret" not in repr(Address(unknown={"note": "secret"}))
    raw = {"city": "Paris", "unknown": {"a": 1}}
    assert read(Address, raw) == Address(city="Paris")
    assert read(Address, raw, keep_unknown=True).unknown == {"unknown": {"a": 1}}
