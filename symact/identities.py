"""Identities: which activation of the catalogue a formula is, rescales, is the derivative or the inverse of.

Floats find: f', f'', f''', f'''' make two numbers that no rescaling changes, and parameters are solved for.
Algebra proves: on every piece the difference reduces to 0, and balls agree. What is not proven is not said.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache, cached_property
from itertools import pairwise, product
from typing import Any

import sympy as sp

from symact.activations import Activation, G, Z, samples
from symact.catalogue import activations
from symact.derivatives import differentiate
from symact.errors import SymactError
from symact.jets import ORDER, Jet, jets
from symact.output_forms.balls import Unseen, disagreement
from symact.output_forms.proofs import Ground, reduces_to_zero
from symact.pieces import split
from symact.writing import text

PLACES = (0.7, -0.6, 0.3, 1.9, -1.4, 0.45, 2.6, -3.1, 4.7, -5.2)
"""Where functions are compared: no kink of the catalogue lies there, and some are in every domain."""

GRID = tuple(0.05 * math.sinh(k / 7) for k in range(-50, 51))
"""Where a formula is looked at for the place that corresponds to one of the catalogue's: |z| <= 32."""

CLOSE = 1e-9
ROUGH = 1e-6
"""Relative agreement of floats: of values, and of what was found by solving an equation."""

LINEAR = 1e-12
"""A second derivative below this is none."""

NEWTON, PATIENCE = 12, 4
"""Turns of Newton's method, and after how many the error must be a tenth of the first."""

BALLS = 32
MAX_DENOMINATOR = 2000

CONSTANTS: tuple[tuple[sp.Expr, int], ...] = (
    (sp.Integer(1), MAX_DENOMINATOR),
    *((constant, 60) for constant in (sp.sqrt(2), sp.sqrt(sp.pi), sp.sqrt(2 * sp.pi), sp.sqrt(3))),
    *((constant, 60) for constant in (sp.pi, sp.sqrt(2 / sp.pi), 1 / sp.sqrt(sp.pi), sp.E, sp.log(2))),
)
"""What a number is looked for as a rational multiple of, and up to which denominator."""

Relation = str
SAME, RESCALING, DERIVATIVE, INVERSE = "same as", "rescaling of", "derivative of", "inverse of"
PROOF = "the difference reduces to 0 on every piece and the values agree in ball arithmetic"


@dataclass(frozen=True)
class Identity:
    """A formula's relation to an activation of the catalogue at some ``parameters``, and its proof."""

    relation: Relation
    name: str
    parameters: Mapping[str, sp.Expr]
    statement: str
    proof: str

    def to_json(self) -> dict[str, Any]:
        """Return the object that ``symact derive --json`` lists."""
        return {
            "relation": self.relation,
            "name": self.name,
            "parameters": {name: text(value) for name, value in self.parameters.items()},
            "statement": self.statement,
            "proof": self.proof,
        }


def identities(activation: Activation) -> tuple[Identity, ...]:
    """Return what an activation is known as, besides itself: each identity proven.

    >>> from symact.parsing import parse
    >>> [identity.statement for identity in identities(parse("log(1 + exp(z))"))][:1]
    ['f(z) = softplus(z)']
    """
    try:
        settings = [
            {symbol: float(value) for symbol, value in setting.items()} for setting in samples(activation)[:3]
        ]
        views = [_View(activation, setting) for setting in settings]
    except SymactError:
        return ()
    found: dict[tuple[Relation, str], Identity] = {}
    for shape in _shapes():
        if shape.activation.name == activation.name:
            continue
        for guess in _guesses(views, shape):
            if (guess.relation, shape.name) in found or (SAME, shape.name) in found:
                continue
            if (identity := _proven(activation, shape, guess)) is not None:
                found[guess.relation, shape.name] = identity
    order = (SAME, RESCALING, DERIVATIVE, INVERSE)
    return tuple(sorted(found.values(), key=lambda identity: order.index(identity.relation)))


# --- looking at functions ------------------------------------------------------------------------------


