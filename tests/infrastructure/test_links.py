"""Every link of the documents leads somewhere, and every path that they name is there."""

import re
import subprocess
from pathlib import Path

import pytest

from support.markdown import anchors, links
from support.tools import ROOT


def documents() -> list[str]:
    command = ["git", "-C", str(ROOT), "ls-files", "--cached", "--others", "--exclude-standard", "*.md"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()


def broken(path: Path) -> list[str]:
    found = []
    for link in links(path):
        file, _, anchor = link.partition("#")
        target = (path.parent / file) if file else path
        if not target.exists() or (anchor and anchor not in anchors(target)):
            found.append(link)
    return found


@pytest.mark.parametrize("name", documents())
def test_every_link_leads_somewhere(name: str) -> None:
    assert broken(ROOT / name) == []


def test_links_that_lead_nowhere_are_found(tmp_path: Path) -> None:
    document, other = tmp_path / "a.md", tmp_path / "b.md"
    document.write_text(
        "# One\n[1](b.md) [2](b.md#two-s) [3](#one) [4](c.md) [5](b.md#one) [6](#two) [7](https://e.org)\n"
    )
    other.write_text("## Two S\n```\n# One\n```\n[`code`](c.md)\n")
    assert broken(document) == ["c.md", "b.md#one", "#two"]
    assert broken(other) == ["c.md"]


NAMED = re.compile(r"`((?:\w[\w.-]*/)+[\w.-]+\.(?:py|md|tf|toml|txt|in|html|sh|example|hcl)|\w+/\w+\.py)(?:::\w+)?`")
HISTORY = frozenset({"CHANGELOG.md"})
"""It names files and commands as they were."""
COMMAND = re.compile(r"\bscripts/(\w+)(?![\w./])")
MADE = frozenset({"terraform/.terraform.lock.hcl"})
"""What a command makes, and the repository does not hold."""


def lost(document: Path, root: Path = ROOT) -> list[str]:
    """The paths in backticks that lead nowhere from the top, the document, the functions or their package."""
    places = (root, document.parent, root / "functions", root / "functions" / "fulfillment")
    named = {found[1] for found in NAMED.finditer(document.read_text("utf-8"))} - MADE
    return sorted(each for each in named if not any((place / each).is_file() for place in places))


@pytest.mark.parametrize("name", sorted(set(documents()) - HISTORY))
def test_every_path_in_a_document_is_there(name: str) -> None:
    assert lost(ROOT / name) == []


def test_a_path_that_is_not_there_is_found(tmp_path: Path) -> None:
    document = tmp_path / "docs" / "a.md"
    document.parent.mkdir()
    (tmp_path / "functions").mkdir()
    (tmp_path / "functions" / "b.py").write_text("")
    document.write_text("`functions/b.py` `docs/a.md` `functions/c.py::test_d` `e/f.md` `scripts/test`\n")
    assert lost(document, tmp_path) == ["e/f.md", "functions/c.py"]


def test_each_command_is_in_the_readme_and_no_document_names_another() -> None:
    commands = {path.name for path in (ROOT / "scripts").iterdir() if path.is_file()}
    assert commands == set(COMMAND.findall((ROOT / "README.md").read_text("utf-8")))
    for name in set(documents()) - HISTORY:
        assert set(COMMAND.findall((ROOT / name).read_text("utf-8"))) <= commands, name


def test_the_readme_is_short_and_links_to_every_document() -> None:
    readme = ROOT / "README.md"
    assert len(readme.read_text("utf-8").splitlines()) <= 180
    ours = {name for name in documents() if not name.startswith(("tests/", "."))}
    assert ours - set(links(readme)) == {"README.md"}
