"""differentiate: by rules that record their steps, one smooth piece at a time, kinks checked.

The rules are rows of `RULES` and `ELEMENTARY`; the derivation is how the result is computed.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import sympy as sp

from symact.activations import Activation, Kink, Z, samples
from symact.derivations import Derivation, Step
from symact.errors import InvalidActivation, NotSupported
from symact.limits import Settings, equal, one_sided
from symact.pieces import Break, Case, Piece, piecewise, powers_of_zero, split
from symact.simplification import differentiated, exceeds, explained, neat
from symact.writing import text

U = sp.Symbol("u", real=True)
"""The inner function of the chain rule."""

PARTS = ("u", "v", "w", "r", "s", "t")
"""What the factors of a product are called."""

ELEMENTARY: dict[type, sp.Expr] = {
    sp.exp: sp.exp(U),
    sp.log: 1 / U,
    sp.sin: sp.cos(U),
    sp.cos: -sp.sin(U),
    sp.tan: 1 + sp.tan(U) ** 2,
    sp.asin: 1 / sp.sqrt(1 - U**2),
    sp.acos: -1 / sp.sqrt(1 - U**2),
    sp.atan: 1 / (1 + U**2),
    sp.sinh: sp.cosh(U),
    sp.cosh: sp.sinh(U),
    sp.tanh: 1 - sp.tanh(U) ** 2,
    sp.asinh: 1 / sp.sqrt(1 + U**2),
    sp.acosh: 1 / (sp.sqrt(U - 1) * sp.sqrt(U + 1)),
    sp.atanh: 1 / (1 - U**2),
    sp.erf: 2 * sp.exp(-(U**2)) / sp.sqrt(sp.pi),
    sp.erfc: -2 * sp.exp(-(U**2)) / sp.sqrt(sp.pi),
    sp.Abs: sp.sign(U),  # of a parameter: a switch in z is split before
}
"""d/du of the elementary functions."""

MAX_ORDER = 12

MAX_STEPPED = 150
"""Operations of what is differentiated one rule at a time; larger expressions, as they arise in higher
orders, are differentiated in one step."""

AT_ONCE = "sum, product and chain rules"
FACTORED = "over one denominator, factored"
"""The note of a step after which the derivative is not made neat once more."""


@dataclass(frozen=True)
class FoundKink:
    """A point where f' jumps: its one-sided values and the one taken; ``jump`` where f itself jumps."""

    at: sp.Expr
    left: sp.Expr
    right: sp.Expr
    convention: sp.Expr
    jump: bool = False


@dataclass(frozen=True)
class Derivative:
    """The derivative of an activation, how it came to be, and where it is a convention.

    ``cases`` hold the simplified derivative by piece; each break carries the value there: the common
    one, or at a kink the convention. ``expression`` is what the rules give, ``simplified`` its neat form.
    """

    activation: Activation
    wrt: sp.Symbol
    order: int
    cases: tuple[Case, ...]
    expression: sp.Expr
    simplified: sp.Expr
    kinks: tuple[FoundKink, ...]
    derivation: Derivation


@dataclass(frozen=True)
class Rule:
    """A rule of differentiation: ``apply`` returns what d/dx of an expression becomes and a note, or None.

    ``{function}`` in the name stands for the function that is differentiated.
    """

    name: str
    apply: Callable[[sp.Expr, sp.Symbol], tuple[sp.Expr, str] | None]


