"""The tables of the documents have the rows that the code has: each test fails if either side gets one more."""

import ast
import dataclasses
import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, tzinfo
from enum import StrEnum
from pathlib import Path
from typing import Any, get_args, get_type_hints

import click
import pytest

from benchmark.__main__ import PARTS
from fulfillment.abandoned_carts.endpoint import CartOutcome
from fulfillment.abandoned_carts.settings import AbandonedCartSettings
from fulfillment.domain import after_sale, cart, checkout, items, order
from fulfillment.domain.access import Access, AccessRule, Level
from fulfillment.domain.buyer_view import BuyerStatus
from fulfillment.domain.cursor import Cursor, Stage
from fulfillment.domain.decision import FOUND_LATE, REQUESTS
from fulfillment.domain.effects import AFTER_SALE_KINDS, OWED_ON_ENTERING, Effect, EffectState
from fulfillment.domain.event_types import AFTER_SALE, EXPIRED, OLD_REFUNDS, EventType
from fulfillment.domain.facts import RADAR_REVIEW
from fulfillment.domain.lifecycle import BACKOFFS
from fulfillment.domain.order_money import DIFFERS, TABLE, Money, MoneyStatus
from fulfillment.domain.status import Status
from fulfillment.domain.transitions import Outcome
from fulfillment.effects.announce import Announcer
from fulfillment.errors import MalformedEvent, PermanentError
from fulfillment.order_status.endpoint import BROKEN_LINK
from fulfillment.order_status.settings import OrderStatusSettings
from fulfillment.order_status.status_page import StatusPage
from fulfillment.orders.documents import to_document
from fulfillment.reconcile.endpoint import End
from fulfillment.reconcile.settings import ReconcileSettings
from fulfillment.settings.base import Settings, Variable
from fulfillment.stripe_errors import SCOPES
from fulfillment.stripe_events.endpoint import HandlerOutcome
from fulfillment.stripe_events.settings import StripeEventSettings
from fulfillment.subscriber.fact_gatherer import UNLISTED, UNREAD
from fulfillment.subscriber.settings import SubscriberSettings
from fulfillment.topic.attributes import attributes_of
from fulfillment.webhook.settings import WebhookSettings
from local.fakes.stripe_events import COMPLETED, event, session
from ops.cli import ops
from support import log_vocabulary
from support.builders import order as sample_order
from support.markdown import rows_below, table_in
from support.tools import ROOT

DOCS, FUNCTIONS = ROOT / "docs", ROOT / "functions" / "fulfillment"
HTTP, DATA_MODEL, RUNBOOK = DOCS / "http.md", DOCS / "data-model.md", DOCS / "operations.md"
READERS: Mapping[str, type[Settings]] = {
    "webhook": WebhookSettings,
    "subscribers": SubscriberSettings,
    "reconcile": ReconcileSettings,
    "order_status": OrderStatusSettings,
    "on_stripe_event": StripeEventSettings,
    "on_checkout_session_expired": AbandonedCartSettings,
}


def words(text: str) -> list[str]:
    """What stands in backticks."""
    return re.findall(r"`([^`]+)`", text)


def column(rows: list[dict[str, str]], name: str) -> list[str]:
    """The words of a column, row by row."""
    return [word for row in rows for word in words(row[name])]


def once(found: list[str]) -> set[str]:
    """The words, each of which is there once."""
    assert sorted(found) == sorted(set(found))
    return set(found)


# --- what the functions answer

ENDPOINTS = ["webhook", "order_status", "reconcile", "subscriber", "stripe_events", "abandoned_carts"]
HEADINGS = {
    "webhook": ("## Webhook", "request"),
    "order_status": ("## Order status page", "request"),
    "reconcile": ("## Reconcile", "run"),
    "subscriber": ("## Subscribers", "what happened"),
    "stripe_events": ("## Handlers", "what happened"),
    "abandoned_carts": ("## Abandoned carts", "what happened"),
}


def answers(endpoint: str) -> list[dict[str, str]]:
    heading, first = HEADINGS[endpoint]
    return rows_below(HTTP, heading, first, "answer", "outcome")


