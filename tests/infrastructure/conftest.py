"""What the infrastructure tests share: terraform/ as plain data."""

from collections.abc import Mapping
from typing import Any

import pytest

from docs_tables.functions import environment as settings_of
from docs_tables.functions import functions as declared
from docs_tables.source import Module
from support.tools import ROOT


@pytest.fixture(scope="session")
def module() -> Module:
    """What terraform/ declares."""
    return Module.read(ROOT / "terraform")


@pytest.fixture(scope="session")
def functions(module: Module) -> Mapping[str, Mapping[str, Any]]:
    """What is special about each function, by its entry point, and what it has by default."""
    return declared(module)


@pytest.fixture(scope="session")
def environment(module: Module, functions: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Mapping[str, str]]:
    """The environment of each function, by its entry point: variables by name, as expressions."""
    return {entry_point: settings_of(module, each) for entry_point, each in functions.items()}
