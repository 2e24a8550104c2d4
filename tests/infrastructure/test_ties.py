"""Terraform and Python say the same: what one of them names, the other one knows, in both directions."""

import ast
import re
import string
from collections.abc import Mapping
from dataclasses import fields
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from docs_tables.source import Module
from fulfillment.domain.event_types import SUBSCRIBERS
from fulfillment.domain.lifecycle import BACKOFFS
from fulfillment.order_status.settings import OrderStatusSettings
from fulfillment.orders.documents import to_document
from fulfillment.reconcile.reconciler import FEW
from fulfillment.reconcile.session_reader import IN_A_ROW
from fulfillment.reconcile.settings import ReconcileSettings
from fulfillment.settings.base import Settings
from fulfillment.settings.hosts import SmtpServer
from fulfillment.settings.parsers import parse_webhook_secrets
from fulfillment.stripe_api import READ_SECONDS
from fulfillment.subscriber.executors import REST_SECONDS
from fulfillment.subscriber.settings import SubscriberSettings
from fulfillment.webhook.settings import WebhookSettings
from support.builders import order
from support.tools import ROOT

WEBHOOK, SUBSCRIBER = "google_cloudfunctions2_function.webhook", "google_cloudfunctions2_function.subscriber"
ORDER_STATUS = "google_cloudfunctions2_function.order_status"
RECONCILE = "google_cloudfunctions2_function.reconcile"
Environment = Mapping[str, Mapping[str, str]]
NOT_IN_PRODUCTION = {
    "PUBSUB_EMULATOR_HOST": "there is no emulator",
    "STRIPE_API_BASE": "the default is Stripe itself",
    "STRIPE_WEBHOOK_SECRETS": "secrets come as files, which a rotation renews without a deploy",
    "STRIPE_API_KEY": "as above",
    "SMTP_URL": "as above",
    "RECONCILE_RUN_SECONDS": "the default fits the function's time limit",
    "RECONCILE_GRACE_SECONDS": "the default is longer than an event is on its way",
}
"""The settings that Terraform leaves out on purpose, and why."""


def test_each_routed_type_has_its_subscriber_and_no_other_type_has_one(module: Module) -> None:
    declared = {each["event_type"]: entry_point for entry_point, each in module.locals["subscribers"].items()}
    assert declared == {event_type.value: entry_point for event_type, entry_point in SUBSCRIBERS.items()}


def test_a_subscription_is_filtered_by_its_type_and_pushes_to_its_own_function(module: Module) -> None:
    subscription = module.resources["google_pubsub_subscription.subscriber"]
    assert subscription["for_each"] == "${local.subscribers}"
    assert subscription["filter"] == 'attributes.event_type = "${each.value.event_type}"'
    assert subscription["topic"] == "${google_pubsub_topic.events.id}"
    (push,) = subscription["push_config"]
    assert push["push_endpoint"] == f"${{{SUBSCRIBER}[each.key].service_config[0].uri}}"


def test_terraform_deploys_exactly_the_entry_points_of_main(module: Module) -> None:
    assert module.resources[SUBSCRIBER]["for_each"] == "${local.subscribers}"
    assert entry_point(module, SUBSCRIBER) == "${each.key}"
    alone = {entry_point(module, each) for each in (WEBHOOK, RECONCILE, ORDER_STATUS)}
    assert alone | set(module.locals["subscribers"]) == decorated()
    made = set(module.of_type("google_cloudfunctions2_function"))
    assert made == {"webhook", "subscriber", "reconcile", "order_status"}


def entry_point(module: Module, function: str) -> Any:
    return module.resources[function]["build_config"][0]["entry_point"]


def decorated() -> set[str]:
    """The entry points in functions/main.py."""
    tree = ast.parse((ROOT / "functions" / "main.py").read_text())
    functions = [node for node in tree.body if isinstance(node, ast.AsyncFunctionDef)]
    return {each.name for each in functions if "functions_framework.aio.http" in map(ast.unparse, each.decorator_list)}