@dataclass(frozen=True)
class _View:
    """An activation at values of its parameters, as floats."""

    activation: Activation
    values: Mapping[sp.Symbol, float]

    @property
    def name(self) -> str:
        return self.activation.title

    @cached_property
    def jet(self) -> Callable[[float, Mapping[sp.Symbol, float]], Jet]:
        return jets(self.activation.expression)

    @cached_property
    def slope(self) -> Callable[[float, Mapping[sp.Symbol, float]], Jet]:
        """The value and the first derivative at any parameters."""
        return jets(self.activation.expression, 1)

    @cached_property
    def seen(self) -> dict[float, Jet]:
        return {}

    def at(self, z: float) -> Jet:
        """Return the jet at a point of the domain."""
        if z not in self.seen:
            self.seen[z] = self.jet(z, self.values) if self._inside(z) else [math.nan] * (ORDER + 1)
        return self.seen[z]

    def _inside(self, z: float) -> bool:
        lower, upper = self._ends
        return lower < z < upper

    @cached_property
    def _ends(self) -> tuple[float, float]:
        domain = self.activation.domain
        ends = [float(end.subs(self.values)) for end in (domain.inf, domain.sup)]
        return ends[0], ends[1]

    @cached_property
    def kinks(self) -> list[float]:
        """Where f' jumps, in order: as declared, or as found."""
        found: Sequence[Any] = self.activation.kinks
        if self.activation.name is None and self.activation.expression.has(
            sp.Abs, sp.sign, sp.Max, sp.Min, sp.Piecewise
        ):
            found = differentiate(self.activation).kinks
        return sorted(float(kink.at.subs(self.values)) for kink in found)

    @cached_property
    def anchor(self) -> float | None:
        """A place where the invariants exist."""
        return next((z for z in PLACES if _invariants(self.at(z)) is not None), None)

    @cached_property
    def table(self) -> list[tuple[float, tuple[float, float]]]:
        """The invariants along the axis, where they exist."""
        return [(z, value) for z in GRID if (value := _invariants(self.at(z))) is not None]


@cache
def _shapes() -> tuple[_View, ...]:
    return tuple(
        _View(activation, {symbol: float(value) for symbol, value in activation.defaults.items()})
        for activation in activations().values()
    )


def _invariants(jet: Jet) -> tuple[float, float] | None:
    """Return f' f'''/f''**2 and f'**2 f''''/f''**3, which f -> a f(b z + c) + d does not change."""
    _, first, half, sixth, fourth, _ = jet
    if not math.isfinite(first * half * sixth * fourth) or abs(half) < LINEAR or abs(first) < LINEAR:
        return None
    return 1.5 * first * sixth / half**2, 3 * first**2 * fourth / half**3


def _agree(a: float, b: float, tolerance: float = CLOSE) -> bool:
    return abs(a - b) <= tolerance * max(1.0, abs(a), abs(b))


# --- guesses, by floats --------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Guess:
    """What floats suggest: parameters of the catalogue's h, and (a, b, c, d) of a h(b z + c) + d."""

    relation: Relation
    parameters: Mapping[sp.Symbol, sp.Expr]
    scale: tuple[sp.Expr, sp.Expr, sp.Expr, sp.Expr] = (sp.S.One, sp.S.One, sp.S.Zero, sp.S.Zero)


def _guesses(views: Sequence[_View], shape: _View) -> Iterator[_Guess]:
    for relation, residual in ((SAME, _same), (DERIVATIVE, _derivative), (INVERSE, _inverse)):
        solved = [_solved(view, shape, residual) for view in views]
        if None in solved:
            continue
        symbols = [parameter.symbol for parameter in shape.activation.parameters]
        exact = [_exact([one[i] for one in solved if one is not None], views) for i in range(len(symbols))]
        if None not in exact:
            yield _Guess(relation, dict(zip(symbols, exact, strict=True)))
    first = _rescaling(views[0], shape)
    for rows in product(first, *(_rescaling(view, shape) for view in views[1:] if first)) if first else ():
        exact = [_exact([row[i] for row in rows], views) for i in range(4)]
        if None not in exact:
            a, b, c, d = (value for value in exact if value is not None)
            yield _Guess(RESCALING, dict(shape.activation.defaults), (a, b, c, d))


Residual = Callable[[_View, _View, Mapping[sp.Symbol, float], float], float]


def _same(view: _View, shape: _View, values: Mapping[sp.Symbol, float], z: float) -> float:
    return _at(shape, z, values)[0] - view.at(z)[0]


def _derivative(view: _View, shape: _View, values: Mapping[sp.Symbol, float], z: float) -> float:
    return _at(shape, z, values)[1] - view.at(z)[0]


def _inverse(view: _View, shape: _View, values: Mapping[sp.Symbol, float], z: float) -> float:
    return _at(shape, view.at(z)[0], values)[0] - z


