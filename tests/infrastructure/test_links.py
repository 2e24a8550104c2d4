"""Every link of the documents leads somewhere: to a file that is there, to a heading that it has."""

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
