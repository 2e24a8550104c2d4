"""What the infrastructure tests share: terraform/ as plain data."""

import re
from collections.abc import Mapping

import pytest

from docs_tables.source import Module
from support.tools import ROOT


@pytest.fixture(scope="session")
def module() -> Module:
    """What terraform/ declares."""
    return Module.read(ROOT / "terraform")


@pytest.fixture(scope="session")
def environment(module: Module) -> Mapping[str, Mapping[str, str]]:
    """The environment of each function, by its kind: variables by name, as expressions."""
    webhook, subscriber, reconcile, order_status = (
        module.resources[f"google_cloudfunctions2_function.{kind}"]["service_config"][0]["environment_variables"]
        for kind in ("webhook", "subscriber", "reconcile", "order_status")
    )
    assert subscriber == "${local.subscriber_environment}"
    assert reconcile == "${local.reconcile_environment}"
    assert order_status == "${local.order_status_environment}"
    return {
        "webhook": webhook,
        "subscriber": _merged(module.locals["subscriber_environment"]),
        "reconcile": _merged(module.locals["reconcile_environment"]),
        "order_status": _merged(module.locals["order_status_environment"]),
    }


def _merged(environment: str) -> Mapping[str, str]:
    """The variables that are set where they are not null."""
    variable, end = r"\b([A-Z][A-Z_]+) = ", r"\} : name => value if value != null|\}\)\}$"
    return dict(re.findall(rf"{variable}(.*?)(?=, [A-Z][A-Z_]+ = |{end})", environment))