def test_every_function_runs_the_runtime_that_can_be_chosen(module: Module) -> None:
    for name in (WEBHOOK, SUBSCRIBER, RECONCILE, ORDER_STATUS):
        assert module.resources[name]["build_config"][0]["runtime"] == "${var.runtime}"


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        ("webhook", WebhookSettings),
        ("subscriber", SubscriberSettings),
        ("reconcile", ReconcileSettings),
        ("order_status", OrderStatusSettings),
    ],
)
def test_what_python_reads_is_what_terraform_sets(
    environment: Environment, kind: str, settings: type[Settings]
) -> None:
    asked, given = names(settings), set(environment[kind])
    assert given == asked - set(NOT_IN_PRODUCTION)


def test_what_is_left_out_of_production_is_a_setting() -> None:
    assert set(NOT_IN_PRODUCTION) <= names(WebhookSettings) | names(SubscriberSettings) | names(ReconcileSettings)


def names(settings: type[Settings]) -> set[str]:
    return {name for variable in settings.variables().values() for name in variable.names}


def test_the_webhooks_secret_file_is_where_its_secret_is_mounted(module: Module, environment: Environment) -> None:
    (volume,) = module.resources[WEBHOOK]["service_config"][0]["secret_volumes"]
    assert environment["webhook"]["STRIPE_WEBHOOK_SECRETS_FILE"] == mounted(volume)


def test_each_subscribers_secret_file_is_where_its_secret_is_mounted(module: Module, environment: Environment) -> None:
    (volumes,) = [each["secret_volumes"] for each in subscriber_config(module)["dynamic"] if "secret_volumes" in each]
    assert volumes["for_each"] == "${local.subscriber_secrets}"
    template = mounted(volumes["content"][0])
    paths = {
        file: f'contains(keys(local.secrets), "{name}") ? "{template.replace("${secret_volumes.key}", name)}" : null'
        for name, file in re.findall(r'(\w+) = "(\w+_FILE)"', module.locals["subscriber_secrets"])
    }
    set_ = environment["subscriber"]
    assert paths == {name: path for name, path in set_.items() if name.endswith("_FILE")}


def subscriber_config(module: Module) -> Mapping[str, Any]:
    config: Mapping[str, Any] = module.resources[SUBSCRIBER]["service_config"][0]
    return config


def mounted(volume: Mapping[str, Any]) -> str:
    """The path of the one file in a secret's volume."""
    (version,) = volume["versions"]
    assert version["version"] == "latest"
    return f"{volume['mount_path']}/{version['path']}"


def test_the_api_key_of_the_landing_page_is_where_its_secret_is_mounted(
    module: Module, environment: Environment
) -> None:
    blocks = module.resources[ORDER_STATUS]["service_config"][0]["dynamic"]
    (dynamic,) = [each for each in blocks if "secret_volumes" in each]
    path = mounted(dynamic["secret_volumes"]["content"][0]).replace("${secret_volumes.key}", "stripe_api_key")
    said = environment["order_status"]["STRIPE_API_KEY_FILE"]
    assert said == f'contains(keys(local.secrets), "stripe_api_key") ? "{path}" : null'


def test_the_reads_of_the_landing_page_are_shared_among_its_instances(module: Module, environment: Environment) -> None:
    """The setting is one instance's, the variable is everybody's."""
    share = "tostring(floor(var.order_status.reads_per_minute / var.order_status.max_instances))"
    assert environment["order_status"]["ORDER_STATUS_READS_PER_MINUTE"] == share
    config = module.resources[ORDER_STATUS]["service_config"][0]
    assert config["max_instance_count"] == "${var.order_status.max_instances}"
    (said,) = re.findall(r"\breads_per_minute = optional\(\w+, ([^()]+)\)", module.variables["order_status"]["type"])
    assert int(said) == default_of(OrderStatusSettings, "ORDER_STATUS_READS_PER_MINUTE")


def test_the_api_key_of_reconcile_is_where_its_secret_is_mounted(module: Module, environment: Environment) -> None:
    (volume,) = module.resources[RECONCILE]["service_config"][0]["secret_volumes"]
    assert environment["reconcile"]["STRIPE_API_KEY_FILE"].strip('"') == mounted(volume)


