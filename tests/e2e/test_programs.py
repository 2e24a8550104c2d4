"""The programs that a person runs: scripts/demo and scripts/dev."""

import contextlib
import fcntl
import os
import pty
import re
import shlex
import shutil
import signal
import socket
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from fulfillment.domain.event_types import registered_types
from local.fakes.stripe_events import COMPLETED, SECRET, body, event, session, signature
from local.programs.sales import sales
from local.runtime.pipe import PORTS
from local.runtime.processes import Processes, free_ports, is_taken
from support import tools
from support.tools import ROOT
from support.waiting import LONG

ALL_RIGHT = f"{len(sales())} of {len(sales())} cases are as they should be"
ENV = {"PYTHONPATH": f"{ROOT}/scripts/src:{ROOT}/functions", "PATH": os.environ["PATH"], "HOME": os.environ["HOME"]}


def demo(*arguments: str, path: str | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "local.programs.demo", *arguments]
    env = ENV | {"COLUMNS": "200"} | ({"PATH": path} if path is not None else {})
    return subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True, timeout=LONG, check=False)


def test_the_demo_shows_the_day_on_the_emulators_and_leaves_nothing_running() -> None:
    tools.need(tools.missing_emulators())
    shown = demo()
    assert shown.returncode == 0, shown.stdout + shown.stderr
    assert ALL_RIGHT in shown.stdout
    assert "awaiting_payment → paid → fulfilled ✓" in shown.stdout
    assert "12 items, hook, receipt" in shown.stdout
    assert "refunded → access revoked → kept → access granted ✓" in shown.stdout
    assert "disputed → lost → access revoked ✓" in shown.stdout
    assert "was abandoned, its buyer can be invited" in shown.stdout
    assert "ship 1 x T-shirt no. 12" in shown.stdout
    assert "Thank you for your order" in shown.stdout
    for port in re.findall(r"127\.0\.0\.1:(\d+)", shown.stdout):
        assert not is_taken(int(port))


def test_the_demo_without_emulators_names_the_command_and_plays_in_memory(tmp_path: Path) -> None:
    shown = demo(path=str(tmp_path))
    assert shown.returncode == 0, shown.stdout + shown.stderr
    assert "gcloud is missing. Install it: " in shown.stdout
    assert ALL_RIGHT in shown.stdout


def test_the_demo_behind_a_proxy_talks_to_loopback_directly(monkeypatch: pytest.MonkeyPatch) -> None:
    tools.need(tools.missing_emulators())
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"):
        monkeypatch.setitem(ENV, name, "http://127.0.0.1:9")
    monkeypatch.setitem(ENV, "NO_PROXY", "example.com")
    shown = demo()
    assert ALL_RIGHT in shown.stdout, shown.stdout + shown.stderr


def test_the_demo_in_a_terminal_shows_the_hooks_work_and_no_log_lines() -> None:
    terminal, end_of_demo = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 80, 0, 0))
    command = [sys.executable, "-m", "local.programs.demo", "--memory"]
    with subprocess.Popen(command, env=ENV | {"TERM": "xterm"}, cwd=ROOT, stdout=end_of_demo) as running:
        os.close(end_of_demo)
        shown = everything(terminal)
    assert running.returncode == 0, shown
    assert "ship 1 x T-shirt no. 12" in shown
    assert '"severity"' not in shown
    assert "…\n" not in shown.rsplit("Stripe sends", 1)[1], "a cell was cut"


def everything(terminal: int) -> str:
    """What is written to a terminal until its last writer is gone, without colors, and what was padded cut off."""
    said = b""
    with contextlib.suppress(OSError):  # the way in which Linux says that the last writer is gone
        while more := os.read(terminal, 65536):
            said += more
    os.close(terminal)
    return re.sub(r" *\r\n", "\n", re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", said.decode()))


def test_the_demo_without_a_hook_for_carts_leaves_that_case_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "hooks.py").write_text("def fulfill(order, key): print(order.id)")
    monkeypatch.setitem(ENV, "PYTHONPATH", f"{tmp_path}:{ENV['PYTHONPATH']}")
    shown = demo("--memory")
    assert shown.returncode == 0, shown.stdout
    assert f"{len(sales()) - 1} of {len(sales()) - 1} cases are as they should be" in shown.stdout
    assert "abandoned cart" not in shown.stdout


def test_the_demo_without_java_names_the_command_too(tmp_path: Path) -> None:
    (tmp_path / "gcloud").symlink_to(shutil.which("true") or "/bin/true")
    shown = demo(path=str(tmp_path))
    assert "Java is missing. Debian/Ubuntu: apt-get install default-jre-headless" in shown.stdout


