"""stabilise: where which form is accurate, found by the model of the arithmetic, not by anybody's hand.

The candidates of `forms` are evaluated in the model at points of every magnitude; each point says by
how many ulp each candidate may be off. The regimes are the longest runs over which one candidate is
as good as any needs to be.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import sympy as sp
from flint import arb, ctx

from symact.activations import Activation, Z, samples
from symact.arithmetics import EXACT, Arithmetic, Program, compile_expression, constant
from symact.errors import InvalidActivation
from symact.formats import Format
from symact.forms import Form, T, W, candidates, identities, protected
from symact.pieces import Case, Piece
from symact.power_series import horner, series

GOOD_ULP = 0.05
"""A form with no more error than this, in ulp of the format, is good; the final rounding comes on top."""

LARGE, FAR = 2**40, 2**900
"""Parameters in sines are also tried this many times as large, at points from this magnitude on; and so far
out exp(a z) has overflowed or vanished, whatever a is above 2^-880."""

TERMS = {False: 14, True: 22}
"""Of a power series, in binary64 and in double-double."""

SERIES = "power series"
"""The rule of a Taylor polynomial."""

STEEP = arb(2) ** 12
"""Where a function changes by more than this between two points, it is looked for what happens between."""

TOUCHED = 16
"""Up to this magnitude it is looked for points where a function touches 0."""

GROWING = (sp.exp, sp.tanh, sp.sinh, sp.cosh, sp.erf, sp.erfc)
"""Functions that saturate or grow without bounds."""

USELESS = 2.0**30
"""An error from which on, in ulp, a form is no better than none: then nothing is chosen for its sake."""

MAX_ROOTS = 4
"""Interior roots that are looked into, the nearest to zero first: a sine has thousands."""

COARSE = 4
"""Of so many points one is looked at when forms are chosen that are looked at everywhere."""

MAX_BISECTIONS = 80
"""Steps by which a seam is looked for between two points: no two binary64 are farther apart than that."""

PRECISIONS = (150, 420, 1300, 2800, 9000)


@dataclass(frozen=True)
class Regime:
    """One form on one interval ``lower <= z < upper``.

    ``expression`` is in z where ``side`` is 0, in ``t = z`` where it is +1, in ``t = -z`` where -1,
    and in ``t = z - center`` for a power series.
    """

    lower: sp.Expr
    upper: sp.Expr
    expression: sp.Expr
    rule: str
    side: int = 0
    center: sp.Expr = sp.S.Zero


@dataclass(frozen=True)
class Stable:
    """A case of the parameters with its regimes; ``worst``: the model's largest error in ulp."""

    condition: sp.Basic
    regimes: tuple[Regime, ...]
    worst: float


def stabilise(activation: Activation, case: Case, arithmetic: Arithmetic, fmt: Format) -> tuple[Stable, ...]:
    """Return the regimes of a case for one arithmetic and format, split by parameters' signs if those decide.

    Raises InvalidActivation where no parameter setting lies in the domain.
    """
    results = []
    for condition, signs in _sign_cases(activation, case):
        regimes: list[Regime] = []
        worst = 0.0
        settings = tuple(_representable(setting) for setting in samples(activation, condition)[:2])
        for piece in case.pieces:
            found, error = _Piece(activation, piece, settings, signs, arithmetic, fmt).regimes()
            regimes += found
            worst = max(worst, error)
        results.append(Stable(condition, tuple(regimes), worst))
    return tuple(results)


