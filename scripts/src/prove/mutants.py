"""Small changes to a program, each of which a test should notice: comparisons, conditions, constants, tables, calls.

Texts for people (with a space, and f-strings), imports, decorators and annotations stay unchanged. Exception: the
`| None` of a field, since it is a rule whether a field may be missing.
"""

import ast
import copy
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

_SWAPS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
}
_LEFT_ALONE = (ast.Import, ast.ImportFrom, ast.JoinedStr)
_TABLES = (ast.Tuple, ast.List, ast.Set)


@dataclass(frozen=True)
class Mutant:
    """One change: `instead` replaces `place.field` (or its element `index`). `name`: the scope and the change."""

    name: str
    line: int
    place: ast.AST
    field: str
    index: int | None
    instead: Any

    def apply(self) -> None:
        """Changes its tree."""
        if self.index is None:
            setattr(self.place, self.field, self.instead)
        else:
            getattr(self.place, self.field)[self.index : self.index + 1] = self.instead


def mutants(tree: ast.Module) -> list[Mutant]:
    """Every mutant of a module, in line order, each with a unique name."""
    found, seen = [], dict[str, int]()
    for mutant in _inside(tree, ""):
        seen[mutant.name] = count = seen.get(mutant.name, 0) + 1
        found.append(mutant if count == 1 else replace(mutant, name=f"{mutant.name} #{count}"))
    return found


def _inside(node: ast.AST, scope: str) -> Iterator[Mutant]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        scope = f"{scope}.{node.name}".lstrip(".")
    for field, value in ast.iter_fields(node):
        if field in ("decorator_list", "annotation", "returns"):
            continue
        for index, child in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if isinstance(child, ast.AST) and not _is_left_alone(child):
                for instead, words in _changes(child):
                    many = index is not None and not isinstance(instead, list)
                    yield Mutant(
                        f"{scope}: {words}", _line(child, node), node, field, index, [instead] if many else instead
                    )
                yield from _inside(child, scope)
    if isinstance(node, ast.AnnAssign) and (never_none := _without_none(node.annotation)):
        words = f"{ast.unparse(node.target)}: {ast.unparse(node.annotation)} → {ast.unparse(never_none)}"
        yield Mutant(f"{scope}: {words}", node.lineno, node, "annotation", None, never_none)


def _changes(node: ast.AST) -> Iterator[tuple[ast.AST, str]]:
    """The replacements of a node, each with a description."""
    for instead in (*_other_words(node), *_other_ways(node)):
        yield instead, f"{_brief(node)} → {_brief(instead)}"
    for instead, gone in _shorter(node):
        yield instead, f"{_brief(node.func if isinstance(node, ast.Call) else node)} without {_brief(gone)}"


def _brief(node: ast.AST) -> str:
    if isinstance(node, ast.If | ast.While):
        return f"if {_brief(node.test)}"
    text = " ".join(ast.unparse(node).split())
    return text if len(text) <= 80 else f"{text[:60]} … {text[-16:]}"


def _other_words(node: ast.AST) -> Iterator[Any]:
    """Another operator, another constant."""
    match node:
        case ast.Compare(ops=[op, *_]) if type(op) in _SWAPS:
            yield _with(node, ops=[_SWAPS[type(op)](), *node.ops[1:]])
        case ast.BoolOp(op=op) | ast.BinOp(op=op) if type(op) in _SWAPS:
            yield _with(node, op=_SWAPS[type(op)]())
        case ast.UnaryOp(op=ast.Not() | ast.USub()):
            yield node.operand
        case ast.Constant(value=bool(truth)):
            yield ast.Constant(not truth)
        case ast.Constant(value=int(number)):
            yield ast.Constant(number + 1)
        case ast.Constant(value=str(text)) if text and " " not in text:
            yield ast.Constant(f"{text}~")


def _other_ways(node: ast.AST) -> Iterator[Any]:
    """The other branch, no result, nothing done."""
    match node:
        case ast.IfExp() | ast.If() | ast.While():
            yield _with(node, test=ast.UnaryOp(ast.Not(), node.test))
        case ast.comprehension(ifs=[first, *others]):
            yield _with(node, ifs=[ast.UnaryOp(ast.Not(), first), *others])
        case ast.Return(value=ast.expr()) if not (isinstance(node.value, ast.Constant) and node.value.value is None):
            yield ast.Return(ast.Constant(None))
        case ast.Expr(value=ast.Call() | ast.Await()) | ast.Raise() | ast.AugAssign() | ast.Delete():
            yield ast.Pass()


def _shorter(node: ast.AST) -> Iterator[tuple[ast.AST, ast.AST]]:
    """The node without one element, entry or named argument; and the removed part."""
    if isinstance(node, _TABLES) and len(node.elts) > 1 and isinstance(getattr(node, "ctx", ast.Load()), ast.Load):
        yield from ((_with(node, elts=_without(node.elts, index)), gone) for index, gone in enumerate(node.elts))
    if isinstance(node, ast.Dict) and len(node.keys) > 1:
        for index, key in enumerate(node.keys):
            values = _without(node.values, index)
            yield _with(node, keys=_without(node.keys, index), values=values), key or node.values[index]
    if isinstance(node, ast.Call):
        for index, argument in enumerate(node.keywords):
            yield _with(node, keywords=_without(node.keywords, index)), argument


def _without(values: list[Any], index: int) -> list[Any]:
    return values[:index] + values[index + 1 :]


def _with(node: ast.AST, **changes: Any) -> ast.AST:
    changed = copy.copy(node)
    for name, value in changes.items():
        setattr(changed, name, value)
    return changed


def _is_left_alone(node: ast.AST) -> bool:
    prose = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    checking = isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    return prose or checking or isinstance(node, _LEFT_ALONE)


def _without_none(annotation: ast.expr) -> ast.expr | None:
    """The X of an `X | None`."""
    match annotation:
        case ast.BinOp(left=left, right=ast.Constant(value=None)):
            return left
    return None


def _line(node: ast.AST, around: ast.AST) -> int:
    return int(getattr(node, "lineno", getattr(around, "lineno", 0)))
