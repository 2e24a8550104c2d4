"""Markdown files as a reader's browser has them: their headings' anchors and their links."""

import re
from pathlib import Path

_FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def anchors(path: Path) -> set[str]:
    """What can follow the # of a link into the file, as GitHub makes it of the headings."""
    found: set[str] = set()
    for heading in re.findall(r"^#+ (.*)$", _prose(path), re.MULTILINE):
        anchor = re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")
        same = sum(each == anchor or bool(re.fullmatch(rf"{re.escape(anchor)}-\d+", each)) for each in found)
        found.add(f"{anchor}-{same}" if same else anchor)
    return found


def links(path: Path) -> list[str]:
    """The targets of a file's links, those to other sites left out."""
    targets = re.findall(r"\]\(([^)\s]+)\)", re.sub(r"`[^`\n]*`(?!\])", "", _prose(path)))
    return [target for target in targets if not re.match(r"[a-z]+:", target)]


def _prose(path: Path) -> str:
    return _FENCE.sub("", path.read_text("utf-8"))


def tables(path: Path) -> list[list[dict[str, str]]]:
    """The tables, each a list of rows: a cell's text by its column's heading, without what makes it bold."""
    found = []
    for block in re.findall(r"(?:^\|.*\n)+", _prose(path), re.MULTILINE):
        heading, _, *rows = (_cells(line) for line in block.splitlines())
        found.append([dict(zip(heading, row, strict=True)) for row in rows])
    return found


def table(path: Path, *columns: str) -> list[dict[str, str]]:
    """The one table whose headings begin so."""
    (found,) = (each for each in tables(path) if tuple(each[0])[: len(columns)] == columns)
    return found


def _cells(line: str) -> list[str]:
    return [cell.strip().strip("*") for cell in line.strip().strip("|").split("|")]