def _sign_cases(activation: Activation, case: Case) -> Iterator[tuple[sp.Basic, Mapping[sp.Symbol, sp.Expr]]]:
    """Split by the signs of parameters inside exponentials: exp(beta z) decays on one side or the other."""
    symbols = sorted(
        {s for piece in case.pieces for s in piece.expression.free_symbols} - {Z}, key=lambda s: s.name
    )
    inside = {s for piece in case.pieces for s in _inside(piece.expression)}
    cases: list[tuple[sp.Basic, dict[sp.Symbol, sp.Expr]]] = [(case.condition, {})]
    for symbol in symbols:
        possible = [c for c in (symbol > 0, symbol < 0) if _holds_somewhere(activation, case.condition, c)]
        zero = sp.Eq(symbol, 0)
        vanishes = symbol in inside and _holds_somewhere(activation, case.condition, zero)
        if len(possible) == 1 or symbol in inside:
            cases = [
                (
                    sp.And(condition, sign) if vanishes or len(possible) > 1 else condition,
                    signs | {symbol: _positive(symbol) * (1 if sign.rel_op == ">" else -1)},
                )
                for condition, signs in cases
                for sign in possible
                if _holds_somewhere(activation, condition, sign)
            ]
            if vanishes:
                cases.append((sp.And(case.condition, zero), {symbol: sp.Integer(0)}))
    yield from cases


def _inside(expression: sp.Expr) -> set[sp.Symbol]:
    """Return the symbols beside z in the arguments of functions that saturate or grow without bounds."""
    return {s for f in expression.atoms(*GROWING) if f.has(Z) for s in f.args[0].free_symbols}


def _turned(expression: sp.Expr) -> set[sp.Symbol]:
    """Return the symbols beside z in the arguments of sines and cosines."""
    return {s for f in expression.atoms(sp.sin, sp.cos) if f.has(Z) for s in f.args[0].free_symbols} - {Z}


def _representable(setting: Mapping[sp.Symbol, sp.Expr]) -> Mapping[sp.Symbol, sp.Expr]:
    """Round sample values to binary fractions: parameters of generated code are floats."""
    return {symbol: sp.Rational(round(value * 256), 256) for symbol, value in setting.items()}


def _positive(symbol: sp.Symbol) -> sp.Symbol:
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


@dataclass(frozen=True)
class _Candidate:
    form: Form
    center: sp.Expr
    errors: tuple[float, ...]


@dataclass(frozen=True)
class _Row:
    """A point: its sign and itself as a ball; the truth there and its ulp (None: it overflows); is it far."""

    sign: int
    z: arb
    truth: arb
    ulp: arb | None
    far: bool


