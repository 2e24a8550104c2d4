"""What the documents and messages tell a person to type is there: commands and options, variables, outputs."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from docs_tables.source import Module
from ops.cli import ops
from support.tools import ROOT

COMMAND = re.compile(r"scripts/ops +([a-z][a-z-]+)((?: +--[a-z-]+(?: [^\s`\"'.,;:()-][^\s`\"']*)?)*)")
EXAMPLE = ROOT / "terraform" / "terraform.tfvars.example"


def told() -> Iterator[tuple[str, str]]:
    """Every text that a person reads: documents, Terraform, the commands' own words, but no tests."""
    command = ["git", "-C", str(ROOT), "ls-files", "--cached", "--others", "--exclude-standard"]
    files = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    for name in files:
        if name.endswith((".md", ".tf", ".py", ".example")) and not name.startswith("tests/"):
            yield name, (ROOT / name).read_text("utf-8")


def test_every_command_that_is_told_exists_with_its_options() -> None:
    found = [(name, *match) for name, text in told() for match in COMMAND.findall(text)]
    assert {"register-webhook", "doctor", "add-webhook-secret"} <= {command for _, command, _ in found}
    for name, command, rest in found:
        assert command in ops.commands, f"{name}: scripts/ops {command}"
        known = {option for each in ops.commands[command].params for option in each.opts}
        assert set(re.findall(r"--[a-z-]+", rest)) <= known, f"{name}: scripts/ops {command}{rest}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("run `scripts/ops doctor --url https://a.example --json`, then", ("doctor", ["--url", "--json"])),
        (
            "scripts/ops register-webhook --yes --retire",
            ("register-webhook", ["--yes", "--retire"]),
        ),
        ('"scripts/ops add-webhook-secret --endpoint {x}"', ("add-webhook-secret", ["--endpoint"])),
        ("the commands of `scripts/ops` are", None),
    ],
)
def test_a_command_is_found_with_its_options(text: str, expected: tuple[str, list[str]] | None) -> None:
    found = COMMAND.search(text)
    assert (found and (found[1], re.findall(r"--[a-z-]+", found[2]))) == expected


def keys(module: Module, name: str) -> set[str]:
    """What an object variable may hold; nothing for a variable of another type."""
    return set(re.findall(r"(\w+) = ", str(module.variables[name]["type"])))


def test_every_setting_that_the_documents_name_can_be_set(module: Module) -> None:
    """As `variable.key`, or as `variable = { key = …`."""
    objects = {name for name in module.variables if keys(module, name)}
    dotted = re.compile(rf"`(?:var\.)?({'|'.join(objects)})\.(\w+)`")
    written = re.compile(rf"`({'|'.join(objects)}) = {{ (\w+) = ")
    found = {
        match for name, text in told() if name.endswith(".md") for match in dotted.findall(text) + written.findall(text)
    }
    assert {("stripe", "api_version"), ("hook", "timeout"), ("orders", "protected")} <= found
    assert {f"{name}.{key}" for name, key in found if key not in keys(module, name)} == set()


@pytest.mark.parametrize("commented", [False, True])
def test_the_example_sets_only_what_can_be_set(module: Module, tmp_path: Path, *, commented: bool) -> None:
    """With and without what it leaves in comments; read as local values, which are written the same way."""
    text = EXAMPLE.read_text("utf-8")
    text = re.sub(r"^# (?=\w+ = |  |\})", "", text, flags=re.MULTILINE) if commented else text
    (tmp_path / "example.tf").write_text(f"locals {{\n{text}\n}}\n")
    found = Module.read(tmp_path).locals
    assert ({"mail", "hook"} <= set(found)) is commented
    required = {name for name, block in module.variables.items() if "default" not in block}
    assert required <= set(found) <= set(module.variables)
    for name, value in found.items():
        if isinstance(value, dict):
            assert set(value) <= keys(module, name), name


def test_every_terraform_command_of_the_runbook_can_be_pasted_at_the_top() -> None:
    text = (ROOT / "docs" / "operations.md").read_text()
    commands = re.findall(r"terraform (?:-\S+ )*(?:init|apply|output|destroy|import)\b", text)
    assert len(commands) > 10
    assert {each for each in commands if not each.startswith("terraform -chdir=terraform ")} == set()


def test_every_output_that_is_asked_for_exists(module: Module) -> None:
    asked = {each for _, text in told() for each in re.findall(r"terraform output (?:-\w+ )*(\w+)", text)}
    asked |= {each for _, text in told() for each in re.findall(r"-chdir=terraform output (?:-\w+ )*(\w+)", text)}
    assert {"webhook_url", "deployment"} <= asked
    assert asked <= set(module.outputs)
