"""Tests of the tests, in short: mutants drawn from all rules are noticed. `scripts/prove mutate` tries every one."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from prove import mutation
from prove.guards import GUARDS
from prove.mutants import mutants
from support.tools import ROOT

SAMPLE = 40


def python(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs a process of its own: a mutant is a fork, and this one has threads."""
    env = {"PYTHONPATH": "scripts/src:functions", "PATH": os.environ["PATH"]}
    return subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, env=env, capture_output=True, text=True, timeout=880, check=False
    )


@pytest.mark.timeout(900)
def test_mutants_drawn_from_the_rules_are_noticed() -> None:
    rules = [option for file in GUARDS if file.startswith("domain/") for option in ("--file", file)]
    ran = python("-m", "prove", "mutate", *rules, f"--sample={SAMPLE}", "--seed=ci")
    assert (ran.returncode, ran.stderr) == (0, ""), ran.stdout
    assert sum(int(line.split()[-2]) for line in ran.stdout.splitlines()) == SAMPLE


def test_every_rule_has_its_guards() -> None:
    package = mutation.PACKAGE
    assert {path.relative_to(package).as_posix() for path in package.glob("domain/[!_]*.py")} <= GUARDS.keys()
    for file, guards in GUARDS.items():
        assert (package / file).exists()
        assert guards
        assert all((ROOT / guard).exists() for guard in guards)


def test_what_is_listed_as_equivalent_is_a_mutant_still() -> None:
    trees = {file: ast.parse((mutation.PACKAGE / file).read_text()) for file in GUARDS}
    names = {f"{file} {mutant.name}" for file, tree in trees.items() for mutant in mutants(tree)}
    assert mutation.equivalent().keys() - names == set()


MADE_OF = [
    ("x = a < b", ["a < b → a <= b"]),
    ("x = a == b", ["a == b → a != b"]),
    ("x = a is None", ["a is None → a is not None"]),
    ("x = a and b", ["a and b → a or b"]),
    ("x = a + b", ["a + b → a - b"]),
    ("x = not a", ["not a → a"]),
    ("x = 5", ["5 → 6"]),
    ("x = True", ["True → False"]),
    ("x = 'word'", ["'word' → 'word~'"]),
    ("x = 'words for people'", []),
    ("x = f'{a} word'", []),
    ("x = f(a, b=c)", ["f without b=c"]),
    ("x = (a, b)", ["(a, b) without a", "(a, b) without b"]),
    ("x = {a: b, c: d}", ["{a: b, c: d} without a", "{a: b, c: d} without c"]),
    ("a, b = x", []),
    ("x = [a for a in b if c]", ["for a in b if c → for a in b if not c"]),
    ("raise error", ["raise error → pass"]),
    ("f()", ["f() → pass"]),
    ("del a", ["del a → pass"]),
    ("if a:\n    b = c", ["if a → if not a"]),
    ("class A:\n    '''Prose.'''\n    a: int | None = b", ["a: int | None → int"]),
    ("def f(a: int = 1) -> int:\n    return a", ["1 → 2", "return a → return None"]),
    ("if TYPE_CHECKING:\n    x = 1", []),
    ("from a import b", []),
    ("@cache(1)\ndef f():\n    return None", []),
]


@pytest.mark.parametrize(("code", "changes"), MADE_OF, ids=[code for code, _ in MADE_OF])
def test_what_is_changed_about_a_program(code: str, changes: list[str]) -> None:
    found = mutants(ast.parse(code))
    assert sorted(each.name.split(": ", 1)[1] for each in found) == sorted(changes)


@pytest.mark.parametrize("code", [code for code, changes in MADE_OF if changes])
def test_every_change_is_made_and_is_a_program(code: str) -> None:
    for index in range(len(mutants(ast.parse(code)))):
        tree = ast.parse(code)
        mutants(tree)[index].apply()
        changed = ast.unparse(ast.fix_missing_locations(tree))
        assert changed != ast.unparse(ast.parse(code))
        compile(changed, "changed", "exec")


ASK = """
from prove import mutation
from prove.guards import GUARDS
mutation.preload()
first = mutation.candidates(["domain/money.py"])[0]
print(mutation.noticed(first))
GUARDS["domain/money.py"] = ("tests/unit/test_http.py",)
print(mutation.noticed(first))
"""


FAILING = """
import sys
from prove import mutation
from prove.guards import GUARDS
GUARDS["domain/money.py"] = (sys.argv[1],)
try:
    list(mutation.run(mutation.candidates(["domain/money.py"])[:1], jobs=1))
except mutation.GuardsFail as error:
    print(error)
"""


def test_guards_that_failed_on_the_program_itself_noticed_every_mutant(tmp_path: Path) -> None:
    guard = tmp_path / "test_fails.py"
    guard.write_text("def test_it() -> None:\n    raise AssertionError\n")
    ran = python("-c", FAILING, str(guard))
    assert (ran.stdout, ran.stderr) == ("the guards of domain/money.py fail before anything is changed\n", "")


def test_what_no_test_looks_at_is_not_noticed() -> None:
    ran = python("-c", ASK)
    assert (ran.stdout, ran.stderr) == ("True\nFalse\n", "")