@dataclass
class _Piece:
    """One piece's search: its points, the truth at them, and the candidates' errors."""

    activation: Activation
    piece: Piece
    settings: tuple[Mapping[sp.Symbol, sp.Expr], ...]
    signs: Mapping[sp.Symbol, sp.Expr]
    arithmetic: Arithmetic
    fmt: Format

    def regimes(self) -> tuple[list[Regime], float]:
        """Return the regimes of the piece, left to right, and the worst modelled error."""
        expression = self.piece.expression.subs(self.signs)
        whole = [Regime(self.piece.lower, self.piece.upper, self._own(protected(expression)), "as it is")]
        if not expression.has(Z):
            return whole, 0.0
        judges = [_Judge(self, expression, s, every=1 + (i > 0)) for i, s in enumerate(self.settings)]
        if turned := _turned(expression):
            # A sine exists where its argument overflows: parameters of all sizes must be thought of.
            large = {s: v * LARGE if s in turned else v for s, v in self.settings[0].items()}
            judges.append(_Judge(self, expression, large, beyond=FAR))
        found: list[_Candidate] = []
        forms = list(self._forms(expression))
        for form in [form for form in forms if form.side == 0]:
            found.append(_Candidate(form, sp.S.Zero, _errors(judges, form)))
            if (worst := max(found[-1].errors, default=0.0)) <= GOOD_ULP:
                only = Regime(self.piece.lower, self.piece.upper, self._own(form.expression), form.rule)
                return [only], worst
        looked_at = {candidate.form for candidate in found}
        while new := [f for f in _promising(forms, judges, _edges(judges, found)) if f not in looked_at]:
            found += [_Candidate(form, sp.S.Zero, _errors(judges, form)) for form in new]
            looked_at |= set(new)
        if len(judges) == 1 and not self.settings[0]:
            found += judges[0].power_series(expression)
        elif (row := self._scaled_series(expression)) is not None:
            found.append(
                _Candidate(row, sp.S.Zero, tuple(e for judge in judges for e in judge.series_errors(row)))
            )
        points = [point for judge in judges for point in judge.points]
        order = sorted(range(len(points)), key=lambda i: float(points[i]))
        runs = _runs(found, order, [points[i] for i in order], judges)
        return self._joined(runs), max((worst for *_, worst in runs), default=0.0)

    def _forms(self, expression: sp.Expr) -> Iterator[Form]:
        plain = protected(expression)
        yield Form("as it is", plain)
        seen = {plain}
        together = protected(sp.together(self.piece.expression.subs(self.signs)))
        if together not in seen and expression.is_rational_function(Z):
            yield Form("common denominator", together)
        for side in (1, -1):
            if (side > 0 and self._reaches(1)) or (side < 0 and self._reaches(-1)):
                for form in candidates(expression.subs(Z, side * T), scaled=self.arithmetic.bits > 64):
                    # Where such a tail begins depends on parameters: it is used where these hardly matter.
                    far = form.rule.endswith("tail") and bool(_inside(expression) - {Z})
                    if form.expression not in seen:
                        seen.add(form.expression)
                        yield Form(form.rule, form.expression, side, far)
            seen = {plain}

    def _scaled_series(self, expression: sp.Expr) -> Form | None:
        """Return the power series at 0 of h g(c z), h and c free of z, where no parameter is in g."""
        rates = {sp.diff(f.args[0], Z) for f in expression.atoms(*GROWING) if f.has(Z)}
        rates = {rate for rate in rates if rate.free_symbols and not rate.has(Z)}
        if not rates or not any(self._near_zero(setting) for setting in self.settings):
            return None
        rate = min(rates, key=sp.default_sort_key)
        scale, scaled = sp.factor_terms(expression.subs(Z, T / rate)).as_independent(T, as_Add=False)
        scaled = sp.simplify(scaled) if scaled.free_symbols != {T} else scaled
        if scaled.free_symbols != {T}:
            return None
        rows = series(scaled, T, arb(0), TERMS[self.arithmetic.bits > 64])
        return None if rows is None else Form(SERIES, scale * horner(rows).subs(T, rate * T))

    def _near_zero(self, setting: Mapping[sp.Symbol, sp.Expr]) -> bool:
        return bool(self.piece.lower.subs(setting) <= 0) and bool(self.piece.upper.subs(setting) >= 0)

    def _reaches(self, side: int) -> bool:
        end = self.piece.upper if side > 0 else self.piece.lower
        return any((end.subs(setting) * side) > 0 for setting in self.settings)

    def _own(self, expression: sp.Expr) -> sp.Expr:
        """Give the parameters their own symbols back: the positive stand-ins were for algebra."""
        back = {
            _positive(symbol): symbol if value.is_positive else -symbol
            for symbol, value in self.signs.items()
            if value != 0
        }
        return expression.xreplace(back)

    def _joined(self, runs: Sequence[tuple[_Candidate, sp.Expr, float]]) -> list[Regime]:
        ends = [self.piece.lower, *(start for _, start, _ in runs[1:]), self.piece.upper]
        return [
            Regime(
                lower,
                upper,
                self._own(candidate.form.expression),
                candidate.form.rule,
                candidate.form.side,
                candidate.center,
            )
            for (lower, upper), (candidate, *_) in zip(pairwise(ends), runs, strict=True)
        ]


