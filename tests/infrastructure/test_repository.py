"""The files that a host and an editor read say what the project does."""

import configparser
import fnmatch
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from docs_tables.source import Module
from support import pythons
from support.tools import ROOT

GITHUB = ROOT / ".github"
FORMS = sorted(set((GITHUB / "ISSUE_TEMPLATE").glob("*.yml")) - {GITHUB / "ISSUE_TEMPLATE" / "config.yml"})


def tracked() -> list[str]:
    command = ["git", "-C", str(ROOT), "ls-files", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    return [name for name in names if (ROOT / name).is_file() and not (ROOT / name).is_symlink()]


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text("utf-8"))


@pytest.fixture(scope="module")
def supported(module: Module) -> list[str]:
    """The Pythons that the functions may be deployed on, oldest first."""
    condition = module.variables["runtime"]["validation"][0]["condition"]
    return [pythons.version(each) for each in re.findall(r'"(python\d+)"', condition)]


@pytest.mark.parametrize("name", [name for name in tracked() if name.endswith((".yml", ".yaml"))])
def test_every_yaml_file_holds_a_mapping(name: str) -> None:
    assert isinstance(read(ROOT / name), dict)


def test_ci_runs_everything_on_every_supported_python(supported: list[str]) -> None:
    job = read(GITHUB / "workflows" / "ci.yml")["jobs"]["run"]
    assert job["strategy"]["matrix"]["python"] == supported
    assert job["steps"][-1] == {"run": ".ci/run"}
    assert os.access(ROOT / ".ci" / "run", os.X_OK)


def test_a_fresh_clone_finds_every_supported_python(supported: list[str]) -> None:
    found = re.search(r"for candidate in python3 (.*); do", (ROOT / "scripts" / "lib" / "setup.sh").read_text())
    assert found
    assert found[1].split() == [f"python{each}" for each in reversed(supported)]


def test_an_action_is_pinned_to_a_commit_and_names_its_version() -> None:
    for path in (GITHUB / "workflows").iterdir():
        uses = re.findall(r"uses: (.*)", path.read_text("utf-8"))
        assert uses
        assert [each for each in uses if not re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", each)] == []


def test_a_workflow_may_read_and_no_more() -> None:
    for path in (GITHUB / "workflows").iterdir():
        assert read(path)["permissions"] == {"contents": "read"}


@pytest.mark.parametrize(
    ("ecosystem", "file"),
    [
        ("uv", "requirements.txt"),
        ("npm", "package-lock.json"),
        ("terraform", "versions.tf"),
        ("github-actions", ".github/workflows/ci.yml"),
    ],
)
def test_whatever_is_locked_is_renewed(ecosystem: str, file: str) -> None:
    updates = [each for each in read(GITHUB / "dependabot.yml")["updates"] if each["package-ecosystem"] == ecosystem]
    renewed = {folder for each in updates for folder in each.get("directories", [each.get("directory")])}
    held = {f"/{name.removesuffix(file).rstrip('/')}" for name in tracked() if f"/{name}".endswith(f"/{file}")}
    assert renewed == held


def test_a_commit_is_checked_as_ci_checks_it() -> None:
    (repo,) = read(ROOT / ".pre-commit-config.yaml")["repos"]
    (hook,) = repo["hooks"]
    assert (repo["repo"], hook["entry"], hook["language"]) == ("local", "scripts/check", "system")
    assert "scripts/check\n" in (ROOT / ".ci" / "run").read_text()


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.name)
def test_an_issue_form_is_as_github_takes_it(path: Path) -> None:
    form = read(path)
    assert {"name", "description", "body"} <= set(form) <= {"name", "description", "body", "labels"}
    fields = [each for each in form["body"] if each["type"] != "markdown"]
    assert {each["type"] for each in fields} <= {"input", "textarea"}
    assert len({each["id"] for each in fields}) == len(fields) > 0
    assert all(each["attributes"]["label"] for each in fields)


def test_every_file_is_as_the_editorconfig_says() -> None:
    config = configparser.ConfigParser()
    config.read_string("[top]\n" + (ROOT / ".editorconfig").read_text())
    assert (config["*"]["charset"], config["*"]["end_of_line"]) == ("utf-8", "lf")
    for name in tracked():
        rules: dict[str, str] = {}
        for section in config.sections():
            rules |= dict(config[section]) if fnmatch.fnmatch(name, section) else {}
        text = (ROOT / name).read_bytes().decode("utf-8")
        assert "\r" not in text, name
        if rules["insert_final_newline"] == "true":
            assert text == "" or text.endswith("\n"), name
        if rules["trim_trailing_whitespace"] == "true":
            assert not re.search(r"[ \t]$", text, re.MULTILINE), name


def test_every_path_that_the_guide_for_contributors_names_is_there() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    named = set(re.findall(r"`((?:functions|scripts|terraform|tests|docs)/[^\s`]*)`", text))
    assert len(named) > 30
    assert sorted(name for name in named if not list(ROOT.glob(name.replace("<folder>", "*")))) == []


def test_the_guide_for_contributors_has_a_recipe_for_each_kind_of_addition() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    recipes = re.findall(r"^## How to add (.*)$", text, re.MULTILINE)
    assert recipes == ["an effect", "an event type", "an operator's command", "an alert", "a setting"]
