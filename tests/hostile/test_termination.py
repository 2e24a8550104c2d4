"""A run of the tests that is ended from outside leaves nothing running, in none of its workers."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from support.tools import ROOT
from support.waiting import LONG

STARTS_ONE = """
import os
import time
from pathlib import Path

import pytest

@pytest.mark.parametrize("number", range(2))
def test_it(processes, number):
    processes.start("sleeper", ["sleep", "1000"])
    (Path(os.environ["TOLD"]) / f"{number}.tmp").write_text(str(processes.pid("sleeper")))
    (Path(os.environ["TOLD"]) / f"{number}.tmp").rename(Path(os.environ["TOLD"]) / f"{number}.pid")
    time.sleep(1000)
"""


@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_run_that_is_terminated_ends_what_it_started(tmp_path: Path, workers: str) -> None:
    for name in "ab":
        (tmp_path / f"test_{name}.py").write_text(STARTS_ONE if name == "a" else STARTS_ONE.replace("range(2)", "[2]"))
    path = os.pathsep.join(str(ROOT / each) for each in ("tests", "functions", "scripts/src"))
    env = os.environ | {"PYTHONPATH": path, "TOLD": str(tmp_path)}
    command = [sys.executable, "-m", "pytest", "-c", str(ROOT / "pyproject.toml"), "--rootdir", str(tmp_path)]
    command += ["-p", "conftest", "-p", "no:randomly", "-n", workers, str(tmp_path)]
    with (tmp_path / "log").open("w") as log:
        run = subprocess.Popen(command, env=env, stdout=log, stderr=subprocess.STDOUT)
    try:
        started = _started(tmp_path, 2 if workers == "2" else 1)
        run.terminate()
        assert run.wait(LONG) == 143
    finally:
        run.kill()
        run.wait()
    assert not [pid for pid in started if _runs(pid)], (tmp_path / "log").read_text()


def _started(folder: Path, count: int) -> list[int]:
    deadline = time.monotonic() + LONG
    while len(found := list(folder.glob("*.pid"))) < count:
        assert time.monotonic() < deadline, (folder / "log").read_text()
        time.sleep(0.05)
    return [int(each.read_text()) for each in found]


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
