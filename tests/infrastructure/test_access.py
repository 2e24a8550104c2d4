"""Who may do what, and where secrets go, as closed lists: an addition is noticed, not only a change."""

import re
from collections.abc import Mapping
from typing import Any

import pytest

from docs_tables.source import Block, Module, texts

Functions = Mapping[str, Mapping[str, Any]]
PUBLIC = {"allUsers", "allAuthenticatedUsers"}
INVOKER = "google_cloud_run_v2_service_iam_member.invoker"
ON_THE_PROJECT = {
    "google_project_iam_member.build_reads_staged_source": "condition",
    "google_project_iam_member.orders": "condition",
    "google_project_iam_member.build_writes_logs": "a build's logs have no resource of their own",
    "google_project_iam_member.hook": "what the user has asked for",
}
"""The only roles on the whole project: a condition narrows each, or why none does."""


def grants(module: Module) -> dict[str, Block]:
    """Every resource that says who may do what."""
    return {address: block for address, block in module.resources.items() if "_iam_" in address.partition(".")[0]}


def test_only_the_webhook_and_the_order_status_page_are_open_to_the_public(
    module: Module, functions: Functions
) -> None:
    """In every form: as a member, in a list of members, in a local value."""
    open_ = {address for address, block in module.resources.items() if PUBLIC & set(words(block))}
    assert open_ == {INVOKER}
    assert {entry_point: each["public"] for entry_point, each in functions.items() if each["public"]} == {
        "stripe_webhook": "${var.webhook.public}",
        "order_status": "${var.order_status.public}",
    }
    assert not PUBLIC & set(words(module.locals))


def words(value: object) -> list[str]:
    return [word for text in texts(value) for word in re.findall(r"\w+", text)]


def test_roles_are_added_one_by_one_and_take_no_other_role_away(module: Module) -> None:
    """A binding or a policy would also remove what others have given in the project."""
    assert {address for address in grants(module) if not address.partition(".")[0].endswith("_iam_member")} == set()


def test_no_role_is_on_the_project_that_could_be_on_a_resource(module: Module) -> None:
    wide = re.compile(r"google_(project|folder|organization|billing_account)_iam_")
    found = {address: block for address, block in grants(module).items() if wide.match(address)}
    assert set(found) == set(ON_THE_PROJECT)
    assert {each for each, block in found.items() if "condition" in block} == {
        each for each, why in ON_THE_PROJECT.items() if why == "condition"
    }


@pytest.mark.parametrize(
    ("address", "condition"),
    [
        (
            "google_project_iam_member.orders",
            'resource.name == "projects/${var.project_id}/databases/${google_firestore_database.orders.name}"',
        ),
        (
            "google_project_iam_member.build_reads_staged_source",
            '${join(" || ", [for end in ["/", "-"] : "resource.name.startsWith("${local.staged_sources}${end}")"])}',
        ),
    ],
)
def test_a_condition_narrows_the_role_to_one_thing_and_nothing_widens_it(
    module: Module, address: str, condition: str
) -> None:
    assert module.resources[address]["condition"][0]["expression"].replace('\\"', '"') == condition


def test_the_doors_and_ingress_of_all_but_the_webhook_are_shut(module: Module, functions: Functions) -> None:
    """What an entry says is what the function gets, and an entry that says nothing shuts it."""
    config = module.resources["google_cloudfunctions2_function.this"]["service_config"][0]
    assert config["ingress_settings"] == "${each.value.ingress}"
    reachable = {entry_point for entry_point, each in functions.items() if each["ingress"] != "ALLOW_INTERNAL_ONLY"}
    assert reachable == {"stripe_webhook", "order_status"}
    assert {address for address in grants(module) if "_run_" in address} == {INVOKER}
    assert (
        module.resources[INVOKER]["for_each"]
        == "${{for entry_point, each in local.functions : entry_point => each if each.public || each.caller != null}}"
    )
    assert (
        module.resources[INVOKER]["member"]
        == '${each.value.public ? "allUsers" : google_service_account.caller[each.key].member}'
    )