def http_statuses(texts: list[str]) -> list[str]:
    return [status for text in texts for status in re.findall(r"\b[2-5]\d\d\b", text)]


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_the_documented_answers_are_those_of_the_endpoints_own_table(endpoint: str) -> None:
    docstring = ast.get_docstring(ast.parse((FUNCTIONS / endpoint / "endpoint.py").read_text("utf-8"))) or ""
    drawn = [list(row.values())[1] for row in table_in(docstring)]
    assert http_statuses([row["answer"] for row in answers(endpoint)]) == http_statuses(drawn)


def test_the_webhook_has_no_answer_that_is_not_documented() -> None:
    tree = ast.parse((FUNCTIONS / "webhook" / "endpoint.py").read_text("utf-8"))
    (texts,) = [
        node.value for node in tree.body if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "_ANSWERS"
    ]
    assert set(map(str, ast.literal_eval(texts))) == set(http_statuses([row["answer"] for row in answers("webhook")]))


def logged(folder: str) -> set[str]:
    """The outcomes that the modules of a folder write down."""
    found = set[str]()
    for path in (FUNCTIONS / folder).glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.keyword) and node.arg == "outcome" and isinstance(node.value, ast.Constant):
                found.add(str(node.value.value))
    return found


@pytest.mark.parametrize(
    ("endpoint", "others", "beside"),
    [
        ("webhook", set[str](), set[str]()),
        ("order_status", set[str](), {"publish_failed"}),
        ("reconcile", {each.value for each in End}, set[str]()),
        ("subscriber", {each.value for each in Outcome} | logged("topic"), set[str]()),
        ("stripe_events", {each.value for each in HandlerOutcome} | logged("topic"), set[str]()),
        ("abandoned_carts", {each.value for each in CartOutcome} | logged("topic"), set[str]()),
    ],
)
def test_the_documented_outcomes_are_those_that_are_logged(endpoint: str, others: set[str], beside: set[str]) -> None:
    documented = set(column(answers(endpoint), "outcome")) - {"cause"}
    assert documented == (logged(endpoint) | others) - beside
    assert all(f"`{each}`" in HTTP.read_text("utf-8") for each in beside)


def test_each_cause_of_a_refused_webhook_request_has_a_row() -> None:
    found = set[str]()
    for node in ast.walk(ast.parse((FUNCTIONS / "webhook" / "signature.py").read_text("utf-8"))):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "BadSignature":
            found |= {str(each.value) for each in node.args[:1] if isinstance(each, ast.Constant)}
    assert once(column(rows_below(HTTP, "## Webhook", "cause"), "cause")) == found | {MalformedEvent.code}


def test_each_cause_that_is_logged_is_explained() -> None:
    assert {
        each for each in log_vocabulary.read().values["cause"] if f"`{each}`" not in HTTP.read_text("utf-8")
    } == set()


def test_the_routed_types_are_named() -> None:
    named = set(re.findall(r"checkout\.session\.\w+", HTTP.read_text("utf-8")))
    assert named == {*(each.value for each in EventType), EXPIRED}


def test_each_entry_point_is_in_the_list_of_urls() -> None:
    documented = column(rows_below(HTTP, "# What each URL answers", "function"), "function")
    assert once(documented) == log_vocabulary.read().values["entry_point"]


def test_each_stage_of_reconcile_has_a_row() -> None:
    assert column(rows_below(HTTP, "## Reconcile", "stage"), "stage") == [each.value for each in Stage]


def test_the_json_of_the_order_status_has_the_documented_keys_and_statuses() -> None:
    settings = OrderStatusSettings.load({"GOOGLE_CLOUD_PROJECT": "shop", "STRIPE_LIVEMODE": "false"})
    answer = StatusPage(settings).answer(BROKEN_LINK, {"accept": "application/json"})
    rows = rows_below(HTTP, "### Order status as JSON", "key")
    assert once(column(rows, "key")) == set(json.loads(bytes(answer.body)))
    (status,) = [row["value"] for row in rows if row["key"] == "`status`"]
    assert words(status) == [each.value for each in BuyerStatus]


# --- what is stored

