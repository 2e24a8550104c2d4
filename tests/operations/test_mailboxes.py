"""When two addresses are one mailbox, and when they only may be."""

import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from fulfillment.domain.erasure import PERSONAL
from fulfillment.orders.firestore import Snapshot
from ops.orders.buyer import FIELDS, Buyer
from ops.orders.mailboxes import difference, mailbox, names
from support.spellings import ASCII, BEYOND, RESPELLINGS, respelled, respellings

anything = st.text(st.characters())
parts = st.text(min_size=1, max_size=12)


def looked_at(box: str, **fields: Any) -> Buyer:
    buyer = Buyer(box)
    buyer.look_at(Snapshot(id="cs_a", document=fields, version=None, read_at=datetime.now(UTC)))
    return buyer


@given(st.sampled_from([*ASCII, *BEYOND]), respellings)
def test_a_mailbox_has_one_spelling_however_it_was_written(address: str, how: list[str]) -> None:
    # Capital letters of ß are SS: only what is alike can be said of it.
    assume("ß" not in address or not {"upper", "title", "swapped"} & {*how})
    assert mailbox(respelled(address, how)) == mailbox(address)


@given(parts, parts, respellings)
def test_whatever_the_address_every_spelling_is_the_buyers_or_is_named(local: str, domain: str, how: list[str]) -> None:
    """No match is passed over in silence: an operator looks at what is not certain."""
    address = f"{local}@{domain}"
    box, written = mailbox(address), respelled(address, how)
    assume(box and mailbox(written))
    buyer = looked_at(str(box), customer={"email": written})
    assert buyer.theirs or buyer.alike, (address, written)


@given(anything)
def test_any_text_is_a_mailbox_or_none_and_no_error(text: str) -> None:
    box = mailbox(text)
    assert box is None or re.fullmatch(r".+@.+", box, re.DOTALL)
    assert difference(box or "a@b", "a@b") is None or box != "a@b"
    assert isinstance(names([{text: text}], "a@b"), bool)


@pytest.mark.parametrize(
    "other",
    [
        *("john@example.com", "jane@example.org", "jane@mail.example.com", "janet@example.com", "ane@example.com"),
        *("jáne@example.com", "j\u0430ne@example.com", "jane.example.com", "jane@example.co", "example.com@jane"),
    ],
)
def test_another_person_is_neither_the_buyer_nor_alike(other: str) -> None:
    buyer = looked_at("jane@example.com", customer={"email": other}, client_reference_id=other)
    assert (buyer.theirs, buyer.alike) == ([], {})


@pytest.mark.parametrize(
    ("one", "other", "why"),
    [
        ("jane@example.com", "jane+shop@example.com", "a +tag"),
        ("jane+a@example.com", "jane+b@example.com", "a +tag"),
        ("j.ane@gmail.com", "jane@gmail.com", "dots"),
        ("jane@googlemail.com", "jane@gmail.com", "gmail.com and googlemail.com"),
        ("jens@faß.de", "jens@fass.de", "alike but for their case"),
        ("strauß@example.com", "STRAUSS@example.com", "alike but for their case"),
        ("jim@example.com", "J\u0130M@example.com", "alike but for their case"),
        ("j\u0131m@example.com", "JIM@example.com", "alike but for their case"),
        ("jane@example.com", "jane@example.com", None),
        ("j.ane@example.com", "jane@example.com", None),
    ],
)
def test_what_may_be_one_person_is_told_from_what_is(one: str, other: str, why: str | None) -> None:
    said = difference(str(mailbox(one)), str(mailbox(other)))
    assert said is None if why is None else why in str(said)
    assert difference(str(mailbox(other)), str(mailbox(one))) == said


@pytest.mark.parametrize(
    ("fields", "theirs", "alike"),
    [
        ({"customer": {"email": "Jane@Example.com", "id": "cus_1"}}, True, ""),
        ({"customer": None, "client_reference_id": "JANE@example.com"}, True, ""),
        ({"customer": {"email": "john@example.com"}, "client_reference_id": "jane@example.com"}, True, ""),
        ({"metadata": {"gift": "for <Jane@example.com>, with love"}}, False, "metadata"),
        ({"metadata": {"Jane@example.com": "1"}}, False, "metadata"),
        ({"custom_fields": [{"text": {"value": "ask jane@example.com."}}]}, False, "custom fields"),
        ({"metadata": {"note": " jane @ Example.com "}}, False, "metadata"),
        ({"metadata": {"note": "Jane " * 500 + "<jane@example.com>"}}, False, "metadata"),
        ({"metadata": {"note": "jane.example.com, not-jane@example.com"}}, False, None),
        ({"customer": {"email": None}}, False, None),
        ({"customer": "by hand", "client_reference_id": 5, "metadata": 3, "custom_fields": None}, False, None),
        ({"customer": {"email": 'json:"jane\\u0040example.com"'}}, True, ""),
        ({"customer": {"email": "json:broken"}}, False, "cannot be judged"),
        ({}, False, None),
    ],
)
def test_an_order_is_the_buyers_by_address_or_reference_and_named_where_it_only_mentions_them(
    fields: dict[str, Any],
    theirs: bool,  # noqa: FBT001
    alike: str | None,
) -> None:
    buyer = looked_at("jane@example.com", **fields)
    assert buyer.theirs == (["cs_a"] if theirs else [])
    assert (alike or "") in buyer.alike.get("cs_a", "")
    assert bool(buyer.alike) == bool(alike)
    assert "jane" not in str(buyer.alike).lower()


