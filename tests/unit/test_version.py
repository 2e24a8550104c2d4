"""The version is in one place, and every client of Stripe's and Google's is made with it."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from fulfillment.version import NAME, USER_AGENT, VERSION

ROOT = Path(__file__).parents[2]
VENDORS = ("google", "stripe", "grpc", "requests", "httpx", "aiohttp", "urllib")
CLIENT = re.compile(r".*(Client|Transport|Session|_channel|[Cc]onnection)|urlopen")
EMULATED = ("local", "benchmark", "chaos", "prove")
"""The rooms of scripts/ that talk to this machine alone."""


def sources() -> list[Path]:
    scripts = [
        path
        for path in (ROOT / "scripts").rglob("*.py")
        if not set(path.relative_to(ROOT / "scripts").parts) & set(EMULATED)
    ]
    return sorted([*(ROOT / "functions").rglob("*.py"), *scripts])


def clients(tree: ast.Module) -> Iterator[ast.Call]:
    """The calls that make a client: of a vendor's class, or of a class of ours that is made of one."""
    names = {
        alias.asname or alias.name.partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
        if (node.module or "" if isinstance(node, ast.ImportFrom) else alias.name).split(".")[0] in VENDORS
    }
    derived = {
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef) and any(used(base) & names for base in node.bases)
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        made = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        transport = isinstance(node.func, ast.Call) and "get_transport_class" in used(node.func)
        if transport or (CLIENT.fullmatch(made) and used(node.func) & (names | derived)):
            yield node


def used(node: ast.AST) -> set[str]:
    """Every name in a piece of code, of variables and of attributes."""
    found = {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
    return found | {each.attr for each in ast.walk(node) if isinstance(each, ast.Attribute)}


def leads_to(call: ast.Call, tree: ast.Module) -> set[str]:
    """The names in a call, in what defines these in its file, and so on."""
    defined: dict[str, set[str]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            defined.setdefault(node.name, set()).update(used(node))
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    defined.setdefault(target.id, set()).update(used(node.value))
    found, new = set[str](), used(call)
    while new:
        found |= new
        new = {name for each in new for name in defined.get(each, ())} - found
    return found


def unnamed(text: str) -> list[str]:
    """The calls in a source that make a client to which the version never comes."""
    tree = ast.parse(text)
    return [ast.unparse(each) for each in clients(tree) if not leads_to(each, tree) & {"USER_AGENT", "name_caller"}]


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(ROOT)))
def test_every_client_is_made_with_the_version(path: Path) -> None:
    """How it comes over the wire: tests/integration/test_callers.py. A new client is shown there as well."""
    assert unnamed(path.read_text("utf-8")) == []


def test_the_clients_that_are_known_are_found() -> None:
    found = {(path.stem, ast.unparse(call.func)) for path in sources() for call in clients(ast.parse(path.read_text()))}
    assert {
        ("firestore", "AsyncClient"),
        ("pubsub", "grpc.aio.secure_channel"),
        ("pubsub", "grpc.aio.insecure_channel"),
        ("subscription", "SubscriberGrpcAsyncIOTransport"),
        ("stripe_client", "StripeClient"),
        ("google_api", "_NamedSession"),
        ("google_api", "kind.get_transport_class('rest')"),
    } <= found


@pytest.mark.parametrize(
    "text",
    [
        "from google.cloud.firestore import AsyncClient\nclient = AsyncClient()",
        "from google.cloud import storage\nclient = storage.Client(project='p')",
        "import grpc\nOPTIONS = []\nchannel = grpc.aio.secure_channel('h', None, options=OPTIONS)",
        "from stripe import HTTPXClient, StripeClient\nclient = StripeClient('k', http_client=HTTPXClient(timeout=5))",
        "import httpx\nclient = httpx.AsyncClient()",
        "client = kind(transport=kind.get_transport_class('rest')(credentials=None))",
    ],
)
def test_a_client_without_it_is_found(text: str) -> None:
    assert unnamed(text)


def test_the_changelog_begins_with_this_version() -> None:
    heads = re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert heads[:2] == ["Unreleased", VERSION]


def test_the_version_is_written_in_no_other_source() -> None:
    for path in [*(ROOT / "functions").rglob("*.py"), *(ROOT / "scripts").rglob("*.py")]:
        if path.name != "version.py":
            assert f'"{VERSION}"' not in path.read_text("utf-8"), path


def test_the_name_is_fit_for_a_header() -> None:
    assert re.fullmatch(r"[a-z-]+/\d+\.\d+\.\d+", USER_AGENT)
    assert f"{NAME}/{VERSION}" == USER_AGENT