def test_the_demo_without_a_component_names_it(tmp_path: Path) -> None:
    (tmp_path / "java").symlink_to(shutil.which("true") or "/bin/true")
    gcloud = tmp_path / "gcloud"
    gcloud.write_text('#!/bin/sh\n[ "$1" = version ] && echo "Google Cloud SDK=1;beta=1;pubsub-emulator=1" || exit 1\n')
    gcloud.chmod(0o755)
    shown = demo(path=f"{tmp_path}:/bin")
    assert "gcloud's cloud-firestore-emulator is missing. Install it: gcloud components install" in shown.stdout
    assert "apt-get install google-cloud-cli-firestore-emulator" in shown.stdout


def test_a_setup_that_cannot_install_says_so_and_starts_nothing(tmp_path: Path) -> None:
    for name in ("scripts/lib/requirements.txt", "scripts/lib/setup.sh", "scripts/demo"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    env = {"PATH": os.environ["PATH"], "PIP_NO_INDEX": "1"}
    ran = subprocess.run(
        [tmp_path / "scripts/demo"], env=env, capture_output=True, text=True, timeout=LONG, check=False
    )
    assert ran.returncode == 1
    assert ran.stderr.endswith("Can this machine reach the package index?\n")
    assert "Traceback" not in ran.stderr


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGHUP])
def test_the_demo_that_is_interrupted_leaves_nothing_running(tmp_path: Path, how: signal.Signals) -> None:
    tools.need(tools.missing_emulators())
    log = tmp_path / "demo.log"
    with log.open("wb") as output:
        command = [sys.executable, "-m", "local.programs.demo"]
        running = subprocess.Popen(command, env=ENV, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT)
    try:
        shown = said(log, "Stripe posts to")
        ports = [int(port) for port in re.findall(r"127\.0\.0\.1:(\d+)", shown)]
        assert ports
        assert all(is_taken(port) for port in ports)
        running.send_signal(how)
        assert running.wait(LONG) == 128 + how
    finally:
        end(running)
    assert not any(is_taken(port) for port in ports)
    assert "Traceback" not in log.read_text()


@contextlib.contextmanager
def dev(*arguments: str, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """scripts/dev, running, without the handlers that the user may have written."""
    (log.parent / "handlers").mkdir()
    (log.parent / "handlers" / "__init__.py").touch()
    command, env = [sys.executable, "-m", "local.programs.dev", *arguments], dict(ENV)
    env["PYTHONPATH"] = f"{log.parent}:{env['PYTHONPATH']}"
    with log.open("wb") as output:
        running = subprocess.Popen(command, env=env, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT)
    try:
        yield running
    finally:
        end(running)


def end(running: subprocess.Popen[bytes]) -> None:
    """Ends a program that the test did not end; asked first, so that it can end what it started."""
    if running.poll() is None:
        running.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            running.wait(LONG)
        running.kill()
        running.wait()


def said(log: Path, word: str, seconds: float = LONG) -> str:
    deadline = time.monotonic() + seconds
    while word not in log.read_text():
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.05)
    return log.read_text()


def free_row(length: int = len(PORTS)) -> int:
    """The first of so many free ports in a row."""
    while (ports := free_ports(length))[-1] - ports[0] != length - 1:
        pass
    return ports[0]


OF_A_SALE = ["checkout.session.completed", "checkout.session.async_payment_succeeded"]
OF_A_SALE += ["checkout.session.async_payment_failed"]
REST = registered_types(thin=False, api_version=None, abandoned_carts=True) - {*OF_A_SALE}
TYPES = ",".join([*OF_A_SALE, *sorted(REST)])


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGHUP])
def test_dev_says_the_line_to_paste_shows_what_happens_and_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: signal.Signals
) -> None:
    tools.need(tools.missing_emulators())
    monkeypatch.setitem(ENV, "STRIPE_WEBHOOK_SECRETS", SECRET)
    first, log = free_row(), tmp_path / "dev.log"
    with dev("--port", str(first), log=log) as running:
        shown = said(log, "Ctrl-C stops everything")
        url = f"http://127.0.0.1:{first}/"
        assert f"stripe listen --forward-to {url} --events {TYPES}\n" in shown
        payload = body(event(COMPLETED, session("cs_test_dev")))
        assert httpx.post(url, content=payload, headers=signature(payload)).status_code == 200
        assert "order fulfilled  cs_test_dev" in said(log, "order fulfilled")
        assert "a mail: " in log.read_text()
        assert_shown_as_printed(url, shown, log)
        assert all(is_taken(port) for port in range(first, first + 7))
        running.send_signal(how)
        assert running.wait(LONG) == 0
        assert "nothing is left running" in log.read_text()
    assert not any(is_taken(port) for port in range(first, first + 7))


