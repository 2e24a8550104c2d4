"""In which order Terraform makes and removes things, where Google needs one that the references do not give."""

import re
import shutil
from pathlib import Path

import pytest

from docs_tables.source import Block, Module, texts
from support.tools import ROOT

FUNCTION = "google_cloudfunctions2_function."
BUILD_ROLES = {
    "google_artifact_registry_repository_iam_member.build_writes_images",
    "google_project_iam_member.build_reads_staged_source",
    "google_project_iam_member.build_writes_logs",
    "google_storage_bucket_iam_member.build_reads_source",
}


def waits_for(block: Block) -> set[str]:
    return {text.removeprefix("${").removesuffix("}") for text in texts(block.get("depends_on", []))}


def test_a_function_is_built_once_the_roles_of_its_builder_are_in_force_everywhere(module: Module) -> None:
    functions = {address: block for address, block in module.resources.items() if address.startswith(FUNCTION)}
    assert list(functions) == [f"{FUNCTION}this"]
    for address, block in functions.items():
        assert "time_sleep.build_roles" in waits_for(block), address
    given = {address for address in module.resources if "_iam_" in address and ".build_" in address}
    assert waits_for(module.resources["time_sleep.build_roles"]) == given == BUILD_ROLES


def test_pubsubs_own_account_gets_its_roles_once_it_is_known_everywhere(module: Module) -> None:
    given = {address: block for address, block in module.resources.items() if ".agent_" in address}
    assert len(given) == 9
    for address, block in given.items():
        assert "time_sleep.pubsub_agent" in waits_for(block), address
    assert waits_for(module.resources["time_sleep.pubsub_agent"]) == {"google_pubsub_topic.this"}


def test_a_sink_is_made_once_the_roles_that_it_is_checked_for_are_in_force_everywhere(module: Module) -> None:
    """Pub/Sub refuses a subscription that its own account could not write for."""
    assert "time_sleep.sink_roles" in waits_for(module.resources["google_pubsub_subscription.sink"])
    waited_for = set(
        re.findall(r"google_\w+_iam_member\.\w+", str(module.resources["time_sleep.sink_roles"]["triggers"]))
    )
    written = {address for address in module.resources if re.search(r"\.agent_(writes|reads)_", address)}
    assert waited_for == written
    assert len(written) == 3


def test_a_role_that_a_setting_takes_away_goes_after_the_functions_were_rebuilt(module: Module) -> None:
    """A function that stays has the role until it runs without the setting: `mail = null`, no key, fewer hook.roles."""
    optional = {
        "google_project_iam_member.hook",
        "google_pubsub_topic_iam_member.publisher",
        "google_secret_manager_secret_iam_member.accessor",
    }
    assert {
        address
        for address, block in module.resources.items()
        if "_iam_member." in address
        and re.search(r"var\.|local\.function_(topics|secrets)", str(block.get("for_each", "")))
    } == optional
    for address in optional:
        assert module.resources[address]["lifecycle"][0]["create_before_destroy"] is True, address


def test_a_function_is_built_once_its_account_has_its_roles(module: Module) -> None:
    waits = waits_for(module.resources[f"{FUNCTION}this"])
    given = {
        address
        for address, block in module.resources.items()
        if "_iam_member." in address and "google_service_account.function[" in str(block["member"])
    }
    assert len(given) == 4
    assert given < waits
    assert "google_secret_manager_secret_version.this" in waits


@pytest.mark.parametrize("document", ["docs/deploy.md", "terraform/README.md"])
def test_the_guide_says_what_a_second_job_needs_beside_the_plan(module: Module, document: str) -> None:
    """A plan holds the path of the zip, not the zip: the job that applies it needs both."""
    path = module.data["archive_file.functions"]["output_path"]
    assert path == "${path.module}/.build/functions.zip"
    assert "`terraform/.build/`" in (ROOT / document).read_text()


def test_the_load_balancer_of_the_example_leads_to_the_webhook(module: Module, tmp_path: Path) -> None:
    shutil.copy(ROOT / "terraform" / "load_balancer.tf.example", tmp_path / "load_balancer.tf")
    example = Module.read(tmp_path)
    group = example.resources["google_compute_region_network_endpoint_group.webhook"]
    assert group["cloud_run"][0]["service"] == '${google_cloudfunctions2_function.this["stripe_webhook"].name}'
    referred = {each for text in texts(example.resources) for each in re.findall(r"\bgoogle_\w+\.\w+", text)}
    assert referred <= set(example.resources) | set(module.resources)
