"""Who may do what, and where secrets go, as closed lists: what somebody adds is noticed, not only what is changed."""

import re

import pytest

from docs_tables.source import Block, Module, texts

ANYBODY = {"allUsers", "allAuthenticatedUsers"}
ON_THE_PROJECT = {
    "google_project_iam_member.build_reads_staged_source": "condition",
    "google_project_iam_member.order_status_reads_orders": "condition",
    "google_project_iam_member.reconcile_reads_orders": "condition",
    "google_project_iam_member.subscriber_writes_orders": "condition",
    "google_project_iam_member.build_writes_logs": "a build's logs have no resource of their own",
    "google_project_iam_member.hook": "what the user has asked for",
}
"""The only roles on the whole project: a condition narrows each, or why none does."""


def grants(module: Module) -> dict[str, Block]:
    """Every resource that says who may do what."""
    return {address: block for address, block in module.resources.items() if "_iam_" in address.partition(".")[0]}


def test_nothing_but_the_webhook_and_the_landing_page_is_open_to_anybody(module: Module) -> None:
    """Wherever it is said: as a member, in a list of members, in a local value."""
    open_ = {address for address, block in module.resources.items() if ANYBODY & set(words(block))}
    assert {address: module.resources[address]["name"] for address in open_} == {
        "google_cloud_run_v2_service_iam_member.anybody_calls_webhook": (
            "${google_cloudfunctions2_function.webhook.name}"
        ),
        "google_cloud_run_v2_service_iam_member.anybody_calls_order_status": (
            "${google_cloudfunctions2_function.order_status[0].name}"
        ),
    }
    assert not ANYBODY & set(words(module.locals))


def words(value: object) -> list[str]:
    return [word for text in texts(value) for word in re.findall(r"\w+", text)]


def test_roles_are_added_one_by_one_and_take_nobody_elses_away(module: Module) -> None:
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
            "google_project_iam_member.subscriber_writes_orders",
            'resource.name == "projects/${var.project_id}/databases/${google_firestore_database.orders.name}"',
        ),
        (
            "google_project_iam_member.order_status_reads_orders",
            'resource.name == "projects/${var.project_id}/databases/${google_firestore_database.orders.name}"',
        ),
        (
            "google_project_iam_member.reconcile_reads_orders",
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


def test_the_doors_and_ingress_of_all_but_the_webhook_are_shut(module: Module) -> None:
    for name in ("subscriber", "reconcile"):
        config = module.resources[f"google_cloudfunctions2_function.{name}"]["service_config"][0]
        assert config["ingress_settings"] == "ALLOW_INTERNAL_ONLY"
    doors = {each: block for each, block in grants(module).items() if "_run_" in each}
    assert {each: block["member"] for each, block in doors.items()} == {
        "google_cloud_run_v2_service_iam_member.anybody_calls_webhook": "allUsers",
        "google_cloud_run_v2_service_iam_member.anybody_calls_order_status": "allUsers",
        "google_cloud_run_v2_service_iam_member.push_calls_subscriber": (
            "${google_service_account.push[each.key].member}"
        ),
        "google_cloud_run_v2_service_iam_member.schedule_calls_reconcile": (
            "${google_service_account.schedule[0].member}"
        ),
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
    for address, block in grants(module).items():
        on = [text for key in ("name", "subscription") if key in block for text in texts(block[key])]
        target = next((text[2:-1].removesuffix(".name") for text in on if text[2:].startswith(replaced)), None)
        if target:
            assert block["lifecycle"][0]["replace_triggered_by"] == [f"${{{target}.id}}"], address
