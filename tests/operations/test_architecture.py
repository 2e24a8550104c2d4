"""The house rules of scripts/ that a machine can check."""

import ast
import os
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[2] / "scripts"
SRC = SCRIPTS / "src"
FILES = sorted(path for path in SRC.rglob("*.py") if "contenders" not in path.parts and "overlay" not in path.parts)
ROOMS = [path.parent for path in FILES if path.name == "__init__.py"]
COMMANDS = {"benchmark", "chaos", "check", "demo", "dev", "lock", "ops", "prove", "test"}

PACKAGES: dict[str, set[str]] = {
    "ops": {"fulfillment"},
    "local": {"fulfillment", "ops"},
    "chaos": {"fulfillment", "ops", "local"},
    "prove": {"fulfillment", "ops", "local"},
    "benchmark": {"fulfillment", "ops", "local", "docs_tables"},
    "docs_tables": set(),
    "licenses": set(),
    "wording": set(),
}
"""Which packages of ours each one may import beside itself."""

UNDER_A_COMMAND = {"ops.command", "ops.clients", "ops.deployment", "ops.terminal", "ops.errors"}
INSIDE: dict[str, set[str]] = {
    "ops.errors": set(),
    "ops.messages": {"ops.errors"},
    "ops.terminal": set(),
    "ops.deployment": {"ops.errors"},
    "ops.clients": {"ops.deployment", "ops.errors"},
    "ops.command": {"ops.clients", "ops.deployment", "ops.errors"},
    "ops.doctor": UNDER_A_COMMAND,
    "ops.webhook": UNDER_A_COMMAND,
    "ops.dead_letters": UNDER_A_COMMAND | {"ops.messages"},
    "ops.orders": UNDER_A_COMMAND | {"ops.dead_letters"},
    "ops.archive": UNDER_A_COMMAND | {"ops.messages", "ops.orders"},
    "ops.cli": {"ops.doctor", "ops.webhook", "ops.dead_letters", "ops.orders", "ops.archive"},
    "ops.__main__": {"ops.cli", "ops.clients"},
    "local.fakes": set(),
    "local.runtime": {"local.fakes"},
    "local.programs": {"local.runtime", "local.fakes"},
}
"""Which rooms of its own package each room of `ops` and `local` may import beside itself."""

PURE = [
    *("clients/event_types", "clients/google_resources", "clients/signing_secrets", "clients/webhook_endpoints"),
    *("dead_letters/dead_letter", "deployment/model", "doctor/checks", "doctor/endpoint_checks"),
    *("doctor/function_checks", "doctor/kind_checks", "doctor/messaging_checks", "doctor/secret_checks"),
    *("doctor/settings_checks", "orders/export_rows", "orders/mailboxes", "orders/timeline", "orders/views"),
    *("webhook/registration", "orders/after_sale", "doctor/filters", "dead_letters/hiding"),
    *("archive/archived", "dead_letters/pipe", "messages"),
]
WORLD = {"os", "subprocess", "click", "rich", "stripe", "google"}
VENDORS = {
    "stripe": [
        *("clients/snapshot_endpoints.py", "clients/stripe_client.py", "clients/thin_destinations.py"),
    ],
    "google": [
        *(
            "clients/cloud_storage.py",
            "clients/credentials.py",
            "clients/google_api.py",
            "clients/google_cloud.py",
            "clients/secret_manager.py",
        ),
        "dead_letters/subscription.py",
    ],
}


def imports(path: Path) -> set[str]:
    """Every module that a file imports, and every name that it imports from one: it may be a module."""
    found = set[str]()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def module_of(path: Path) -> tuple[str, ...]:
    return path.relative_to(SRC).with_suffix("").parts


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SRC)))
def test_a_package_imports_the_packages_that_it_may(path: Path) -> None:
    package = module_of(path)[0]
    ours = PACKAGES.keys() | {"fulfillment", "main", "hooks", "conftest"}
    assert {name.split(".")[0] for name in imports(path)} & ours <= PACKAGES[package] | {package}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SRC)))
def test_a_room_imports_the_rooms_that_it_may(path: Path) -> None:
    package, *inside = module_of(path)
    room = f"{package}.{inside[0]}"
    if package not in {"ops", "local"} or inside == ["__init__"]:
        return
    used = {".".join(name.split(".")[:2]) for name in imports(path) if name.startswith(f"{package}.")}
    assert used <= INSIDE[room] | {room}


@pytest.mark.parametrize("arrows", [PACKAGES, INSIDE], ids=["packages", "rooms"])
def test_no_arrow_leads_back(arrows: dict[str, set[str]]) -> None:
    def reached(start: str) -> set[str]:
        following = arrows.get(start, set())
        return following.union(*(reached(each) for each in following))

    assert [each for each in arrows if each in reached(each)] == []


def test_the_functions_import_nothing_of_the_scripts() -> None:
    files = (SCRIPTS.parent / "functions").rglob("*.py")
    assert [path.name for path in files if {name.split(".")[0] for name in imports(path)} & PACKAGES.keys()] == []


@pytest.mark.parametrize(("vendor", "files"), VENDORS.items())
def test_few_files_of_the_commands_know_each_vendor(vendor: str, files: list[str]) -> None:
    ops = SRC / "ops"
    knowing = [path for path in FILES if any(name.split(".")[0] == vendor for name in imports(path))]
    assert [str(path.relative_to(ops)) for path in knowing if path.is_relative_to(ops)] == files


@pytest.mark.parametrize("name", PURE)
def test_the_rules_know_neither_vendor_nor_world(name: str) -> None:
    clients = {Path(file).with_suffix("").as_posix().replace("/", ".") for files in VENDORS.values() for file in files}
    found = imports(SRC / "ops" / f"{name}.py")
    assert not {each.split(".")[0] for each in found} & WORLD
    assert not [each for each in found for client in clients if each.startswith(f"ops.{client}.")]


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: str(room.relative_to(SRC)))
def test_a_rooms_docstring_names_every_file_in_it(room: Path) -> None:
    text = ast.get_docstring(ast.parse((room / "__init__.py").read_text())) or ""
    inside = {path.stem for path in room.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
    assert sorted(name for name in inside - {"__init__", "__main__"} if f"`{name}`" not in text) == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SRC)))
def test_a_file_has_at_most_200_lines(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 200


def test_scripts_lists_the_commands_and_nothing_else() -> None:
    assert {path.name for path in SCRIPTS.iterdir()} == COMMANDS | {"lib", "src"}
    assert all(os.access(SCRIPTS / name, os.X_OK) for name in COMMANDS)
