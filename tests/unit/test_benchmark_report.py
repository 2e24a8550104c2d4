"""What the benchmark writes down: the numbers that were measured, and nothing kinder."""

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from benchmark.chart import to_svg
from benchmark.figures import Goal, Part, Spread, Table, ratios
from benchmark.report import BEGIN, END, write

SLOW = Goal("acks, of the bare function", Spread.of([0.3, 0.9, 0.4]), least=0.6)
PART = Part(
    [Table("Ack", ["who", "requests/s"], [["ours", Spread.of([900, 1200, 1000])]])], [SLOW], {"a/s": {"ours": 1}}
)


def test_rounds_are_compared_within_each_round() -> None:
    assert ratios([10, 100], [20, 50]).rounds == (0.5, 2)


def test_a_spread_is_its_median_between_its_extremes() -> None:
    assert str(Spread.of([900, 1200, 1000])) == "1,000 (900 to 1,200)"
    assert str(Spread.of([0.125, 12.34, 1])) == "1.00 (0.12 to 12.3)"


@pytest.mark.parametrize(
    ("goal", "met", "bound"),
    [
        (SLOW, False, "≥ 0.6"),
        (Goal("", Spread.of([0.6]), least=0.6), True, "≥ 0.6"),
        (Goal("", Spread.of([5, 5, 50]), most=5, unit=" MB"), True, "≤ 5 MB"),
        (Goal("", Spread.of([5.1]), most=5), False, "≤ 5"),
    ],
)
def test_a_goal_is_met_by_the_median_alone(goal: Goal, met: bool, bound: str) -> None:  # noqa: FBT001 - a table
    assert (goal.met, goal.bound) == (met, bound)


def test_the_page_is_rewritten_between_its_marks_alone(tmp_path: Path) -> None:
    page = tmp_path / "performance.md"
    page.write_text(f"before\n{BEGIN}\nold figures\n{END}\nafter\n")
    for _ in range(2):
        write(tmp_path, {"ack": PART}, "On this machine.")
    text = page.read_text()
    assert text.startswith(f"before\n{BEGIN}\n")
    assert text.endswith(f"{END}\nafter\n")
    assert "old figures" not in text
    assert "| acks, of the bare function | ≥ 0.6 | 0.40 (0.30 to 0.90) | **no** |" in text
    assert text.count("| ours | 1,000 (900 to 1,200) |") == 1


def test_the_picture_has_a_bar_for_each_row() -> None:
    bars = {"a bare function: <the limit>": 200.0, "ours": 100.0}
    picture = ET.fromstring(to_svg([Part([], [], {"requests/s": bars})]))  # noqa: S314 - our own
    widths = [int(each.get("width", "")) for each in picture.iter("{http://www.w3.org/2000/svg}rect")]
    assert widths[0] == pytest.approx(2 * widths[1], abs=1)
