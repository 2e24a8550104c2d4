"""`scripts/ops export`, on the emulators."""

import codecs
import contextlib
import csv
import io
import json
import re
import stat
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fulfillment.domain.order import Order
from ops.orders.export_rows import COLUMNS, PERSONAL_COLUMNS, csv_line, header
from support.builders import paid_order
from support.emulated_shop import SECRETIVE, EmulatedShop

ODD = [
    "=1+1",
    "+49",
    "-1",
    "@sum",
    "\t=1",
    "\r=1",
    "\n=1",
    "\N{FULLWIDTH EQUALS SIGN}1",
    'a "quote", and ;',
    "two\nlines",
    " =1+1",
    "\N{ZERO WIDTH SPACE}=1+1",
    "\N{NO-BREAK SPACE}@sum",
    "\N{MINUS SIGN}1",
    "\x00=1",
    ";=1+1",
    "Jenny;=1+1",
    'Jenny;"=1+1',
    "Jenny\n=1+1",
    "Jenny\r\n +1",
    "Jenny\t@sum",
    "\ud800",
    "\0",
]
BETWEEN = " \t\n\r\"'\u200b;,"


def read(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_all_orders_are_written_without_their_buyers(shop: EmulatedShop, tmp_path: Path) -> None:
    shop.keep(*(paid_order(f"cs_test_{number:03}") for number in range(230)))
    for name in ("jsonl", "csv"):
        file = tmp_path / f"orders.{name}"
        told = shop.reports("export", "--format", name, "--output", str(file))
        text = file.read_text("utf-8-sig")
        assert (told["ok"], told["orders"], told["output"]) == (True, 230, str(file))
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert not [each for each in SECRETIVE if each in text]
        rows = read(text) if name == "csv" else [json.loads(line) for line in text.splitlines()]
        assert [each["id"] for each in rows] == [f"cs_test_{number:03}" for number in range(230)]
        assert {str(each["amount_total"]) for each in rows} == {"3500"}
    assert list(tmp_path.glob(".*")) == []


def test_buyers_are_written_where_that_is_asked_for(shop: EmulatedShop) -> None:
    shop.keep(paid_order("cs_test_a"))
    (row,) = read(shop.runs("export", "--format", "csv", "--personal").stdout)
    assert row["customer_email"] == "jenny.rosen@example.com"
    assert json.loads(row["shipping_address"])["city"] == "South San Francisco"
    told = json.loads(shop.runs("export", "--personal").stdout)
    assert told["customer"]["name"] == "Jenny Rosen"


def test_an_export_is_narrowed(shop: EmulatedShop) -> None:
    old = replace(paid_order("cs_test_old"), created_at=datetime.now(UTC) - timedelta(days=9))
    unpaid = paid_order("cs_test_unpaid", payment_status="unpaid")
    shop.keep(old, unpaid, replace(paid_order("cs_test_new"), created_at=datetime.now(UTC)))
    told = shop.runs("export", "--status", "paid", "--since", "2d").stdout
    assert [json.loads(line)["id"] for line in told.splitlines()] == ["cs_test_new"]


@pytest.mark.parametrize("odd", ODD, ids=repr)
def test_odd_text_is_one_cell_and_no_formula(odd: str) -> None:
    line = csv_line(paid_order("cs_test_a", client_reference_id=odd), personal=True)
    line.encode()
    (row,) = read(header(personal=True) + line)
    assert tuple(row) == (*COLUMNS, *PERSONAL_COLUMNS)
    assert not row["client_reference_id"].startswith(
        ("=", "+", "-", "@", "\t", "\r", "\n", "\N{FULLWIDTH EQUALS SIGN}")
    )
    assert row["id"] == "cs_test_a"


@given(st.text(), st.text(alphabet=BETWEEN, max_size=4), st.sampled_from("=+-@"))
def test_no_text_begins_a_formula_however_a_spreadsheet_parts_the_line(before: str, between: str, sign: str) -> None:
    """In countries where the comma is decimal, Excel parts by semicolons, and knows nothing of what is quoted here."""
    line = csv_line(paid_order("cs_test_a", client_reference_id=f"{before}{between}{sign}1"), personal=True)
    (row,) = read(header(personal=True) + line)
    cells = [*row.values()]
    for delimiter in (";", "\t"):
        with contextlib.suppress(csv.Error):  # it is no CSV of that kind at all
            for found in csv.reader(io.StringIO(line, newline=""), delimiter=delimiter):
                cells += found
    cells += re.split(r"[;\t\r\n]", line)
    assert not [cell for cell in cells if re.match(r"[\s\u200b\"]*[=+@-]", cell)]


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("0049151234567", "'0049151234567"),
        ("123456789012", "'123456789012"),
        ("1234567890123456789", "'1234567890123456789"),
        ("12e3", "'12e3"),
        ("1.5E+10", "'1.5E+10"),
        ("3-4", "'3-4"),
        ("1/2/2026", "'1/2/2026"),
        ("1.2", "'1.2"),
        ("1001", "1001"),
        ("cart_0012", "cart_0012"),
        ("ORDER-2026-0012", "ORDER-2026-0012"),
        ("0", "0"),
    ],
)
def test_text_that_a_spreadsheet_would_change_is_kept_as_text(text: str, cell: str) -> None:
    (row,) = read(header(personal=True) + csv_line(paid_order("cs_a", client_reference_id=text), personal=True))
    assert row["client_reference_id"] == cell


