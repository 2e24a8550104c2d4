"""Terraform's views of BigQuery on a database of this machine: GoogleSQL is translated for DuckDB.

The translation is sqlglot's. What differs from BigQuery, as far as the views could tell: its JSON takes every number,
and a JSON null that a query finds is a value there.
"""

import functools
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb
import sqlglot
from sqlglot import exp
from sqlglot.generators.bigquery import BigQueryGenerator

from support.tools import ROOT

VIEWS = ROOT / "terraform" / "views"
TABLE = "acme-shop.checkout_events.events"
BEGUN = datetime(2026, 11, 23, 12, tzinfo=UTC)


def query_of(view: str) -> str:
    """The view's query, as Terraform fills in its table."""
    return (VIEWS / f"{view}.sql").read_text("utf-8").replace("${table}", TABLE)


def parse_sql(statement: str) -> exp.Expr:
    """The statement in GoogleSQL. Raises sqlglot's ParseError. Names that GoogleSQL reserves are refused."""
    parsed = sqlglot.parse_one(statement, read="bigquery")
    reserved = {name.upper() for name in BigQueryGenerator.RESERVED_KEYWORDS}
    taken = {each.alias for each in parsed.find_all(exp.Alias, exp.CTE) if each.alias.upper() in reserved}
    if taken:
        raise ValueError(f"GoogleSQL reserves {', '.join(sorted(taken))}")
    return parsed


class Warehouse:
    """The table `events`, and its views."""

    def __init__(self) -> None:
        self._database = duckdb.connect(":memory:")
        self._database.execute("SET TimeZone = 'UTC'")
        self._database.execute(
            "CREATE TABLE events (subscription_name VARCHAR, message_id VARCHAR, publish_time TIMESTAMPTZ,"
            " attributes JSON, data VARCHAR)"
        )
        for view in sorted(path.stem for path in VIEWS.glob("*.sql")):
            self._database.execute(f"CREATE VIEW {view} AS {_for_duckdb(query_of(view))}")
        self._written = 0

    def write(self, attributes: Mapping[str, str], data: bytes, subscription: str = "checkout-events-bigquery") -> None:
        """A row, as a BigQuery subscription writes it. Each is published a second after the one before."""
        self._written += 1
        published = BEGUN + timedelta(seconds=self._written)
        row = [subscription, str(self._written), published, dict(attributes), data.decode()]
        self._database.execute("INSERT INTO events VALUES (?, ?, ?, ?::JSON, ?)", row)

    def clear(self) -> None:
        """Removes all rows."""
        self._database.execute("DELETE FROM events")

    def run(self, statement: str) -> list[dict[str, Any]]:
        """The rows of a statement in GoogleSQL, by column."""
        found = self._database.execute(_for_duckdb(statement))
        columns = [column[0] for column in found.description or ()]
        return [dict(zip(columns, row, strict=True)) for row in found.fetchall()]

    def rows(self, view: str) -> list[dict[str, Any]]:
        """The rows of a view, by column."""
        return self.run(exp.select("*").from_(view).sql("bigquery"))


@functools.cache
def _for_duckdb(statement: str) -> str:
    return parse_sql(statement).transform(_translated).sql("duckdb")


def _translated(node: exp.Expr) -> exp.Expr:
    """`SAFE.f(…)`, which is NULL where f fails, and names of tables without project and dataset."""
    if isinstance(node, exp.SafeFunc):
        return exp.Anonymous(this="TRY", expressions=[node.this])
    if isinstance(node, exp.Table) and node.db:
        return exp.to_table(node.name)
    return node