SHAPES = {
    "### Customer": checkout.Customer,
    "### Shipping": checkout.Shipping,
    "### Address": checkout.Address,
    "### Tax id": checkout.TaxId,
    "### Shipping cost": checkout.ShippingCost,
    "### Discount": checkout.Discount,
    "### Presentment": checkout.Presentment,
    "### Line item": order.LineItem,
    "### Event": order.Seen,
    "### Effect": Effect,
    "### Lease": order.Lease,
    "### Refund": after_sale.Refund,
    "### Dispute": after_sale.Dispute,
    "### Ledger entry": after_sale.LedgerEntry,
    "### Early fraud warning": after_sale.FraudWarning,
    "### Radar review": after_sale.RadarReview,
    "### Claim": after_sale.Claim,
    "### Read": after_sale.StatusRead,
    "### Renewals": after_sale.Renewals,
    "### Access": Access,
    "### Announced": order.Announced,
    "### Money": Money,
    "## Checkpoint of reconcile": Cursor,
}


def fields_below(heading: str) -> set[str]:
    return once(column(rows_below(DATA_MODEL, heading, "field", "type"), "field"))


def test_the_order_document_has_the_documented_fields() -> None:
    assert fields_below("## Order document") == set(to_document(sample_order()))


@pytest.mark.parametrize(("heading", "shape"), SHAPES.items())
def test_each_part_of_a_document_has_the_documented_fields(heading: str, shape: Any) -> None:
    """`unknown` holds what a newer version wrote, under its own names."""
    assert fields_below(heading) == {each.name for each in dataclasses.fields(shape)} - {"unknown"}


def test_each_shape_of_an_order_is_documented() -> None:
    """The shapes that the fields of an order name, directly or within another."""
    modules = (checkout, order, after_sale)
    kinds = [each for module in modules for each in vars(module).values() if dataclasses.is_dataclass(each)]
    kinds = [each for each in kinds if getattr(each, "__module__", "") in {module.__name__ for module in modules}]
    beside = {checkout.Checkout, order.Order, after_sale.AfterSale, after_sale.Fact}
    assert set(kinds) - beside == set(SHAPES.values()) - {Effect, Cursor, Access, Money}


@pytest.mark.parametrize(
    ("heading", "field", "words_of"),
    [
        ("## Order document", "status", Status),
        ("### Effect", "state", EffectState),
        ("### Money", "status", MoneyStatus),
        ("### Access", "level", Level),
        ("## Checkpoint of reconcile", "stage", Stage),
    ],
)
def test_a_field_with_a_closed_list_of_words_names_them_all(heading: str, field: str, words_of: type[StrEnum]) -> None:
    (row,) = [row for row in rows_below(DATA_MODEL, heading, "field") if row["field"] == f"`{field}`"]
    assert words(row["meaning"]) == [each.value for each in words_of]


@pytest.mark.parametrize(
    ("heading", "kind"), [("### Refund", after_sale.Refund), ("### Early fraud warning", after_sale.FraudWarning)]
)
def test_the_statuses_of_an_object_are_those_of_its_chain(heading: str, kind: type[after_sale.AfterSale]) -> None:
    (row,) = [row for row in rows_below(DATA_MODEL, heading, "field") if row["field"] == "`status`"]
    assert tuple(words(row["meaning"])) == kind.CHAIN


def test_the_attributes_of_a_message_are_documented() -> None:
    whole = event(COMPLETED, session("cs_test_a1")) | {"account": "acct_1", "context": "acct_1", "api_version": "v"}
    told = set(attributes_of(whole, "00-trace"))
    documented = once(column(rows_below(DATA_MODEL, "## Message on the events topic", "attribute"), "attribute"))
    assert documented == told | set(REQUESTS) | {"source", "reason"}


# --- effects, reviews, reasons


def test_the_effects_are_those_that_an_order_owes_on_entering_a_status() -> None:
    rows = rows_below(DOCS / "effects.md", "# What an order is owed", "effect")
    documented = [(name, status) for row in rows for name in words(row["effect"]) for status in words(row["owed on"])]
    assert sorted(documented) == sorted(
        (name, status.value) for status, names in OWED_ON_ENTERING.items() for name in names
    )


def test_the_effects_after_the_sale_have_a_row() -> None:
    rows = rows_below(DOCS / "effects.md", "### After the sale", "kind")
    assert once(column(rows, "kind")) == AFTER_SALE_KINDS


