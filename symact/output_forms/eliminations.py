"""Elimination: a polynomial relation between d = f'(z) and g = f(z), and its root that f' is.

f is a tower: outer functions are inverted one after the other, until what is left is algebraic in one
kernel (z itself, an exponential, ...). There resultants eliminate that kernel and the roots over it from
``{v = F, d = D, relations}``, with v the known value of F. What is linear in d is the form; otherwise
numbers choose the root.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from math import gcd, lcm

import sympy as sp
from flint import arb

from symact.activations import G, Z
from symact.output_forms.balls import Function, Place, ball, points
from symact.output_forms.towers import (
    POWER,
    ROOT,
    TANGENT,
    Finer,
    Kernel,
    TooLarge,
    Tower,
    factors,
    fraction,
    tower_of,
)
from symact.quotients import factored, resultant
from symact.writing import text

D = sp.Symbol("_d", real=True)
V = sp.Symbol("_v", real=True)
T = sp.Symbol("_t", positive=True)
SHOWN = {D: sp.Symbol("d", real=True), V: sp.Symbol("v", real=True)}
"""What they are called in a relation that is shown; parameters of the formula may have these names too."""
NAMES = ("u_1", "u_2", "u_3", "u_4", "u_5", "u_6", "u_7", "u_8")
"""What further kernels are called in a relation that is shown."""

MAX_DEPTH = 8
"""Outer functions that are inverted."""


@lru_cache(maxsize=1024)
def logarithm(argument: sp.Expr) -> sp.Expr:
    """Return log(x), for log(1/x) as -log(x): where it exists they are the same.

    >>> logarithm(1/G)
    -log(g)
    """
    numerator, denominator = sp.fraction(sp.together(argument))
    if numerator in (1, -1) and denominator != 1:
        return -sp.log(sp.expand(numerator * denominator))
    return sp.log(argument)


INVERSES: Mapping[object, Callable[[sp.Expr], sp.Expr]] = {
    sp.exp: logarithm,
    sp.log: sp.exp,
    sp.asin: sp.sin,
    sp.acos: sp.cos,
    sp.atan: sp.tan,
    sp.asinh: sp.sinh,
    sp.acosh: sp.cosh,
    sp.atanh: sp.tanh,
}
"""y = function(x) solved for x, on the function's principal branch."""


LOGARITHMIC = (sp.log, sp.asinh, sp.acosh, sp.atanh)
"""Functions whose exponential is algebraic."""


@dataclass(frozen=True)
class Candidate:
    """A form not yet proven: ``rational`` in the symbols of ``meanings``, which say them in g.

    ``relation`` is the polynomial relation that elimination gives, as text; ``road`` how the form came.
    """

    rational: sp.Expr
    meanings: Mapping[sp.Symbol, sp.Expr]
    relation: str
    road: str
    polynomial: sp.Expr | None = None
    """The relation in D and G, if nothing else stands in it."""


class NoInverse(Exception):
    """Why f cannot be inverted in elementary terms."""


class Unsolved(NoInverse):
    """A polynomial relation that is not solved in radicals here."""


def substituted(expression: sp.Expr, meanings: Mapping[sp.Symbol, sp.Expr]) -> sp.Expr:
    """Return an expression with its symbols written out."""
    return expression.xreplace(dict(meanings))


def candidates(f: sp.Expr, d: sp.Expr, place: Place) -> Iterator[Candidate]:
    """Yield forms of d in g = f(z) on a smooth piece, the most direct first.

    Raises NoInverse where f is not elementary to invert.

    >>> from symact.pieces import Piece
    >>> line = Place(Piece(-sp.oo, sp.oo, Z), ({},))
    >>> next(candidates(sp.tanh(Z), 1/sp.cosh(Z)**2, line)).relation
    'd + g**2 - 1 = 0'
    """
    obstacle: NoInverse | None = None
    found = False
    for apart in (False, True):
        try:
            tower, (F, target) = tower_of([f, d], place.sign, apart)
            elimination = _Elimination(tower, place, target)
            for candidate in elimination.descend(F):
                found = True
                yield candidate
            if elimination.unsolved and not found:
                degree = sp.degree(elimination.unsolved[0], D)
                obstacle = Unsolved(f"elimination leaves an equation of degree {degree}, not solved here")
        except TooLarge:
            obstacle = obstacle or NoInverse("the expressions are too large to eliminate z from")
        except NoInverse as error:
            obstacle = obstacle or error
        if found:
            return
    if obstacle is not None:
        raise obstacle


