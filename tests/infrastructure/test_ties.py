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

from docs_tables.functions import order_subscribers
from docs_tables.source import Module
from fulfillment.domain.access import DEFAULT_RULES, AccessRule, rules
from fulfillment.domain.event_types import AFTER_SALE, EXPIRED, ON_EXPIRED, SUBSCRIBERS
from fulfillment.domain.lifecycle import BACKOFFS
from fulfillment.order_status.settings import OrderStatusSettings
from fulfillment.orders.documents import to_document
from fulfillment.reconcile.reconciler import FEW
from fulfillment.reconcile.settings import ReconcileSettings
from fulfillment.reconcile.single_reads import IN_A_ROW
from fulfillment.settings.base import Settings
from fulfillment.settings.hosts import SmtpServer
from fulfillment.settings.parsers import parse_webhook_secrets
from fulfillment.stripe_api import READ_SECONDS
from fulfillment.stripe_events.settings import StripeEventSettings
from fulfillment.subscriber.executors import REST_SECONDS
from fulfillment.subscriber.settings import SubscriberSettings
from fulfillment.webhook.settings import WebhookSettings
from ops.archive.archived import FILE_MINUTES
from ops.archive.command import FOLDERS
from ops.deployment import model
from ops.doctor.filters import filter_of_sink
from support.builders import order
from support.deployments import deployed, with_carts
from support.tools import ROOT

FUNCTION = "google_cloudfunctions2_function.this"
SUBSCRIBER = "on_checkout_session_completed"
Functions = Mapping[str, Mapping[str, Any]]
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
    declared = {
        entry_point: each["event_types"]
        for name in ("sale_subscribers", "after_sale_subscribers", "cart_subscribers")
        for entry_point, each in module.locals[name].items()
    }
    sale = {entry_point: [event_type.value] for event_type, entry_point in SUBSCRIBERS.items()}
    after_sale = {entry_point: [*types] for entry_point, types in AFTER_SALE.items()}
    assert declared == {**sale, **after_sale, ON_EXPIRED: [EXPIRED]}


def test_a_subscription_is_filtered_by_its_types_and_pushes_to_its_own_function(module: Module) -> None:
    """One of snapshot events, and one of their thin twins. `test_filters.py` applies the filters to every type."""
    assert module.locals["subscriptions"] == (
        "${merge([for entry_point, each in local.subscribers : {"
        "(entry_point) = {function = entry_point, slug = each.slug, filter = local.filters[entry_point].snapshot}, "
        '"${entry_point} thin" = {function = entry_point, slug = "${each.slug}-thin", '
        "filter = local.filters[entry_point].thin}}] ...)}"
    )
    subscription = module.resources["google_pubsub_subscription.subscriber"]
    assert subscription["for_each"] == "${local.subscriptions}"
    assert subscription["filter"] == "${each.value.filter}"
    assert subscription["topic"] == '${google_pubsub_topic.this["events"].id}'
    (push,) = subscription["push_config"]
    assert push["push_endpoint"] == f"${{{FUNCTION}[each.value.function].service_config[0].uri}}"
    (token,) = push["oidc_token"]
    assert token["service_account_email"] == "${google_service_account.caller[each.value.function].email}"


def test_the_runbook_names_every_subscription_of_orders_where_it_names_them_all(module: Module) -> None:
    """To stop the deliveries, and to let everything be delivered again. `NAME-SLUG-thin` is a subscription, too."""
    slugs = [each["slug"] for each in order_subscribers(module).values()]
    runbook = (ROOT / "docs" / "operations.md").read_text("utf-8")
    loops = re.findall(r"for each in ([^;\n]+); do gcloud pubsub subscriptions (\S+) ", runbook)
    assert {command for _, command in loops} == {"seek", "modify-push-config"}
    for listed, _ in loops:
        assert sorted(listed.split()) == sorted([*slugs, *(f"{slug}-thin" for slug in slugs)])
    assert runbook.count("With `after_sale.abandoned_carts` add `expired expired-thin`") == len(loops)


