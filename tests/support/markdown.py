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


def table(path: Path, heading: str) -> list[list[str]]:
    """The cells of the first table below a heading, row by row, without its head."""
    below = path.read_text("utf-8").split(f"\n{heading}\n", 1)[1]
    (rows,) = re.findall(r"(?:^\|.*\|\n)+", below.split("\n## ", 1)[0] + "\n", re.MULTILINE)[:1]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1]] for row in rows.splitlines()[2:]]


def table_with(path: Path, *columns: str) -> list[dict[str, str]]:
    """The one table whose columns begin so: its rows, a cell's text by its column, without what makes it bold."""
    found = []
    for block in re.findall(r"(?:^\|.*\n)+", _prose(path), re.MULTILINE):
        heading, _, *rows = (_cells(line) for line in block.splitlines())
        if tuple(heading[: len(columns)]) == columns:
            found.append([dict(zip(heading, row, strict=True)) for row in rows])
    (only,) = found
    return only


def _cells(row: str) -> list[str]:
    return [cell.strip().strip("*") for cell in re.split(r"(?<!\\)\|", row)[1:-1]]


def rows_below(path: Path, heading: str, *columns: str) -> list[dict[str, str]]:
    """The one table between a heading and the next whose columns begin so: its rows, a cell's text by its column."""
    text = "\n" + path.read_text("utf-8")
    _, found, below = text.partition(f"\n{heading}\n")
    assert found, f"{path.name} has no heading {heading}"
    section = re.split(r"^#+ ", _FENCE.sub("", below), maxsplit=1, flags=re.MULTILINE)[0]
    blocks = re.findall(r"(?:^\|.*\n)+", section + "\n", re.MULTILINE)
    (only,) = [block for block in blocks if tuple(_cells(block.splitlines()[0])[: len(columns)]) == columns]
    return table_in(only)


def table_in(text: str) -> list[dict[str, str]]:
    """The rows of the only table in a text."""
    heading, _, *rows = (_cells(line) for line in text.splitlines() if line.startswith("|"))
    return [dict(zip(heading, row, strict=True)) for row in rows]