class _Judge:
    """The truth at the points of a piece, for one setting of the parameters."""

    def __init__(
        self,
        search: _Piece,
        expression: sp.Expr,
        setting: Mapping[sp.Symbol, sp.Expr],
        beyond: int = 0,
        every: int = 1,
    ) -> None:
        self.search, self.fmt = search, search.fmt
        self._known: dict[Form, dict[int, float]] = {}
        self._programs: dict[Form, Program] = {}
        self.largest = arb(2) ** (search.fmt.emax + 1) * (1 - arb(2) ** -search.fmt.precision)
        positive = {}
        for symbol, value in setting.items():
            positive[symbol] = value
            positive[_positive(symbol)] = abs(value)
        self.values = {symbol: exact_ball(Fraction(int(v.p), int(v.q))) for symbol, v in positive.items()}
        self.lower, self.upper = (search.piece.lower.subs(setting), search.piece.upper.subs(setting))
        self.exact = compile_expression(expression.subs(positive), (Z,), EXACT)
        self.mirrored = {
            side: [
                compile_expression(form.expression.subs(positive), (T,), EXACT)
                for form in identities(expression.subs(Z, side * T))
            ]
            for side in (1, -1)
        }
        self.points: list[Fraction] = []
        self.truths: list[arb] = []
        grid = sorted({p for p in points_between(self.lower, self.upper, self.fmt) if abs(p) >= beyond})
        self._judge(grid[::every] + grid[-1:])
        self._judge(self._crossings())
        roots = self._roots()
        for root in roots + self._touching(expression.subs(positive)):
            self._judge(around(root, self.fmt, self.lower, self.upper))
        self.roots = roots
        order = sorted(range(len(self.points)), key=lambda i: float(self.points[i]))
        self.points, self.truths = [self.points[i] for i in order], [self.truths[i] for i in order]
        self.rows = [self._row(point, truth) for point, truth in zip(self.points, self.truths, strict=True)]

    def _row(self, point: Fraction, truth: arb) -> "_Row":
        far = abs(point) >= FAR
        return _Row((point > 0) - (point < 0), exact_ball(point), truth, self._ulp(truth), far)

    def _judge(self, points: Sequence[Fraction]) -> None:
        known = set(self.points)
        for point in points:
            if point not in known and (truth := self.truth(point)) is not None:
                self.points.append(point)
                self.truths.append(truth)

    def _crossings(self) -> list[Fraction]:
        """Return points where the truth overflows, becomes subnormal or vanishes between two points.

        A factor may overflow or vanish a little earlier; where it does so in a double exponential, no
        point of the grid may be near.
        """
        order = sorted(range(len(self.points)), key=lambda i: float(self.points[i]))
        middle = self.fmt.emin - self.fmt.precision // 2
        levels = [
            arb(2) ** e
            for e in (self.fmt.emax + 1, self.fmt.emin, middle, self.fmt.emin - self.fmt.precision + 2)
        ]
        found = []
        for i, j in pairwise(order):
            sizes = abs(self.truths[i]), abs(self.truths[j])
            for level in levels:
                if (sizes[0] < level) == (sizes[1] < level) or min(sizes) * STEEP > max(sizes):
                    continue
                found += self._crossing(self.points[i], self.points[j], level, below=bool(sizes[0] < level))
        return found

    def _crossing(self, left: Fraction, right: Fraction, level: arb, *, below: bool) -> list[Fraction]:
        """Return two points beside each other between which the truth crosses a level."""
        for _ in range(self.fmt.precision + 12):
            point = _short_between(left, right)
            truth = self.truth(point)
            if truth is None or right - left <= abs(right) * Fraction(1, 2**self.fmt.precision):
                break
            if bool(abs(truth) < level) == below:
                left = point
            else:
                right = point
        return [left, right]

    def truth(self, point: Fraction) -> arb | None:
        """Return f there, by the definition or by identities that cancel less."""
        side = 1 if point > 0 else -1
        others = [(program, abs(point)) for program in self.mirrored[side]] if point else []
        return true_value([(self.exact, point), *others])

    def _ulp(self, truth: arb) -> arb | None:
        """Return the spacing of the format at the truth; None where the truth overflows."""
        lowest = self.fmt.emin - self.fmt.precision + 1
        if abs(truth).upper() < arb(2) ** (self.fmt.emin + 1):
            return arb(2) ** lowest
        mantissa, exponent = truth.mid().man_exp()  # an upper bound might be the next power of two
        if abs(truth) > self.largest * (1 + arb(2) ** -(self.fmt.precision + 1)):
            return None  # nearer to the next power of two
        top = int(exponent) + abs(int(mantissa)).bit_length() - 1
        return None if top > self.fmt.emax else arb(2) ** (top - self.fmt.precision + 1)

    def errors(self, form: Form, at: Sequence[int] | None = None) -> list[float]:
        """Return a form's error at each point, or at some, in ulp; infinite where it cannot be used."""
        known = self._known.setdefault(form, {})
        wanted = range(len(self.rows)) if at is None else at
        missing = [i for i in wanted if i not in known]
        known.update(zip(missing, self._errors(form, None, [self.rows[i] for i in missing]), strict=True))
        return [known[i] for i in wanted]

    def series_errors(self, form: Form) -> list[float]:
        """Return the errors of a power series about 0."""
        return self._errors(form, arb(0), self.rows)

    def error_at(self, candidate: "_Candidate", point: Fraction) -> float:
        """Return a candidate's error at one more point; NaN where there is no truth."""
        truth = self.truth(point)
        if truth is None:
            return float("nan")
        center = _precisely(candidate.center) if candidate.form.rule == SERIES else None
        return self._errors(candidate.form, center, [self._row(point, truth)])[0]

    def _errors(self, form: Form, center: arb | None, rows: Sequence["_Row"]) -> list[float]:
        if not rows:
            return []
        variable = Z if form.side == 0 and center is None else T
        if form not in self._programs:
            # Parameters are inputs, not numbers: SymPy would multiply (a + z)/b out.
            symbols = (variable, W, *self.values)
            self._programs[form] = compile_expression(form.expression, symbols, self.search.arithmetic)
        program = self._programs[form]
        old, ctx.prec = ctx.prec, self.search.arithmetic.bits
        try:
            return [self._error(program, form, row, center) for row in rows]
        finally:
            ctx.prec = old

    def _error(self, program: Program, form: Form, row: "_Row", center: arb | None) -> float:
        side = form.side
        if side and row.sign != side:
            return float("inf")
        if form.far and not row.far:
            return float("inf")
        t = row.z - center if center is not None else row.z * side if side else row.z
        w = 1 / t if side else t
        value = program((t, w, *self.values.values())) if abs(w) < FAR else None
        if value is None:
            return float("inf")
        if row.ulp is None:  # the truth overflows, and so must the value
            beyond = abs(value) > self.largest and (value > 0) == (row.truth > 0)
            return 0.0 if beyond else float("inf")
        old, ctx.prec = ctx.prec, max(PRECISIONS[0], ctx.prec)
        error = float((abs(value - row.truth) / row.ulp).upper())
        ctx.prec = old
        return error if error < USELESS else float("inf")

    def _roots(self) -> list[arb]:
        """Bracket the sign changes nearest zero, strictly inside the piece, to 140 bits."""
        order = sorted(range(len(self.points)), key=lambda i: float(self.points[i]))
        changes = [
            (i, j)
            for i, j in pairwise(order)
            if (self.truths[i] > 0 and self.truths[j] < 0) or (self.truths[i] < 0 and self.truths[j] > 0)
        ]
        changes.sort(key=lambda pair: min(abs(self.points[pair[0]]), abs(self.points[pair[1]])))
        found = []
        for i, j in changes[:MAX_ROOTS]:
            root = bisect(self.exact, self.points[i], self.points[j], rising=bool(self.truths[j] > 0))
            if root is not None:
                found.append(root)
        return found

    def _touching(self, expression: sp.Expr) -> list[arb]:
        """Return where a function with sines touches 0 and does not cross it, such as 1 + sin(z)."""
        if not expression.has(sp.sin, sp.cos):
            return []
        slope = compile_expression(sp.diff(expression, Z), (Z,), EXACT)
        near = [p for p in self.points if abs(p) <= TOUCHED]
        found: list[arb] = []
        for a, b in pairwise(near):
            left, right = true_value([(slope, a)]), true_value([(slope, b)])
            if left is None or right is None or (left > 0) == (right > 0):
                continue
            root = bisect(slope, a, b, rising=bool(right > 0))
            value = None if root is None else true_value_at(self.exact, root)
            if value is not None and abs(value) < arb(2) ** -100 and len(found) < MAX_ROOTS:
                found.append(root)
        return found

    def power_series(self, expression: sp.Expr) -> list[_Candidate]:
        """Return Taylor polynomials about 0, the finite ends and the interior roots."""
        bits = self.search.arithmetic.bits
        centers: list[tuple[arb, sp.Expr]] = []
        for end in {sp.S.Zero, self.lower, self.upper} - {sp.oo, -sp.oo}:
            if self.lower <= end <= self.upper and end.is_Rational:
                centers.append((_precisely(end), end))
        for root in self.roots:
            if root != 0:
                mantissa, exponent = root.man_exp()
                centers.append((root, sp.Rational(int(mantissa)) * sp.Integer(2) ** int(exponent)))
        found = []
        for center, exact in centers:
            rows = series(expression, Z, center, TERMS[bits > 64])
            if rows is not None:
                form = Form(SERIES, horner(rows))
                found.append(_Candidate(form, exact, tuple(self._errors(form, center, self.rows))))
        return found