def _at(shape: _View, z: float, values: Mapping[sp.Symbol, float]) -> Jet:
    if values is shape.values:
        return shape.at(z)
    return shape.slope(z, values)


def _solved(view: _View, shape: _View, residual: Residual) -> list[float] | None:
    """Return the parameters at which residuals vanish everywhere: the defaults, or by Newton's method."""
    places = [z for z in PLACES if math.isfinite(view.at(z)[0])]
    if len(places) < 3:
        return None

    def vanishes(values: Mapping[sp.Symbol, float], tolerance: float) -> bool:
        scale = max(1.0, *(abs(view.at(z)[0]) for z in places))
        return all(abs(residual(view, shape, values, z)) <= tolerance * scale for z in places)

    symbols = list(shape.values)
    if vanishes(shape.values, CLOSE):
        return list(shape.values.values())
    if not symbols or not math.isfinite(residual(view, shape, shape.values, places[0])):
        return None
    for start in _starts(view, shape, residual):
        values = _newton(view, shape, residual, dict(start), places)
        if values is not None and vanishes(values, ROUGH):
            return [values[symbol] for symbol in symbols]
    return None


def _starts(view: _View, shape: _View, residual: Residual) -> Iterator[Mapping[sp.Symbol, float]]:
    yield shape.values
    yield {symbol: -value for symbol, value in shape.values.items()}
    kinks, symbols = view.kinks, list(shape.values)
    if residual is _same and kinks and len(kinks) == len(shape.kinks):
        if len(kinks) == len(symbols):
            yield dict(zip(symbols, kinks, strict=True))
        for symbol in symbols:  # a parameter may be where the kink is
            yield {**shape.values, symbol: kinks[-1]}
            yield {**shape.values, symbol: abs(kinks[0])}


def _newton(
    view: _View,
    shape: _View,
    residual: Residual,
    values: dict[sp.Symbol, float],
    places: Sequence[float],
) -> dict[sp.Symbol, float] | None:
    """Return the parameters after Gauss and Newton's iteration over all places."""
    symbols, places = list(values), places[: len(values) + 2]
    first = math.inf
    for turn in range(NEWTON):
        errors = [residual(view, shape, values, z) for z in places]
        size = max(map(abs, errors))
        first = size if turn == 0 else first
        if turn == PATIENCE and size > first / 10:
            return None
        columns = []
        for symbol in symbols:
            step = 1e-6 * max(1.0, abs(values[symbol]))
            moved = {**values, symbol: values[symbol] + step}
            columns.append(
                [(residual(view, shape, moved, z) - e) / step for z, e in zip(places, errors, strict=True)]
            )
        if not all(math.isfinite(x) for x in (*errors, *(x for column in columns for x in column))):
            return None
        change = _least_squares(columns, errors)
        values = {s: values[s] - delta for s, delta in zip(symbols, change, strict=True)}
        if all(
            abs(delta) <= 1e-14 * max(1.0, abs(values[s])) for s, delta in zip(symbols, change, strict=True)
        ):
            break
    return values


def _least_squares(columns: Sequence[Sequence[float]], errors: Sequence[float]) -> list[float]:
    """Return the least squares solution by Gram's matrix; a column of zeros gets 0."""
    moving = [i for i, column in enumerate(columns) if any(abs(x) > 1e-9 for x in column)]
    rows = [
        [sum(x * y for x, y in zip(columns[i], columns[j], strict=True)) for j in moving]
        + [sum(x * e for x, e in zip(columns[i], errors, strict=True))]
        for i in moving
    ]
    for k in range(len(rows)):
        pivot = max(range(k, len(rows)), key=lambda i: abs(rows[i][k]))
        rows[k], rows[pivot] = rows[pivot], rows[k]
        if abs(rows[k][k]) < 1e-14:
            return [0.0] * len(columns)
        for i in range(len(rows)):
            if i != k:
                factor = rows[i][k] / rows[k][k]
                rows[i] = [x - factor * y for x, y in zip(rows[i], rows[k], strict=True)]
    solution = [0.0] * len(columns)
    for k, i in enumerate(moving):
        solution[i] = rows[k][-1] / rows[k][k]
    return solution


# --- rescalings ----------------------------------------------------------------------------------------

Scale = tuple[float, float, float, float]