def differentiate(activation: Activation, wrt: sp.Symbol | None = None, order: int = 1) -> Derivative:
    """Return the derivative of an activation, by z or by one of its parameters.

    *Subgradient* at a kink: the declared convention. A formula without a name may leave kinks
    undeclared: then it is 0 where 0 lies between the one-sided derivatives, else the left one.

    Raises InvalidActivation where declared and found kinks differ, or ``wrt`` is no symbol of the formula.

    >>> from symact.activations import Activation
    >>> differentiate(Activation("sigmoid", 1/(1 + sp.exp(-Z)))).simplified
    exp(-z)/(1 + exp(-z))**2
    """
    variable = Z if wrt is None else wrt
    known = (Z, *(parameter.symbol for parameter in activation.parameters))
    if variable not in known:
        names = ", ".join(symbol.name for symbol in known)
        raise InvalidActivation(f"{activation.title}: no symbol {variable}; differentiate by one of {names}")
    if not 1 <= order <= MAX_ORDER:
        raise InvalidActivation(f"{activation.title}: order {order} is not in 1..{MAX_ORDER}")
    cases = split(activation)
    whole = activation.expression
    steps: list[Step] = []
    kinks: tuple[FoundKink, ...] = ()
    raw = whole
    for n in range(1, order + 1):
        declared = activation.kinks if variable == Z and n == 1 else None
        found = [_Differentiator(activation, variable, case, declared).run() for case in cases]
        found = [_continued(one, found, variable) for one in found]
        kinks = _distinct([kink for one in found for kink in one.kinks])
        if declared is not None:
            _check(activation, kinks)
        steps += _joined(sp.Derivative(whole, variable), cases, found)
        raw = _by_case([one.raw for one in found])
        steps += _simplifications(found)
        cases = tuple(one.neat for one in found)
        whole = _by_case(cases)
    derivation = Derivation(tuple(steps), whole)
    return Derivative(activation, variable, order, cases, raw, whole, kinks, derivation)


# --- the rules ---------------------------------------------------------------------------------------


def derivative_of(expression: sp.Expr, x: sp.Symbol) -> sp.Expr:
    """Return d/dx of what is known at sight (what is linear in x), else the marker of what is still to do.

    >>> derivative_of(3*Z, Z), derivative_of(2*sp.exp(Z), Z)
    (3, 2*Derivative(exp(z), z))
    """
    if not expression.has(x):
        return sp.Integer(0)
    if (slope := _slope(expression, x)) is not None:
        return slope
    factor, inner = expression.as_independent(x, as_Add=False)
    return factor * sp.Derivative(inner, x)


def _slope(expression: sp.Expr, x: sp.Symbol) -> sp.Expr | None:
    """Return b of an expression ``a + b x``, None for any other."""
    if expression == x:
        return sp.Integer(1)
    if not expression.is_polynomial(x):
        return None
    polynomial = sp.Poly(expression, x)
    return polynomial.LC() if polynomial.degree() == 1 else None


def _sum(expression: sp.Expr, x: sp.Symbol) -> tuple[sp.Expr, str] | None:
    """(u + v)' = u' + v'."""
    if not expression.is_Add:
        return None
    return sp.Add(*(derivative_of(term, x) for term in expression.args)), ""


def _quotient(expression: sp.Expr, x: sp.Symbol) -> tuple[sp.Expr, str] | None:
    """(u/v)' = (u' v - u v')/v**2."""
    if not expression.is_Mul:
        return None
    below = [f for f in expression.args if f.is_Pow and f.exp.is_number and f.exp.is_negative]
    if not below or len(below) == len(expression.args):
        return None
    u = sp.Mul(*(f for f in expression.args if f not in below))
    v = 1 / sp.Mul(*below)
    du, dv = derivative_of(u, x), derivative_of(v, x)
    return (du * v - u * dv) / v**2, f"u = {text(u)}, v = {text(v)}"


def _product(expression: sp.Expr, x: sp.Symbol) -> tuple[sp.Expr, str] | None:
    """(u v)' = u' v + u v'."""
    if not expression.is_Mul:
        return None
    factors = expression.as_ordered_factors()
    terms = [
        derivative_of(factor, x) * sp.Mul(*factors[:i], *factors[i + 1 :]) for i, factor in enumerate(factors)
    ]
    return sp.Add(*terms), ", ".join(f"{name} = {text(f)}" for name, f in zip(PARTS, factors, strict=False))


def _power(expression: sp.Expr, x: sp.Symbol) -> tuple[sp.Expr, str] | None:
    """(x**n)' = n x**(n - 1)."""
    if not (expression.is_Pow and expression.base == x and not expression.exp.has(x)):
        return None
    return expression.exp * x ** (expression.exp - 1), ""


def _power_chain(expression: sp.Expr, x: sp.Symbol) -> tuple[sp.Expr, str] | None:
    """(u**n)' = n u**(n - 1) u'."""
    if not expression.is_Pow or expression.exp.has(x):
        return None
    u, n = expression.as_base_exp() if not expression.base.is_Pow else (expression.base, expression.exp)
    if u**n != expression or n.has(x):
        u, n = expression.base, expression.exp
    return n * u ** (n - 1) * derivative_of(u, x), f"u = {text(u)}"