def _precisely(number: sp.Expr) -> arb:
    """Return a number as a ball that is narrow beside any point near it."""
    old, ctx.prec = ctx.prec, PRECISIONS[2]
    value = constant(number)
    ctx.prec = old
    return value


def _errors(judges: Sequence[_Judge], form: Form) -> tuple[float, ...]:
    return tuple(error for judge in judges for error in judge.errors(form))


def _edges(judges: Sequence[_Judge], found: Sequence[_Candidate]) -> list[list[int]]:
    """Return, for each judge, a few of its points, and those where some form begins or ceases to be good."""
    edges, offset = [], 0
    for judge in judges:
        count = len(judge.points)
        chosen = {*range(0, count, COARSE), *range(max(count - 1, 0), count)}
        for candidate in found:
            good = [error <= GOOD_ULP for error in candidate.errors[offset : offset + count]]
            for i in (i for i in range(1, count) if good[i] != good[i - 1]):
                chosen |= {*range(max(i - 2, 0), min(i + 2, count))}
        edges.append(sorted(chosen))
        offset += count
    return edges


def _promising(forms: Sequence[Form], judges: Sequence[_Judge], at: Sequence[Sequence[int]]) -> list[Form]:
    """Leave out forms that are good, at some of the points, only where another one is too."""
    rows = [
        [e for judge, some in zip(judges, at, strict=True) for e in judge.errors(form, at=some)]
        for form in forms
    ]
    limits = [max(GOOD_ULP, 2 * min(column)) for column in zip(*rows, strict=True)]
    good = [{i for i, (e, limit) in enumerate(zip(row, limits, strict=True)) if e <= limit} for row in rows]
    order = sorted(range(len(forms)), key=lambda i: (-len(good[i]), forms[i].cost))
    kept: list[int] = []
    for i in order:
        if not any(good[i] <= good[j] for j in kept):
            kept.append(i)
    return [forms[i] for i in sorted(kept)]