def test_each_reason_for_a_review_has_a_row() -> None:
    source = (FUNCTIONS / "domain" / "transitions.py").read_text("utf-8")
    found = set(re.findall(r"doubts(?:\.add\(| = \{)\"(\w+)\"", source)) | items.DOUBTS
    found |= {DIFFERS, RADAR_REVIEW, FOUND_LATE, UNREAD, UNLISTED}
    found |= {kind.UNKNOWN for kind in after_sale.KINDS.values() if kind.UNKNOWN}
    rows = rows_below(DOCS / "effects.md", "## Amounts, and orders under review", "review")
    assert once(column(rows, "review")) == found


def test_the_pauses_of_a_refused_mail_are_those_that_are_documented() -> None:
    text = " ".join((DOCS / "effects.md").read_text("utf-8").split())
    said = "backs off 15 minutes, 30 minutes, 1, 2 and 4 hours between its tries; the sixth refusal is for good"
    assert said in text
    assert [pause.total_seconds() / 60 for pause in BACKOFFS] == [15, 30, 60, 120, 240]


async def test_the_attributes_of_an_order_event_are_documented() -> None:
    published: dict[str, str] = {}

    class Kept:
        async def publish(self, data: bytes, attributes: Mapping[str, str]) -> str:  # noqa: ARG002 - as Topic has it
            published.update(attributes)
            return "1"

    await Announcer(Kept()).announce(Status.PAID, sample_order(), "cs_test_a1:announce_paid")
    rows = rows_below(DOCS / "effects.md", "## Order events", "attribute")
    assert once(column(rows, "attribute")) == set(published)


def attribute(kind: Any, names: list[str]) -> bool:
    """Whether an instance has the attribute that the names lead to, through optional parts and lists."""
    if not names or not dataclasses.is_dataclass(kind):
        return not names
    own = getattr(kind, names[0], None)
    if isinstance(own, property):
        return len(names) == 1
    hint = get_type_hints(kind).get(names[0])
    inner = next((each for each in get_args(hint) if dataclasses.is_dataclass(each)), hint)
    return hint is not None and attribute(inner, names[1:])


def test_what_a_hook_is_told_to_read_is_there() -> None:
    rows = rows_below(DOCS / "effects.md", "### The order that a hook gets", "you need", "read")
    read = [word for word in column(rows, "read") if word.startswith("order.")]
    assert len(read) > 5
    assert [word for word in read if not attribute(order.Order, re.findall(r"\.(\w+)", word))] == []
    (said,) = [row["read"] for row in rows if row["read"].startswith("`order.line_items`")]
    names = [word for word in words(said) if re.fullmatch(r"\w+", word)]
    assert [name for name in names if not attribute(order.LineItem, [name])] == ["Mug"]


def test_what_the_cart_hook_is_told_to_read_is_there() -> None:
    rows = rows_below(DOCS / "effects.md", "## Abandoned carts", "you need", "read")
    read = [word for word in column(rows, "read") if word.startswith("cart.")]
    assert {"cart.email", "cart.recovery_url"} <= set(read)
    assert [word for word in read if not attribute(cart.Cart, re.findall(r"\.(\w+)", word))] == []


AFTER = DOCS / "after-sale.md"


def test_the_types_after_the_sale_have_a_row_with_their_entry_point() -> None:
    rows = rows_below(AFTER, "## Event types", "function", "types")
    told = {words(row["function"])[0]: words(row["types"]) for row in rows}
    assert told == {
        **{name: list(types) for name, types in AFTER_SALE.items()},
        "on_checkout_session_expired": [EXPIRED],
    }
    assert all(f"`{each}`" in AFTER.read_text("utf-8") for each in OLD_REFUNDS)


def test_the_money_statuses_are_told_in_the_order_in_which_they_hold() -> None:
    rows = rows_below(AFTER, "## The money status", "`money.status`")
    assert column(rows, "`money.status`") == [status.value for status, _ in TABLE]


def test_each_rule_of_the_access_policy_has_a_row() -> None:
    assert once(column(rows_below(AFTER, "## Access", "rule"), "rule")) == {*AccessRule}


@pytest.mark.parametrize(
    ("name", "subject"), [("access", Access), ("refund", after_sale.Refund), ("dispute", after_sale.Dispute)]
)
def test_what_a_hook_after_the_sale_is_told_to_read_is_there(name: str, subject: Any) -> None:
    rows = rows_below(AFTER, "## Refunds and disputes one by one", "hook", "it reads")
    read = [word for word in column(rows, "it reads") if word.startswith(f"{name}.")]
    assert f"{name}.{'level' if name == 'access' else 'status'}" in read
    assert [word for word in read if not attribute(subject, word.split(".")[1:])] == []