def test_terraform_deploys_exactly_the_entry_points_of_main(module: Module, functions: Functions) -> None:
    assert set(module.of_type("google_cloudfunctions2_function")) == {"this"}
    assert module.resources[FUNCTION]["for_each"] == "${local.functions}"
    assert module.resources[FUNCTION]["build_config"][0]["entry_point"] == "${each.key}"
    assert set(functions) == decorated()


def test_terraform_puts_a_function_together_as_these_tests_do(module: Module) -> None:
    """`docs_tables.functions` does the same: what one of them changes, the other one must."""
    assert module.locals["declared_functions"] == (
        "${{for entry_point, each in merge(local.subscriber_functions, {stripe_webhook = local.webhook, "
        "on_stripe_event = local.stripe_events, reconcile = local.reconcile, order_status = local.order_status}) : "
        "entry_point => merge(local.function_defaults, each)}}"
    )
    assert module.locals["subscriber_functions"] == (
        "${merge({for entry_point, each in local.sale_subscribers : "
        "entry_point => merge(local.subscriber, {slug = each.slug, "
        'description = "Brings ${each.event_types[0]} into its order", '
        'caller = {who = "Pub/Sub", slug = "push-${each.slug}"}})}, '
        "{for entry_point, each in local.after_sale_subscribers : "
        "entry_point => merge(local.subscriber, {slug = each.slug, description = each.description, "
        'caller = {who = "Pub/Sub", slug = "push-${each.slug}"}, min_instances = 0})}, '
        "{on_checkout_session_expired = local.abandoned_carts})}"
    )
    assert module.locals["environment"] == (
        "${{for entry_point, each in local.functions : entry_point => {for setting, value in merge("
        "each.hook ? var.hook.environment : {}, local.common_environment, "
        "{for topic in local.function_topics[entry_point] : "
        "local.topics[topic].setting => google_pubsub_topic.this[topic].name}, "
        "each.orders_role == null ? {} : local.orders_environment, "
        "{for secret, setting in local.function_secrets[entry_point] : "
        'setting => "/secrets/${secret}/${local.secrets[secret].file}"}, '
        "each.environment) : setting => value if value != null}}}"
    )


def test_a_function_gets_what_its_entry_says(module: Module) -> None:
    config = module.resources[FUNCTION]["service_config"][0]
    assert {name: config[name] for name in config if "each." in str(config[name]) and name != "dynamic"} == {
        "service_account_email": "${google_service_account.function[each.key].email}",
        "ingress_settings": "${each.value.ingress}",
        "available_memory": "${each.value.memory}",
        "timeout_seconds": "${each.value.timeout}",
        "min_instance_count": "${each.value.min_instances}",
        "max_instance_count": "${each.value.max_instances}",
        "max_instance_request_concurrency": "${each.value.concurrency}",
        "direct_vpc_egress": "${one((each.value.hook ? local.hook_network : local.other_network)[*].egress)}",
        "environment_variables": "${local.environment[each.key]}",
    }


def decorated() -> set[str]:
    """The entry points in functions/main.py."""
    tree = ast.parse((ROOT / "functions" / "main.py").read_text())
    functions = [node for node in tree.body if isinstance(node, ast.AsyncFunctionDef)]
    return {each.name for each in functions if "functions_framework.aio.http" in map(ast.unparse, each.decorator_list)}


def test_every_function_runs_the_runtime_that_can_be_chosen(module: Module) -> None:
    assert module.resources[FUNCTION]["build_config"][0]["runtime"] == "${var.runtime}"


@pytest.mark.parametrize(
    ("entry_point", "settings"),
    [
        ("stripe_webhook", WebhookSettings),
        *((subscriber, SubscriberSettings) for subscriber in (*SUBSCRIBERS.values(), *AFTER_SALE)),
        ("reconcile", ReconcileSettings),
        ("order_status", OrderStatusSettings),
        ("on_stripe_event", StripeEventSettings),
    ],
)
def test_what_python_reads_is_what_terraform_sets(
    environment: Environment, entry_point: str, settings: type[Settings]
) -> None:
    asked, given = names(settings), set(environment[entry_point])
    assert given == asked - set(NOT_IN_PRODUCTION)