def _runs(
    found: Sequence[_Candidate],
    order: Sequence[int],
    points: Sequence[Fraction],
    judges: Sequence[_Judge],
) -> list[tuple[_Candidate, sp.Expr, float]]:
    """Cover the points from left to right by the longest runs: ``(candidate, start, worst error)``."""
    best = [min(c.errors[i] for c in found) for i in order]
    good = [
        [c.errors[i] <= max(GOOD_ULP, 2 * limit) for i, limit in zip(order, best, strict=True)] for c in found
    ]
    runs: list[tuple[int, int, int]] = []
    position = 0
    while position < len(order):
        # Who was good before the seam too leaves no gap at it.
        steady = [row[position - 1] and row[position] for row in good] if position else []
        reach = [
            _reach(row, position) if not any(steady) or steady[i] else position for i, row in enumerate(good)
        ]
        longest = max(reach)
        index = min((i for i, r in enumerate(reach) if r == longest), key=lambda i: found[i].form.cost)
        runs.append((index, position, longest))
        position = longest
    result = []
    for number, (index, start, stop) in enumerate(runs):
        seam: sp.Expr = sp.S.Zero
        if number:
            begin = start
            while begin - 1 > runs[number - 1][1] and good[index][begin - 1]:
                begin -= 1
            left, right = found[runs[number - 1][0]], found[index]
            if points[begin - 1] <= 0 <= points[start]:
                seam = sp.S.Zero
            elif begin < start:
                seam = _simplest(points[begin:start])
            else:
                seam = _between(points[start - 1], points[start], left, right, judges)
        worst = max(found[index].errors[order[i]] for i in range(start, stop))
        result.append((found[index], seam, worst))
    return result


