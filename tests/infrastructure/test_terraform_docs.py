"""The tables of terraform/README.md come from the .tf files, and old ones are noticed."""

from pathlib import Path

import pytest

from docs_tables.__main__ import main
from docs_tables.source import Module
from docs_tables.tables import StaleTables, outputs, renewed, roles, variables

MAIN = """
variable "name" {
  description = "First part | of every name."
  type        = string
  default     = "shop"
}
variable "mail" {
  description = <<-EOT
    Two
    lines.
  EOT
  type = object({
    from = string
    days = optional(number, 7) # a comment
  })
}
locals {
  agent = "serviceAccount:agent@example.iam"
}
output "url" {
  description = "Where."
  value       = google_service_account.runs.email
}
resource "google_service_account" "runs" {
  account_id = "${var.name}-runs"
}
resource "google_secret_manager_secret" "this" {
  secret_id = each.value.id
}
resource "google_secret_manager_secret_iam_member" "reads" {
  secret_id = google_secret_manager_secret.this["key"].secret_id
  role      = "roles/secretmanager.secretAccessor"
  member    = google_service_account.runs.member
}
resource "google_storage_bucket" "files" {
  name = coalesce(var.files.bucket, "${var.project_id}-files")
}
resource "google_storage_bucket_iam_member" "writes" {
  bucket = google_storage_bucket.files[0].name
  role   = "roles/storage.objectCreator"
  member = google_service_account.runs.member
}
resource "google_bigquery_table" "rows" {
  table_id = "rows"
}
resource "google_bigquery_table_iam_member" "writes" {
  project    = var.project_id
  dataset_id = "files"
  table_id   = google_bigquery_table.rows[0].table_id
  role       = "roles/bigquery.dataEditor"
  member     = google_service_account.runs.member
}
resource "google_project_iam_member" "narrow" {
  for_each = { for role in var.hook.roles : role => role }
  project  = var.project_id
  role     = each.value
  member   = local.agent
  condition {
    title       = "one"
    description = "Only one"
    expression  = "true"
  }
}
"""
README = "# A\n<!-- table of {} -->\nold\n<!-- end of table -->\nb\n"
DOCUMENT = "".join(README.format(name) for name in ("variables", "outputs", "roles"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "main.tf").write_text(MAIN)
    (tmp_path / "README.md").write_text(DOCUMENT)
    return tmp_path


def test_variables_come_with_type_and_default_the_required_ones_first(folder: Path) -> None:
    mail, name = variables(Module.read(folder)).splitlines()[2:]
    assert mail == "| `mail` | Two lines. | `object({from = string, days = optional(number, 7)})` | required |"
    assert name == '| `name` | First part \\| of every name. | `string` | `"shop"` |'


def test_outputs_come_with_their_description(folder: Path) -> None:
    assert outputs(Module.read(folder)).splitlines()[2:] == ["| `url` | Where. |"]


def test_roles_name_account_resource_and_condition(folder: Path) -> None:
    assert roles(Module.read(folder)).splitlines()[2:] == [
        "| `NAME-runs` | `roles/bigquery.dataEditor` | bigquery table `rows` |",
        "| `NAME-runs` | `roles/secretmanager.secretAccessor` | secret manager secret `key` |",
        "| `NAME-runs` | `roles/storage.objectCreator` | storage bucket `PROJECT-files` |",
        "| `agent@example.iam` | `each of var.hook.roles` | project `PROJECT` (Only one) |",
    ]


def test_old_tables_are_said_and_left_alone_then_renewed_once(folder: Path) -> None:
    assert "out of date. Update them: scripts/check --fix" in (main(["--check"], folder) or "")
    assert (folder / "README.md").read_text() == DOCUMENT
    assert main([], folder) is None
    assert main(["--check"], folder) is None
    text = (folder / "README.md").read_text()
    assert "old" not in text
    assert text.count("\nb\n") == 3
    assert renewed(text, Module.read(folder)) == text


@pytest.mark.parametrize("document", ["", DOCUMENT + README.format("roles"), DOCUMENT.replace("roles", "rolls")])
def test_a_document_without_its_markers_is_refused(folder: Path, document: str) -> None:
    with pytest.raises(StaleTables, match="<!-- table of variables -->"):
        renewed(document, Module.read(folder))
    (folder / "README.md").write_text(document)
    assert (main(["--check"], folder) or "").startswith("terraform/README.md: ")


def test_a_missing_readme_and_a_wrong_argument_are_said(folder: Path) -> None:
    (folder / "README.md").unlink()
    assert "README.md" in (main([], folder) or "")
    assert main(["--renew"], folder) == "usage: python -m docs_tables [--check]"