def test_topics_and_database_are_those_that_terraform_makes(module: Module, environment: Environment) -> None:
    set_ = environment
    assert set_["webhook"]["EVENTS_TOPIC"] == "${google_pubsub_topic.events.name}"
    assert set_["order_status"]["EVENTS_TOPIC"] == "google_pubsub_topic.events.name"
    assert set_["order_status"]["FIRESTORE_DATABASE"] == set_["subscriber"]["FIRESTORE_DATABASE"]
    assert set_["reconcile"]["EVENTS_TOPIC"] == "google_pubsub_topic.events.name"
    assert set_["reconcile"]["FIRESTORE_DATABASE"] == set_["subscriber"]["FIRESTORE_DATABASE"]
    assert set_["subscriber"]["DEAD_LETTER_TOPIC"] == "google_pubsub_topic.dead_letter.name"
    assert set_["subscriber"]["ORDER_EVENTS_TOPIC"] == "one(google_pubsub_topic.order_events[*].name)"
    assert set_["subscriber"]["FIRESTORE_DATABASE"] == "google_firestore_database.orders.name"
    policy = module.resources["google_pubsub_subscription.subscriber"]["dead_letter_policy"][0]
    assert policy["dead_letter_topic"] == "${google_pubsub_topic.dead_letter.id}"


def test_the_topics_default_names_are_pythons(module: Module) -> None:
    default = module.variables["name"]["default"]
    topics = module.of_type("google_pubsub_topic")
    made = {name: topic["name"].replace("${var.name}", default) for name, topic in topics.items()}
    assert made["events"] == default_of(WebhookSettings, "EVENTS_TOPIC")
    assert made["dead_letter"] == default_of(SubscriberSettings, "DEAD_LETTER_TOPIC")


def default_of(settings: type[Settings], name: str) -> Any:
    variables = settings.variables()
    return next(each.default for each in fields(settings) if variables[each.name].name == name)


@pytest.mark.parametrize(
    ("variable", "key", "setting"),
    [
        ("hook", "timeout", "HOOK_TIMEOUT"),
        ("hook", "hold_on_review", "HOLD_ON_REVIEW"),
        ("orders", "collection", "ORDERS_COLLECTION"),
        ("reconcile", "max_age_days", "RECONCILE_MAX_AGE_DAYS"),
        ("reconcile", "late_minutes", "RECONCILE_LATE_MINUTES"),
        ("reconcile", "reads_per_second", "RECONCILE_READS_PER_SECOND"),
    ],
)
def test_defaults_are_the_same_on_both_sides(module: Module, variable: str, key: str, setting: str) -> None:
    (said,) = re.findall(rf"\b{key} = optional\(\w+, ([^()]+)\)", module.variables[variable]["type"])
    default = default_of(ReconcileSettings if variable == "reconcile" else SubscriberSettings, setting)
    assert said.strip('"') == str(default).lower()


def test_a_function_outlives_its_deliveries(module: Module) -> None:
    (beyond,) = re.findall(r"^\$\{var\.hook\.timeout \+ (\d+)\}$", module.locals["subscriber_timeout"])
    assert int(beyond) >= REST_SECONDS + 30
    assert subscriber_config(module)["timeout_seconds"] == "${local.subscriber_timeout}"


def test_a_run_of_reconcile_ends_itself_before_it_is_ended(module: Module) -> None:
    """The time of a run, then the rest of a page whose every session takes the longest there is, short of an outage."""
    limit = module.locals["reconcile_timeout"]
    assert default_of(ReconcileSettings, "RECONCILE_RUN_SECONDS") + FEW * READ_SECONDS * 2 // IN_A_ROW <= limit
    assert module.resources[RECONCILE]["service_config"][0]["timeout_seconds"] == "${local.reconcile_timeout}"


def test_the_users_hook_cannot_set_a_variable_of_the_product(module: Module) -> None:
    conditions = " ".join(rule["condition"] for rule in module.variables["hook"]["validation"])
    reserved = set(re.findall(r'"([A-Z_]+)"', conditions))
    ours = names(WebhookSettings) | names(SubscriberSettings) | names(ReconcileSettings) | names(OrderStatusSettings)
    assert ours | {"FIRESTORE_EMULATOR_HOST"} <= reserved