def _exponential(expression: sp.Expr, x: sp.Symbol) -> tuple[sp.Expr, str] | None:
    """(a**u)' = a**u log(a) u'."""
    if not expression.is_Pow or expression.base.has(x):
        return None
    a, u = expression.args
    return expression * sp.log(a) * derivative_of(u, x), "" if u == x else f"u = {text(u)}"


def _general_power(expression: sp.Expr, x: sp.Symbol) -> tuple[sp.Expr, str] | None:
    """(u**v)' = u**v (v' log(u) + v u'/u), which is exp(v log(u))'."""
    if not expression.is_Pow:
        return None
    u, v = expression.args
    slope = derivative_of(v, x) * sp.log(u) + v * derivative_of(u, x) / u
    return expression * slope, f"u = {text(u)}, v = {text(v)}"


def _elementary(expression: sp.Expr, x: sp.Symbol) -> tuple[sp.Expr, str] | None:
    """f(x)', from the table."""
    if expression.func not in ELEMENTARY or expression.args[0] != x:
        return None
    return ELEMENTARY[expression.func].subs(U, x), ""


def _chain(expression: sp.Expr, x: sp.Symbol) -> tuple[sp.Expr, str] | None:
    """f(u)' = f'(u) u', with f' from the table."""
    if expression.func not in ELEMENTARY:
        return None
    (u,) = expression.args
    return ELEMENTARY[expression.func].subs(U, u) * derivative_of(u, x), f"u = {text(u)}"


RULES: tuple[Rule, ...] = (
    Rule("sum rule", _sum),
    Rule("quotient rule", _quotient),
    Rule("product rule", _product),
    Rule("power rule", _power),
    Rule("exponential rule", _exponential),
    Rule("chain rule", _power_chain),
    Rule("logarithmic differentiation", _general_power),
    Rule("derivative of {function}", _elementary),
    Rule("chain rule", _chain),
)
"""Tried from top to bottom; constants, x itself and constant factors are seen at sight (`derivative_of`)."""


def derive(expression: sp.Expr, x: sp.Symbol, rules: Sequence[Rule] = RULES) -> Derivation:
    """Return the derivation of d/dx of one smooth expression, from the marker to no marker.

    >>> [step.rule for step in derive(sp.exp(-Z**2), Z).steps]
    ['chain rule', 'power rule']
    """
    state: sp.Expr = sp.Derivative(expression, x)
    if exceeds(expression, MAX_STEPPED):
        inner: dict[sp.Expr, sp.Expr] = {}
        whole = differentiated(expression, lambda kernel: _at_once(kernel, x, rules, inner), x)
        if whole is not None:
            return Derivation((Step(AT_ONCE, state, whole, FACTORED, state),), whole)
        result = _at_once(expression, x, rules, {})
        return Derivation((Step(AT_ONCE, state, result, "", state),), result)
    steps: list[Step] = []
    pending = [state]
    while pending:
        marker, *pending = pending
        name, value, note = _differentiated(marker.expr, x, rules)
        after = state.xreplace({marker: value})
        steps.append(Step(name, state, after, note, marker))
        pending = [m for m in (*_markers(value), *pending) if after.has(m)]
        pending = list(dict.fromkeys(pending))
        state = after
    return Derivation(tuple(steps), state)


def _at_once(
    expression: sp.Expr, x: sp.Symbol, rules: Sequence[Rule], known: dict[sp.Expr, sp.Expr]
) -> sp.Expr:
    """Return what `derive` leads to, without the states in between."""
    if expression not in known:
        _, value, _ = _differentiated(expression, x, rules)
        inner = {marker: _at_once(marker.expr, x, rules, known) for marker in _markers(value)}
        known[expression] = value.xreplace(inner)
    return known[expression]


TERM_BY_TERM = "power rule"
"""The rule that is applied to all terms of a sum in one step."""


