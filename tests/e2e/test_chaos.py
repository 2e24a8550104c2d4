"""The short chaos run: real functions, real emulators, everything breaks. The long one: scripts/chaos."""

import json
import os
import secrets
import subprocess
import sys
from pathlib import Path

import pytest

from chaos.profiles import SHORT
from support import tools
from support.tools import ROOT

ENV = {"PYTHONPATH": f"{ROOT}/scripts/src:{ROOT}/functions", "PATH": os.environ["PATH"], "HOME": os.environ["HOME"]}


@pytest.mark.timeout(900)
def test_while_everything_breaks_nothing_is_lost_wrong_or_twice_without_a_reason(tmp_path: Path) -> None:
    tools.need(tools.missing_emulators())
    seed, figures = secrets.randbelow(10**6), tmp_path / "figures.json"
    command = [sys.executable, "-m", "chaos", "--profile=short", f"--seed={seed}", f"--json={figures}"]
    ran = subprocess.run(command, env=ENV, cwd=ROOT, capture_output=True, text=True, timeout=880, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert f"scripts/chaos --profile short --seed {seed}\n" in ran.stdout
    assert "nothing lost, nothing wrong, nothing twice without a reason" in ran.stdout
    told = json.loads(figures.read_text())
    assert (told["orders"], told["lost"], told["wrong"], told["doubled_without_a_reason"]) == (SHORT.orders, [], [], [])
    assert sum(told["kills"].values()) == SHORT.kills
    assert told["faults"]
    assert told["effects_performed"] > SHORT.orders