def test_abandoned_carts_have_the_settings_that_they_need(environment: Environment) -> None:
    """And no database."""
    assert set(environment[ON_EXPIRED]) == {
        *("GOOGLE_CLOUD_PROJECT", "STRIPE_LIVEMODE", "DEAD_LETTER_TOPIC", "ORDER_FILTER"),
        *("STRIPE_API_KEY_FILE", "HOOK_TIMEOUT"),
    }


def test_what_is_left_out_of_production_is_a_setting() -> None:
    assert set(NOT_IN_PRODUCTION) <= names(WebhookSettings) | names(SubscriberSettings) | names(ReconcileSettings)


def names(settings: type[Settings]) -> set[str]:
    return {name for variable in settings.variables().values() for name in variable.names}


def test_each_secret_file_is_where_its_secret_is_mounted(
    module: Module, functions: Functions, environment: Environment
) -> None:
    (volumes,) = [
        each["secret_volumes"]
        for each in module.resources[FUNCTION]["service_config"][0]["dynamic"]
        if "secret_volumes" in each
    ]
    assert volumes["for_each"] == "${local.function_secrets[each.key]}"
    (content,) = volumes["content"]
    (version,) = content["versions"]
    assert content["secret"] == "${google_secret_manager_secret.this[secret_volumes.key].secret_id}"
    assert version["version"] == "latest"
    mounted = f"{content['mount_path']}/{version['path']}"
    secrets = module.locals["declared_secrets"]
    for entry_point, each in functions.items():
        paths = {
            setting: mounted.replace("${local.secrets[secret_volumes.key].file}", secrets[name]["file"]).replace(
                "${secret_volumes.key}", name
            )
            for name, setting in each["secrets"].items()
        }
        assert paths == {name: path for name, path in environment[entry_point].items() if name.endswith("_FILE")}
        assert paths


def test_the_reads_of_the_landing_page_are_shared_among_its_instances(
    module: Module, functions: Functions, environment: Environment
) -> None:
    """The setting is one instance's, the variable is everybody's."""
    share = "${tostring(floor(var.order_status.reads_per_minute / var.order_status.max_instances))}"
    assert environment["order_status"]["ORDER_STATUS_READS_PER_MINUTE"] == share
    assert functions["order_status"]["max_instances"] == "${var.order_status.max_instances}"
    (said,) = re.findall(r"\breads_per_minute = optional\(\w+, ([^()]+)\)", module.variables["order_status"]["type"])
    assert int(said) == default_of(OrderStatusSettings, "ORDER_STATUS_READS_PER_MINUTE")


def test_topics_and_database_are_those_that_terraform_makes(module: Module, environment: Environment) -> None:
    set_ = environment
    for entry_point in ("stripe_webhook", "order_status", "reconcile"):
        assert set_[entry_point]["EVENTS_TOPIC"] == '${google_pubsub_topic.this["events"].name}'
    assert set_[SUBSCRIBER]["DEAD_LETTER_TOPIC"] == '${google_pubsub_topic.this["dead_letter"].name}'
    assert set_["stripe_webhook"]["STRIPE_EVENTS_TOPIC"] == '${google_pubsub_topic.this["stripe_events"].name}'
    dead = '${google_pubsub_topic.this["stripe_events_dead_letter"].name}'
    assert set_["on_stripe_event"]["DEAD_LETTER_TOPIC"] == dead
    assert set_[SUBSCRIBER]["ORDER_EVENTS_TOPIC"] == '${google_pubsub_topic.this["order_events"].name}'
    databases = {each["FIRESTORE_DATABASE"] for each in set_.values() if "FIRESTORE_DATABASE" in each}
    assert databases == {"${google_firestore_database.orders.name}"}
    assert "FIRESTORE_DATABASE" not in set_["stripe_webhook"]
    topic = module.resources["google_pubsub_topic.this"]
    assert topic["for_each"] == "${local.topics}"
    assert topic["name"] == "${each.value.name}"
    policy = module.resources["google_pubsub_subscription.subscriber"]["dead_letter_policy"][0]
    assert policy["dead_letter_topic"] == '${google_pubsub_topic.this["dead_letter"].id}'