def _differentiated(expression: sp.Expr, x: sp.Symbol, rules: Sequence[Rule]) -> tuple[str, sp.Expr, str]:
    """Return the rule that is worth a step, what it makes of d/dx of an expression, and a note.

    A constant factor is drawn out, a constant term dropped, on the way: they are no steps of their own.

    >>> _differentiated(1 + 5*sp.exp(-Z**2), Z, RULES)
    ('chain rule', -5*exp(-z**2)*Derivative(z**2, z), 'u = -z**2')
    """
    seen = derivative_of(expression, x)
    markers = _markers(seen)
    if not markers:
        return ("linear function" if expression.has(x) else "constant rule"), seen, ""
    if seen != sp.Derivative(expression, x):
        name, value, note = _differentiated(markers[0].expr, x, rules)
        return name, seen.xreplace({markers[0]: value}), note
    for rule in rules:
        if (found := rule.apply(expression, x)) is not None:
            break
    else:
        raise NotSupported(f"no rule for the derivative of {text(expression)}; write it with {_known()}")
    value, note = found
    if rule.apply is _sum:
        terms = {marker: _differentiated(marker.expr, x, rules) for marker in _markers(value)}
        names = {name for name, _, _ in terms.values()}
        if len(terms) == 1 or names == {TERM_BY_TERM}:
            name, _, note = next(iter(terms.values()))
            return name, value.xreplace({m: v for m, (_, v, _) in terms.items()}), note
    return rule.name.format(function=expression.func.__name__), value, note


def _markers(expression: sp.Expr) -> list[sp.Derivative]:
    """Return the markers in the order in which they are read."""
    seen = dict.fromkeys(n for n in sp.preorder_traversal(expression) if isinstance(n, sp.Derivative))
    return list(seen)


def _known() -> str:
    return " ".join(sorted(function.__name__ for function in ELEMENTARY))


# --- one case: its pieces, its breaks, its kinks -------------------------------------------------------


@dataclass(frozen=True)
class _Found:
    """One case of f': the derivations of its pieces, f' as derived and neat, and the kinks."""

    derivations: tuple[Derivation, ...]
    raw: Case
    neat: Case
    kinks: tuple[FoundKink, ...]


def _neat(derivation: Derivation) -> sp.Expr:
    """Return the neat form of what a derivation leads to, where that is not neat already."""
    if any(step.note == FACTORED for step in derivation.steps):
        return derivation.result
    return neat(derivation.result)


@dataclass(frozen=True)
class _Differentiator:
    activation: Activation
    variable: sp.Symbol
    case: Case
    declared: tuple[Kink, ...] | None

    def run(self) -> _Found:
        derivations = tuple(derive(piece.expression, self.variable) for piece in self.case.pieces)
        raw = self._pieces([derivation.result for derivation in derivations])
        tidy = self._pieces([_neat(derivation) for derivation in derivations])
        breaks, kinks = [], []
        for index, cut in enumerate(self.case.breaks):
            value, kink = self._at(cut, index, tidy)
            breaks.append(Break(cut.at, value))
            kinks += [kink] if kink else []
        case = self.case.condition
        return _Found(
            derivations, Case(case, raw, tuple(breaks)), Case(case, tidy, tuple(breaks)), tuple(kinks)
        )

    def _pieces(self, expressions: Sequence[sp.Expr]) -> tuple[Piece, ...]:
        ends = self.case.pieces
        return tuple(Piece(p.lower, p.upper, e) for p, e in zip(ends, expressions, strict=True))

    def _at(self, cut: Break, index: int, pieces: Sequence[Piece]) -> tuple[sp.Expr, FoundKink | None]:
        """Return the value of f' at a break, and the kink if it is one."""
        if cut.value is sp.nan or self.activation.domain.contains(cut.at) == sp.false:
            return sp.nan, None
        settings = samples(self.activation, self.case.condition)
        left, right = self._limits(pieces, cut.at, index, settings)
        ends = self._limits(self.case.pieces, cut.at, index, settings)
        joins = [equal(end, cut.value, settings) for end in ends]
        if self.activation.domain.contains(cut.at) == sp.false:
            return sp.nan, None
        same = equal(left, right, settings)
        if self.variable != Z:
            value = left if same else self._by_parameter(cut.at, index, joins, (left, right), settings)
            return value, None if same else FoundKink(cut.at, left, right, value)
        jump = not all(joins)
        if same and not (jump and self.declared is not None):
            return left, None
        convention = self._convention(cut.at, left, right, settings)
        return convention, FoundKink(cut.at, left, right, convention, jump)

    @staticmethod
    def _limits(pieces: Sequence[Piece], at: sp.Expr, index: int, settings: Settings) -> list[sp.Expr]:
        """Return the limits from both sides of a break, 0**p decided where all settings agree on it."""
        sides = zip(pieces[index : index + 2], "-+", strict=True)
        return [powers_of_zero(one_sided(piece.expression, at, side), settings) for piece, side in sides]

    def _by_parameter(
        self,
        at: sp.Expr,
        index: int,
        joins: Sequence[bool],
        sides: tuple[sp.Expr, sp.Expr],
        settings: Settings,
    ) -> sp.Expr:
        """Return the derivative by a parameter p at a break: the one that goes with the subgradient by z.

        Where f is continuous, its change along the moving break a(p) has one value,
        ``f_p + f_z a'(p)`` from either side; with the subgradient taken for f_z that leaves f_p. Where f
        jumps, it is the derivative on the side that has the break.
        """
        if not all(joins):
            return sides[1] if joins[1] and not joins[0] else sides[0]
        moves = sp.diff(at, self.variable)
        slopes = [one_sided(sp.diff(self.case.pieces[index + i].expression, Z), at, "-+"[i]) for i in (0, 1)]
        if moves == 0 or any(slope.is_finite is False for slope in slopes):
            return sides[0]
        declared = [k.convention for k in self.activation.kinks if equal(k.at, at, settings)]
        convention = declared[0] if declared else default_convention(slopes[0], slopes[1], settings)
        return sp.simplify(sides[0] + (slopes[0] - convention) * moves)

    def _convention(self, at: sp.Expr, left: sp.Expr, right: sp.Expr, settings: Settings) -> sp.Expr:
        for kink in self.declared or ():
            if equal(kink.at, at, settings):
                return kink.convention
        if self.declared is not None and self.activation.name is not None:
            raise InvalidActivation(
                f"{self.activation.title}: a kink at z = {text(at)}, f' is {text(left)} on its left, "
                f"{text(right)} on its right, and no subgradient is declared; "
                f"add Kink(at={text(at)}, convention=...)"
            )
        return default_convention(left, right, settings)