AROUND = [
    *("{}", "order for {}", "user:{}", "mailto:{}", "{}|42", "mail={}&x=1", "buyer={}", "*{}*", "`{}`", "„{}“", "«{}»"),
    *(
        "{}/bob",
        "https://shop.example/?e={}/",
        "“{}”",
        "\u2018{}\u2019",
        "#{}!",
        "~{}~",
        "_({})_",
        "{}-42",
        "{}_42",
        "{}+42",
        "{}…",
    ),
    *(
        "Jane Roe <{}>",
        "{}, {}",
        "a@b.example/{}",
        "→{}",
        "📧{}",
        "連絡先{}まで",
        "「{}」",
        "{}。",
        "${}$",
        "{}?",
        "x?{}#y",
    ),
    *("[{}](mailto:{})", "{}:{}", '{{"e": "{}"}}', "\\{}\\", "{{{}}}", "%{}%", "^{}^", "https://{}@shop.example/"),
]


@given(st.sampled_from(AROUND), st.sampled_from(["jane@example.com", *ASCII]), respellings)
@example("連絡先{}まで", "jane@example.com", ["unseen"])
def test_an_address_is_found_whatever_stands_around_it(around: str, address: str, how: list[str]) -> None:
    text = around.format(*[respelled(address, how).strip()] * 2)
    assert names(text, str(mailbox(address))), text


@pytest.mark.parametrize(
    "address", ["jane+x@example.com", "jane%40example.com", "jane @ example.com", '"jane"@example.com']
)
@pytest.mark.parametrize("around", AROUND)
def test_one_that_may_be_the_same_persons_is_found_there_as_well(address: str, around: str) -> None:
    assert names(around.format(address, address), "jane@example.com")


@pytest.mark.parametrize("around", AROUND)
@pytest.mark.parametrize(
    "other", ["john@example.com", "not-jane@example.com", "jane@example.org", "mary.jane@example.com"]
)
def test_another_person_is_not_found_whatever_stands_around_them(other: str, around: str) -> None:
    assert not names(around.format(other, other), "jane@example.com")
    assert not names(around.format(other.replace("com", "com.au"), ""), "jane@example.com")


@pytest.mark.parametrize("around", AROUND)
@pytest.mark.parametrize(
    "fields",
    [
        *({"client_reference_id": "?"}, {"metadata": {"any": "?"}}, {"metadata": {"?": ""}}, {"custom_fields": ["?"]}),
        *({"customer": {name: "?"}} for name in ("email", "name", "business_name", "individual_name", "phone")),
        *(
            {"customer": {"address": {"line2": "?"}}},
            {"shipping": {"name": "?"}},
            {"shipping": {"address": {"line1": "?"}}},
        ),
        *({"customer": {"tax_ids": [{"value": "?"}]}}, {"line_items": [{"metadata": {}}, {"metadata": {"gift": "?"}}]}),
    ],
)
def test_an_order_that_names_the_buyer_in_any_field_is_theirs_or_named(fields: dict[str, Any], around: str) -> None:
    written = json.loads(json.dumps(fields).replace("?", json.dumps(around.format(*["Jane@example.com"] * 2))[1:-1]))
    buyer = looked_at("jane@example.com", **written)
    assert buyer.theirs or buyer.alike
    assert "jane" not in str(buyer.alike).lower()


def test_every_field_that_is_erased_is_looked_at() -> None:
    """Of the line items their metadata are: what was bought stays on the books."""
    assert {*FIELDS} == {*PERSONAL, "line_items"}


def test_every_way_of_writing_changes_some_address() -> None:
    """Or the property would prove nothing of it."""
    written = {name: [respelled(each, [name]) for each in (*ASCII, *BEYOND)] for name in RESPELLINGS}
    assert [name for name, texts in written.items() if texts == [*ASCII, *BEYOND]] == [
        "lower",
        "composed",
        "compatible",
    ]