def test_the_permissions_of_the_key_are_those_that_are_asked_for() -> None:
    rows = rows_below(AFTER, "## The key's permissions", "permission")
    assert sorted(row["permission"] for row in rows) == sorted(SCOPES)


def kinds(kind: type[PermanentError]) -> Iterator[type[PermanentError]]:
    yield kind
    for each in kind.__subclasses__():
        yield from kinds(each)


def test_the_runbook_has_a_row_for_each_reason_of_a_parked_message() -> None:
    rows = rows_below(RUNBOOK, "### Permanent failures", "reason")
    assert once(column(rows, "reason")) == {each.code for each in kinds(PermanentError)}


def test_what_the_documents_call_the_reason_of_a_parked_message_is_one() -> None:
    """As in "parked as `read_refused`"."""
    texts = [" ".join(path.read_text("utf-8").split()) for path in DOCS.glob("*.md")]
    found = {code for text in texts for code in re.findall(r"\bparked as `(\w+)", text)}
    assert {"read_refused", "corrupt_order"} <= found <= {each.code for each in kinds(PermanentError)}


def shape(value: Any) -> Any:
    """The keys of a document; of a list the shape of its first element."""
    if isinstance(value, dict):
        return "time" if set(value) == {"$time"} else {key: shape(each) for key, each in value.items()}
    return [shape(each) for each in value[:1]] if isinstance(value, list) else None


def test_the_example_of_an_order_document_has_the_fields_of_a_stored_one() -> None:
    (text,) = re.findall(r"```json\n(.*?)```", DATA_MODEL.read_text("utf-8"), re.DOTALL)
    shown, kept = json.loads(text), json.loads((ROOT / "tests/stored/1.0.0/orders/fulfilled.json").read_text("utf-8"))
    assert set(shown) == set(kept)
    for name in ("customer", "shipping", "shipping_cost", "line_items", "lease", "review"):
        assert shape(shown[name]) == shape(kept[name]), name
    assert {tuple(shown["events"][each]) for each in shown["events"]} == {
        tuple(each) for each in kept["events"].values()
    }
    assert set(shown["effects"]) <= set(kept["effects"])
    for name, effect in shown["effects"].items():
        assert set(effect) == set(kept["effects"][name])
        assert effect["key"] == f"{shown['id']}:{name}"
    assert shown["amount_total"] == shown["amount_subtotal"] + shown["amount_shipping"]
    assert shown["amount_subtotal"] == sum(item["amount_subtotal"] for item in shown["line_items"])


# --- the log


def test_the_runbook_explains_each_outcome_and_each_field_of_the_log() -> None:
    vocabulary = log_vocabulary.read()
    assert once(column(rows_below(RUNBOOK, "## The log", "outcome"), "outcome")) == vocabulary.values["outcome"]
    assert once(column(rows_below(RUNBOOK, "## The log", "field"), "field")) == vocabulary.fields


# --- settings


def variables(settings: type[Settings]) -> dict[tuple[str, ...], tuple[Variable, Any]]:
    """The variables by their names, each with its default; MISSING where it is required."""
    defaults = {each.name: each.default for each in dataclasses.fields(settings)}
    return {variable.names: (variable, defaults[name]) for name, variable in settings.variables().items()}


def readers() -> dict[tuple[str, ...], dict[str, Any]]:
    """Each variable's default, by who reads it."""
    found: dict[tuple[str, ...], dict[str, Any]] = {}
    for reader, settings in READERS.items():
        for names, (_, default) in variables(settings).items():
            found.setdefault(names, {})[reader] = default
    return found


def written(defaults: Mapping[str, Any]) -> str:
    """The default as the document writes it."""
    required = [reader for reader, default in defaults.items() if default is dataclasses.MISSING]
    if len(required) == len(defaults):
        return "required"
    given = {reader: default for reader, default in defaults.items() if default is not dataclasses.MISSING}
    first, *others = dict.fromkeys(given.values())
    text = "none" if first is None else f"`{_as_set(first)}`"
    other = [f"{reader}: `{_as_set(default)}`" for reader, default in given.items() if default in others]
    return "; ".join([text, *other, *(f"required by {reader}" for reader in required)])