def test_the_output_tells_exactly_what_the_operators_commands_read(module: Module) -> None:
    told = module.outputs["deployment"]["value"]
    assert set(told) == fields_of(model.Deployment)
    assert set(re.findall(r"(\w+) = ", told["subscribers"])) == fields_of(model.Subscriber)
    assert set(re.findall(r"(\w+) = ", told["stripe_events"])) == fields_of(model.StripeEvents) | fields_of(
        model.Handlers
    )


def fields_of(shape: type) -> set[str]:
    return {each.name for each in fields(shape)}


def test_the_topics_default_names_are_pythons(module: Module) -> None:
    default = module.variables["name"]["default"]
    topics = module.locals["declared_topics"]
    made = {name: topic["name"].replace("${var.name}", default) for name, topic in topics.items()}
    assert made["events"] == default_of(WebhookSettings, "EVENTS_TOPIC")
    assert made["dead_letter"] == default_of(SubscriberSettings, "DEAD_LETTER_TOPIC")
    assert made["stripe_events"] == default_of(WebhookSettings, "STRIPE_EVENTS_TOPIC")
    assert made["stripe_events_dead_letter"] == default_of(StripeEventSettings, "DEAD_LETTER_TOPIC")
    for settings in (ReconcileSettings, OrderStatusSettings):
        assert default_of(settings, "DEPLOYMENT") == default


def default_of(settings: type[Settings], name: str) -> Any:
    variables = settings.variables()
    return next(each.default for each in fields(settings) if variables[each.name].name == name)


@pytest.mark.parametrize(
    ("variable", "key", "setting"),
    [
        ("hook", "timeout", "HOOK_TIMEOUT"),
        ("hook", "hold_on_review", "HOLD_ON_REVIEW"),
        ("after_sale", "refund_mails", "REFUND_MAILS"),
        ("after_sale", "abandoned_carts", "ABANDONED_CARTS"),
        ("orders", "collection", "ORDERS_COLLECTION"),
        ("reconcile", "max_age_days", "RECONCILE_MAX_AGE_DAYS"),
        ("reconcile", "late_minutes", "RECONCILE_LATE_MINUTES"),
        ("reconcile", "reads_per_second", "RECONCILE_READS_PER_SECOND"),
    ],
)
def test_defaults_are_the_same_on_both_sides(module: Module, variable: str, key: str, setting: str) -> None:
    (said,) = re.findall(rf"\b{key} = optional\(\w+, ([^()]+)\)", module.variables[variable]["type"])
    readers = {"reconcile": ReconcileSettings, "ABANDONED_CARTS": WebhookSettings}
    default = default_of(readers.get(variable) or readers.get(setting, SubscriberSettings), setting)
    assert said.strip('"') == str(default).lower()


def test_the_rules_of_access_and_their_default_are_those_of_the_functions(module: Module) -> None:
    variable = module.variables["after_sale"]
    (said,) = re.findall(r"access_policy = optional\([^\[]*\[([^\]]*)\]\)", variable["type"])
    assert rules(",".join(re.findall(r'"(\w+)"', said))) == DEFAULT_RULES
    (known,) = re.findall(r"contains\(\[([^\]]*)\], rule\)", variable["validation"][0]["condition"])
    assert set(re.findall(r'"(\w+)"', known)) == set(AccessRule)
    assert all(rule in variable["validation"][0]["error_message"] for rule in AccessRule)


def test_a_function_outlives_its_deliveries(module: Module, functions: Functions) -> None:
    for entry_point in ("on_stripe_event", ON_EXPIRED):
        assert functions[entry_point]["timeout"] == "${local.subscriber.timeout}"
    for entry_point in (*SUBSCRIBERS.values(), *AFTER_SALE):
        (beyond,) = re.findall(r"^\$\{var\.hook\.timeout \+ (\d+)\}$", functions[entry_point]["timeout"])
        assert int(beyond) >= REST_SECONDS + 30
    assert module.locals["ack_deadline"] == "${local.subscriber.timeout + 30}"


def test_a_run_of_reconcile_ends_itself_before_it_is_ended(functions: Functions) -> None:
    """The time of a run, then the rest of a page whose every session takes the longest there is, short of an outage."""
    limit = functions["reconcile"]["timeout"]
    assert default_of(ReconcileSettings, "RECONCILE_RUN_SECONDS") + FEW * READ_SECONDS * 2 // IN_A_ROW <= limit


