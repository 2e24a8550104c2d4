"""Starts programs, and stops them with their child processes."""

import contextlib
import fcntl
import http.client
import itertools
import os
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, Self

PORTS: Final = range(10_000, 32_768)


class ProgramFailed(Exception):
    """A program ended or did not get ready; the text has its name and the end of its output."""


def free_ports(count: int) -> list[int]:
    """Free ports on loopback, in ascending order except for the wrap at the end.

    A port from bind(0) can be lost before its program starts: an outgoing connection or a second run may take it.
    These ports are below the range of outgoing connections on Linux and macOS. All runs share one counter.
    """
    with (Path(tempfile.gettempdir()) / f"loopback-ports-{os.getuid()}").open("a+") as counter:
        fcntl.flock(counter, fcntl.LOCK_EX)
        counter.seek(0)
        after = int(counter.read() or 0)
        candidates = (PORTS[(after + i) % len(PORTS)] for i in range(len(PORTS)))
        ports = list(itertools.islice(filter(_is_free, candidates), count))
        counter.truncate(0)
        counter.write(str(PORTS.index(ports[-1]) + 1))
    return ports


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def is_taken(port: int) -> bool:
    """Whether a program listens on a port of loopback."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Processes:
    """Programs, each in its own process group: ending the group also ends the emulators' java."""

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        for name in list(self._running):
            self._signal(name, signal.SIGTERM)
        for name in list(self._running):
            self.stop(name)

    def start(self, name: str, command: Sequence[str], env: Mapping[str, str] | None = None) -> None:
        """Starts a program; its output goes to its log file."""
        with self.log(name).open("ab") as log:
            self._running[name] = subprocess.Popen(
                command,
                env={**os.environ, **(env or {})},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def stop(self, name: str, how: signal.Signals = signal.SIGTERM) -> None:
        """Ends a program and waits for it; after ten seconds it is killed."""
        process = self._running[name]
        self._signal(name, how)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(10)
        self._signal(name, signal.SIGKILL)
        process.wait()
        del self._running[name]

    def pause(self, name: str) -> None:
        """Freezes a program, as a hanging machine would."""
        self._signal(name, signal.SIGSTOP)

    def abort(self, name: str) -> None:
        """Aborts a program at once."""
        self._signal(name, signal.SIGABRT)

    def resume(self, name: str) -> None:
        """Resumes a frozen program."""
        self._signal(name, signal.SIGCONT)

    def await_http(self, name: str, port: int, seconds: float = 60) -> None:
        """Returns once the program answers on its port; ProgramFailed if it ends or takes too long."""
        deadline = time.monotonic() + seconds
        while not _answers(port):
            if self._running[name].poll() is not None:
                raise ProgramFailed(f"{name} ended:\n{self.tail(name)}")
            if time.monotonic() > deadline:
                raise ProgramFailed(f"{name} did not answer within {seconds:.0f} s:\n{self.tail(name)}")
            time.sleep(0.05)

    def pid(self, name: str) -> int:
        """The id of a program's process, which is also that of its group."""
        return self._running[name].pid

    def exit_code(self, name: str, seconds: float) -> int:
        """The exit code of a program that ends by itself; subprocess.TimeoutExpired if it takes longer."""
        return self._running[name].wait(seconds)

    def ended(self) -> list[str]:
        """The names of the programs that have ended by themselves."""
        return [name for name, process in self._running.items() if process.poll() is not None]

    def log(self, name: str) -> Path:
        """The file with the program's output."""
        return self._logs / f"{name}.log"

    def tail(self, name: str) -> str:
        """The end of the program's output."""
        return "\n".join(self.log(name).read_text(errors="replace").splitlines()[-40:])

    def _signal(self, name: str, how: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._running[name].pid, how)


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5):
            return True
    except urllib.error.HTTPError:
        return True
    except (OSError, http.client.HTTPException):  # not listening or not ready yet
        return False