def assert_shown_as_printed(webhook: str, shown: str, log: Path) -> None:
    """The lines that ask where orders stand, and for what was parked, really get it: as they are printed."""
    poison = body(event(COMPLETED, session("cs_test_poison", amount_total="35.00")))
    assert httpx.post(webhook, content=poison, headers=signature(poison)).status_code == 200
    said(log, "parked: malformed_event")
    (export, *hosts), *commands = pasted(shown)[-3:]
    assert export == "export"
    env = ENV | dict(host.split("=") for host in hosts)
    orders, parked = (subprocess.check_output(each, env=env, cwd=ROOT, text=True, timeout=LONG) for each in commands)
    assert "cs_test_dev  fulfilled" in orders
    assert "cs_test_poison  malformed_event" in parked


def test_dev_without_an_account_sells_through_the_stand_in_with_the_lines_that_it_prints(tmp_path: Path) -> None:
    tools.need(tools.missing_emulators() or tools.missing_stripe_cli())
    first, log = free_row(), tmp_path / "dev.log"
    env = ENV | {"HOME": str(tmp_path), "STRIPE_CLI_TELEMETRY_OPTOUT": "1"}
    with dev("--port", str(first), log=log) as running, Processes(tmp_path) as processes:
        listen, trigger, *_ = pasted(said(log, "Ctrl-C stops everything"))
        processes.start("listen", listen, env)
        said(processes.log("listen"), "Ready!")
        subprocess.run(trigger, env=env, check=True, capture_output=True, timeout=LONG)
        assert "load_line_items done" in said(log, "order fulfilled")
        assert_refunded_as_printed(said(log, "refund it: "), env, log)
        assert "refused" not in log.read_text(), "its own question whether the page is there yet was shown"
        assert_stripe_is_asked_as_printed(log.read_text())
        running.send_signal(signal.SIGINT)
        assert running.wait(LONG) == 0
    assert not any(is_taken(port) for port in range(first, first + 7))


def assert_refunded_as_printed(shown: str, env: dict[str, str], log: Path) -> None:
    """The line that refunds the order does so, and the order's access is revoked."""
    (line,) = re.findall(r"refund it: (.+)", shown)
    subprocess.run(shlex.split(line), env=env, check=True, capture_output=True, timeout=LONG)
    said(log, "access_changed done")


def assert_stripe_is_asked_as_printed(shown: str) -> None:
    """What is pasted into a terminal that knows nothing of this one reaches the emulators and the stand-in."""
    lines = [line.strip() for line in shown.splitlines() if re.match(r"  (export|scripts/ops) ", line)]
    ran = subprocess.run(
        ["/bin/sh", "-ec", "\n".join(lines)], env=ENV, cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert "compared: 1 sessions" in ran.stdout
    assert "would be sent again, to stripe listen: 2" in ran.stdout


def pasted(shown: str) -> list[list[str]]:
    """The lines that are there to be pasted, as a shell reads them in a terminal that knows nothing of this one."""
    return [shlex.split(line) for line in shown.split("In another terminal:")[1].splitlines() if line.startswith("  ")]


def test_dev_shows_a_mistake_in_hooks_py_as_it_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tools.need(tools.missing_emulators())
    mistake = "def fulfill(order, key) -> list[str]: return order.line_items[/]"
    (tmp_path / "hooks.py").write_text(mistake)
    monkeypatch.setitem(ENV, "PYTHONPATH", f"{tmp_path}:{ENV['PYTHONPATH']}")
    log = tmp_path / "dev.log"
    with dev("--port", str(free_row()), log=log) as running:
        assert running.wait(LONG) == 1
    assert mistake in log.read_text()
    assert "SyntaxError" in log.read_text()


def test_dev_names_a_taken_port_and_the_command_that_mends_it(tmp_path: Path) -> None:
    log = tmp_path / "dev.log"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with dev("--port", str(port), log=log) as running:
            assert running.wait(LONG) == 1
    assert f"Port {port}, for stripe_webhook, is taken. Find the process: lsof -i :{port}" in log.read_text()
    other = re.search(r"scripts/dev --port (\d+)", log.read_text())
    assert other
    assert not any(is_taken(int(other[1]) + number) for number in range(len(PORTS)))


def test_dev_names_a_port_that_is_free_where_the_first_guess_is_taken(tmp_path: Path) -> None:
    """What it once named whatever was taken: 9080."""
    log = tmp_path / "dev.log"
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError):  # another program has it: as good
            stack.enter_context(socket.create_server(("127.0.0.1", 9083)))
        running = stack.enter_context(dev("--port", "9080", log=log))
        assert running.wait(LONG) == 1
    other = re.search(r"scripts/dev --port (\d+)", log.read_text())
    assert other
    assert other[1] != "9080"