def test_the_users_hook_cannot_set_a_variable_of_the_product(module: Module, functions: Functions) -> None:
    """But for DEPLOYMENT: no function that runs the user's code reads it, and deployments of 1.0.0 may have set it."""
    conditions = " ".join(rule["condition"] for rule in module.variables["hook"]["validation"])
    reserved = set(re.findall(r'"([A-Z_]+)"', conditions))
    ours = names(WebhookSettings) | names(SubscriberSettings) | names(ReconcileSettings) | names(OrderStatusSettings)
    ours |= names(StripeEventSettings) | {"FIRESTORE_EMULATOR_HOST"}
    assert ours - {"DEPLOYMENT"} <= reserved
    running = {entry_point for entry_point, each in functions.items() if each["hook"]}
    assert running == {*SUBSCRIBERS.values(), *AFTER_SALE, ON_EXPIRED, "on_stripe_event"}
    assert "DEPLOYMENT" not in names(SubscriberSettings) | names(StripeEventSettings)


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


def test_a_new_field_of_the_order_document_is_indexed_only_if_this_test_names_it(module: Module) -> None:
    """Two entries in each order and each of its backups, and on a growing timestamp a limit of 500 writes a second."""
    unindexed = set(re.findall(r'"(\w+)"', module.locals["unindexed_fields"]))
    assert set(to_document(order())) - unindexed == {
        *("id", "account", "livemode", "mode", "payment_status", "status", "currency", "customer"),
        *("payment_intent", "subscription", "invoice", "payment_link", "client_reference_id"),
        *("effect_states", "review"),
    }


def test_of_an_orders_money_the_status_alone_is_indexed(module: Module) -> None:
    """A map's index holds for all in it, but for a part that has a resource of its own."""
    indexed = {name: block for name, block in module.of_type("google_firestore_field").items() if name != "unindexed"}
    assert {block["field"] for block in indexed.values()} == {"money.status"}
    field, _, part = indexed["money_status"]["field"].partition(".")
    assert part in to_document(order())[field]
    assert field in re.findall(r'"(\w+)"', module.locals["unindexed_fields"])
    (config,) = indexed["money_status"]["index_config"]
    assert config["indexes"] == [{"order": "ASCENDING", "query_scope": "COLLECTION"}]


def test_the_fields_that_orders_are_found_by_are_indexed(module: Module) -> None:
    """The payment of a refund or a dispute, or the subscription and the invoice of a later payment."""
    unindexed = set(re.findall(r'"(\w+)"', module.locals["unindexed_fields"]))
    assert {"payment_intent", "subscription", "invoice"}.isdisjoint(unindexed)


def test_doctor_knows_the_filter_of_a_sink_as_terraform_sets_it(module: Module) -> None:
    carts = deployed(**with_carts())
    assert module.locals["without_links"] == filter_of_sink(carts, carts.topics.events)
    assert filter_of_sink(carts, "checkout-stripe-events") == filter_of_sink(deployed(), carts.topics.events) == ""
    (entry,) = re.findall(r"filter = (.+?)[,}]", module.locals["sink_subscriptions"])
    assert entry == 'pair[0] == "events" && var.after_sale.abandoned_carts ? local.without_links : null'


def test_the_archive_is_replayed_from_where_terraform_puts_it(module: Module) -> None:
    assert module.locals["archive_folders"] == {"events": "orders", "stripe_events": "stripe"}
    assert {f"{folder}/" for folder in module.locals["archive_folders"].values()} == {*FOLDERS[True]}
    blocks = module.resources["google_pubsub_subscription.sink"]["dynamic"]
    (files,) = [each["cloud_storage_config"]["content"][0] for each in blocks if "cloud_storage_config" in each]
    assert files["filename_prefix"] == "${local.archive_folders[each.value.topic]}/"
    assert files["filename_datetime_format"].startswith("YYYY/MM/DD/")
    assert files["filename_suffix"] == ".avro"
    assert timedelta(seconds=int(files["max_duration"].removesuffix("s"))) <= timedelta(minutes=FILE_MINUTES)
