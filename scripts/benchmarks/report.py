"""What was found, as Markdown."""

from collections.abc import Iterable, Sequence

from benchmarks.figures import Goal, Part, Table


def to_markdown(part: Part) -> str:
    """The tables of a part, and its goals."""
    return "\n".join([*(_table(each) for each in part.tables), goals(part.goals)])


def goals(wanted: Iterable[Goal]) -> str:
    """What must be reached, and what is."""
    rows = [[each.what, each.bound, each.reached, "yes" if each.met else "**no**"] for each in wanted]
    return _rows(["what", "must be", "is", "reached"], rows)


def _table(table: Table) -> str:
    note = f"\n{table.note}\n" if table.note else ""
    return f"### {table.title}\n\n{_rows(table.columns, table.rows)}{note}"


def _rows(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "".join(f"| {' | '.join(map(str, line))} |\n" for line in lines)
