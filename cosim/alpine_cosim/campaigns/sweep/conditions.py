# SPDX-License-Identifier: Apache-2.0
"""Conditions on the settings of a point, as a sweep file writes them."""

import ast
import operator
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from alpine_models.choices import choose
from alpine_models.errors import AlpineError

__all__ = ["DropCondition"]

FORM = "write comparisons of settings, joined by and, or, not, as in \"case == 'digital'\""

COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda value, among: value in among,
    ast.NotIn: lambda value, among: value not in among,
}

ARITHMETIC: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: lambda value, by: value / by,
    ast.Mod: operator.mod,
}


@dataclass(frozen=True, slots=True)
class DropCondition:
    """An expression over settings, which has Python's syntax and nothing but operators.

    Members
    -------
    text : as in ``case == 'digital' and device.name != 'ideal'``.

    Raises
    ------
    AlpineError
        The text is no such expression.
    """

    text: str
    _tree: ast.expr = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        try:
            tree = ast.parse(self.text, mode="eval").body
        except (SyntaxError, ValueError):
            raise AlpineError(f"condition {self.text!r} cannot be read: {FORM}") from None
        object.__setattr__(self, "_tree", tree)
        self._check(tree)

    def check_names(self, known: Iterable[str]) -> None:
        """Refuse a setting that the sweep does not have.

        Raises
        ------
        AlpineError
            A name is unknown; near ones are listed.
        """
        names = list(known)
        for name in _names(self._tree):
            choose(f"setting in condition {self.text!r}", name, names)

    def holds(self, settings: Mapping[str, Any]) -> bool:
        """Return whether the condition holds for settings by dotted name; a missing one is None.

        Raises
        ------
        AlpineError
            Values cannot be compared, or a number is divided by 0.
        """
        try:
            return bool(_value(self._tree, settings))
        except (TypeError, ZeroDivisionError) as error:
            raise AlpineError(
                f"condition {self.text!r} cannot be decided ({error}): compare values as the file "
                "writes them, numbers with numbers and texts with texts"
            ) from None

    def _check(self, node: ast.expr) -> None:
        children: list[ast.expr]
        match node:
            case ast.BoolOp(values=children):
                pass
            case ast.Compare(left=left, ops=ops, comparators=others) if all(
                type(op) in COMPARISONS for op in ops
            ):
                children = [left, *others]
            case ast.BinOp(left=left, right=right, op=op) if type(op) in ARITHMETIC:
                children = [left, right]
            case ast.UnaryOp(op=ast.Not() | ast.USub(), operand=operand):
                children = [operand]
            case ast.List(elts=children) | ast.Tuple(elts=children):
                pass
            case ast.Constant(value=bool() | int() | float() | str() | None):
                children = []
            case ast.Name() | ast.Attribute() if _dotted(node):
                children = []
            case _:
                part = ast.unparse(node)
                raise AlpineError(f"condition {self.text!r} has {part}, which is refused: {FORM}")
        for child in children:
            self._check(child)


def _value(node: ast.expr, settings: Mapping[str, Any]) -> Any:
    match node:
        case ast.BoolOp(op=op, values=values):
            decided = (bool(_value(each, settings)) for each in values)
            return all(decided) if isinstance(op, ast.And) else any(decided)
        case ast.Compare(left=left, ops=ops, comparators=others):
            values = [_value(each, settings) for each in (left, *others)]
            return all(
                COMPARISONS[type(op)](*values[place : place + 2]) for place, op in enumerate(ops)
            )
        case ast.BinOp(left=left, op=op, right=right):
            return ARITHMETIC[type(op)](_value(left, settings), _value(right, settings))
        case ast.UnaryOp(op=op, operand=operand):
            value = _value(operand, settings)
            return not value if isinstance(op, ast.Not) else -value
        case ast.List(elts=elements) | ast.Tuple(elts=elements):
            return [_value(each, settings) for each in elements]
        case _:
            return node.value if isinstance(node, ast.Constant) else settings.get(_dotted(node))


def _dotted(node: ast.expr) -> str:
    """The name that attributes of a name write, as in ``device.name``; empty where it is none."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        inner = _dotted(node.value)
        return inner and f"{inner}.{node.attr}"
    return ""


def _names(node: ast.expr) -> Iterable[str]:
    if isinstance(node, ast.Name | ast.Attribute):
        yield _dotted(node)
        return
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.expr):
            yield from _names(child)
