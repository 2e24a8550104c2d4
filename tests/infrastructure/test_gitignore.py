"""What the commands write where they are run, and what names buyers or a deployment, does not land in git."""

import re
import subprocess

import pytest

from support.tools import ROOT

WRITTEN = re.compile(r"(?:>|--output|--deployment|--save) +([\w…-]+\.\w+)|`(dead-letters-…\.jsonl)`")
FOUND = WRITTEN.findall((ROOT / "docs" / "ops.md").read_text())
NAMES = sorted({(one or two).replace("…", "20260131-120000") for one, two in FOUND})


def ignored(name: str) -> bool:
    return subprocess.run(["git", "-C", str(ROOT), "check-ignore", "--quiet", name], check=False).returncode == 0


def test_the_documents_name_what_is_written() -> None:
    assert NAMES == ["dead-letters-20260131-120000.jsonl", "deployment.json", "orders.csv", "orders.jsonl"]


@pytest.mark.parametrize("name", [*NAMES, "terraform/terraform.tfvars", "terraform/terraform.tfstate"])
def test_git_ignores_it(name: str) -> None:
    assert ignored(name)


def test_a_user_commits_the_versions_of_the_providers_and_the_product_brings_none() -> None:
    """Ours would choose for everybody; the tests make theirs in a copy."""
    lock = "terraform/.terraform.lock.hcl"
    assert not ignored(lock)
    assert ignored("terraform/.terraform/providers")
    known = subprocess.run(["git", "-C", str(ROOT), "ls-files", lock], capture_output=True, text=True, check=True)
    assert known.stdout == ""


def test_git_does_not_ignore_what_is_ours() -> None:
    assert not ignored("docs/orders.csv")
    assert not ignored("tests/stripe_events/dead-letters.jsonl")
