"""What the functions write into their log lines, read off their source: every field, and every value of those fields
that have a closed list of them.

An expression that this reader does not know is an error, not a gap: the author of a new one teaches it here.
"""

import ast
import contextlib
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from fulfillment.abandoned_carts.endpoint import CartOutcome
from fulfillment.domain.effects import EffectState
from fulfillment.domain.event_types import AFTER_SALE, ON_EXPIRED, ORDER_TYPES, SUBSCRIBERS, THIN
from fulfillment.domain.status import Status
from fulfillment.domain.transitions import Outcome
from fulfillment.errors import MalformedEvent, PermanentError
from fulfillment.reconcile.endpoint import End
from fulfillment.stripe_events.endpoint import HandlerOutcome
from fulfillment.telemetry import Line, Trace
from support.tools import ROOT

FUNCTIONS = ROOT / "functions"
_OUTCOMES = {each.value for each in Outcome}
# Values that are not written down where they are logged: where they come from instead.
_KNOWN = {
    "outcome.value": _OUTCOMES | {each.value for kind in (HandlerOutcome, CartOutcome) for each in kind},
    "delivery.outcome.value": _OUTCOMES,
    "end.value": {each.value for each in End},
    "Outcome.STRANGER.value": {Outcome.STRANGER.value},
    "Outcome.SUPERSEDED.value": {Outcome.SUPERSEDED.value},
    "outcome": set[str](),  # Line.say hands on what it was given
}


@dataclass(frozen=True)
class Vocabulary:
    """The fields of all lines, and the values of the closed ones by field."""

    fields: set[str] = field(default_factory=set)
    values: dict[str, set[str]] = field(default_factory=dict)


def read() -> Vocabulary:
    """The vocabulary of functions/."""
    found = Vocabulary(values={"outcome": set(), "severity": set(), "cause": {MalformedEvent.code}})
    for path in (FUNCTIONS / "main.py", *sorted((FUNCTIONS / "fulfillment").rglob("*.py"))):
        _Reader(path, found).visit(ast.parse(path.read_text("utf-8")))
    found.fields.update(_written_by_every_line())
    found.values["entry_point"] = {
        *("stripe_webhook", "reconcile", "order_status", "on_stripe_event", ON_EXPIRED),
        *SUBSCRIBERS.values(),
        *AFTER_SALE,
    }
    found.values["event_type"] = {*ORDER_TYPES, THIN}  # Terraform puts a thin type together of this and its twin's
    found.values["reason"] = {kind.code for kind in _kinds(PermanentError)}
    found.values["brought"] = _OUTCOMES
    found.values["order_status"] = {each.value for each in Status}
    return found


def effect_texts() -> set[str]:
    """How what is said of an effect begins: constants, and the constant beginnings of what is put together."""
    texts = {each.value for each in EffectState}
    for name in ("effects/runner.py", "effects/attempts.py", "subscriber/delivery.py"):
        for node in ast.walk(ast.parse((FUNCTIONS / "fulfillment" / name).read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                texts.add(node.value)
    return texts


class _Reader(ast.NodeVisitor):
    """Collects what one file logs: the calls of note, say and emit, and the causes that BadSignature is made with."""

    def __init__(self, path: Path, found: Vocabulary) -> None:
        self._path, self._found = path, found
        self._severities: set[str] = set()

    def visit_Module(self, node: ast.Module) -> None:
        for each in ast.walk(node):
            if isinstance(each, ast.Assign) and ast.unparse(each.targets[0]) == "severity":
                self._severities |= set(_constants(each.value))
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        match node.func:
            case ast.Attribute(attr="note"):
                self._note(node)
            case ast.Attribute(attr="say"):
                self._found.values["severity"] |= self._severity(node.args[0])
                self._note(node)
            case ast.Attribute(attr="emit"):
                self._emit(node.args[0])
            case ast.Name(id="BadSignature"):
                self._found.values["cause"] |= self._texts(node.args[0])
        self.generic_visit(node)

    def _note(self, node: ast.Call) -> None:
        for keyword in node.keywords:
            assert keyword.arg, f"{self._path.name}:{node.lineno} logs fields that cannot be read off the source"
            self._found.fields.add(keyword.arg)
            if keyword.arg == "cause" and isinstance(keyword.value, ast.Constant):
                self._found.values["cause"] |= self._texts(keyword.value)
            if keyword.arg == "outcome":
                self._found.values["outcome"] |= self._texts(keyword.value)

    def _emit(self, record: ast.expr) -> None:
        assert isinstance(record, ast.Dict), (
            f"{self._path.name}:{record.lineno} emits what cannot be read off the source"
        )
        for key, value in zip(record.keys, record.values, strict=True):
            (name,) = self._texts(key)
            self._found.fields.add(name)
            if name in {"outcome", "severity"}:
                self._found.values[name] |= self._texts(value)

    def _severity(self, node: ast.expr) -> set[str]:
        return self._severities if isinstance(node, ast.Name) and self._severities else self._texts(node)

    def _texts(self, node: ast.expr | None) -> set[str]:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            return {node.value}
        text = ast.unparse(node) if node else "**"
        assert text in _KNOWN, f"{self._path.name} logs `{text}`: say in tests/support/log_vocabulary.py what it can be"
        return _KNOWN[text]


def _constants(node: ast.expr) -> Iterator[str]:
    """The texts that an assignment chooses between."""
    if isinstance(node, ast.IfExp):
        yield from _constants(node.body)
        yield from _constants(node.orelse)
    else:
        assert isinstance(node, ast.Constant), f"a severity that cannot be read off the source: {ast.unparse(node)}"
        yield str(node.value)


def _written_by_every_line() -> set[str]:
    """The fields of a line about which nothing was said: those are written by the line itself."""
    with contextlib.redirect_stdout(io.StringIO()) as written:
        Line("stripe_webhook", "shop", trace=Trace.of({})).write()
    return set(json.loads(written.getvalue()))


def _kinds(kind: type[PermanentError]) -> set[type[PermanentError]]:
    return {kind}.union(*(_kinds(each) for each in kind.__subclasses__()))
