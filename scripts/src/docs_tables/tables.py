"""The tables of terraform/README.md: variables, outputs and roles."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from docs_tables.functions import functions, order_subscribers
from docs_tables.source import Block, Module

_MARKED = re.compile(r"(<!-- table of (?P<name>\w+) -->\n).*?(<!-- end of table -->)", re.DOTALL)
# The argument of an IAM resource that names its target: the first one that it has.
_TARGETS = (
    *("topic", "subscription", "secret_id", "service_account_id", "repository", "bucket", "table_id"),
    *("name", "project"),
)
_NAMES = ("account_id", "name", "secret_id", "repository_id", "table_id")
_WORDS = {
    "${var.name}": "NAME",
    "${var.project_id}": "PROJECT",
    "${each.value.slug}": "SLUG",
    "${data.google_project.this.number}": "PROJECT_NUMBER",
}
_REFERENCE = re.compile(r"\$\{(?P<address>google_\w+\.\w+)(?P<index>\[(?:[^\[\]]|\[[^\]]*\])*\])?\.\w+\}")
_CHOSEN = re.compile(r'\$\{coalesce\(var\.[\w.]+, "([^"]*)"\)\}')
"""A name that can be chosen, with its default."""


class StaleTables(Exception):
    """The document lacks a table's markers, or has markers of an unknown table; the text says which."""


def renewed(document: str, module: Module) -> str:
    """The document with new tables between the markers. Raises StaleTables."""
    marked = [found["name"] for found in _MARKED.finditer(document)]
    if sorted(marked) != sorted(_TABLES):
        wanted = ", ".join(f"<!-- table of {name} -->" for name in _TABLES)
        raise StaleTables(f"these markers must be there once each, each closed by <!-- end of table -->: {wanted}")
    return _MARKED.sub(lambda found: f"{found[1]}\n{_TABLES[found['name']](module)}\n{found[3]}", document)


def variables(module: Module) -> str:
    """The variables: required ones first, each kind in the order of the files."""
    named = sorted(module.variables.items(), key=lambda item: "default" in item[1])
    rows = [
        (f"`{name}`", _prose(block), _code(_expression(block.get("type", "any"))), _default(block))
        for name, block in named
    ]
    return _table(("name", "description", "type", "default"), rows)


def outputs(module: Module) -> str:
    """The outputs."""
    return _table(("name", "description"), [(f"`{name}`", _prose(block)) for name, block in module.outputs.items()])


def roles(module: Module) -> str:
    """The roles: every member of an IAM resource, sorted by account."""
    grants = {address: block for address, block in module.resources.items() if _type(address).endswith("_iam_member")}
    rows = {
        (_member(block, module), _code(_named(block["role"], block, module)), _target(address, block, module))
        for address, block in grants.items()
        if address not in _OF_FUNCTIONS.values()
    }
    for entry_point, function in functions(module).items():
        slug = "SLUG" if entry_point in order_subscribers(module) else function["slug"]
        rows |= set(_rows(function, slug, module))
    return _table(("account", "role", "on"), sorted(rows))


_OF_FUNCTIONS = {
    "publisher": "google_pubsub_topic_iam_member.publisher",
    "accessor": "google_secret_manager_secret_iam_member.accessor",
    "orders": "google_project_iam_member.orders",
    "hook": "google_project_iam_member.hook",
    "invoker": "google_cloud_run_v2_service_iam_member.invoker",
    "signer": "google_service_account_iam_member.agent_signs_pushes",
}
"""The IAM resources of each function; its entry says which it has."""