def at_output(f: sp.Expr, place: Place) -> Callable[[sp.Expr], int | None]:
    """Return the function that gives the sign of an expression, whose z is g, on the image of a piece."""
    return lambda expression: place.sign(expression.subs(Z, f))


@dataclass(frozen=True)
class _OnePower:
    """F by ``symbol``, a power of a base T; ``back`` is what the base is made of, ``others`` its powers."""

    F: sp.Expr
    symbol: sp.Symbol
    exponent: sp.Expr
    back: Mapping[sp.Symbol, sp.Expr]
    others: Mapping[sp.Symbol, sp.Expr]


def _exponents(polynomial: sp.Expr, exponents: Mapping[sp.Symbol, sp.Expr]) -> list[tuple[sp.Expr, sp.Expr]]:
    """Return the terms of a polynomial in powers of one base: the exponent and the coefficient of each."""
    return [
        (sp.Add(*(k * e for k, e in zip(monomial, exponents.values(), strict=True))), coefficient)
        for monomial, coefficient in sp.Poly(polynomial, *exponents).terms()
    ]


def _by_power(power: Kernel, symbol: sp.Symbol, exponent: sp.Expr) -> sp.Expr:
    """Return a power by another of its base, and whole powers of the base: z**p = z**(1 + p)/z."""
    for parameter in sorted(exponent.free_symbols, key=str):
        k = sp.cancel(sp.diff(power.degree, parameter) / sp.diff(exponent, parameter))
        rest = sp.expand(power.degree - k * exponent)
        if k.is_Integer and rest.is_Integer:
            return symbol**k * power.argument**rest
    return power.symbol