def _reach(row: Sequence[bool], position: int) -> int:
    while position < len(row) and row[position]:
        position += 1
    return position


def _simplest(overlap: Sequence[Fraction]) -> sp.Expr:
    """Choose the seam where both neighbours are good: the shortest binary fraction nearest the middle."""
    middle = overlap[len(overlap) // 2]
    chosen = min(overlap, key=lambda p: (p.numerator.bit_length(), abs(p - middle)))
    return sp.Rational(chosen.numerator, chosen.denominator)


def _between(
    low: Fraction, high: Fraction, left: _Candidate, right: _Candidate, judges: Sequence[_Judge]
) -> sp.Expr:
    """Look for the seam between a point where the left candidate is good and one where the right is."""
    for _ in range(MAX_BISECTIONS):
        point = _short_between(low, high)
        errors = [max(judge.error_at(c, point) for judge in judges) for c in (left, right)]
        if any(error != error for error in errors):
            break
        if max(errors) <= GOOD_ULP:
            return sp.Rational(point.numerator, point.denominator)
        if errors[0] <= max(GOOD_ULP, errors[1]):
            low = point
        else:
            high = point
        if high - low <= abs(high) * Fraction(1, 2**52):
            break
    return sp.Rational(high.numerator, high.denominator)


def _short_between(low: Fraction, high: Fraction) -> Fraction:
    """Return a binary fraction of few bits inside an interval, about its middle."""
    step = Fraction(2) ** ((high - low).numerator.bit_length() - (high - low).denominator.bit_length() - 2)
    return Fraction(round((low + high) / 2 / step)) * step


def points_between(lower: sp.Expr, upper: sp.Expr, fmt: Format) -> Iterator[Fraction]:
    """Yield points of every magnitude of a format inside an interval, denser where exponentials end."""
    low, high = _comparable(lower), _comparable(upper)

    def inside(value: Fraction) -> bool:
        return low < value < high

    lowest = fmt.emin - fmt.precision + 1
    step = 3 if fmt.emax < 200 else 27
    powers = sorted(
        {*range(lowest + 4, fmt.emax + 1, step), *range(-70, 70), fmt.emin, fmt.emax, fmt.emax - 1}
    )
    magnitudes = {Fraction((8, 11, 13)[i % 3], 8) * Fraction(2) ** e for i, e in enumerate(powers)}
    magnitudes |= {Fraction((11, 13, 8)[e % 3], 8) * Fraction(2) ** e for e in range(-30, 30)}
    magnitudes |= {Fraction(k, 4) for k in range(1, 80)} | {
        Fraction(k) for k in (*range(20, 45), *range(45, 120, 3))
    }
    magnitudes |= {Fraction(k) for k in range(120, 800, 10)} if fmt.emax > 200 else set()
    largest = (2 - Fraction(2) ** (1 - fmt.precision)) * Fraction(2) ** fmt.emax
    for magnitude in magnitudes | {largest}:
        for value in (magnitude, -magnitude):
            if magnitude <= largest and inside(value):
                yield value
    for end in (lower, upper):
        if end.is_finite and end != 0:
            at = Fraction(_comparable(end))
            for k in range(1, fmt.precision + 1):
                for value in (at + abs(at) * Fraction(1, 2**k), at - abs(at) * Fraction(1, 2**k)):
                    if inside(value):
                        yield value


def _comparable(end: sp.Expr) -> Fraction | float:
    """Return an end of an interval as a number that compares fast; an irrational one to 53 bits."""
    return Fraction(int(end.p), int(end.q)) if end.is_Rational else float(end)


def around(root: arb, fmt: Format, lower: sp.Expr, upper: sp.Expr) -> list[Fraction]:
    """Return the format's numbers nearest a root, and points that leave it by powers of two."""
    mantissa, exponent = root.mid().man_exp()
    exact = Fraction(int(mantissa)) * Fraction(2) ** int(exponent)
    if exact == 0:
        return []
    unit = Fraction(2) ** (int(mantissa).bit_length() + int(exponent) - fmt.precision)
    nearest = Fraction(exact // unit) * unit
    near = [nearest + k * unit for k in (-3, -2, -1, 0, 1, 2, 3)]
    near += [nearest + s * unit * 2**k for k in range(2, fmt.precision - 1) for s in (1, -1)]
    return [p for p in near if _comparable(lower) < p < _comparable(upper)]


def exact_ball(point: Fraction) -> arb:
    """Return a dyadic rational as a ball of radius zero, whatever the precision in force."""
    shift = point.denominator.bit_length() - 1
    old, ctx.prec = ctx.prec, max(ctx.prec, point.numerator.bit_length() + 64)
    value = arb(point.numerator) * arb(2) ** -shift
    ctx.prec = old
    return value


def true_value(programs: Sequence[tuple[Program, Fraction]]) -> arb | None:
    """Return a value to 90 bits, as much precision as that takes; None where undefined.

    Each program computes it at its own point; the first that settles it does.
    """
    pairs = [(program, exact_ball(point)) for program, point in programs]
    old = ctx.prec
    value: arb | None = None
    try:
        for bits in PRECISIONS:
            ctx.prec = bits
            for program, z in pairs:
                found = program((z,))
                if found is None or not found.is_finite():
                    continue
                if _settled(found):
                    return found
                value = found
    finally:
        ctx.prec = old
    return value if value is not None and value.rel_accuracy_bits() >= 60 else None


def true_value_at(program: Program, point: arb) -> arb | None:
    """Return the value at a ball of some hundred bits."""
    old, ctx.prec = ctx.prec, PRECISIONS[1]
    try:
        value = program((point,))
    finally:
        ctx.prec = old
    return value if value is not None and value.is_finite() else None


def _settled(value: arb) -> bool:
    return bool(value.rel_accuracy_bits() >= 90 or value == 0 or abs(value).upper() < arb(2) ** -1400)


def bisect(program: Program, low: Fraction, high: Fraction, *, rising: bool) -> arb | None:
    """Return a sign change between two points as a number of 140 bits; None where it is a pole."""
    old, ctx.prec = ctx.prec, 420
    try:
        a, b = exact_ball(low), exact_ball(high)
        for _ in range(220 + abs(low.denominator.bit_length() - high.denominator.bit_length())):
            middle = ((a + b) / 2).mid()
            value = program((middle,))
            if value is None:
                return None
            if value == 0 or value.contains(0):
                return middle
            if bool(value > 0) == rising:
                b = middle
            else:
                a = middle
            if abs(b - a) < abs(b) * arb(2) ** -150:
                break
        ends = [program((a,)), program((b,))]
        if any(v is None or abs(v) > arb(2) ** 60 for v in ends):
            return None
        return ((a + b) / 2).mid()
    finally:
        ctx.prec = old