def test_a_webhook_that_is_not_registered_yet_starts_with_a_secret_that_python_takes(module: Module) -> None:
    (placeholder,) = re.findall(r'"(whsec_\w+)\$\{replace\(uuid\(\)', str(module.locals["secret_values"]))
    assert parse_webhook_secrets(placeholder + "0" * 32)


def test_pubsub_delivers_for_longer_than_a_refused_mail_rests(module: Module) -> None:
    """And after each of its rests the next delivery may be a whole backoff away: ten minutes at most."""
    conditions = " ".join(rule["condition"] for rule in module.variables["subscribers"]["validation"])
    (hours,) = re.findall(r"max_delivery_attempts \* var\.subscribers\.maximum_backoff >= (\d+) \* 3600", conditions)
    assert timedelta(hours=int(hours)) >= sum(BACKOFFS, timedelta()) + len(BACKOFFS) * timedelta(minutes=10)


@pytest.fixture(scope="module")
def mail_server_patterns(module: Module) -> tuple[str, ...]:
    """What an smtp_url must match to be taken by Terraform, as Python writes it."""
    conditions = " ".join(rule["condition"] for rule in module.variables["smtp_url"]["validation"])
    patterns = re.findall(r'can\(regex\("\^(.*?)\$", var', conditions)
    assert len(patterns) == 2
    return tuple(re.sub(r"\\(.)", r"\1", each) for each in patterns)


@st.composite
def nearly_mail_servers(draw: st.DrawFn) -> str:
    """Addresses that are right but for a piece here and there."""
    pieces = st.sampled_from(["%XX", "50%off", "%C3%BC", "ü", "\u200b", "\x7f", "0"])
    parts = ["smtps://", "shop", ":", "hunter2", "@", "mail.acme.example", ":", "465"]
    for _ in range(draw(st.integers(0, 2))):
        place = draw(st.integers(0, len(parts) - 1))
        kept = draw(st.sampled_from([parts[place], ""]))
        parts[place] = kept + draw(pieces | st.text(string.printable.replace("%", ""), max_size=3))
    return "".join(parts)


@given(text=nearly_mail_servers())
@example(text="smtps://shop:hünter2@mail.acme.example:465")
@example(text="smtps://shop:hunter2@mail.acme.example")
@example(text="smtps://shop@mail.acme.example:465")
@example(text="smtps://shop:hunter2@mail.acme.example:65536")
@example(text="smtps://shop:50%off@mail.acme.example:465")
@example(text="smtps://shop:hunter%0A2@mail.acme.example:465")
@example(text="smtps://shop:hunter2@mail.äcme.example:465")
def test_terraform_takes_no_mail_server_that_a_function_would_not_start_with(
    mail_server_patterns: tuple[str, ...], text: str
) -> None:
    if all(re.fullmatch(each, text) for each in mail_server_patterns):
        assert SmtpServer.parse(text)


@pytest.mark.parametrize(
    "text",
    ["smtps://mail.acme.example:465", "smtp://shop:h%C3%BCnter2@[2001:db8::1]:587/", "smtp://a:!$&'()*+,;=~@b:1"],
)
def test_a_mail_server_that_a_function_starts_with_is_taken_by_terraform(
    mail_server_patterns: tuple[str, ...], text: str
) -> None:
    assert SmtpServer.parse(text)
    assert all(re.fullmatch(each, text) for each in mail_server_patterns)


def test_the_fields_without_an_index_are_fields_of_the_order_document(module: Module) -> None:
    unindexed = set(re.findall(r'"(\w+)"', module.locals["unindexed_fields"]))
    assert unindexed <= set(to_document(order()))


def test_a_new_field_of_the_order_document_is_indexed_only_if_somebody_decides_so(module: Module) -> None:
    """Two entries in each order and each of its backups, and on a growing timestamp a limit of 500 writes a second."""
    unindexed = set(re.findall(r'"(\w+)"', module.locals["unindexed_fields"]))
    assert set(to_document(order())) - unindexed == {
        *("id", "account", "livemode", "mode", "payment_status", "status", "currency", "customer"),
        *("payment_intent", "subscription", "invoice", "payment_link", "client_reference_id"),
        *("effect_states", "review"),
    }
