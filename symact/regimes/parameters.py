"""Parameters: the signs by which a case is split, and the settings at which forms are judged."""

from collections.abc import Iterator, Mapping

import sympy as sp

from symact.activations import Activation, Z, samples
from symact.errors import InvalidActivation
from symact.formats import Format
from symact.pieces import Case

GROWING = (sp.exp, sp.tanh, sp.sinh, sp.cosh, sp.erf, sp.erfc)
"""Functions that saturate or grow without bounds."""


def sign_cases(activation: Activation, case: Case) -> Iterator[tuple[sp.Basic, Mapping[sp.Symbol, sp.Expr]]]:
    """Split by the signs of parameters inside exponentials: exp(beta z) decays on one side or the other."""
    symbols = sorted(
        {s for piece in case.pieces for s in piece.expression.free_symbols} - {Z}, key=lambda s: s.name
    )
    inside = {s for piece in case.pieces for s in inner_symbols(piece.expression)}
    cases: list[tuple[sp.Basic, dict[sp.Symbol, sp.Expr]]] = [(case.condition, {})]
    for symbol in symbols:
        possible = [c for c in (symbol > 0, symbol < 0) if _holds_somewhere(activation, case.condition, c)]
        zero = sp.Eq(symbol, 0)
        vanishes = symbol in inside and _holds_somewhere(activation, case.condition, zero)
        if len(possible) == 1 or symbol in inside:
            cases = [
                (
                    sp.And(condition, sign) if vanishes or len(possible) > 1 else condition,
                    signs | {symbol: positive(symbol) * (1 if sign.rel_op == ">" else -1)},
                )
                for condition, signs in cases
                for sign in possible
                if _holds_somewhere(activation, condition, sign)
            ]
            if vanishes:
                cases.append((sp.And(case.condition, zero), {symbol: sp.Integer(0)}))
    yield from cases


def inner_symbols(expression: sp.Expr) -> set[sp.Symbol]:
    """Return the symbols beside z in the arguments of functions that saturate or grow without bounds."""
    return {s for f in expression.atoms(*GROWING) if f.has(Z) for s in f.args[0].free_symbols}


def turning_symbols(expression: sp.Expr) -> set[sp.Symbol]:
    """Return the symbols beside z in the arguments of sines and cosines."""
    return {s for f in expression.atoms(sp.sin, sp.cos) if f.has(Z) for s in f.args[0].free_symbols} - {Z}


def representable(setting: Mapping[sp.Symbol, sp.Expr], fmt: Format) -> Mapping[sp.Symbol, sp.Expr]:
    """Return numbers of a format near sample values, of as many digits as it has.

    Parameters of generated code are floats. Of fewer digits, products would be exact that mostly are not.
    """
    fine = 2 ** (fmt.precision - 12)
    return {s: sp.Rational(round(value * 256) * (fine + 1), 256 * fine) for s, value in setting.items()}


def positive(symbol: sp.Symbol) -> sp.Symbol:
    """Return the positive stand-in for a parameter: its magnitude."""
    return sp.Symbol(symbol.name, positive=True)


def _holds_somewhere(activation: Activation, condition: sp.Basic, sign: sp.Basic) -> bool:
    both = sp.And(condition, sign)
    if both == sp.false:
        return False
    try:
        samples(activation, both)
    except InvalidActivation:
        return False
    return True
