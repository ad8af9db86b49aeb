"""Sentences with formulas in them: what derivations note as plain text becomes LaTeX.

A note says ``u = exp(-z)``; the words that read as mathematics are set as mathematics, all others escaped.
"""

import ast
import re
from collections.abc import Sequence

import sympy as sp

from symact.documents.escapes import escape
from symact.documents.formulas import inline_width, lines
from symact.documents.nodes import POINTS
from symact.documents.notation import Constant, Notation

# fmt: off
FUNCTIONS = {
    name: getattr(sp, name) for name in (
        "exp", "log", "sqrt", "sin", "cos", "tan", "sinh", "cosh", "tanh", "asin", "acos", "atan", "asinh",
        "acosh", "atanh", "erf", "erfc", "Abs", "sign", "Max", "Min", "LambertW",
    )
}
# fmt: on
CONSTANTS = {"pi": sp.pi, "E": sp.E, "oo": sp.oo}
RELATIONS = {ast.Eq: "=", ast.NotEq: r"\neq", ast.Lt: "<", ast.LtE: r"\leq", ast.Gt: ">", ast.GtE: r"\geq"}
LETTERS = frozenset("bcdfghkmnpqrstuvwxyz")
"""Names that are mathematics also when they stand alone; ``a`` is an article."""
LONGEST = 60
"""Words that one formula may have."""


def prose(text: str, notation: Notation | None = None, width: float = 0.0) -> str:
    r"""Return plain text as LaTeX, its formulas as mathematics; none wider than ``width`` points, if given.

    >>> prose("chain rule with u = exp(-z)/2")
    'chain rule with $u = \\frac{e^{- z}}{2}$'
    """
    notation = notation or Notation()
    words = text.split()
    out, index = [], 0
    while index < len(words):
        for end in range(min(len(words), index + LONGEST), index, -1):
            formula = _formula(" ".join(words[index:end]), notation)
            if formula is not None:
                out.append(formula if not width else _fitted(formula, width))
                index = end
                break
        else:
            out.append(escape(words[index]))
            index += 1
    return " ".join(out)


def _fitted(formula: str, width: float) -> str:
    body, tail = re.fullmatch(r"\$(.*)\$([^$]*)", formula, re.DOTALL).groups()  # type: ignore[union-attr]
    if inline_width(body) * POINTS <= width:
        return formula
    return r" \\ ".join(f"${line}$" for line in lines(body, width)) + tail


def _formula(words: str, notation: Notation) -> str | None:
    """Return the words as a formula in dollars, punctuation after it; None where they are not mathematics."""
    match = re.fullmatch(r"(.*?)([,.;:]*)", words, re.DOTALL)
    assert match is not None
    body, tail = match.groups()
    if body == "f'":
        return "$f'$" + escape(tail)
    if not body or not re.search(r"[A-Za-z0-9]", body):
        return None
    source = body.replace("f'(", "f_prime(").replace("^", "**")
    source = re.sub(r"(?<![<>=!])=(?!=)", "==", source)
    try:
        tree = ast.parse(source, mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return None
    if isinstance(tree, ast.Name) and tree.id not in (*LETTERS, *notation.names, "oo"):
        return None
    written = _relation(tree, notation)
    return None if written is None else f"${written}${escape(tail)}"


def _relation(tree: ast.expr, notation: Notation) -> str | None:
    if isinstance(tree, ast.List):
        ends = [_relation(part, notation) for part in tree.elts]
        return f"[{', '.join(str(end) for end in ends)}]" if ends and None not in ends else None
    if isinstance(tree, ast.Tuple):
        parts = [_relation(part, notation) for part in tree.elts]
        listed = all(isinstance(part, ast.Compare) for part in tree.elts)
        return None if None in parts or not listed else r",\; ".join(str(p) for p in parts)
    if not isinstance(tree, ast.Compare):
        return _side(tree, notation)
    sides = [_side(side, notation) for side in (tree.left, *tree.comparators)]
    if None in sides or any(type(op) not in RELATIONS for op in tree.ops):
        return None
    signs = [RELATIONS[type(op)] for op in tree.ops]
    return str(sides[0]) + "".join(f" {s} {side}" for s, side in zip(signs, sides[1:], strict=True))


def _side(tree: ast.expr, notation: Notation) -> str | None:
    if (
        isinstance(tree, ast.Call)
        and isinstance(tree.func, ast.Name)
        and tree.func.id in ("f", "f_prime", "g")
    ):
        inner = _expression(tree.args[0], notation.names) if len(tree.args) == 1 else None
        return (
            None if inner is None else rf"{tree.func.id.replace('_prime', chr(39))}({notation.latex(inner)})"
        )
    value = _expression(tree, notation.names)
    return None if value is None else notation.latex(value)


def _expression(tree: ast.expr, names: Sequence[str]) -> sp.Expr | None:
    """Return the expression of a syntax tree, evaluated by no one; None for what is not mathematics."""
    if isinstance(tree, ast.Constant) and isinstance(tree.value, int) and not isinstance(tree.value, bool):
        return sp.Integer(tree.value)
    if isinstance(tree, ast.Name):
        if tree.id in CONSTANTS:
            return CONSTANTS[tree.id]
        known = len(tree.id) == 1 or tree.id in names or re.fullmatch(r"[a-zA-Z]_?\d+", tree.id)
        subscript = re.fullmatch(r"([a-zA-Z])_?(\d+)", tree.id)
        name = rf"{subscript[1]}_{{{subscript[2]}}}" if subscript else tree.id
        return (Constant(name, real=True) if subscript else sp.Symbol(name, real=True)) if known else None
    if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.USub | ast.UAdd):
        inner = _expression(tree.operand, names)
        return inner if inner is None or isinstance(tree.op, ast.UAdd) else -inner
    if isinstance(tree, ast.BinOp):
        left, right = _expression(tree.left, names), _expression(tree.right, names)
        return None if left is None or right is None else _operation(tree.op, left, right)
    if isinstance(tree, ast.Call) and isinstance(tree.func, ast.Name) and tree.func.id in FUNCTIONS:
        inner = [_expression(argument, names) for argument in tree.args]
        if None in inner or tree.keywords or (len(inner) != 1 and tree.func.id not in ("Max", "Min")):
            return None
        return FUNCTIONS[tree.func.id](*inner)
    return None


def _operation(operator: ast.operator, left: sp.Expr, right: sp.Expr) -> sp.Expr | None:
    if isinstance(operator, ast.Add):
        return left + right
    if isinstance(operator, ast.Sub):
        return left - right
    if isinstance(operator, ast.Mult):
        return left * right
    if isinstance(operator, ast.Div):
        return None if right == 0 else left / right
    if isinstance(operator, ast.Pow) and not (right.is_number and abs(right) > 1000):
        return left**right
    return None
