"""docs/decisions.md is numbered without a gap, each decision has its parts, and what it names is there."""

import re
import subprocess
from pathlib import Path

import pytest

from support.tools import ROOT

DOCUMENT = ROOT / "docs" / "decisions.md"
TEXT = DOCUMENT.read_text("utf-8")
PARTS = ["Context", "Choice", "Alternatives", "Price"]
FULFILLMENT = ROOT / "functions" / "fulfillment"
_PART = re.compile(r"^([A-Z]\w*): (.*?)(?=^[A-Z]\w*: |\Z)", re.DOTALL | re.MULTILINE)
_FILE = re.compile(r"[\w.-]+\.(?:py|md|tf|toml|json|in|txt)|[\w.-]+(?:/[\w.-]+)*/|(?:[\w.-]+/)+[\w.-]+")
_NUMBERS = re.compile(r"\bdecisions?\s+(\d+(?:(?:,|\s+and|\s+or)\s+\d+)*)", re.IGNORECASE)


def decisions(text: str) -> dict[str, list[tuple[str, str]]]:
    """The parts of each decision, a name and what it says, by the decision's heading."""
    sections = re.findall(r"^## (.+)\n((?:(?!## ).*\n?)*)", text, re.MULTILINE)
    return {
        heading: [(name, " ".join(said.split())) for name, said in _PART.findall(body)] for heading, body in sections
    }


def code(text: str) -> list[str]:
    """What stands in backticks."""
    return [each.group(1).replace("\n", " ") for each in re.finditer(r"`([^`]+)`", text)]


def lost(text: str, *places: Path) -> set[str]:
    """The paths in backticks, also those of a command, that are at none of the places."""
    paths = {each.split()[0] for each in code(text)}
    return {each for each in paths if _FILE.fullmatch(each) and not any((place / each).exists() for place in places)}


def referred(text: str) -> set[int]:
    """The decisions that a text refers to by their numbers."""
    return {int(number) for found in _NUMBERS.findall(text) for number in re.findall(r"\d+", found)}


def elsewhere() -> dict[str, str]:
    """The text of every other file of ours, by its name."""
    command = ["git", "-C", str(ROOT), "ls-files", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split("\n")
    paths = [ROOT / name for name in names if name and (ROOT / name) not in {DOCUMENT, Path(__file__)}]
    return {str(path.relative_to(ROOT)): path.read_text("utf-8", "replace") for path in paths if path.is_file()}


@pytest.fixture(scope="module")
def others() -> dict[str, str]:
    return elsewhere()


def numbers() -> list[int]:
    return [int(heading.partition(".")[0]) for heading in decisions(TEXT)]


def test_the_decisions_are_numbered_without_a_gap() -> None:
    assert numbers() == list(range(1, len(numbers()) + 1))
    assert len(numbers()) > 60


@pytest.mark.parametrize("heading", decisions(TEXT))
def test_a_decision_has_its_four_parts_in_order(heading: str) -> None:
    parts = decisions(TEXT)[heading]
    assert [name for name, _ in parts] == PARTS
    assert [name for name, said in parts if not said.endswith(".")] == []


def test_every_path_that_a_decision_names_is_there() -> None:
    assert {"domain/shape.py", "terraform/secrets.tf", "scripts/src/local/fakes", "tests/"} <= set(code(TEXT))
    assert lost(TEXT, ROOT, FULFILLMENT) == set()


def test_what_a_choice_names_stands_in_the_code(others: dict[str, str]) -> None:
    """A name that the code has lost is a decision that is no longer true of it."""
    product = [text for name, text in others.items() if not name.endswith(".md") and not name.startswith("tests/")]
    words = set(re.findall(r"\w+", "\n".join(product)))
    choices = [dict(parts)["Choice"] for parts in decisions(TEXT).values()]
    named = {each for choice in choices for each in code(choice) if not _FILE.fullmatch(each)}
    assert {"EffectRunner.run", "hide_modules", "decide"} <= named
    assert {each for each in named if not set(re.findall(r"\w+", each)) <= words} == set()


def test_every_reference_leads_to_a_decision(others: dict[str, str]) -> None:
    found = {name: referred(text) for name, text in others.items()} | {"docs/decisions.md": referred(TEXT)}
    assert found["terraform/secrets.tf"] == {20}
    assert {name: sorted(each - set(numbers())) for name, each in found.items() if each - set(numbers())} == {}


def test_the_lines_fit_a_screen() -> None:
    assert [line for line in TEXT.splitlines() if len(line) > 120] == []


def test_a_part_a_path_and_a_reference_are_found(tmp_path: Path) -> None:
    text = "# D\n\n## 1. One\nContext: a\nb.\nChoice: `c d`.\n\n## 3. Three\nPrice: `a.py` `b/` `x/y` `scripts/a b`.\n"
    assert decisions(text) == {
        "1. One": [("Context", "a b."), ("Choice", "`c d`.")],
        "3. Three": [("Price", "`a.py` `b/` `x/y` `scripts/a b`.")],
    }
    (tmp_path / "a.py").touch()
    assert lost(text, tmp_path) == {"b/", "x/y", "scripts/a"}
    assert referred("see decision 2 (decisions 3, 40 and\n5), a decision of 7") == {2, 3, 40, 5}
