"""What an upgrade must not replace: for each resource of an earlier version the arguments that Google cannot change in
place. A stored file holds them for one version, in the configurations of `states/configurations.tftest.hcl`.

To store those of the version that is checked out (its name is the file's):

    PYTHONPATH=scripts/src:functions:tests .venv/bin/python -m support.terraform_states 1.0.0
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from support.tools import ROOT

STORED = ROOT / "tests" / "infrastructure" / "states"
CONFIGURATIONS = STORED / "configurations.tftest.hcl"
LEFT_OUT = shutil.ignore_patterns(".terraform*", ".build", "*.tfstate*", "*.tfvars", "*.tfvars.json", "*.tftest.hcl")

Arguments = Mapping[str, Any]
State = Mapping[str, Arguments]
"""The fixed arguments of each resource, by its address."""

WHOLE = ("project", "role", "member", "condition")
FIXED: Mapping[str, Sequence[str]] = {
    "google_artifact_registry_repository": ("project", "location", "repository_id", "format", "kms_key_name"),
    "google_artifact_registry_repository_iam_member": (*WHOLE, "location", "repository"),
    "google_bigquery_dataset": ("project", "dataset_id", "location"),
    "google_bigquery_table": ("project", "dataset_id", "table_id"),
    "google_bigquery_table_iam_member": (*WHOLE, "dataset_id", "table_id"),
    "google_billing_budget": ("billing_account",),
    "google_cloud_run_v2_service_iam_member": (*WHOLE, "location", "name"),
    "google_cloud_scheduler_job": ("project", "region", "name"),
    "google_cloudfunctions2_function": ("project", "location", "name"),
    "google_firestore_backup_schedule": ("project", "database", "daily_recurrence", "weekly_recurrence"),
    "google_firestore_database": ("project", "name", "location_id", "cmek_config"),
    "google_firestore_field": ("project", "database", "collection", "field"),
    "google_logging_metric": ("project", "name"),
    "google_monitoring_alert_policy": ("project",),
    "google_monitoring_custom_service": ("project", "service_id"),
    "google_monitoring_dashboard": ("project",),
    "google_monitoring_notification_channel": ("project", "type", "labels"),
    "google_monitoring_slo": ("project", "service", "slo_id"),
    "google_monitoring_uptime_check_config": ("project", "monitored_resource"),
    "google_project_iam_member": WHOLE,
    "google_project_service": ("project", "service"),
    "google_pubsub_subscription": ("project", "name", "topic", "filter", "enable_message_ordering"),
    "google_pubsub_subscription_iam_member": (*WHOLE, "subscription"),
    "google_pubsub_topic": ("project", "name"),
    "google_pubsub_topic_iam_member": (*WHOLE, "topic"),
    "google_secret_manager_secret": ("project", "secret_id", "replication"),
    "google_secret_manager_secret_iam_member": (*WHOLE, "secret_id"),
    "google_secret_manager_secret_version": ("secret_data_wo_version",),
    "google_service_account": ("project", "account_id"),
    "google_service_account_iam_member": ("role", "member", "condition", "service_account_id"),
    "google_storage_bucket": ("project", "name", "location"),
    "google_storage_bucket_iam_member": ("role", "member", "condition", "bucket"),
    "google_storage_bucket_object": ("bucket",),  # its name is the hash of the source
    "terraform_data": (),
    "time_sleep": ("triggers",),
}
"""What cannot be changed in place, by type: another value makes another resource."""


class NoProviders(Exception):
    """Terraform could not get its providers; the text is what it says."""


def applied(terraform: Path = ROOT / "terraform") -> dict[str, State]:
    """The state of each configuration after its apply with mocked providers. Raises NoProviders."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "terraform"
        shutil.copytree(terraform, copy, ignore=LEFT_OUT)
        shutil.copy(CONFIGURATIONS, copy / "tests")
        init = run(copy, "init", "-backend=false", "-input=false", "-no-color")
        if "Failed to query available provider packages" in init.stderr:
            raise NoProviders(init.stderr)
        return dict(_states(run(copy, "test", "-json", "-verbose").stdout))


def run(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    settings = {name: text for name, text in os.environ.items() if not name.startswith("TF_VAR_")}
    command = ["terraform", f"-chdir={folder}", *arguments]
    return subprocess.run(command, env=settings, capture_output=True, text=True, check=False)


def _states(said: str) -> Iterator[tuple[str, State]]:
    """The states that `terraform test` tells, by the name of the run."""
    for message in map(json.loads, said.splitlines()):
        if message["type"] == "diagnostic" and message["@level"] == "error":
            raise ValueError(message["@message"], message["diagnostic"])
        if message["type"] == "test_state":
            resources = message["test_state"]["root_module"]["resources"]
            yield (
                message["@testrun"],
                {each["address"]: _fixed(each) for each in resources if each["mode"] == "managed"},
            )


def _fixed(resource: Mapping[str, Any]) -> Arguments:
    return {name: resource["values"].get(name) or None for name in FIXED[resource["type"]]}


def now_at(address: str, moves: Sequence[tuple[str, str]]) -> str:
    """Where `moved` blocks take an address: that of an instance, or of a resource with all its instances."""
    for old, new in moves:
        if address == old or address.startswith(f"{old}["):
            return now_at(new + address.removeprefix(old), moves)
    return address


def replaced(before: State, after: State, moves: Sequence[tuple[str, str]]) -> list[str]:
    """What an upgrade destroys, or destroys and makes anew, in words; nothing if all is well."""
    at = {address: now_at(address, moves) for address in before}
    return [
        *(f"{old} is destroyed: {new} is not in the new version" for old, new in at.items() if new not in after),
        *(f"{new} was two resources" for new in sorted(set(at.values())) if list(at.values()).count(new) > 1),
        *(
            f"{new} is made anew: {name} was {value}, and is {after[new].get(name)}"
            for old, new in at.items()
            if new in after
            for name, value in before[old].items()
            if after[new].get(name) != value
        ),
    ]


def stored(version: str) -> dict[str, State]:
    """The states of a version, by configuration."""
    states: dict[str, State] = json.loads((STORED / f"{version}.json").read_text("utf-8"))
    return states


def versions() -> list[str]:
    """The versions that are stored."""
    return sorted(path.stem for path in STORED.glob("*.json"))


def as_text(states: Mapping[str, State]) -> str:
    """The states as they are stored."""
    return json.dumps({name: dict(sorted(state.items())) for name, state in states.items()}, indent=1) + "\n"


if __name__ == "__main__":
    (STORED / f"{sys.argv[1]}.json").write_text(as_text(applied()), "utf-8")