def test_each_function_runs_as_its_own_account_and_is_called_by_one_of_its_own(functions: Functions) -> None:
    assert {
        entry_point: (each["slug"], each["caller"] and each["caller"]["slug"])
        for entry_point, each in functions.items()
    } == {
        "stripe_webhook": ("webhook", None),
        "order_status": ("order-status", None),
        "on_checkout_session_completed": ("completed", "push-completed"),
        "on_async_payment_succeeded": ("succeeded", "push-succeeded"),
        "on_async_payment_failed": ("failed", "push-failed"),
        "on_refund": ("refund", "push-refund"),
        "on_dispute": ("dispute", "push-dispute"),
        "on_checkout_session_expired": ("expired", "push-expired"),
        "on_stripe_event": ("stripe-events", "push-events"),
        "reconcile": ("reconcile", "schedule"),
    }


def test_a_function_that_says_nothing_else_has_no_caller_and_no_permission(module: Module) -> None:
    defaults = module.locals["function_defaults"]
    assert not any(defaults[each] for each in ("public", "caller", "topics", "orders_role", "secrets", "hook"))
    assert defaults["ingress"] == "ALLOW_INTERNAL_ONLY"


def test_each_function_may_do_what_it_must_and_no_more(functions: Functions) -> None:
    """Topics that it publishes to, its role on the database, secrets that it reads."""
    subscriber = (["dead_letter", "order_events"], "roles/datastore.user", {"stripe_api_key", "smtp_url"})
    assert {
        entry_point: (each["topics"], each["orders_role"], set(each["secrets"]))
        for entry_point, each in functions.items()
    } == {
        "stripe_webhook": (["events", "stripe_events"], None, {"webhook"}),
        "order_status": (["events"], "roles/datastore.viewer", {"stripe_api_key"}),
        "on_checkout_session_completed": subscriber,
        "on_async_payment_succeeded": subscriber,
        "on_async_payment_failed": subscriber,
        "on_refund": subscriber,
        "on_dispute": subscriber,
        "on_checkout_session_expired": (["dead_letter"], None, {"stripe_api_key"}),
        "on_stripe_event": (["stripe_events_dead_letter"], "roles/datastore.viewer", {"stripe_api_key"}),
        "reconcile": (["events"], "roles/datastore.user", {"stripe_api_key"}),
    }


def test_every_secret_that_is_given_is_kept_out_of_state_and_plan(module: Module) -> None:
    """An ephemeral value is refused by Terraform itself in an output, and in an attribute that is stored."""
    secret = {name for name, block in module.variables.items() if block.get("sensitive")}
    assert secret == {"stripe_api_key", "stripe_webhook_secrets", "smtp_url"}
    assert secret == {name for name, block in module.variables.items() if block.get("ephemeral")}


def test_no_output_tells_what_is_in_a_secret(module: Module) -> None:
    told = re.compile(
        r"google_secret_manager_secret_version|secret_values|nonsensitive|"
        + "|".join(rf"var\.{name}\b" for name, block in module.variables.items() if block.get("sensitive"))
    )
    assert {name for name, block in module.outputs.items() if any(map(told.search, texts(block)))} == set()


def test_a_role_on_what_is_made_anew_is_made_anew_too(module: Module) -> None:
    """A function and a subscription (its filter cannot be changed) are replaced under the same name. Google takes their
    roles away with the old one, and Terraform sees no change in them: the new one would have none.
    """
    replaced = ("google_cloudfunctions2_function.", "google_pubsub_subscription.")
    checked = set()
    for address, block in grants(module).items():
        on = [text for key in ("name", "subscription") if key in block for text in texts(block[key])]
        target = next((text[2:-1].removesuffix(".name") for text in on if text[2:].startswith(replaced)), None)
        if target:
            assert block["lifecycle"][0]["replace_triggered_by"] == [f"${{{target}.id}}"], address
            checked.add(address)
    assert checked == {
        INVOKER,
        "google_pubsub_subscription_iam_member.agent_acknowledges_dead_letters",
        "google_pubsub_subscription_iam_member.agent_acknowledges_sinks_dead_letters",
        "google_pubsub_subscription_iam_member.agent_acknowledges_stripe_events_dead_letters",
    }