def _as_set(default: Any) -> str:
    if isinstance(default, tzinfo):
        assert default is UTC
        return "UTC"
    if isinstance(default, frozenset):
        return ",".join(rule for rule in AccessRule if rule in default)
    return str(default).lower() if isinstance(default, bool) else str(default)


SETTINGS = DOCS / "settings.md"


def test_each_setting_has_a_row_with_its_readers_and_its_default() -> None:
    documented = {
        tuple(words(row["name"])): (row["read by"], row["default"])
        for row in rows_below(SETTINGS, "# Settings", "name")
    }
    assert documented == {
        names: ("all" if len(defaults) == len(READERS) else ", ".join(defaults), written(defaults))
        for names, defaults in readers().items()
    }


def ranges() -> dict[str, tuple[int, int]]:
    rows = rows_below(SETTINGS, "# Settings", "name")
    found = {row["name"].strip("`"): re.fullmatch(r"(\d+) to (\d+)", row["values"]) for row in rows}
    return {name: (int(match[1]), int(match[2])) for name, match in found.items() if match}


def test_each_number_has_the_documented_limits() -> None:
    counted = {}
    for settings in READERS.values():
        for names, (variable, default) in variables(settings).items():
            if isinstance(default, int) and not isinstance(default, bool):
                counted[names[0]] = variable
    assert set(ranges()) == set(counted)
    for name, (least, most) in ranges().items():
        assert [counted[name].parse(str(value)) for value in (least, most)] == [least, most]
        for beyond in (least - 1, most + 1):
            with pytest.raises(ValueError, match="must be"):
                counted[name].parse(str(beyond))


def test_the_rules_for_several_settings_are_those_that_are_checked() -> None:
    checks: dict[Any, list[str]] = {}
    for reader, settings in READERS.items():
        for check in settings.CHECKS:
            checks.setdefault(check, []).append(reader)
    documented = [row["checked by"] for row in rows_below(SETTINGS, "## Settings that must fit together", "rule")]
    assert sorted(documented) == sorted(", ".join(each) for each in checks.values())


# --- the operator's commands


def commands(group: click.Group, before: str = "") -> Iterator[str]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, f"{before}{name} ")
        else:
            yield before + name


def test_the_operators_commands_are_those_of_the_table() -> None:
    documented = column(rows_below(DOCS / "ops.md", "# The operator's commands", "command"), "command")
    assert once(documented) == set(commands(ops))


# --- templates

TEMPLATES = ROOT / "functions" / "templates" / "README.md"


def facts(path: Path) -> set[str]:
    """The names that `_facts` hands to the templates."""
    (function,) = [
        node
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef) and node.name == "_facts"
    ]
    (told,) = [node.value for node in ast.walk(function) if isinstance(node, ast.Return)]
    assert isinstance(told, ast.Dict)
    return {str(ast.literal_eval(key)) for key in told.keys if key}


def names_below(heading: str) -> set[str]:
    return once([word.partition("(")[0] for word in column(rows_below(TEMPLATES, heading, "name"), "name")])


def test_the_variables_of_mails_are_documented() -> None:
    assert names_below("# The templates") == facts(FUNCTIONS / "effects" / "mail_message.py")


def test_the_variables_of_the_order_status_page_are_documented() -> None:
    shared = {"shop", "items", "totals", "date", "long_date"}
    assert shared <= names_below("# The templates")
    assert names_below("## The order status page") | shared == facts(FUNCTIONS / "order_status" / "status_page.py")


# --- this file


def test_a_table_with_a_row_too_many_is_noticed(tmp_path: Path) -> None:
    document = tmp_path / "a.md"
    document.write_text(
        "# A\n\n| key | value |\n|---|---|\n| `a` | 1 |\n\n## B\n\n| key | value |\n|---|---|\n| `b` | |\n"
    )
    assert column(rows_below(document, "# A", "key"), "key") == ["a"]
    assert column(rows_below(document, "## B", "key"), "key") == ["b"]
    with pytest.raises(AssertionError):
        once(["a", "a"])


def test_the_parts_of_the_benchmark_are_those_that_it_knows() -> None:
    (said,) = re.findall(r"these parts alone: (.+)", (DOCS / "performance.md").read_text("utf-8"))
    assert said.split(", ") == list(PARTS)