@dataclass(frozen=True)
class _Elimination:
    """What to express is ``target``; kernels that are ``known`` stand as symbols with a meaning in g."""

    tower: Tower
    place: Place
    target: sp.Expr
    unsolved: list[sp.Expr] = field(default_factory=list)

    def descend(self, F: sp.Expr) -> Iterator[Candidate]:
        """Invert outer functions until the target is algebraic over what is left of F."""
        value, known = G, dict[sp.Symbol, sp.Expr]()
        for _ in range(MAX_DEPTH):
            numerator, denominator = fraction(F)
            F = numerator / denominator
            free = self._moving(F)
            if not free:
                return
            bases = self._bases(free)
            unknown = self._moving(self.target) - set(known)
            meanings = {V: value, **known, **self._constants}
            if len(bases) == 1 and self._bases(unknown) <= bases:
                (base,) = bases
                yield from self._by_both_roads(F, base, known, meanings)
                if (unpowered := self._unpowered(F, value)) is not None:
                    F, value = unpowered
                    yield from self._by_both_roads(F, base, known, {**meanings, V: value})
                return
            if len(free) > 1 and (gathered := self._gathered(F, value, meanings)) is not None:
                F, value = gathered
                continue
            if len(free) > 1 and (one := self._of_one_power(F)) is not None:
                yield from self._by_one_power(one, known, meanings)
                return
            if len(free) > 1 and len(bases) > 1:
                raise (Unsolved if self._overlapping(bases) else NoInverse)(self._mixture(bases))
            (symbol,) = free if len(free) == 1 else bases
            expressed = self._express(F, symbol, symbol, known)
            if expressed is None:
                return
            known[symbol] = substituted(expressed[0], meanings)
            if symbol == Z:
                yield Candidate(self.target, {**self._completed(known), **self._constants}, "", "inversion")
                return
            kernel = self.tower.kernels[symbol]
            value, F = self._inverted(kernel, known[symbol]), kernel.argument

    def _gathered(
        self, F: sp.Expr, value: sp.Expr, meanings: Mapping[sp.Symbol, sp.Expr]
    ) -> tuple[sp.Expr, sp.Expr] | None:
        """Return one function of what F is made of, if F adds up logarithms or multiplies powers.

        exp(log(u) - log(v)) = u/v, exp(z - log(1 + exp(z))) = exp(z)/(1 + exp(z)), and
        (z*(1 + z**p)**(-1/p))**p = z**p/(1 + z**p).
        """
        for gather in (self._of_logarithms, self._of_powers):
            try:
                if (found := gather(F)) is None:
                    continue
                expression, outer = found
                inner = self.tower.rational(expression)
            except (TooLarge, Finer):
                continue
            if len(self._bases(self._moving(inner))) < len(self._bases(self._moving(F))):
                return inner, substituted(outer.subs(V, value), meanings)
        return None

    def _of_logarithms(self, F: sp.Expr) -> tuple[sp.Expr, sp.Expr] | None:
        """F = sum c_i log(u_i) + c z, with rational ratios: exp(F/c_1)."""
        coefficients: dict[sp.Symbol, sp.Expr] = {}
        for symbol in self._moving(F):
            coefficient = sp.cancel(sp.diff(F, symbol))
            if self._moving(coefficient):
                return None
            coefficients[symbol] = coefficient
        logs = [
            c for s, c in coefficients.items() if s != Z and self.tower.kernels[s].function in LOGARITHMIC
        ]
        if not logs or len(logs) + (Z in coefficients) < len(coefficients):
            return None
        ratios = [sp.cancel(c / logs[0]) for c in logs]
        if not all(ratio.is_Rational for ratio in ratios):
            return None
        unit = logs[0] * sp.Rational(gcd(*(int(r.p) for r in ratios)), lcm(*(int(r.q) for r in ratios)))
        scale = self.tower.meaning(1 / unit)
        return sp.exp(sp.expand(scale * self.tower.meaning(F))), sp.exp(scale * V)

    def _of_powers(self, F: sp.Expr) -> tuple[sp.Expr, sp.Expr] | None:
        """F a product of powers, one with a parameter in its exponent 1/p: (|F|)**p; x, where F is x**p."""
        moving = self._moving(F)
        powers = [self.tower.kernels[s] for s in moving if s != Z and self.tower.kernels[s].function == POWER]
        sign = self.place.sign(self.tower.meaning(F))
        if not powers or sign is None or not sp.fraction(F)[0].is_Mul | sp.fraction(F)[0].is_Symbol:
            return None
        constant, parts = factors(F)
        meanings = [(self.tower.meaning(factor), k) for factor, k in parts]
        sides = [(self.place.sign(meaning), meaning, k) for meaning, k in meanings]
        positive = [(side * meaning, k) for side, meaning, k in sides if side is not None]
        if len(positive) < len(sides):
            return None
        exponents: dict[sp.Expr, sp.Expr] = {}
        for x, k in positive:
            base, exponent = x.as_base_exp()
            exponents[base] = exponents.get(base, sp.S.Zero) + k * exponent
        if len(exponents) == 1:
            ((base, exponent),) = exponents.items()
            return base, (sign * V / abs(constant)) ** (1 / exponent)
        p = 1 / powers[-1].degree
        result = sp.Mul(*(sp.powdenest(sp.Pow(x, k * p), force=True) for x, k in positive))
        return result * abs(constant) ** p, (sign * V) ** p

    def _of_one_power(self, F: sp.Expr) -> "_OnePower | None":
        """Return F by one power W, if it is made of powers of one base whose exponents are multiples of one.

        z*z**p/(1 + z*z**p) is W/(1 + W) with W = z**(1 + p).
        """
        moving = self._moving(F)
        powers = [k for s, k in self.tower.kernels.items() if s in moving and k.function == POWER]
        bases = {power.argument for power in powers}
        inner = moving - {power.symbol for power in powers}
        if len(bases) != 1 or len(inner) > 1:
            return None
        (base,) = bases
        exponents = {power.symbol: power.degree for power in powers}
        back: dict[sp.Symbol, sp.Expr] = {}
        for symbol in inner:  # what stands beside the powers is linear in their base
            slope = sp.diff(base, symbol)
            if self._moving(base) != inner or self._moving(slope) or slope == 0:
                return None
            back[symbol] = sp.expand((T - base) / slope + symbol)
            exponents[T] = sp.S.One
        parts = [_exponents(part, exponents) for part in fraction(F.xreplace(back))]
        start = parts[1][0][0]
        shifted = [[(sp.expand(total - start), c) for total, c in part] for part in parts]
        unit = next((total for part in shifted for total, _ in part if total != 0), sp.S.Zero)
        if unit == 0:
            return None
        ratios = [[(sp.cancel(total / unit), c) for total, c in part] for part in shifted]
        found = [ratio for part in ratios for ratio, _ in part if ratio != 0]
        if not all(ratio.is_Rational for ratio in found):
            return None
        step = sp.Rational(gcd(*(int(r.p) for r in found)), lcm(*(int(r.q) for r in found)))
        unit = sp.expand(step * unit)
        if unit.could_extract_minus_sign():
            unit, step = -unit, -step
        W = self.tower.power(base, unit)
        above, below = (sp.Add(*(c * W ** (ratio / step) for ratio, c in part)) for part in ratios)
        others = {
            power.symbol: _by_power(power, W, unit)
            for power in self.tower.kernels.values()
            if power.function == POWER and power.argument == base and power.symbol != W
        }
        return _OnePower(above / below, W, unit, back, others)

    def _by_one_power(
        self, one: "_OnePower", known: Mapping[sp.Symbol, sp.Expr], meanings: Mapping[sp.Symbol, sp.Expr]
    ) -> Iterator[Candidate]:
        """Express the one power, by it the base and its other powers, and substitute."""
        if (expressed := self._express(one.F, one.symbol, one.symbol, known)) is None:
            return
        power = substituted(expressed[0], meanings)
        base = sp.Pow(power, 1 / one.exponent)
        inside = {symbol: value.subs(T, base) for symbol, value in one.back.items()}
        values = self._completed({**known, one.symbol: power, **inside})
        yield Candidate(self.target.xreplace(one.others), {**values, **self._constants}, "", "inversion")

    def _overlapping(self, bases: set[sp.Symbol]) -> bool:
        """Return whether a power stands beside its own base: z*z**p mixes the two, and has an inverse."""
        powers = [k for s, k in self.tower.kernels.items() if s in bases and k.function == POWER]
        return any(self._bases(self._moving(power.argument)) & bases for power in powers)

    def _mixture(self, bases: set[sp.Symbol]) -> str:
        """Return why g has no elementary inverse: it is algebraic over more than one of the tower's kernels.

        Kernels of a tower are algebraically independent (Risch, 1979, doi:10.2307/2373917), and an equation
        that needs two of them is not solved by elementary functions (Rosenlicht, 1969,
        doi:10.1007/BF02684595; Bronstein, Corless, Davenport and Jeffrey, 2008, on Lambert's W,
        doi:10.1080/10652460802332342).
        """
        shown = []
        for kernel in (self.tower.kernels.get(symbol) for symbol in bases):
            if kernel is None:
                shown.append(text(Z))
            elif kernel.function == TANGENT and self.tower.half:
                shown.append(text(sp.sin(self.tower.meaning(kernel.argument))))
            else:
                shown.append(text(kernel.meaning))
        return f"g mixes {' and '.join(sorted(shown))}, which are algebraically independent"

    def _inverted(self, kernel: Kernel, value: sp.Expr) -> sp.Expr:
        if kernel.function == ROOT:
            return value**kernel.degree
        if kernel.function == POWER:
            return value ** (1 / kernel.degree)
        if kernel.function == TANGENT:
            return sp.atan(value) / kernel.degree
        if kernel.function not in INVERSES:
            name = getattr(kernel.function, "__name__", text(kernel.meaning))
            raise NoInverse(f"the inverse of {name} is not elementary")
        return INVERSES[kernel.function](value)

    def _completed(self, known: Mapping[sp.Symbol, sp.Expr]) -> dict[sp.Symbol, sp.Expr]:
        """Return what is known, and by it the kernels that the target has besides, from the lowest up."""
        result = dict(known)
        for symbol, kernel in self.tower.kernels.items():
            if symbol in result or kernel.constant or not self._moving(kernel.argument) <= set(result):
                continue
            argument = sp.cancel(sp.together(substituted(kernel.argument, {**result, **self._constants})))
            result[symbol] = kernel.of(argument)
        return result

    @cached_property
    def _constants(self) -> dict[sp.Symbol, sp.Expr]:
        return {s: k.meaning for s, k in self.tower.kernels.items() if k.constant}

    def _moving(self, expression: sp.Expr) -> set[sp.Symbol]:
        """Return the symbols that depend on z."""
        kernels = self.tower.kernels
        return {s for s in expression.free_symbols if s == Z or (s in kernels and not kernels[s].constant)}

    def _bases(self, symbols: set[sp.Symbol]) -> set[sp.Symbol]:
        """Return the symbols that are not roots, those under roots included."""
        bases = set()
        for symbol in symbols:
            kernel = self.tower.kernels.get(symbol)
            if kernel is not None and kernel.function == ROOT:
                bases |= self._bases(self._moving(kernel.argument))
            else:
                bases.add(symbol)
        return bases

    def _roots(self, known: Mapping[sp.Symbol, sp.Expr], *expressions: sp.Expr) -> list[Kernel]:
        """Return the roots over z that occur and are not known, those on top first."""
        found: set[sp.Symbol] = set()
        waiting = set[sp.Symbol]().union(*(self._moving(expression) for expression in expressions))
        while waiting:
            symbol = waiting.pop()
            kernel = self.tower.kernels.get(symbol)
            if kernel is not None and kernel.function == ROOT and symbol not in {*found, *known}:
                found.add(symbol)
                waiting |= self._moving(kernel.argument)
        return [kernel for symbol, kernel in reversed(self.tower.kernels.items()) if symbol in found]

    def _by_both_roads(
        self,
        F: sp.Expr,
        base: sp.Symbol,
        known: Mapping[sp.Symbol, sp.Expr],
        meanings: Mapping[sp.Symbol, sp.Expr],
    ) -> Iterator[Candidate]:
        """Eliminate the base for d itself; or express the base and the roots over it, and substitute."""
        relation, whole = "", None
        expressed = self._express(F, self.target, base, known)
        if expressed is not None:
            root, polynomial = expressed
            relation = self._relation(polynomial, meanings)
            if polynomial.free_symbols <= {D, V} and meanings[V] == G:
                whole = polynomial.subs(V, G)
            yield Candidate(root, meanings, relation, "elimination", whole)
        roots = self._roots(known, self.target)
        if not roots and expressed is not None and sp.degree(expressed[1], D) == 1:
            return
        values = {}
        for symbol in [base, *(kernel.symbol for kernel in roots)]:
            if (one := self._express(F, symbol, base, known)) is None:
                return
            values[symbol] = one[0]
        expression = self.target.subs(values, simultaneous=True)
        yield Candidate(expression, meanings, relation, "inversion", whole)

    def _relation(self, polynomial: sp.Expr, meanings: Mapping[sp.Symbol, sp.Expr]) -> str:
        """Return a polynomial relation as text, and what stands for what in it."""
        if sp.Poly(polynomial, D).LC().could_extract_minus_sign():
            polynomial = -polynomial
        if meanings[V] == G:
            polynomial = polynomial.subs(V, G)
        shown = [s for s in meanings if polynomial.has(s)]
        names = {s: SHOWN[V] if s == V else sp.Symbol(name) for s, name in zip(shown, NAMES, strict=False)}
        where = "".join(f", {names[s]} = {text(meanings[s])}" for s in shown)
        return f"{text(polynomial.xreplace({**names, D: SHOWN[D]}))} = 0{where}"

    def _unpowered(self, F: sp.Expr, value: sp.Expr) -> tuple[sp.Expr, sp.Expr] | None:
        """Where F is c B**m, B is the m-th root of v/c: the degree falls."""
        constant, parts = self._factors(F)
        moving = [(factor, k) for factor, k in parts if self._moving(factor)]
        power = gcd(*(k for _, k in moving))
        if power < 2:
            return None
        outer = constant * sp.Mul(*(factor**k for factor, k in parts if not self._moving(factor)))
        inner = sp.Mul(*(factor ** (k // power) for factor, k in moving))
        sign = self.place.sign(self.tower.meaning(inner))
        if sign is None:
            return None
        ratio = value / substituted(outer, self._constants)
        return inner, sign * sp.Pow(sign**power * ratio, sp.Rational(1, power))

    def _factors(self, F: sp.Expr) -> tuple[sp.Rational, list[tuple[sp.Expr, int]]]:
        """Return the constant and the factors with their exponents, what has a root of its own as its power.

        z**3/((1 + z**2)*r) with r**2 = 1 + z**2 is z**3/r**3.
        """
        constant, parts = factors(F)
        powers = dict(parts)
        for kernel in self.tower.kernels.values():
            if kernel.function == ROOT and kernel.symbol in powers and kernel.argument in powers:
                powers[kernel.symbol] += int(kernel.degree) * powers.pop(kernel.argument)
        return constant, list(powers.items())

    def _express(
        self, F: sp.Expr, wanted: sp.Expr, base: sp.Symbol, known: Mapping[sp.Symbol, sp.Expr]
    ) -> tuple[sp.Expr, sp.Expr] | None:
        """Return what is wanted in v = F and the known symbols, and the relation d = wanted, v = F."""
        roots = [k for k in self._roots(known, F, wanted) if k.symbol != base]
        rows = [fraction(F - V)[0], fraction(wanted - D)[0]]
        for kernel in roots:
            above, below = fraction(kernel.argument)
            relation = below * kernel.symbol**kernel.degree - above
            reduced = [resultant(row, relation, kernel.symbol) for row in rows]
            if None in reduced:
                return None
            meaning = {V: self.tower.meaning(F), D: self.tower.meaning(wanted)}
            found = [self._true_factor(row, meaning) for row in reduced]
            if None in found:
                return None
            rows = [row for row in found if row is not None]
        polynomial = resultant(rows[0], rows[1], base) if rows[1].has(base) else rows[1]
        if polynomial is None:
            return None
        meaning = {V: self.tower.meaning(F), D: self.tower.meaning(wanted)}
        factor = self._true_factor(polynomial, meaning)
        if factor is None or not factor.has(D):
            return None
        root = self._root(factor, meaning)
        if root is None:
            self.unsolved.append(factor)
            return None
        return root, factor

    def _true_factor(self, polynomial: sp.Expr, meaning: Mapping[sp.Symbol, sp.Expr]) -> sp.Expr | None:
        """Return the irreducible factor that is 0 for the true values."""
        found = factored(polynomial)
        if len(found) == 1:
            return found[0]
        for factor in sorted(found, key=sp.count_ops):
            if self._zero(factor, meaning):
                return factor
        return None

    def _zero(self, expression: sp.Expr, meaning: Mapping[sp.Symbol, sp.Expr]) -> bool:
        """Return whether an expression in the symbols is 0 at points of the piece, numerically."""
        written = expression.xreplace({**{s: k.meaning for s, k in self.tower.kernels.items()}, **meaning})
        for setting in self.place.settings:
            function = Function(written, setting)
            for z in points(self.place.piece, setting, 3):
                value = function(ball(z))
                if not (value.is_finite() and abs(value) < arb(2) ** -60):
                    return False
        return True

    def _root(self, polynomial: sp.Expr, meaning: Mapping[sp.Symbol, sp.Expr]) -> sp.Expr | None:
        """Return the root in d that is the true value on the whole piece."""
        roots = solutions(sp.Poly(polynomial, D))
        if len(roots) == 1:
            return roots[0]
        return next((root for root in roots if self._zero(root - D, meaning)), None)


def solutions(polynomial: sp.Poly) -> list[sp.Expr]:
    """Return the real roots of a polynomial that is linear, quadratic or cubic in a power of its symbol.

    >>> [text(root) for root in solutions(sp.Poly(D**4 - 2, D))]
    ['2**(1/4)', '-2**(1/4)']
    """
    powers = [m for (m,) in polynomial.monoms() if m]
    step = gcd(*powers)
    coefficients = {m // step: c for (m,), c in polynomial.terms()}
    degree = max(coefficients)
    a, b, c = (coefficients.get(n, sp.S.Zero) for n in (2, 1, 0))
    if degree == 1:
        found = [sp.factor(-c / b)]
    elif degree == 2:
        outside, inside = _square_root(sp.expand(b**2 - 4 * a * c))
        found = [sp.together((-b + s * outside * sp.sqrt(inside)) / (2 * a)) for s in (1, -1)]
    elif degree == 3:
        found = _cubic([coefficients.get(n, sp.S.Zero) for n in (3, 2, 1, 0)])
    else:
        return []
    if step == 1:
        return found
    roots = [root for value in found for root in _real_roots(value, step)]
    return [sign * root for root in roots for sign in (1, -1)]


def _cubic(coefficients: Sequence[sp.Expr]) -> list[sp.Expr]:
    """Return the real roots of a x**3 + b x**2 + c x + d by hyperbolic and circular thirds (Viete).

    x = t - b/(3 a) gives t**3 + p t + q. With s = sqrt(|p|/3) and u = q/(2 s**3): for p > 0
    t = -2 s sinh(asinh(u)/3); for p < 0 t = -2 s cosh(acosh(u)/3) where u > 1, 2 s cosh(acosh(-u)/3)
    where u < -1, and else the three 2 s cos((acos(-u) + 2 pi k)/3). Only for a number p: others are long.

    >>> [text(root) for root in solutions(sp.Poly(D**3 + 3*D - V, D))]
    ['2*sinh(asinh(_v/2)/3)']
    """
    a, b, c, d = coefficients
    p = sp.cancel((3 * a * c - b**2) / (3 * a**2))
    q = sp.cancel((2 * b**3 - 9 * a * b * c + 27 * a**2 * d) / (27 * a**3))
    if not p.is_Rational or p == 0:
        return []
    s = sp.sqrt(abs(p) / 3)
    u = sp.expand(q / (2 * s**3))
    if p > 0:
        thirds = [2 * s * sp.sinh(sp.asinh(sp.expand(-u)) / 3)]
    else:
        thirds = [sign * -2 * s * sp.cosh(sp.acosh(sp.expand(sign * u)) / 3) for sign in (1, -1)]
        thirds += [2 * s * sp.cos((sp.acos(sp.expand(-u)) + 2 * sp.pi * k) / 3) for k in (0, 1, 2)]
    return [third - sp.cancel(b / (3 * a)) for third in thirds]


def _real_roots(value: sp.Expr, n: int) -> list[sp.Expr]:
    """Return what may be the n-th root or its negative, whole powers of factors taken out.

    Numbers choose later.

    >>> _real_roots((1 - V)**4, 3)
    [(_v - 1)**(4/3), (1 - _v)**(4/3)]
    """
    exponent = sp.Rational(1, n)
    try:
        constant, parts = factors(value)
    except TooLarge:
        return [sp.Pow(value, exponent)]
    groups: dict[int, sp.Expr] = {}
    for factor, k in parts:
        groups[k] = groups.get(k, sp.S.One) * factor
    if len(groups) == 1:
        ((k, product),) = groups.items()
        product, power = sp.expand(product), sp.Rational(k, n)
        if k % 2 == 0:
            return [sp.Pow(constant, exponent) * sp.Pow(s * product, power) for s in (1, -1)]
        s = sp.sign(constant)
        return [sp.Pow(s * constant, exponent) * sp.Pow(sp.expand(s * product), power)]
    whole = sp.Mul(*(product ** (k // n) for k, product in groups.items() if k % n == 0))
    inside = constant * sp.Mul(*(product**k for k, product in groups.items() if k % n))
    return [whole * sp.Pow(s * inside, exponent) for s in ((1, -1) if n % 2 else (1,))]


def _square_root(value: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
    """Return ``(a, b)`` with a**2 b the value, b without square factors."""
    constant, parts = factors(value)
    outside = sp.Mul(*(factor ** (k // 2) for factor, k in parts))
    inside = sp.Mul(*(factor ** (k % 2) for factor, k in parts))
    root = sp.sqrt(abs(constant))
    if root.is_Rational:
        return outside * root, sp.expand(sp.sign(constant) * inside)
    return outside, sp.expand(constant * inside)