CONTINUED = "limit in the parameter"


def _continued(one: _Found, found: Sequence[_Found], variable: sp.Symbol) -> _Found:
    """Return a case that holds at one value of the parameter with the limit of its neighbour's derivative.

    At alpha = 0 alone, nothing can be differentiated by alpha.

    Raises NotSupported where no limit is found.
    """
    fixed = [eq for eq in one.raw.condition.atoms(sp.Eq) if eq.lhs == variable]
    if not fixed or fixed[0] not in sp.And.make_args(one.raw.condition):
        return one
    at, rows = fixed[0].rhs, [other for other in found if other is not one]
    pieces = []
    for k, piece in enumerate(one.neat.pieces):
        limits = []
        for row, side in zip(rows, "-+", strict=False):
            if len(row.neat.pieces) == len(one.neat.pieces):
                limits.append(sp.limit(row.neat.pieces[k].expression, variable, at, side))
        good = [neat(value) for value in limits if not value.has(sp.oo, sp.nan, sp.zoo, sp.Limit)]
        if not good:
            raise NotSupported(f"no limit of the derivative is found as {text(variable)} goes to {text(at)}")
        pieces.append(replace(piece, expression=good[0]))
    derivations = tuple(
        Derivation((Step(CONTINUED, d.steps[0].before, p.expression),), p.expression)
        for d, p in zip(one.derivations, pieces, strict=True)
    )
    case = replace(one.neat, pieces=tuple(pieces))
    return _Found(derivations, case, case, one.kinks)


def default_convention(left: sp.Expr, right: sp.Expr, settings: Settings) -> sp.Expr:
    """Return the subgradient where none is declared: 0 if it lies between the sides' values, else the left.

    >>> [default_convention(sp.Integer(left), sp.Integer(3), [{}]) for left in (-1, 2)]
    [0, 2]
    """

    def encloses(setting: Mapping[sp.Symbol, sp.Expr]) -> bool:
        ends = [sp.N(value.subs(setting), 30) for value in (left, right)]
        return all(end.is_extended_real for end in ends) and bool(min(ends) <= 0 <= max(ends))

    if 0 in (left, right):  # the other side may be infinite
        return sp.Integer(0)
    return sp.Integer(0) if all(encloses(setting) for setting in settings) else left


