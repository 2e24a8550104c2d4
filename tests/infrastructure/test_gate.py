"""scripts/check: its usage, and what it asks of Terraform.

It fails on what is wrong, says what it could not check, and leaves nothing.
"""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from support import tools
from support.tools import ROOT
from support.waiting import LONG

GOOD = """\
variable "name" {
  type    = string
  default = "shop"
}
"""
TEST = """\
run "the_name" {
  command = plan
  assert {
    condition     = var.name == "shop"
    error_message = "The name is wrong."
  }
}
"""
PROVIDER = """\
terraform {
  required_providers {
    archive = {
      source = "hashicorp/archive"
    }
  }
}
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "terraform" / "tests").mkdir(parents=True)
    (tmp_path / "terraform" / "main.tf").write_text(GOOD)
    (tmp_path / "terraform" / "tests" / "main.tftest.hcl").write_text(TEST)
    return tmp_path


def check(tree: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """What check_terraform says of a tree, as scripts/check calls it."""
    command = ["bash", "-euo", "pipefail", "-c", f"source {ROOT}/scripts/lib/terraform.sh; check_terraform"]
    env = {"PATH": os.environ["PATH"], "HOME": str(tree), "TMPDIR": str(tree / "tmp")} | env
    (tree / "tmp").mkdir(exist_ok=True)
    return subprocess.run(command, cwd=tree, env=env, capture_output=True, text=True, timeout=LONG, check=False)


def files(tree: Path) -> set[Path]:
    return {path for path in tree.rglob("*") if path.is_file() and ".terraform.d" not in path.parts}


def test_what_is_right_passes_and_leaves_nothing_behind(tree: Path) -> None:
    tools.need(tools.missing_terraform())
    before = files(tree)
    said = check(tree)
    assert said.returncode == 0, said.stdout + said.stderr
    assert "1 passed, 0 failed" in said.stdout
    assert files(tree) == before
    assert list((tree / "tmp").iterdir()) == []


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        ("main.tf", GOOD.replace("    =", " ="), "default = "),
        ("main.tf", GOOD.replace("string", "strong"), "Invalid type specification"),
        ("main.tf", GOOD + "locals {\n  a = var.nmae\n}\n", "Reference to undeclared input variable"),
        ("main.tf", GOOD.replace('"shop"', '"stop"'), "The name is wrong."),
    ],
)
def test_what_is_wrong_fails(tree: Path, file: str, content: str, said: str) -> None:
    tools.need(tools.missing_terraform())
    (tree / "terraform" / file).write_text(content)
    done = check(tree)
    assert done.returncode != 0
    assert said in done.stdout + done.stderr
    assert list((tree / "tmp").iterdir()) == []


def test_a_developers_own_values_and_state_change_no_result(tree: Path) -> None:
    tools.need(tools.missing_terraform())
    (tree / "terraform" / "terraform.tfvars").write_text('name = "mine"\n')
    assert check(tree).returncode == 0


def test_without_terraform_it_is_said_and_in_ci_it_fails(tree: Path) -> None:
    (tree / "bin").mkdir()
    (tree / "bin" / "bash").symlink_to(shutil.which("bash") or "/bin/bash")
    for ci, returncode in (("", 0), ("true", 1)):
        done = check(tree, PATH=str(tree / "bin"), CI=ci)
        assert done.returncode == returncode
        assert "NOT CHECKED: terraform is missing. Install 1.11 or newer: https://" in done.stderr


def test_providers_that_cannot_be_had_from_where_they_were_ordered_are_a_failure(tree: Path) -> None:
    tools.need(tools.missing_terraform())
    config = nowhere(tree)
    done = check(tree, TF_CLI_CONFIG_FILE=str(config))
    assert done.returncode == 1
    assert "Failed to query available provider packages" in done.stderr


@pytest.mark.parametrize(("ci", "returncode"), [("", 0), ("true", 1)])
def test_without_a_registry_it_is_said_what_was_not_checked_and_in_ci_it_fails(
    tree: Path, ci: str, returncode: int
) -> None:
    tools.need(tools.missing_terraform())
    nowhere(tree).rename(tree / ".terraformrc")  # the user's own configuration: nothing was ordered for this run
    done = check(tree, CI=ci)
    assert done.returncode == returncode
    assert (
        "NOT CHECKED: terraform could not get its providers (above), so neither validate nor test ran." in done.stderr
    )


def usage(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(ROOT / "scripts" / script), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=LONG, check=False)


@pytest.mark.parametrize("script", ["check", "lock"])
@pytest.mark.parametrize("argument", ["--help", "-h"])
def test_help_prints_the_usage_and_does_nothing_else(script: str, argument: str) -> None:
    done = usage(script, argument)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"  scripts/{script} " in done.stdout
    assert "set -euo" not in done.stdout


@pytest.mark.parametrize(
    ("script", "arguments"),
    [
        ("check", ["--fixx"]),
        ("check", ["--fix", "docs"]),
        ("check", [""]),
        ("lock", ["upgrade"]),
        ("lock", ["--upgrade", "--upgrade"]),
        ("demo", ["memory"]),
        ("demo", ["--emulators"]),
    ],
)
def test_an_unknown_argument_prints_the_usage_and_fails(script: str, arguments: list[str]) -> None:
    done = usage(script, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"scripts/{script} " in done.stderr


def nowhere(tree: Path) -> Path:
    """A module that needs a provider, and a configuration that knows none: asks no network."""
    (tree / "terraform" / "versions.tf").write_text(PROVIDER)
    (tree / "mirror").mkdir()
    config = tree / "config"
    config.write_text(f'provider_installation {{\n  filesystem_mirror {{\n    path = "{tree / "mirror"}"\n  }}\n}}\n')
    return config
