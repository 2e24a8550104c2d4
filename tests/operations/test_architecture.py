"""The house rules of the operator's commands that a machine can check."""

import ast
from pathlib import Path

import pytest

OPS = Path(__file__).parents[2] / "scripts" / "src" / "ops"
FILES = sorted(OPS.rglob("*.py"))
PURE = [
    *("clients/endpoints", "clients/google_resources", "clients/signing_secrets", "dead_letters/letter"),
    *("doctor/checks", "doctor/endpoint_checks", "doctor/function_checks", "doctor/messaging_checks"),
    *("doctor/secret_checks", "orders/export_rows", "orders/mailboxes", "orders/timeline", "orders/views"),
    "webhook/registration",
]
VENDORS = {
    "stripe": ["clients/stripe_endpoints.py"],
    "google": ["clients/credentials.py", "clients/google_cloud.py", "dead_letters/subscription.py"],
}
FORBIDDEN = {"ops.clients.google_cloud", "ops.dead_letters.subscription", "ops.clients.stripe_endpoints"}


def imports(path: Path) -> set[str]:
    tree = ast.parse(path.read_text())
    found = {each.module or "" for each in ast.walk(tree) if isinstance(each, ast.ImportFrom)}
    return found | {name.name for each in ast.walk(tree) if isinstance(each, ast.Import) for name in each.names}


@pytest.mark.parametrize(("vendor", "files"), VENDORS.items())
def test_few_files_know_each_vendor(vendor: str, files: list[str]) -> None:
    knowing = [path for path in FILES if any(name.split(".")[0] == vendor for name in imports(path))]
    assert [str(path.relative_to(OPS)) for path in knowing] == files


@pytest.mark.parametrize("name", PURE)
def test_the_rules_know_neither_vendor_nor_world(name: str) -> None:
    outside = {"os", "subprocess", "click", "rich"} | FORBIDDEN
    assert not imports(OPS / f"{name}.py") & outside
