"""The results as Markdown."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from benchmark.chart import to_svg
from benchmark.figures import Goal, Part, Table

BEGIN, END = "<!-- what scripts/benchmark has measured -->", "<!-- until here -->"
PICTURE = "![What scripts/benchmark has measured](performance.svg)"


def to_markdown(part: Part) -> str:
    """The tables of a part, and its goals."""
    return "\n".join([*(_table(each) for each in part.tables), *([goals(part.goals)] if part.goals else [])])


def goals(wanted: Iterable[Goal]) -> str:
    """The goals, and whether they are reached."""
    rows = [[each.what, each.bound, each.reached, "yes" if each.met else "**no**"] for each in wanted]
    return _rows(["what", "must be", "is", "reached"], rows)


def _table(table: Table) -> str:
    note = f"\n{table.note}\n" if table.note else ""
    return f"### {table.title}\n\n{_rows(table.columns, table.rows)}{note}"


def _rows(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "".join(f"| {' | '.join(map(str, line))} |\n" for line in lines)


def write(docs: Path, found: Mapping[str, Part], machine: str) -> None:
    """Writes the generated part of docs/performance.md, and the picture beside it."""
    page = docs / "performance.md"
    before, _, rest = page.read_text().partition(BEGIN)
    after = rest.partition(END)[2]
    reached = "### What must be reached\n\n" + goals(each for part in found.values() for each in part.goals)
    tables = [_table(each) for part in found.values() for each in part.tables]
    page.write_text("\n".join([f"{before}{BEGIN}", PICTURE, "", machine, "", reached, *tables, f"{END}{after}"]))
    (docs / "performance.svg").write_text(to_svg(found.values()))