def _check(activation: Activation, found: Sequence[FoundKink]) -> None:
    settings = samples(activation)
    for kink in activation.kinks:
        if not any(equal(kink.at, other.at, settings) for other in found):
            raise InvalidActivation(
                f"{activation.title}: a kink is declared at z = {text(kink.at)}, but f' does not jump there; "
                "remove it or mend the formula"
            )


def _distinct(kinks: Sequence[FoundKink]) -> tuple[FoundKink, ...]:
    return tuple(dict.fromkeys(kinks))


# --- the whole: pieces and cases in one expression -----------------------------------------------------


def _by_case(cases: Sequence[Case]) -> sp.Expr:
    """Return one expression of all cases."""
    return _either(cases, [piecewise(case.pieces, case.breaks) for case in cases])


def _either(cases: Sequence[Case], wholes: Sequence[sp.Expr]) -> sp.Expr:
    """Return one expression of one for each case; the last needs no condition."""
    if len(wholes) == 1:
        return wholes[0]
    conditions = [case.condition for case in cases[:-1]] + [sp.true]
    return sp.Piecewise(*zip(wholes, conditions, strict=True))


def _joined(start: sp.Expr, cases: Sequence[Case], found: Sequence[_Found]) -> list[Step]:
    """Return the steps of all pieces as steps of the whole expression."""
    if len(cases) == 1 and len(cases[0].pieces) == 1:
        return [step for step in found[0].derivations[0].steps if step.before != step.after]
    state = [[_at_first(d, start.variables[0]) for d in one.derivations] for one in found]
    steps = [Step("piecewise definition", start, _assembled(cases, state), "each piece on its own")]
    for i, one in enumerate(found):
        for j, derivation in reversed(list(enumerate(one.derivations))):
            for step in derivation.steps:
                if step.rule == CONTINUED:
                    continue
                before, seen = _assembled(cases, state), _markers(state[i][j])
                part = step.part if step.part in seen else next(iter(seen), step.part)
                state[i][j] = step.after
                steps.append(replace(step, before=before, after=_assembled(cases, state), part=part))
    before, after = _assembled(cases, state), _by_case([one.raw for one in found])
    kinks = _distinct([kink for one in found for kink in one.kinks])
    if before != after:
        rule, note = ("convention at kinks", _conventions(kinks)) if kinks else ("limit at the breaks", "")
        steps.append(Step(rule, before, after, note))
    steps = [step for step in steps if step.before != step.after]
    if kinks and before == after:
        steps[-1] = replace(steps[-1], note="; ".join(filter(None, (steps[-1].note, _conventions(kinks)))))
    return steps


def _at_first(derivation: Derivation, x: sp.Symbol) -> sp.Expr:
    """Return what a piece's derivative is at sight, the marker, or the limit that it is."""
    first = derivation.steps[0]
    return first.after if first.rule == CONTINUED else derivative_of(first.subexpression.expr, x)


def _simplifications(found: Sequence[_Found]) -> list[Step]:
    """Return one step for each piece whose derivative has a neater form, from right to left."""
    cases = [one.raw for one in found]
    steps = []
    for i, one in enumerate(found):
        for j in reversed(range(len(one.raw.pieces))):
            raw, tidy = one.raw.pieces[j], one.neat.pieces[j]
            if raw == tidy:
                continue
            before, pieces = _by_case(cases), list(cases[i].pieces)
            pieces[j] = tidy
            cases[i] = replace(cases[i], pieces=tuple(pieces))
            rule, note = explained(raw.expression, tidy.expression)
            part = None if before == raw.expression else raw.expression
            steps.append(Step(rule, before, _by_case(cases), note, part))
    return steps


def _conventions(kinks: Sequence[FoundKink]) -> str:
    return "by convention " + "; ".join(f"{text(k.convention)} at z = {text(k.at)}" for k in kinks)


def _assembled(cases: Sequence[Case], expressions: Sequence[Sequence[sp.Expr]]) -> sp.Expr:
    """Return the whole with these expressions on the pieces, each break left to its left piece."""
    wholes = []
    for case, values in zip(cases, expressions, strict=True):
        cuts = zip(case.breaks, values, values[1:], strict=False)
        rows = [(right, sp.Gt(Z, cut.at)) for cut, left, right in cuts if left != right]
        wholes.append(sp.Piecewise(*reversed(rows), (values[0], True)))
    return _either(cases, wholes)
