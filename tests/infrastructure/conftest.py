"""What the infrastructure tests share: terraform/ as plain data."""

import re
from collections.abc import Mapping

import pytest

from terraform_docs.source import Module
from tools import ROOT


@pytest.fixture(scope="session")
def module() -> Module:
    """What terraform/ declares."""
    return Module.read(ROOT / "terraform")


@pytest.fixture(scope="session")
def environment(module: Module) -> Mapping[str, Mapping[str, str]]:
    """The environment of the `webhook` and of a `subscriber`: variables by name, as expressions."""
    webhook, subscriber = (
        module.resources[f"google_cloudfunctions2_function.{kind}"]["service_config"][0]["environment_variables"]
        for kind in ("webhook", "subscriber")
    )
    assert subscriber == "${local.subscriber_environment}"
    variable, end = r"\b([A-Z][A-Z_]+) = ", r"\} : name => value if value != null"
    merged = re.findall(rf"{variable}(.*?)(?=, [A-Z][A-Z_]+ = |{end})", module.locals["subscriber_environment"])
    return {"webhook": webhook, "subscriber": dict(merged)}
