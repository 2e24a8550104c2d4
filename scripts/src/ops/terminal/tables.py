"""Readable tables that also suit grep: one line per row, nothing cut off, no control characters."""

from collections.abc import Sequence

from rich.text import Text


def columns(rows: Sequence[Sequence[str]], head: Sequence[str] = ()) -> list[Text]:
    """The rows, each column as wide as its widest cell; the last column is not padded."""
    cells = [[printable(cell) for cell in row] for row in ([head, *rows] if head else rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)] if cells else []
    lines = [
        Text("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()) for row in cells
    ]
    if head:
        lines[0].stylize("bold")
    return lines


def printable(text: str) -> str:
    """The text on one line, without control characters."""
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text)
