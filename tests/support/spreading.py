"""How a run is spread over workers: pytest-xdist starts them, this says what goes where.

The tests of a file go together, as they share what takes long to set up. Where each test is long and sets up nothing,
each goes by itself. All that use the whole pipe go to one worker, so that there is one pipe.
"""

import os
from pathlib import Path
from typing import Final

import pytest
from hypothesis import is_hypothesis_test
from xdist.scheduler import LoadScopeScheduling

MOST: Final = 8
"""So many workers at most: each has emulators of its own, which take memory."""
LONGEST_FIRST: Final = ("exhaustive", "e2e", "hostile", "browser", "integration", "operations", "contract")
"""What takes long is begun first, so that no worker is left alone with it at the end."""
MEASURED: Final = ("unit", "contract", "integration")
EACH_BY_ITSELF: Final = (
    "exhaustive",
    "browser",
    "e2e/test_programs.py",
    "e2e/test_own_handlers.py",
    "e2e/test_own_hooks.py",
    "hostile/test_mutation.py",
    "operations/test_doctor.py",
)
ONE_PIPE: Final = ("e2e/test_fulfillment.py", "e2e/test_landing.py", "e2e/test_pipe.py")


def workers() -> int:
    """Three for each core, as tests wait a lot."""
    return min(3 * len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 4, MOST)


def is_worker(config: pytest.Config) -> bool:
    """Whether this process is one of the workers."""
    return hasattr(config, "workerinput")


def has_workers(config: pytest.Config) -> bool:
    """Whether the tests run in other processes."""
    return bool(config.getoption("tx", None))


def together(nodeid: str) -> str:
    """The name of what goes to one worker with that test."""
    file = _inside_tests(nodeid)
    if file.startswith(EACH_BY_ITSELF):
        return nodeid
    return "the pipe" if file.startswith(ONE_PIPE) else file


def place(nodeid: str) -> int:
    """Where in the run a test is: the smaller, the sooner."""
    tier = Path(_inside_tests(nodeid)).parts[0]
    return LONGEST_FIRST.index(tier) if tier in LONGEST_FIRST else len(LONGEST_FIRST)


def is_measured(item: pytest.Item) -> bool:
    """Whether the coverage counts what the test runs: no properties, and only the tiers that run the product's own code
    in their own process.
    """
    tier = Path(_inside_tests(item.nodeid)).parts[0]
    return tier in MEASURED and not is_hypothesis_test(getattr(item, "obj", None))


def _inside_tests(nodeid: str) -> str:
    return nodeid.split("::", 1)[0].removeprefix("tests/")


class Scheduling(LoadScopeScheduling):
    """Gives each worker what goes together, in the order in which it was collected."""

    def _split_scope(self, nodeid: str) -> str:
        return together(nodeid)
