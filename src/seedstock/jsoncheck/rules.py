"""Rules between the fields of a JSON value, in a small language that is read, never run as code.

    total == sum(items.price)        # items.price: the price of every item
    date(start) <= date(end)
    when: urgency == "high"   check: response_hours <= 4

Names are fields, a dot goes into an object or into each item of a list. Operators: comparisons, `in`, `and`,
`or`, `not`, `+ - * /`. Functions: sum, len, min, max, number, date, present, unique.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

MOST = 10_000
"""Values that one name may stand for."""


class CannotTell(Exception):
    """A rule cannot be decided on this value: a field is of another type than the rule needs."""


class Absent(Exception):
    """A field that the rule needs is not there, or null: the rule says nothing about this value."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A condition on a JSON value; with `when`, only on those that this other one holds for."""

    check: str
    when: str | None = None

    def holds(self, value: Any) -> bool | None:
        """Whether the value keeps the rule; None where the rule does not apply. Raises CannotTell."""
        try:
            if self.when is not None and not _value(compiled(self.when), value):
                return None
            return bool(_value(compiled(self.check), value))
        except Absent:
            return None


@lru_cache(maxsize=256)
def compiled(text: str) -> ast.expr:
    """A rule's text as a tree; ValueError, with the part, where it is not of the language."""
    if len(text) > 1_000:
        raise ValueError("a rule of more than 1,000 characters")
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as problem:
        raise ValueError(f"{text[:80]!r} is no rule: {getattr(problem, 'msg', problem)}") from problem
    for node in ast.walk(tree):
        if not isinstance(node, _ALLOWED) or (isinstance(node, ast.Call) and not _known_call(node)):
            raise ValueError(f"{ast.unparse(node)[:60]!r} has no place in a rule")
    return tree


_OPERATORS: dict[type[ast.AST], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.Lt: operator.lt, ast.LtE: operator.le,
    ast.Gt: operator.gt, ast.GtE: operator.ge, ast.Add: operator.add, ast.Sub: operator.sub,
    ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.In: lambda a, b: a in b, ast.NotIn: lambda a, b: a not in b,
}  # fmt: skip
_ALLOWED = (
    ast.Compare, ast.BoolOp, ast.UnaryOp, ast.BinOp, ast.Call, ast.Name, ast.Attribute, ast.Constant,
    ast.List, ast.And, ast.Or, ast.Not, ast.USub, ast.Load, *_OPERATORS,
)  # fmt: skip


def _known_call(node: ast.Call) -> bool:
    return (
        isinstance(node.func, ast.Name)
        and node.func.id in _FUNCTIONS
        and len(node.args) == 1
        and not node.keywords
    )


def _value(node: ast.expr, root: Any) -> Any:
    """The value of a part of a rule."""
    match node:
        case ast.Constant():
            return node.value
        case ast.List():
            return [_value(item, root) for item in node.elts]
        case ast.Name() | ast.Attribute():
            return _field(node, root)
        case ast.BoolOp():
            some = (bool(_value(part, root)) for part in node.values)
            return all(some) if isinstance(node.op, ast.And) else any(some)
        case ast.UnaryOp():
            inner = _value(node.operand, root)
            return not inner if isinstance(node.op, ast.Not) else _computed(operator.sub, 0, inner)
        case ast.BinOp():
            sides = _value(node.left, root), _value(node.right, root)
            return _computed(_OPERATORS[type(node.op)], *sides)
        case ast.Compare():
            return _compared(node, root)
        case ast.Call(func=ast.Name(id=name), args=[argument]):
            return _called(name, argument, root)
    raise CannotTell(f"{ast.unparse(node)[:60]} cannot be read")


def _called(name: str, argument: ast.expr, root: Any) -> Any:
    if name == "present":
        try:
            return _value(argument, root) not in (None, [], "")
        except Absent:
            return False
    try:
        return _FUNCTIONS[name](_value(argument, root))
    except (TypeError, ValueError, OverflowError, RecursionError) as problem:
        raise CannotTell(f"{name}() of it: {problem}"[:120]) from problem


def _field(node: ast.Name | ast.Attribute | ast.expr, root: Any) -> Any:
    if isinstance(node, ast.Name):
        return _member(root, node.id)
    if isinstance(node, ast.Attribute):
        return _member(_field(node.value, root), node.attr)
    raise CannotTell(f"{ast.unparse(node)[:60]} is no field")


def _member(here: Any, name: str) -> Any:
    if isinstance(here, dict):
        if here.get(name) is None:
            raise Absent
        return here[name]
    if isinstance(here, list):
        found = [item[name] for item in here[:MOST] if isinstance(item, dict) and item.get(name) is not None]
        flat: list[Any] = []
        for item in found:
            flat += item[:MOST] if isinstance(item, list) else [item]
        return flat[:MOST]
    raise Absent


def _compared(node: ast.Compare, root: Any) -> bool:
    left = _value(node.left, root)
    for op, part in zip(node.ops, node.comparators, strict=True):
        right = _value(part, root)
        if not _computed(_OPERATORS[type(op)], left, right):
            return False
        left = right
    return True


def _computed(how: Callable[[Any, Any], Any], left: Any, right: Any) -> Any:
    """One step; sums of decimals are compared as people write them, not to the last bit."""
    if how in (operator.mul, operator.truediv, operator.sub) and not (_is_number(left) and _is_number(right)):
        raise CannotTell("only numbers can be multiplied, divided and subtracted")
    if how in _EQUAL and _about_equal(left, right):
        return _EQUAL[how]
    try:
        return how(left, right)
    except (TypeError, ZeroDivisionError, OverflowError, RecursionError) as problem:
        raise CannotTell(str(problem)[:120]) from problem


def _about_equal(left: Any, right: Any) -> bool:
    if not (_is_number(left) and _is_number(right)):
        return False
    return bool(abs(left - right) <= 1e-9 * max(1.0, abs(left), abs(right)))


_EQUAL: dict[Callable[[Any, Any], Any], bool] = {
    operator.eq: True, operator.le: True, operator.ge: True,
    operator.ne: False, operator.lt: False, operator.gt: False,
}  # fmt: skip
"""What a comparison of two equal numbers says."""


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e300


def _number(value: Any) -> Any:
    return value if isinstance(value, int | float) else float(str(value)[:40].replace(",", ""))


def _date(value: Any) -> datetime:
    return datetime.fromisoformat(str(value)[:40]).replace(tzinfo=None)


_FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "sum": sum, "len": len, "min": min, "max": max, "number": _number, "date": _date,
    "present": bool, "unique": lambda items: len({repr(item) for item in items}) == len(items),
}  # fmt: skip