def _rescaling(view: _View, shape: _View) -> list[Scale]:
    """Return ``(a, b, c, d)`` with f(z) = a h(b z + c) + d at all places, the simplest first."""
    found: list[Scale] = []
    for b, c in _inner(view, shape):
        b, c = _rounded(b), _rounded(c)
        scale = _outer(view, shape, b, c)
        if scale is not None and not any(all(map(_agree, scale, other)) for other in found):
            found.append(scale)
    return sorted(found, key=lambda s: (s[1] < 0, abs(s[2]) > ROUGH, s[0] < 0))


def _inner(view: _View, shape: _View) -> Iterator[tuple[float, float]]:
    """Yield what b and c may be: from kinks, else from a place with the anchor's invariants."""
    mine, theirs = view.kinks, shape.kinks
    if len(mine) != len(theirs):
        return
    if len(mine) > 1:
        for others in (theirs, theirs[::-1]):
            b = (others[1] - others[0]) / (mine[1] - mine[0])
            yield b, others[0] - b * mine[0]
        return
    for b in (1.0, -1.0):
        yield b, theirs[0] - b * mine[0] if mine else 0.0
    anchor = shape.anchor
    if anchor is None:
        return
    there = shape.at(anchor)
    wanted = _invariants(there)
    assert wanted is not None
    for z in _corresponding(view, wanted):
        here = view.at(z)
        b = (here[2] / here[1]) / (there[2] / there[1])
        yield b, (theirs[0] - b * mine[0]) if mine else anchor - b * z


def _corresponding(view: _View, wanted: tuple[float, float]) -> Iterator[float]:
    """Yield places of f with the invariants that are wanted."""
    rows = view.table
    if rows and all(_agree(value[0], rows[0][1][0]) for _, value in rows):  # exponentials, powers
        if _agree(rows[0][1][0], wanted[0]):
            yield min((z for z, _ in rows), key=lambda z: abs(z - PLACES[0]))
        return
    for (left, one), (right, other) in pairwise(rows):
        low, high = one[0] - wanted[0], other[0] - wanted[0]
        if low * high > 0:
            continue
        share = low / (low - high) if low != high else 0.0
        between = one[1] + share * (other[1] - one[1])
        if abs(between - wanted[1]) > 0.5 * (0.2 + abs(wanted[1])):
            continue
        z = _bisected(view, wanted[0], left, right, low)
        value = _invariants(view.at(z))
        if value is not None and _agree(value[0], wanted[0], ROUGH) and _agree(value[1], wanted[1], 1e-4):
            yield z


def _bisected(view: _View, wanted: float, left: float, right: float, low: float) -> float:
    """Return the root of the first invariant less what is wanted, by regula falsi that halves stale ends."""
    value = _invariants(view.at(right))
    high = value[0] - wanted if value is not None else -low
    z = left
    for _ in range(40):
        z = (left * high - right * low) / (high - low) if high != low else (left + right) / 2
        here = _invariants(view.at(z))
        if here is None or abs(here[0] - wanted) <= 1e-14 * max(1.0, abs(wanted)):
            break
        e = here[0] - wanted
        if e * high < 0:
            left, low = right, high
        else:
            low /= 2
        right, high = z, e
    return z


def _outer(view: _View, shape: _View, b: float, c: float) -> Scale | None:
    """Return the rescaling with this inner part, if there is one."""
    places = [(view.at(z)[0], shape.at(b * z + c)[0]) for z in PLACES if not math.isnan(view.at(z)[0])]
    if len(places) < 3 or any(not math.isfinite(y) for pair in places for y in pair):
        return None
    (y1, h1), (y2, h2) = min(places, key=lambda p: p[1]), max(places, key=lambda p: p[1])
    if abs(h1 - h2) < CLOSE or b == 0:
        return None
    a = (y2 - y1) / (h2 - h1)
    d = y1 - a * h1
    scale = max(abs(y) for y, _ in places) + 1.0
    if a == 0 or any(abs(a * h + d - y) > 1e-10 * scale for y, h in places):
        return None
    return a, b, c, d


def _rounded(value: float) -> float:
    """Return a simple number within the error of what was solved for, so that others come out sharp."""
    for constant, bound in CONSTANTS:
        ratio = value / float(constant)
        near = Fraction(ratio).limit_denominator(min(bound, 1000))
        if _agree(float(near), ratio, 1e-8):
            return float(near) * float(constant)
    return value


# --- exact values --------------------------------------------------------------------------------------


