"""The reader of Pub/Sub's filters, which the emulator does not apply."""

import json
from collections.abc import Callable, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.pubsub_filter import FILTER_BYTES, matches, parse

Attributes = Mapping[str, str]
PAID = {"event_type": "invoice.paid", "ce-type": "com.stripe.v1.invoice.paid", "livemode": "true"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('attributes.event_type = "invoice.paid"', True),
        ('attributes.event_type="invoice.paid"', True),
        ('attributes.event_type = "Invoice.paid"', False),
        ('attributes.event_type != "invoice.paid"', False),
        ('attributes.event_type != "refund.created"', True),
        ('attributes.account = "acct_1"', False),
        ('attributes.ce-type = "com.stripe.v1.invoice.paid"', True),
        ('attributes."ce-type" = "com.stripe.v1.invoice.paid"', True),
        ("attributes:ce-type", True),
        ("attributes:account", False),
        ("NOT attributes:account", True),
        ("-attributes:account", True),
        ('hasPrefix(attributes.event_type, "invoice.")', True),
        ('hasPrefix(attributes.event_type, "refund.")', False),
        ('hasPrefix(attributes.account, "")', False),
        ('NOT hasPrefix(attributes.event_type, "invoice.")', False),
        ('attributes.livemode = "true" AND hasPrefix(attributes.event_type, "invoice.")', True),
        ('attributes.livemode = "false" OR attributes:ce-type OR attributes:account', True),
        ('attributes.livemode = "true" AND (attributes:account OR attributes:event_type)', True),
        ('NOT (attributes.livemode = "true" AND attributes:event_type)', False),
        ('attributes.event_type = "invoice\\u002epaid"', True),
    ],
)
def test_a_filter_matches_what_pubsub_documents(text: str, *, expected: bool) -> None:
    assert matches(text, PAID) is expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "attributes",
        "attributes.event_type",
        "attributes.event_type = invoice.paid",
        'event_type = "invoice.paid"',
        'attributes.event_type = "invoice.paid',
        'attributes.event type = "x"',
        'attributes.event_type == "x"',
        'attributes.event_type : "x"',
        'attributes:livemode and attributes.event_type = "x"',
        "(attributes:livemode",
        "attributes:livemode)",
        "attributes:livemode AND",
        "attributes:livemode attributes:account",
        "attributes:livemode AND attributes:account OR attributes:event_type",
        "attributes:livemode OR attributes:account AND attributes:event_type",
        'hasPrefix(attributes.event_type, "x"',
        'hasPrefix("event_type", "x")',
        'data.type = "x"',
        "attributes:a/b",
    ],
)
def test_what_is_no_filter_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse(text)


def test_what_is_not_documented_is_refused_not_guessed() -> None:
    with pytest.raises(ValueError, match="without account"):
        matches('attributes.account != "acct_1"', PAID)


def test_a_filter_has_at_most_256_bytes() -> None:
    of = 'attributes.k = "{}"'
    room = FILTER_BYTES - len(of.format(""))
    assert matches(of.format("x" * room), {"k": "x" * room})
    for too_long in ("x" * (room + 1), "é" * room):
        with pytest.raises(ValueError, match="at most 256"):
            parse(of.format(too_long))


KEYS = st.sampled_from(["a", "ce-b", "c_1"])
VALUES = st.text(st.sampled_from('xy."\\'), max_size=2)
Rule = tuple[str, Callable[[Attributes], bool]]


def equals(key: str, value: str) -> Rule:
    return f"attributes.{key} = {json.dumps(value)}", lambda told: told.get(key) == value


def begins(key: str, value: str) -> Rule:
    text = f"hasPrefix(attributes.{key}, {json.dumps(value)})"
    return text, lambda told: key in told and told[key].startswith(value)


def has(key: str) -> Rule:
    return f"attributes:{key}", lambda told: key in told


def negated(rule: Rule) -> Rule:
    return f"NOT ({rule[0]})", lambda told: not rule[1](told)


def both(one: Rule, other: Rule) -> Rule:
    return f"({one[0]}) AND ({other[0]})", lambda told: one[1](told) and other[1](told)


def either(one: Rule, other: Rule) -> Rule:
    return f"({one[0]}) OR ({other[0]})", lambda told: one[1](told) or other[1](told)


RULES = st.recursive(
    st.builds(equals, KEYS, VALUES) | st.builds(begins, KEYS, VALUES) | st.builds(has, KEYS),
    lambda inner: st.builds(negated, inner) | st.builds(both, inner, inner) | st.builds(either, inner, inner),
    max_leaves=4,
).filter(lambda rule: len(rule[0].encode()) <= FILTER_BYTES)


@given(RULES, st.dictionaries(KEYS, VALUES))
def test_operators_mean_what_they_say_at_any_depth(rule: Rule, told: Attributes) -> None:
    assert matches(rule[0], told) is rule[1](told)
