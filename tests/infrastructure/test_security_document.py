"""The threat model names tests, and they exist."""

import ast
import re

from support.tools import ROOT

DOCUMENT = (ROOT / "docs" / "security.md").read_text()
NAMED = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", DOCUMENT)
THREATS = [
    *("A public endpoint", "Forged events", "Replay", "Poisoned metadata", "E-mail injection", "A stolen push account"),
    "A buyer's unfinished checkout",
    "Money that goes back",
    "A type that must not be routed",
    *("A leaked secret", "A confused livemode", "Another product on the same Stripe account"),
    *("Guessing on the order status page", "The supply chain"),
]


def names_in(file: str) -> set[str]:
    tree = ast.parse((ROOT / file).read_text())
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def test_every_test_that_the_threat_model_names_exists() -> None:
    assert len(NAMED) > 40
    assert [f"{file}::{name}" for file, name in NAMED if name not in names_in(file)] == []


def test_every_threat_has_a_guard_that_a_test_proves() -> None:
    sections = dict(re.findall(r"### (.+?)\n(.+?)(?=\n##|\Z)", DOCUMENT, re.DOTALL))
    assert list(sections) == THREATS
    for threat, text in sections.items():
        assert re.search(r"`tests/[\w/]+\.py::\w+`", text), threat