def _exact(values: Sequence[float], views: Sequence[_View]) -> sp.Expr | None:
    """Return a simple constant times simple powers of the parameters that has these values; None if none.

    >>> _exact([1.702], [])
    851/500
    """
    symbols = list(views[0].values) if views else []
    for powers in sorted(product((0, 1, -1), repeat=len(symbols)), key=lambda p: sum(map(abs, p))):
        monomials = [math.prod(v.values[s] ** k for s, k in zip(symbols, powers, strict=True)) for v in views]
        ratios = [v / m for v, m in zip(values, monomials or [1.0], strict=False)]
        if not all(_agree(ratio, ratios[0], ROUGH) for ratio in ratios):
            continue
        constant = _constant(ratios[0])
        if constant is not None:
            return constant * sp.Mul(*(s**k for s, k in zip(symbols, powers, strict=True)))
    return None


def _constant(value: float) -> sp.Expr | None:
    if not math.isfinite(value):
        return None
    for constant, bound in CONSTANTS:
        ratio = value / float(constant)
        near = Fraction(ratio).limit_denominator(bound)
        if _agree(float(near), ratio, 1e-8):
            return sp.Rational(near.numerator, near.denominator) * constant
    return None


# --- proofs --------------------------------------------------------------------------------------------


def _proven(activation: Activation, shape: _View, guess: _Guess) -> Identity | None:
    """Return the identity, with the condition under which its parameters are allowed; None if unproven."""
    demands = (parameter.domain.subs(guess.parameters) for parameter in shape.activation.parameters)
    condition = sp.And(*demands)
    if condition == sp.false or (identity := _at_parameters(activation, shape, guess)) is None:
        return None
    if condition == sp.true:
        return identity
    return replace(identity, statement=f"{identity.statement} for {text(condition)}")


def _at_parameters(activation: Activation, shape: _View, guess: _Guess) -> Identity | None:
    target = shape.activation
    h = target.expression.subs(guess.parameters)
    f, parameters = activation.expression, {s.name: v for s, v in guess.parameters.items()}
    call = _call(target, guess)
    if guess.relation == INVERSE:
        domain = _domain(target, guess.parameters)
        holds = _equal(activation, f.subs(Z, h), Z, domain) and _equal(
            activation, h.subs(Z, f), Z, activation.domain
        )
        statement = f"{_call(target, guess, 'f(z)')} = z"
        return Identity(INVERSE, shape.name, parameters, statement, PROOF) if holds else None
    if guess.relation == DERIVATIVE:
        slope = differentiate(target).simplified.subs(guess.parameters)
        holds = _equal(activation, f, slope, activation.domain)
        statement = f"f(z) = d/dz {call}"
        return Identity(DERIVATIVE, shape.name, parameters, statement, PROOF) if holds else None
    a, b, c, d = guess.scale
    value = a * h.subs(Z, b * Z + c) + d
    if not _equal(activation, f, value, activation.domain):
        return None
    written = sp.Symbol(_call(target, guess, text(b * Z + c)))
    statement = f"f(z) = {text(a * written + d)}"
    return Identity(guess.relation, shape.name, parameters, statement, PROOF)


def _call(target: Activation, guess: _Guess, argument: str = "z") -> str:
    """Return a call as text, with the parameters that are not the defaults."""
    given = [
        f"{symbol.name}={text(value)}"
        for symbol, value in guess.parameters.items()
        if value != target.defaults[symbol]
    ]
    return f"{target.name}({', '.join([argument, *given])})"


def _domain(target: Activation, parameters: Mapping[sp.Symbol, sp.Expr]) -> sp.Set:
    return target.domain.subs(parameters)


def _equal(activation: Activation, left: sp.Expr, right: sp.Expr, domain: sp.Set) -> bool:
    """Return whether two expressions are proven to be one function on a domain."""
    if left == right:
        return True
    try:
        difference = Activation(None, left - right, activation.parameters, domain=domain)
        both = [Activation(None, side, activation.parameters, domain=domain) for side in (left, right)]
        settings = samples(difference)
        for case in split(difference):
            for piece in case.pieces:
                if piece.expression == 0:
                    continue
                ground = Ground(piece, (), settings)
                if not reduces_to_zero(G, piece.expression, sp.S.Zero, ground):
                    return False
                for setting in settings[:2]:
                    if (
                        disagreement(both[0].expression, both[1].expression, piece, setting, BALLS, 4)
                        is not None
                    ):
                        return False
            if any(sp.simplify(cut.value) != 0 for cut in case.breaks if cut.value.is_finite is not False):
                return False
    except (SymactError, Unseen, NotImplementedError, ValueError, TypeError, RecursionError):
        return False
    return True
