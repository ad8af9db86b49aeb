"""Towers of kernels: an expression as a rational function of symbols, each a function of those below it.

Exponentials of commensurable arguments are powers of one symbol, hyperbolic functions exponentials,
circular ones rational in a tangent, roots symbols with a relation. Two equal
expressions most often become the same rational function: elimination and proofs both work on these.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import sympy as sp

from symact.activations import Z
from symact.quotients import NotRational, factorised, quotient

MAX_OPERATIONS = 300
MAX_TERMS = 400
"""Of a numerator or denominator: polynomials beyond these take too long to factor."""

HYPERBOLIC: dict[type, Callable[[sp.Expr], sp.Expr]] = {
    sp.tanh: lambda u: (sp.exp(2 * u) - 1) / (sp.exp(2 * u) + 1),
    sp.coth: lambda u: (sp.exp(2 * u) + 1) / (sp.exp(2 * u) - 1),
    sp.sinh: lambda u: (sp.exp(u) - sp.exp(-u)) / 2,
    sp.cosh: lambda u: (sp.exp(u) + sp.exp(-u)) / 2,
    sp.sech: lambda u: 2 / (sp.exp(u) + sp.exp(-u)),
    sp.csch: lambda u: 2 / (sp.exp(u) - sp.exp(-u)),
    sp.erfc: lambda u: 1 - sp.erf(u),
    sp.cot: lambda u: 1 / sp.tan(u),
    sp.sec: lambda u: 1 / sp.cos(u),
    sp.csc: lambda u: 1 / sp.sin(u),
}
"""Functions that are written by others."""

UNDONE: dict[type, tuple[type, sp.Expr]] = {
    sp.asinh: (sp.sinh, sp.oo),
    sp.atanh: (sp.tanh, sp.oo),
    sp.atan: (sp.tan, sp.pi / 2),
    sp.asin: (sp.sin, sp.pi / 2),
}
"""An inverse function, what it undoes, and up to which magnitude of the argument."""

EXPONENTIAL_OF: dict[type, Callable[[sp.Expr], sp.Expr]] = {
    sp.asinh: lambda u: u + sp.sqrt(1 + u**2),
    sp.acosh: lambda u: u + sp.sqrt(u**2 - 1),
    sp.atanh: lambda u: sp.sqrt((1 + u) / (1 - u)),
}
"""exp of an inverse hyperbolic function."""

TURN_OF: dict[type, Callable[[sp.Expr], tuple[sp.Expr, sp.Expr]]] = {
    sp.atan: lambda u: (1 / sp.sqrt(1 + u**2), u / sp.sqrt(1 + u**2)),
    sp.asin: lambda u: (sp.sqrt(1 - u**2), u),
    sp.acos: lambda u: (u, sp.sqrt(1 - u**2)),
}
"""Cosine and sine of an inverse circular function."""

CIRCULAR = (sp.sin, sp.cos, sp.tan)
OPAQUE = (sp.log, sp.asin, sp.acos, sp.atan, sp.asinh, sp.acosh, sp.atanh, sp.erf)
ROOT, POWER, TANGENT = "root", "power", "tangent"


class TooLarge(Exception):
    """The polynomials would take too long, or a function is not known here."""


class Finer(Exception):
    """A fraction of a unit was met: start again with a smaller one."""


@dataclass(frozen=True)
class Kernel:
    """``symbol`` is ``function`` of ``argument`` (in lower symbols); ``meaning`` says it in z.

    A root has ``symbol**degree = argument``, a power ``symbol = argument**degree``, a tangent
    ``symbol = tan(degree*argument)``: of the half angle where there are sines or cosines.
    """

    symbol: sp.Symbol
    function: object
    argument: sp.Expr
    meaning: sp.Expr
    degree: sp.Expr = sp.S.One

    @property
    def constant(self) -> bool:
        """Whether z does not occur."""
        return not self.meaning.has(Z)

    def of(self, argument: sp.Expr) -> sp.Expr:
        """Return what the kernel is of another argument."""
        if self.function == ROOT:
            return sp.Pow(argument, 1 / self.degree)
        if self.function == POWER:
            return sp.Pow(argument, self.degree)
        if self.function == TANGENT:
            return sp.tan(self.degree * argument)
        return self.meaning.func(argument)


def _turned(function: type, ratio: sp.Rational, cosine: sp.Expr, sine: sp.Expr) -> sp.Expr:
    """Return a circular function of so many times, whole or half, an angle between -pi/2 and pi.

    tan(x/2) = sin(x)/(1 + cos(x)), and cos(x/2) = sqrt((1 + cos(x))/2).

    >>> _turned(sp.tan, sp.Rational(1, 2), sp.Rational(3, 5), sp.Rational(4, 5))
    1/2
    """
    c, s = sp.symbols("c s", real=True)
    real, imaginary = sp.expand((c + sp.I * s) ** abs(int(ratio.p))).as_real_imag()
    parts = {sp.cos: real, sp.sin: sp.sign(ratio) * imaginary, sp.tan: sp.sign(ratio) * imaginary / real}
    if ratio.q == 2:
        tangent, cosine = sine / (1 + cosine), sp.sqrt((1 + cosine) / 2)
        if function is sp.tan:
            return parts[sp.tan].subs({c: 1, s: tangent}, simultaneous=True)
        sine = tangent * cosine
    return parts[function].subs({c: cosine, s: sine}, simultaneous=True)


Sign = Callable[[sp.Expr], int | None]
"""The sign of an expression in z on the piece, None where it changes or is 0."""


def tower_of(
    expressions: Sequence[sp.Expr], sign: Sign, apart: bool = False
) -> tuple["Tower", list[sp.Expr]]:
    """Return the tower of some expressions and each as a rational function of its symbols.

    ``apart`` takes roots of products and logarithms of exponentials apart: equal ones are found equal more
    often, but an outer function may be hidden.

    Raises TooLarge.

    >>> tower, found = tower_of([sp.tanh(Z), sp.exp(-2*Z)], lambda e: 1)
    >>> [(k.function, k.meaning) for k in tower.kernels.values()], found[1]
    ([(exp, exp(2*z))], 1/_k0)
    """
    units: dict[tuple[str, sp.Expr], sp.Rational] = {}
    for _ in range(8):
        tower = Tower(sign, units, apart, any(e.has(sp.sin, sp.cos) for e in expressions))
        try:
            return tower, [tower.rational(expression) for expression in expressions]
        except Finer:
            continue
    raise TooLarge


def fraction(expression: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
    """Return numerator and denominator of a rational function in lowest terms.

    Raises TooLarge.
    """
    try:
        return quotient(expression, MAX_TERMS)
    except NotRational:
        pass  # functions are there, or it is too large
    if sp.count_ops(expression) > MAX_OPERATIONS:
        raise TooLarge
    try:
        numerator, denominator = sp.fraction(sp.cancel(sp.together(expression)))
    except (sp.PolynomialError, NotImplementedError) as error:
        raise TooLarge from error
    if max(len(sp.Add.make_args(part)) for part in (numerator, denominator)) > MAX_TERMS:
        raise TooLarge
    return numerator, denominator


def factors(expression: sp.Expr) -> tuple[sp.Rational, list[tuple[sp.Expr, int]]]:
    """Return the constant and the irreducible factors with their exponents, negative in the denominator."""
    numerator, denominator = fraction(expression)
    above, below = factored_parts(numerator), factored_parts(denominator)
    parts = above[1] + [(f, -k) for f, k in below[1]]
    return above[0] / below[0], parts


def factored_parts(polynomial: sp.Expr) -> tuple[sp.Rational, list[tuple[sp.Expr, int]]]:
    """Return the constant and the irreducible factors of a polynomial, with their exponents."""
    try:
        return factorised(polynomial)
    except sp.polys.polyerrors.BasePolynomialError:  # functions, or roots of numbers
        pass
    constant, parts = sp.factor_list(polynomial)
    return constant, [(f, int(k)) for f, k in parts]


def product(polynomial: sp.Expr) -> sp.Expr:
    """Return a polynomial as the product of its factors."""
    constant, parts = factored_parts(polynomial)
    return constant * sp.Mul(*(factor**k for factor, k in parts))


def _terms(polynomial: sp.Expr, symbol: sp.Symbol) -> list[tuple[tuple[int, ...], sp.Expr]]:
    try:
        return list(sp.Poly(polynomial, symbol).terms())
    except sp.PolynomialError as error:
        raise TooLarge from error


class Tower:
    """Kernels by symbol, in the order in which they are built."""

    def __init__(
        self, sign: Sign, units: dict[tuple[str, sp.Expr], sp.Rational], apart: bool, half: bool
    ) -> None:
        self.sign = sign
        self.half = half
        self.apart = apart
        self.units = units
        self.kernels: dict[sp.Symbol, Kernel] = {}
        self._keys: dict[tuple[object, ...], sp.Symbol] = {}

    def meaning(self, expression: sp.Expr) -> sp.Expr:
        """Return an expression in the symbols as one in z."""
        return expression.xreplace({symbol: k.meaning for symbol, k in self.kernels.items()})

    def reduced(self, expression: sp.Expr) -> sp.Expr:
        """Return the numerator over the relations of the roots: 0 only if the expression is 0.

        Raises TooLarge.
        """
        numerator, _ = fraction(expression)
        for kernel in reversed(self.kernels.values()):
            if kernel.function == ROOT and numerator.has(kernel.symbol):
                # k**(q n + r) = argument**q k**r, with n the degree
                powers = [(divmod(m, int(kernel.degree)), c) for (m,), c in _terms(numerator, kernel.symbol)]
                lower = (c * kernel.argument**q * kernel.symbol**r for (q, r), c in powers)
                numerator, _ = fraction(sp.Add(*lower))
        return sp.expand(numerator)

    def rational(self, node: sp.Expr) -> sp.Expr:
        """Return an expression in z as a rational function of the symbols."""
        if node.is_Symbol or node.is_Rational:
            return node
        if node.is_Add or node.is_Mul:
            return node.func(*(self.rational(argument) for argument in node.args))
        if isinstance(node, sp.exp):
            return self._exponential(node.args[0])
        if node.is_Pow:
            return self._power(*node.args)
        if node.func in HYPERBOLIC:
            return self.rational(HYPERBOLIC[node.func](node.args[0]))
        if node.func in CIRCULAR:
            return self._circular(node)
        if isinstance(node, sp.log):
            return self._logarithm(node)
        if node.func in (sp.Abs, sp.sign) and (sign := self.sign(node.args[0])) is not None:
            return sign * self.rational(node.args[0]) if node.func is sp.Abs else sp.Integer(sign)
        if (inner := self._undone(node)) is not None:
            return self.rational(inner)
        if node.func in OPAQUE:
            argument = self._canonical(self.rational(node.args[0]))
            return self._new((node.func, argument), node.func, argument, node)
        if not node.has(Z) and (node.is_NumberSymbol or node.is_Function):
            return self._new((node,), None, node, node)
        if node is sp.E:
            return self._new((node,), None, node, node)
        raise TooLarge

    def _new(
        self,
        key: tuple[object, ...],
        function: object,
        argument: sp.Expr,
        meaning: sp.Expr,
        degree: sp.Expr = sp.S.One,
    ) -> sp.Symbol:
        if key not in self._keys:
            positive = function in (sp.exp, ROOT, POWER)
            symbol = sp.Symbol(f"_k{len(self.kernels)}", positive=True if positive else None, real=True)
            self._keys[key] = symbol
            self.kernels[symbol] = Kernel(symbol, function, argument, meaning, degree)
        return self._keys[key]

    def _undone(self, node: sp.Expr) -> sp.Expr | None:
        """Return x for asinh(sinh(x)) and its like, where x is in the range of the inverse function."""
        if node.func not in UNDONE or node.args[0].func is not UNDONE[node.func][0]:
            return None
        (inner,), end = node.args[0].args, UNDONE[node.func][1]
        if end != sp.oo and (self.sign(end - inner) != 1 or self.sign(end + inner) != 1):
            return None
        return inner

    def _simple(self, argument: sp.Expr) -> sp.Expr:
        """Return the argument of a function with logarithms and inverse functions undone inside."""
        if not argument.has(sp.log, *UNDONE):
            return argument
        shorter = sp.expand(self.meaning(self.rational(argument)))
        return shorter if sp.count_ops(shorter) < sp.count_ops(argument) else argument

    def _canonical(self, expression: sp.Expr) -> sp.Expr:
        numerator, denominator = fraction(expression)
        return numerator / denominator

    def _unit(self, kind: str, direction: sp.Expr, ratio: sp.Rational) -> sp.Rational:
        """Return the unit of a direction; where the ratio is no multiple of it, make it finer."""
        unit = self.units.setdefault((kind, direction), abs(ratio))
        if (ratio / unit).q != 1:
            self.units[kind, direction] = sp.igcd(ratio.p * unit.q, unit.p * ratio.q) / sp.Integer(
                ratio.q * unit.q
            )
            raise Finer
        return unit

    def _exponential(self, argument: sp.Expr) -> sp.Expr:
        result: sp.Expr = sp.S.One
        for term in sp.Add.make_args(sp.expand(argument)):
            powers = [part for part in sp.Mul.make_args(term) if isinstance(part, sp.log)]
            if len(powers) == 1 and not (term / powers[0]).has(Z) and powers[0].has(Z):
                result *= self._power(powers[0].args[0], term / powers[0])
                continue
            ratio, direction = term.as_coeff_Mul()
            if not ratio.is_Rational:
                raise TooLarge
            if (inner := self._undone(direction)) is not None:
                result *= self._exponential(ratio * inner)
                continue
            if direction.func in EXPONENTIAL_OF:
                result *= self.rational(EXPONENTIAL_OF[direction.func](direction.args[0]) ** ratio)
                continue
            unit = self._unit("exp", direction, ratio)
            inner = self._canonical(self.rational(unit * direction))
            factor, rest = inner.as_coeff_Mul()
            if rest in self.kernels and self.kernels[rest].function is sp.log:
                result *= self._power(self.meaning(self.kernels[rest].argument), factor * ratio / unit)
                continue
            symbol = self._new((sp.exp, unit * direction), sp.exp, inner, sp.exp(unit * direction))
            result *= symbol ** (ratio / unit)
        return result

    def _circular(self, node: sp.Expr) -> sp.Expr:
        """With t = tan(u): (1 + i t)**(2 n)/(1 + t**2)**n = cos(2 n u) + i sin(2 n u)."""
        ratio, direction = sp.expand(self._simple(node.args[0])).as_coeff_Mul()
        if not node.has(Z) or direction.is_Add:
            return self._new((node,), None, node, node)
        if direction.func in TURN_OF and ratio.q in (1, 2):
            return self.rational(_turned(node.func, ratio, *TURN_OF[direction.func](direction.args[0])))
        unit = self._unit("tan", direction, ratio)
        n = int(ratio / unit)
        angle = unit * direction
        inner = self._canonical(self.rational(angle))
        part = sp.Rational(1, 2) if self.half else sp.S.One
        t = self._new((TANGENT, angle), TANGENT, inner, sp.tan(part * angle), part)
        power = 2 * abs(n) if self.half else abs(n)
        real, imaginary = sp.expand((1 + sp.I * t) ** power).as_real_imag()
        sine, cosine = sp.sign(n) * imaginary, real
        scale = (1 + t**2) ** abs(n)
        return {sp.sin: sine / scale, sp.cos: cosine / scale, sp.tan: sine / cosine}[node.func]

    def _logarithm(self, node: sp.Expr) -> sp.Expr:
        """log(c E**k) = k log(E) + log(c) for exponentials E."""
        constant, parts = factors(self.rational(node.args[0]))
        result: sp.Expr = sp.S.Zero
        rest: sp.Expr = constant
        for factor, exponent in parts:
            kernel = self.kernels.get(factor)
            if self.apart and kernel is not None and kernel.function is sp.exp:
                result += exponent * kernel.argument
            else:
                rest *= factor**exponent
        if rest == 1:
            return result
        rest = self._canonical(rest)
        return result + self._new((sp.log, rest), sp.log, rest, sp.log(self.meaning(rest)))

    def _power(self, base: sp.Expr, exponent: sp.Expr) -> sp.Expr:
        if exponent.has(Z):
            return self._exponential(sp.expand(exponent * sp.log(base)))
        if exponent.is_Integer:
            return self.rational(base) ** exponent
        if base.is_Rational and exponent.is_Rational:
            return self._number(base, exponent)
        constant, parts = factors(self.rational(base))
        if not exponent.is_Rational:
            return self._symbolic_power(constant, parts, exponent)
        signs = [self.sign(self.meaning(factor)) for factor, _ in parts]
        result: sp.Expr = sp.S.One
        total = sp.sign(constant)
        together: dict[int, sp.Expr] = {}
        for (factor, k), sign in zip(parts, signs, strict=True):
            if sign is None:
                return self._whole_root(constant, parts, exponent)
            total *= sign ** (k % 2)
            if self.apart or factor in self.kernels:
                result *= self._root(sign * factor, k * exponent)
            else:
                together[k] = together.get(k, sp.S.One) * sign * factor
        if total < 0:
            raise TooLarge
        for k, product in together.items():
            result *= self._root(sp.expand(product), k * exponent)
        return result * self._number(abs(constant), exponent)

    def _number(self, base: sp.Rational, exponent: sp.Rational) -> sp.Expr:
        result: sp.Expr = sp.S.One
        for part in sp.Mul.make_args(sp.Pow(base, exponent)):
            if part.is_Rational:
                result *= part
                continue
            inner, power = part.as_base_exp()
            whole = int(power)
            rest = power - whole
            symbol = self._new(
                (ROOT, inner, rest.q), ROOT, inner, sp.Pow(inner, sp.Rational(1, rest.q)), sp.Integer(rest.q)
            )
            result *= inner**whole * symbol**rest.p
        return result

    def _root(self, factor: sp.Expr, exponent: sp.Rational) -> sp.Expr:
        """A power of a factor that is positive on the piece."""
        whole = int(exponent)
        rest = exponent - whole
        if rest == 0:
            return factor**whole
        kernel = self.kernels.get(factor)
        if kernel is not None and kernel.function is sp.exp:
            return factor**whole * self._exponential(rest * self.meaning(kernel.argument))
        symbol = self._new(
            (ROOT, factor, rest.q),
            ROOT,
            factor,
            sp.Pow(self.meaning(factor), sp.Rational(1, rest.q)),
            sp.Integer(rest.q),
        )
        return factor**whole * symbol**rest.p

    def _whole_root(
        self, constant: sp.Expr, parts: list[tuple[sp.Expr, int]], exponent: sp.Rational
    ) -> sp.Expr:
        """A root of what changes its sign, or is not known to keep it: one symbol."""
        base = constant * sp.Mul(*(factor**k for factor, k in parts))
        n = sp.Integer(exponent.q)
        meaning = sp.Pow(self.meaning(base), 1 / n)
        return self._new((ROOT, base, n), ROOT, base, meaning, n) ** exponent.p

    def _symbolic_power(
        self, constant: sp.Expr, parts: list[tuple[sp.Expr, int]], exponent: sp.Expr
    ) -> sp.Expr:
        """A power with a parameter in its exponent; the base is positive, or there is no such power."""
        result: sp.Expr = sp.S.One
        base: sp.Expr = sp.S.One
        own: dict[sp.Expr, list[sp.Expr]] = {}  # z*z**p is z**(1 + p)
        for factor, k in parts:
            kernel = self.kernels.get(factor)
            if self.apart and kernel is not None and kernel.function is sp.exp:
                result *= self._exponential(k * exponent * self.meaning(kernel.argument))
            elif self.apart and kernel is not None and kernel.function == POWER:
                own.setdefault(kernel.argument, []).append(kernel.degree * k * exponent)
            elif kernel is not None and kernel.function in (ROOT, POWER):
                inner = kernel.degree if kernel.function == POWER else 1 / kernel.degree
                result *= self._power(self.meaning(kernel.argument), sp.expand(inner * k * exponent))
            elif self.apart and (sign := self.sign(self.meaning(factor))) is not None:
                constant *= sign ** (k % 2)
                own.setdefault(sign * factor, []).append(k * exponent)
            else:
                base *= factor**k
        for inner, exponents in own.items():
            total = sp.expand(sp.cancel(sp.Add(*exponents)) if len(exponents) > 1 else exponents[0])
            if total.is_Rational:
                result *= self._power(self.meaning(inner), total)
            else:
                result *= self._own_power(inner, total)
        base *= constant
        return result if base == 1 else result * self._own_power(base, exponent)

    def _own_power(self, base: sp.Expr, exponent: sp.Expr) -> sp.Expr:
        """A power of what is positive, as a symbol of its own; one of 1/x is one of x."""
        above, below = fraction(base)
        if above.is_number and not below.is_number:
            base, exponent = below / above, -exponent
        whole, rest = sp.expand(exponent).as_coeff_Add()
        if not whole.is_Integer:
            whole, rest = sp.S.Zero, sp.expand(exponent)
        flip = -1 if rest.could_extract_minus_sign() else 1
        base = self._canonical(base)
        ratio, direction = (flip * rest).as_content_primitive()
        unit = self._unit("power", sp.Pow(self.meaning(base), direction), ratio)
        return base**whole * self.power(base, sp.expand(unit * direction)) ** (flip * ratio / unit)

    def power(self, base: sp.Expr, exponent: sp.Expr) -> sp.Symbol:
        """Return the symbol of a power of what is positive."""
        meaning = sp.Pow(self.meaning(base), exponent)
        return self._new((POWER, base, exponent), POWER, base, meaning, exponent)
