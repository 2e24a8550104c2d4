"""Every runtime that var.runtime allows and this machine has, but for the one that runs the tests: the unit tests and
the searches run on it, too, with the libraries that are locked. Only `.ci/run` runs this: it takes two minutes.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from support import pythons, tools
from support.pythons import RUNTIMES
from support.tools import ROOT

OTHERS = [each for each in RUNTIMES if each != f"python3{sys.version_info.minor}"]
OPTIONS = ("-q", "-x", "-p", "no:cacheprovider", "--hypothesis-profile=brief", f"--ignore={Path(__file__)}")
"""With fewer examples for each property: to look for new ones is what the main run does."""


@pytest.mark.ci
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("tests", ["tests/unit", "tests/exhaustive"])
@pytest.mark.parametrize("runtime", OTHERS)
def test_the_tests_run_on_every_other_runtime(runtime: str, tests: str, tmp_path: Path) -> None:
    if not tools.want(tools.missing_python(runtime)):
        pytest.skip(f"{runtime} is not on this machine")
    python = pythons.environment(runtime, ROOT / "requirements.txt") / "python"
    env = {name: os.environ[name] for name in ("PATH", "HOME")} | {"HYPOTHESIS_STORAGE_DIRECTORY": str(tmp_path)}
    command: list[str | Path] = [python, "-m", "pytest", *OPTIONS, tests]
    ran = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout
    assert re.search(r"\d{2,} passed", ran.stdout)
