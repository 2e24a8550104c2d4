"""What several kinds of tests share: the emulators, the whole pipe, and a server for one entry point."""

import contextlib
import gc
import os
import signal
from collections.abc import Generator, Iterator
from typing import Any

import coverage
import httpx
import pytest
from functions_framework.aio import create_asgi_app
from hypothesis import HealthCheck, Phase, settings
from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import NodeManager, WorkerController

from local.fakes.stripe_events import SECRET
from local.runtime import emulators, pipe
from local.runtime.emulators import Emulators
from local.runtime.pipe import FUNCTIONS, Pipe
from local.runtime.processes import Processes, free_ports
from ops.clients.loopback import bypass_proxy
from support import spreading, tools
from support.serving import Serve, served

pytest_plugins = ["support.landing_fixtures"]

settings.register_profile("default", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("brief", parent=settings.get_profile("default"), max_examples=20)
settings.register_profile("first", parent=settings.get_profile("brief"), phases=[Phase.explicit, Phase.generate])
settings.load_profile("default")


def pytest_configure(config: pytest.Config) -> None:
    """A run that is terminated still ends the emulators and functions that it started; a proxy is not in its way; and
    Ctrl-C reaches what it starts, also where a shell runs it in the background and has it ignored.
    """
    bypass_proxy()
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if spreading.is_worker(config):
        # The run that started this worker interrupts it. A second signal would interrupt what it then puts away.
        signal.signal(signal.SIGTERM, lambda *_: None)
    else:
        signal.signal(signal.SIGTERM, lambda *_: pytest.exit("terminated", 143))
        NodeManager.EXIT_TIMEOUT = 60  # pyright: ignore[reportAttributeAccessIssue] - seconds until a worker that was interrupted is killed
    if spreading.is_worker(config) or not spreading.has_workers(config):
        os.environ.pop("COVERAGE_PROCESS_START", None)  # of the tests alone: not of the programs that they start


def pytest_xdist_auto_num_workers() -> int:
    """What `-n auto` means."""
    return spreading.workers()


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    """What goes to which worker."""
    return spreading.Scheduling(config, log)


def pytest_itemcollected(item: pytest.Item) -> None:
    """Names what needs the emulators."""
    if not {"emulated", "running_pipe"}.isdisjoint(getattr(item, "fixturenames", ())):
        item.add_marker("emulators")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begins with what takes long."""
    items.sort(key=lambda item: spreading.place(item.nodeid))


def pytest_collection_finish() -> None:
    """What is loaded by now stays: the garbage collector need not look at it again and again."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    """The tracer takes twice the time of the code. A search or a property runs the same lines thousands of times: the
    coverage is that of the other tests.
    """
    measuring = None if spreading.is_measured(item) else coverage.Coverage.current()
    if measuring:
        measuring.stop()
    try:
        return (yield)
    finally:
        if measuring:
            measuring.start()


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """A worker tells what it could not run."""
    if spreading.is_worker(session.config):
        session.config.workeroutput["lacking"] = tools.lacking  # type: ignore[attr-defined]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: WorkerController) -> None:
    """Adds up what the workers could not run."""
    for missing, count in getattr(node, "workeroutput", {}).get("lacking", {}).items():
        tools.lacking[missing] = tools.lacking.get(missing, 0) + count


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Names what could not run here, and what would install it."""
    if tools.lacking:
        terminalreporter.section("not everything was tested")
        for missing, count in tools.lacking.items():
            terminalreporter.line(f"{count} not run: {missing}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
    """A test that fails on a whole pipe shows what its programs said; one that got no answer, where they stand."""
    report = yield
    pipes = {id(each): each for each in getattr(item, "funcargs", {}).values() if isinstance(each, Pipe)}
    if report.when == "call" and report.failed:
        for broken in pipes.values():
            if call.excinfo and call.excinfo.errisinstance(httpx.ReadTimeout):
                broken.dump_stacks()
            report.sections += [(f"the end of {name}'s log", text) for name, text in broken.tails().items()]
    return report


@pytest.fixture(scope="session")
def processes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Processes]:
    """Programs that end with the run."""
    with Processes(tmp_path_factory.mktemp("logs")) as running:
        yield running


@pytest.fixture(scope="session")
def emulated(processes: Processes) -> Emulators:
    """The two official emulators, shared by all tests: each test uses ids of its own."""
    tools.need(tools.missing_emulators())
    pubsub, firestore = free_ports(2)
    return emulators.start(processes, pubsub, firestore, "shared")


@pytest.fixture(scope="session")
def running_pipe(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipe]:
    """The whole pipe, with emulators of its own."""
    tools.need(tools.missing_emulators())
    with Processes(tmp_path_factory.mktemp("pipe")) as running:
        yield pipe.start(running, pipe.choose_ports())


@pytest.fixture
def real_pipe(running_pipe: Pipe, monkeypatch: pytest.MonkeyPatch) -> Pipe:
    """The whole pipe, and the environment in which a test reads its orders."""
    for name, host in running_pipe.emulators.env.items():
        monkeypatch.setenv(name, host)
    return running_pipe


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    """Serves an entry point over real HTTP in this process; returns its URL. Settings as keyword arguments."""
    with contextlib.ExitStack() as stack:

        def start(entry_point: str, **env: str) -> str:
            base = {"GOOGLE_CLOUD_PROJECT": "shared", "STRIPE_LIVEMODE": "false", "STRIPE_WEBHOOK_SECRETS": SECRET}
            for name, value in (base | env).items():
                monkeypatch.setenv(name, value)
            app: Any = create_asgi_app(entry_point, FUNCTIONS / "main.py")  # type: ignore[no-untyped-call]
            return stack.enter_context(served(app))

        yield start
