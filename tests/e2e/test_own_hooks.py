"""A developer writes a hooks.py, and looks at what scripts/demo says of it."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from local.programs.sales import sales
from support import tools
from support.tools import ROOT
from support.waiting import LONG

WITHOUT_CARTS = len(sales()) - 1
ALL_RIGHT = f"{WITHOUT_CARTS} of {WITHOUT_CARTS} cases are as they should be"
"""Of hooks that have no `cart_abandoned`."""
REFUSES = """
from fulfillment.errors import PermanentError

def fulfill(order, key):
    raise PermanentError("not one of our prices: " + ", ".join(item.price for item in order.line_items))
"""
CHECKS = """
def fulfill(order, key):
    assert {item.price for item in order.line_items} == {"price_1Sample"}
"""


def demo(folder: Path, hooks: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """scripts/demo with these hooks, in a window so wide that nothing is wrapped."""
    (folder / "hooks.py").write_text(hooks)
    path = f"{folder}:{ROOT}/scripts/src:{ROOT}/functions"
    env = {"PYTHONPATH": path, "PATH": os.environ["PATH"], "HOME": os.environ["HOME"], "COLUMNS": "200"}
    command = [sys.executable, "-m", "local.programs.demo", *arguments]
    return subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True, timeout=LONG, check=False)


def test_the_first_example_of_the_documents_passes_the_demo_as_it_stands(tmp_path: Path) -> None:
    tools.need(tools.missing_emulators())
    text = (ROOT / "docs" / "effects.md").read_text()
    found = re.search(r"```python\n(.*?)```", text, flags=re.DOTALL)
    assert found
    shown = demo(tmp_path, found[1])
    assert shown.returncode == 0, shown.stdout + shown.stderr
    assert ALL_RIGHT in shown.stdout


def test_a_hook_that_checks_the_documented_price_passes_and_one_that_prints_nothing_is_told_how_to(
    tmp_path: Path,
) -> None:
    shown = demo(tmp_path, CHECKS, "--memory")
    assert ALL_RIGHT in shown.stdout, shown.stdout + shown.stderr
    assert "what it prints with order.id in it is shown here" in shown.stdout


def test_a_hook_that_refuses_is_shown_with_its_reason(tmp_path: Path) -> None:
    shown = demo(tmp_path, REFUSES, "--memory")
    assert shown.returncode == 1
    assert re.search(
        r"fulfill is failed after \d tr\w+: permanent: not one of our prices: price_1Sample\n", shown.stdout
    )


@pytest.mark.parametrize(
    ("hooks", "said"),
    [
        ("import nowhere_to_be_found", "cannot be imported: No module named 'nowhere_to_be_found'. Add a missing"),
        ("def fulfil(order, key): ...", "hooks.py must have a function fulfill(order, key)"),
        ("def fulfill(order, key:", "cannot be imported: SyntaxError: '(' was never closed (hooks.py, line 1)"),
        ("\nPLANS = {}['pro']", "cannot be imported: KeyError: 'pro' (hooks.py, line 2)"),
    ],
)
def test_a_broken_hooks_file_is_said_in_one_line(tmp_path: Path, hooks: str, said: str) -> None:
    shown = demo(tmp_path, hooks, "--memory")
    assert shown.returncode == 1
    assert said in shown.stdout
    assert "hooks.py" in shown.stdout.splitlines()[-1]
    assert "Traceback" not in shown.stdout + shown.stderr


def test_a_package_that_is_not_there_is_named_on_the_emulators_too(tmp_path: Path) -> None:
    tools.need(tools.missing_emulators())
    shown = demo(tmp_path, "import nowhere_to_be_found")
    assert shown.returncode == 1
    assert "functions/hooks.py cannot be imported: No module named 'nowhere_to_be_found'. Add a" in shown.stdout
    assert "Traceback" not in shown.stdout + shown.stderr


def test_locking_a_package_without_npm_locks_what_is_python_and_says_what_is_missing(tmp_path: Path) -> None:
    for folder in ("scripts/lib", "bin", ".venv/bin"):
        (tmp_path / folder).mkdir(parents=True)
    shutil.copy(ROOT / "scripts" / "lock", tmp_path / "scripts")
    shutil.copy(ROOT / "scripts" / "lib" / "usage.sh", tmp_path / "scripts" / "lib")
    (tmp_path / "scripts" / "lib" / "setup.sh").touch()
    for name in ("bash", "dirname"):
        (tmp_path / "bin" / name).symlink_to(shutil.which(name) or name)
    uv = tmp_path / ".venv" / "bin" / "uv"
    uv.write_text('#!/bin/sh\nfor last; do :; done\necho "$last" >>locked\n')
    uv.chmod(0o755)
    env, command = {"PATH": str(tmp_path / "bin")}, [tmp_path / "scripts" / "lock"]
    ran = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert ran.returncode == 1
    assert re.fullmatch(r"The four requirements\.txt are locked\. .* npm is missing: install Node.*\n", ran.stderr)
    locked = [
        "functions/requirements.txt",
        "scripts/lib/requirements.txt",
        "requirements.txt",
        "scripts/lib/checkov/requirements.txt",
    ]
    assert (tmp_path / "locked").read_text().split() == locked
