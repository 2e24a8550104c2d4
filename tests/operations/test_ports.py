"""Ports for the programs of a run: no outgoing connection and no second run takes them before they are used."""

import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from local.runtime import processes
from local.runtime.processes import PORTS, free_ports

SCRIPTS = Path(__file__).parents[2] / "scripts" / "src"
ASK = "from local.runtime.processes import free_ports; print(*(free_ports(1)[0] for _ in range(50)))"


def test_runs_beside_each_other_are_dealt_different_ports() -> None:
    ask = [sys.executable, "-c", ASK]
    runs = [subprocess.Popen(ask, cwd=SCRIPTS, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    dealt = [int(port) for run in runs for port in run.communicate()[0].split()]
    assert len(set(dealt)) == len(dealt) == 200
    assert all(port in PORTS for port in dealt)


def test_a_port_in_use_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ports = free_ports(3)
    monkeypatch.setattr(processes, "PORTS", ports)
    monkeypatch.setattr(tempfile, "gettempdir", lambda: str(tmp_path))
    with socket.socket() as used:
        used.bind(("127.0.0.1", ports[1]))
        assert [*free_ports(1), *free_ports(1), *free_ports(1)] == [ports[0], ports[2], ports[0]]