def test_a_file_of_csv_begins_with_a_byte_order_mark_and_nothing_else_does(shop: EmulatedShop, tmp_path: Path) -> None:
    """Excel on Windows would read an address as Windows-1252: ü as two other letters."""
    jane = paid_order("cs_test_a")
    assert jane.customer
    home = replace(jane.customer.address, city="München") if jane.customer.address else None
    shop.keep(replace(jane, customer=replace(jane.customer, email="müller@example.com", address=home)))
    for name in ("jsonl", "csv"):
        file = tmp_path / f"orders.{name}"
        shop.runs("export", "--format", name, "--personal", "--output", str(file))
        assert (file.read_bytes().startswith(codecs.BOM_UTF8), file.read_text().count("\ufeff")) == (
            name == "csv",
            int(name == "csv"),
        )
        assert "\ufeff" not in shop.runs("export", "--format", name, "--personal").stdout
    text = (tmp_path / "orders.csv").read_text("utf-8-sig")
    (row,) = read(text)
    assert (row["id"], row["customer_email"]) == ("cs_test_a", "müller@example.com")
    assert '"München"' in row["customer_address"]


def test_a_number_below_zero_stays_a_number() -> None:
    (row,) = read(header(personal=False) + csv_line(paid_order(amount_total=-5), personal=False))
    assert row["amount_total"] == "-5"


def test_a_file_is_whole_or_as_it_was(shop: EmulatedShop, tmp_path: Path) -> None:
    file = tmp_path / "orders.jsonl"
    file.write_text("as it was")
    failed = shop.runs(
        "export", "--output", str(file), FIRESTORE_DATABASE="(default)", FIRESTORE_EMULATOR_HOST="127.0.0.1:1"
    )
    assert failed.exit_code == 1
    assert (file.read_text(), list(tmp_path.glob(".*"))) == ("as it was", [])
    assert shop.runs("export", "--output", str(tmp_path / "none" / "file")).exit_code == 2
    assert shop.runs("export", "--json").exit_code == 2


def test_an_order_that_cannot_be_read_is_said_and_left_out(shop: EmulatedShop) -> None:
    orders: list[Order] = [paid_order("cs_test_a"), paid_order("cs_test_b")]
    shop.keep(*orders)
    shop.break_order("cs_test_a")
    result = shop.runs("export")
    assert (result.exit_code, "cs_test_a cannot be read" in result.stderr) == (1, True)
    assert [json.loads(line)["id"] for line in result.stdout.splitlines()] == ["cs_test_b"]