def _rows(function: Block, slug: str, module: Module) -> Iterator[tuple[str, str, str]]:
    """The rows of one function's IAM resources. Subscribers that change orders share their rows, with SLUG as
    the slug.
    """
    topics, secrets = module.locals["declared_topics"], module.locals["declared_secrets"]

    def row(given: str, account: str, on: str, role: str | None = None) -> tuple[str, str, str]:
        address = _OF_FUNCTIONS[given]
        block = module.resources[address]
        return _code(account), _code(role or block["role"]), _kind(address, _in_words(on), block)

    account = f"NAME-{slug}"
    for topic in function["topics"]:
        yield row("publisher", account, topics[topic]["name"])
    for secret in function["secrets"]:
        yield row("accessor", account, secrets[secret]["id"])
    if function["orders_role"]:
        yield row("orders", account, "${var.project_id}", function["orders_role"])
    if function["hook"]:
        yield row("accessor", account, "each of var.hook.secrets")
        yield row("hook", account, "${var.project_id}", "each of var.hook.roles")
    if function["public"]:
        yield row("invoker", "allUsers", account)
    if function["caller"]:
        caller = f"NAME-{function['caller']['slug'].replace(function['slug'], slug)}"
        yield row("invoker", caller, account)
        if function["caller"]["who"] == "Pub/Sub":
            agent = module.locals["pubsub_agent"].removeprefix("serviceAccount:")
            yield row("signer", _in_words(agent), caller)


_TABLES: dict[str, Callable[[Module], str]] = {"variables": variables, "outputs": outputs, "roles": roles}


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _prose(block: Block) -> str:
    return " ".join(str(block.get("description", "")).split()).replace("|", "\\|")


def _code(text: str) -> str:
    return f"`{text}`".replace("|", "\\|")


def _default(block: Block) -> str:
    if "default" not in block:
        return "required"
    default = block["default"]
    return _code(default if _is_expression(default) else json.dumps(default, ensure_ascii=False))


def _is_expression(value: Any) -> bool:
    return isinstance(value, str) and value.startswith("${")


def _expression(text: str) -> str:
    """An expression without `${` and `}`."""
    return text[2:-1] if _is_expression(text) and text.endswith("}") else text


def _member(block: Block, module: Module) -> str:
    """An account's id, or a description of it."""
    member = block["member"]
    local = str(module.locals.get(_expression(member).removeprefix("local."), member))
    return _code(_named(local, block, module).removeprefix("serviceAccount:"))


def _target(address: str, block: Block, module: Module) -> str:
    """The role's target, and its condition."""
    name = _named(next(block[target] for target in _TARGETS if target in block), block, module)
    return _kind(address, name, block)


def _kind(address: str, name: str, block: Block) -> str:
    kind = _type(address).removeprefix("google_").removesuffix("_iam_member").replace("_", " ")
    narrowed = f" ({block['condition'][0]['description']})" if "condition" in block else ""
    return f"{kind} {_code(name)}{narrowed}"


def _in_words(text: str) -> str:
    for expression, word in _WORDS.items():
        text = text.replace(expression, word)
    return _CHOSEN.sub(r"\1", text)


def _named(text: str, user: Block, module: Module) -> str:
    """A resource's text, with each reference replaced by the name of the resource that it refers to."""

    def name(found: re.Match[str]) -> str:
        block = module.resources.get(found["address"], {})
        named = next((str(block[key]) for key in _NAMES if key in block), found[0])
        literal = re.fullmatch(r'\["(.*)"\]', found["index"] or "")
        return _declared(block, literal[1], named, module) if literal else named

    text = _in_words(_REFERENCE.sub(name, text))
    return _each(user) if text.startswith("${each.value") else text


def _declared(block: Block, key: str, named: str, module: Module) -> str:
    """The name of one resource of a for_each over a local; its key if the name is unknown."""
    declared = _expression(str(block.get("for_each", ""))).replace("local.", "declared_")
    attribute = re.fullmatch(r"\$\{each\.value\.(\w+)\}", named)
    return str(module.locals.get(declared, {}).get(key, {}).get(attribute[1], key)) if attribute else named


def _each(block: Block) -> str:
    """The source of a for_each's values."""
    return "each of " + ", ".join(re.findall(r"\b(?:var|local)\.\w+(?:\.\w+)*", str(block["for_each"])))


def _type(address: str) -> str:
    return address.partition(".")[0]
