"""The house rules of the operator's commands that a machine can check."""

import ast
from pathlib import Path

import pytest

OPERATIONS = Path(__file__).parents[2] / "scripts" / "operations"
FILES = sorted(OPERATIONS.glob("*.py"))
PURE = ["checks", "endpoint_checks", "endpoints", "function_checks", "messaging_checks", "registration", "running"]
PURE += ["dead_letter", "export_rows", "secret_checks", "mailboxes", "signing_secrets", "timeline", "views"]
VENDORS = {"stripe": ["stripe_endpoints.py"], "google": ["credentials.py", "google_cloud.py", "pubsub.py"]}
FORBIDDEN = {"operations.google_cloud", "operations.pubsub", "operations.stripe_endpoints"}


def imports(path: Path) -> set[str]:
    tree = ast.parse(path.read_text())
    found = {each.module or "" for each in ast.walk(tree) if isinstance(each, ast.ImportFrom)}
    return found | {name.name for each in ast.walk(tree) if isinstance(each, ast.Import) for name in each.names}


@pytest.mark.parametrize(("vendor", "files"), VENDORS.items())
def test_few_files_know_each_vendor(vendor: str, files: list[str]) -> None:
    assert [path.name for path in FILES if any(name.split(".")[0] == vendor for name in imports(path))] == files


@pytest.mark.parametrize("name", PURE)
def test_the_rules_know_neither_vendor_nor_world(name: str) -> None:
    outside = {"os", "subprocess", "click", "rich"} | FORBIDDEN
    assert not imports(OPERATIONS / f"{name}.py") & outside


def test_the_package_docstring_names_every_file() -> None:
    text = ast.get_docstring(ast.parse((OPERATIONS / "__init__.py").read_text())) or ""
    assert [path.stem for path in FILES if not path.stem.startswith("__") and f"`{path.stem}`" not in text] == []
