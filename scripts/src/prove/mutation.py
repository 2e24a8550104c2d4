"""Changes the program in one place at a time, and runs the tests that guard it. A mutant must make one of them fail.

Each mutant has its own process, forked once everything but the product is imported. That process loads one module from
its changed tree; no file changes. equivalent.toml lists the mutants that no test can notice, with the reason.
"""

import ast
import contextlib
import gc
import importlib.abc
import importlib.machinery
import importlib.util
import os
import resource
import select
import signal
import sys
import time
import tomllib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from random import Random
from types import ModuleType

import pytest

from prove.guards import GUARDS, PRELOADED
from prove.mutants import Mutant, mutants

ROOT = Path(__file__).parents[3]
PACKAGE = ROOT / "functions" / "fulfillment"
CPU_SECONDS = 20
"""A mutant that computes longer than the tests do counts as noticed."""
SECONDS = 60.0
"""So does one that waits ten times as long as they do, and at least this long: the machine may be busy."""

_OPTIONS = (
    *("-x", "-q", "-p", "no:cacheprovider", "-p", "no:randomly"),
    *("--hypothesis-profile=first", "--hypothesis-seed=0"),  # the first failure is enough: no shrinking
    *("-W", "ignore::pytest.PytestAssertRewriteWarning"),  # for modules imported before pytest runs
)


@dataclass(frozen=True)
class Candidate:
    """A mutant of a file of the product."""

    file: str
    tree: ast.Module
    mutant: Mutant

    @property
    def name(self) -> str:
        """Its name, stable as long as its scope and code are."""
        return f"{self.file} {self.mutant.name}"


def candidates(files: Sequence[str]) -> list[Candidate]:
    """Every mutant of the files except the equivalent ones."""
    found, known = [], equivalent()
    for file in files:
        tree = ast.parse((PACKAGE / file).read_text())
        found += [Candidate(file, tree, mutant) for mutant in mutants(tree)]
    return [each for each in found if each.name not in known]


def _unchanged(file: str) -> Candidate:
    tree = ast.parse((PACKAGE / file).read_text())
    return Candidate(file, tree, Mutant("unchanged", 0, tree, "body", None, tree.body))


def equivalent() -> dict[str, str]:
    """The mutants that no test can notice: name -> reason."""
    listed = tomllib.loads((Path(__file__).parent / "equivalent.toml").read_text())
    return {name: reason for reason, names in listed.items() for name in names}


def draw(found: Sequence[Candidate], count: int | None, seed: str) -> Sequence[Candidate]:
    """`count` of them, drawn with the seed; all without a count."""
    return found if count is None else Random(seed).sample(found, min(count, len(found)))  # noqa: S311


def noticed(candidate: Candidate, seconds: float = SECONDS) -> bool:
    """Whether the guards of the mutant's file fail on it."""
    child = os.fork()
    if child == 0:
        _become(candidate)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status) != 0
        select.select([], [], [], 0.01)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return True


def _limit(unchanged: Candidate) -> float:
    """The seconds that a mutant of the file may take. Raises GuardsFail."""
    began = time.monotonic()
    if noticed(unchanged, 10 * SECONDS):
        raise GuardsFail(f"the guards of {unchanged.file} fail before anything is changed")
    return max(SECONDS, 10 * (time.monotonic() - began))


def preload() -> None:
    """Imports the libraries of the tests, but neither the product nor the tests."""
    for name in PRELOADED:
        importlib.import_module(name)
    gc.freeze()  # exempts these modules from the garbage collections in each test run


def _become(candidate: Candidate) -> None:
    """Runs the guards on the mutant, and ends this process with their result."""
    code = 3
    with contextlib.suppress(BaseException):
        resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)
        os.dup2(quiet, 2)
        os.chdir(ROOT)
        candidate.mutant.apply()
        sys.meta_path.insert(0, _Changed(candidate))
        code = int(pytest.main([*_OPTIONS, *GUARDS[candidate.file]]))
    os._exit(code)


class _Changed(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Loads the one module from its changed tree."""

    def __init__(self, candidate: Candidate) -> None:
        parts = Path(candidate.file).with_suffix("").parts
        self._name, self._path = ".".join(("fulfillment", *parts)), PACKAGE / candidate.file
        self._tree = candidate.tree

    def find_spec(
        self, fullname: str, _path: Sequence[str] | None, _target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """The spec of the changed module; None for any other."""
        if fullname != self._name:
            return None
        return importlib.util.spec_from_file_location(fullname, self._path, loader=self)

    def exec_module(self, module: ModuleType) -> None:
        """Runs the changed module."""
        exec(compile(ast.fix_missing_locations(self._tree), str(self._path), "exec"), module.__dict__)  # noqa: S102


class GuardsFail(Exception):
    """The guards of a file fail on the unchanged program: they cannot judge a mutant."""


def run(chosen: Sequence[Candidate], jobs: int) -> Iterator[tuple[Candidate, bool]]:
    """Each mutant, and whether it was noticed. Raises GuardsFail."""
    preload()
    with ThreadPoolExecutor(jobs) as pool:
        files = sorted({each.file for each in chosen})
        # All are parsed before the first fork: a child of a process that is parsing cannot parse (CPython's AST state).
        unchanged = [_unchanged(file) for file in files]
        limits = dict(zip(files, pool.map(_limit, unchanged), strict=True))
        yield from zip(chosen, pool.map(lambda each: noticed(each, limits[each.file]), chosen), strict=True)
