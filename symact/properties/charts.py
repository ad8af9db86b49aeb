"""Charts: on which stretches a smooth function is positive, negative or 0, and its roots, all proven.

A compact part is covered with balls: a cell is settled where the function's ball leaves out 0, or where
its derivative's does and the signs at the ends tell. Beyond it, leading terms with bounded remainders.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import sympy as sp
from flint import arb

from symact.activations import Z
from symact.asymptotics import enclosed_towards, forms_towards
from symact.enclosures import Undecided
from symact.enclosures.jets import Jet
from symact.enclosures.tails import Tails
from symact.errors import NotSupported
from symact.pieces import Piece
from symact.properties.closed_roots import closed_root
from symact.properties.facts import PRECISION, Enclosure, Number, ball, vanishes, working_precision
from symact.properties.lines import end_value
from symact.properties.periods import DIVISIONS, period, repeats
from symact.simplification import neat

STARTS, NEAR = (4, 8, 16, 32), (8, 64, 1024)
"""Where a tail begins, tried in turn: beyond the other end of the piece, and near a singular end."""

CELLS, MAX_CELLS, MAX_DEPTH = 31, 4000, 48
"""Cells of the first covering, cells in all, and how often one is cut."""

OFFSET, CUT = 0.0537, 0.4871
"""Where cells meet and are cut: at no simple fraction, which may be a root."""

TAYLOR = 6
"""Order of the remainder in Taylor's formula on a cell."""

MAX_STEPS, NARROWER = 200, 0.9
"""Steps towards a root, and the factor by which each must narrow its enclosure."""

CLIMBS = 2
"""Derivatives from whose sign towards an end that of the function is concluded."""

MAX_ORDER = 6
"""Of a root at a special point: 0, or the end of a piece."""


@dataclass(frozen=True)
class Stretch:
    """An open interval on which a function has one sign."""

    lower: Number
    upper: Number
    sign: int


@dataclass(frozen=True)
class Chart:
    """The stretches of a function over a piece, from left to right, and its roots inside the piece.

    At a root between two stretches of one sign the function touches 0. With a ``period`` the roots are
    those of one period, and the stretches reach from the first of them to the same one in the next.
    """

    stretches: tuple[Stretch, ...]
    roots: tuple[Number, ...]
    method: str
    period: sp.Expr | None = None


@dataclass(frozen=True)
class Uncharted:
    """There is no chart that is proven; ``why`` says where the proof ended."""

    why: str


def uncharted(charts: Sequence[Chart | Uncharted]) -> str:
    """Return why one of the charts is missing; nothing where none is."""
    return next((known.why for known in charts if isinstance(known, Uncharted)), "")


@dataclass(frozen=True)
class _End:
    """An end of a piece: the covering reaches to ``start``; beyond, the function has ``sign``."""

    start: sp.Expr
    sign: int | None
    method: str = ""


def chart(piece: Piece, defined: sp.Expr, *, reach: int | None = None) -> Chart | Uncharted:
    """Return the chart of a piece's expression, or why none is proven.

    ``defined`` is an expression that must be defined wherever the chart speaks. With ``reach`` the chart
    is of a compact part only: up to that one of `STARTS` or `NEAR`.

    >>> found = chart(Piece(-sp.oo, sp.oo, Z**3 - 2*Z), Z)
    >>> [stretch.sign for stretch in found.stretches], found.roots
    ([-1, 1, -1, 1], (-sqrt(2), 0, sqrt(2)))
    """
    if not piece.expression.has(Z):
        value = ball(piece.expression)
        sign = 0 if piece.expression.is_zero else 1 if value > 0 else -1 if value < 0 else None
        if sign is None:
            return Uncharted(f"the sign of {piece.expression} is not known")
        return Chart((Stretch(piece.lower, piece.upper, sign),), (), "constant")
    try:
        with working_precision():
            walk = _Walk(piece, defined)
            length = period(piece.expression) if (piece.lower, piece.upper) == (-sp.oo, sp.oo) else None
            if length is not None and repeats(defined, length):
                return _periodic(walk, length)
            return _whole(walk, reach)
    except Undecided as obstacle:
        return Uncharted(str(obstacle) or "leading terms cancel")
    except NotSupported as obstacle:
        return Uncharted(str(obstacle))


def _whole(walk: "_Walk", reach: int | None) -> Chart:
    """Return the chart of a piece, or of the part that it is asked for. Raises Undecided."""
    piece = walk.piece
    ends = [walk.end(side, reach) for side in (-1, 1)]
    cells = list(walk.between(ends[0].start, ends[1].start, [sp.S.Zero]))
    for end, at in zip(ends, (0, len(cells)), strict=True):
        if end.sign is not None:
            low, high = (piece.lower, end.start) if at == 0 else (end.start, piece.upper)
            cells.insert(at if at == 0 else len(cells), Stretch(low, high, end.sign))
    methods = dict.fromkeys(["ball arithmetic", *(end.method for end in ends if end.method)])
    return Chart(*walk.joined(cells), "; ".join(methods))


def _periodic(walk: "_Walk", length: sp.Expr) -> Chart:
    """Return the chart of one period, which begins at an exact root if there is one. Raises Undecided."""
    steps = [length * sp.Rational(k, DIVISIONS) for k in range(-DIVISIONS // 2, DIVISIONS // 2)]
    exact = [at for at in steps if walk.is_root(at)]
    start = exact[0] if exact else steps[0]
    inside = [at + length if at < start else at for at in exact]
    cells = list(walk.between(start, start + length, inside))
    stretches, roots = walk.joined(cells)
    method = "ball arithmetic on one period"
    if exact:
        return Chart(stretches, (start, *roots), method, length)
    if not roots:
        return Chart((Stretch(-sp.oo, sp.oo, stretches[0].sign),), (), method)
    again = Enclosure(ball(roots[0]) + ball(length)) if isinstance(roots[0], Enclosure) else roots[0] + length
    last = Stretch(roots[-1], again, stretches[-1].sign)
    return Chart((*stretches[1:-1], last), roots, method, length)


class _Walk:
    """The functions of one chart, compiled."""

    def __init__(self, piece: Piece, defined: sp.Expr) -> None:
        self.piece, self.defined = piece, defined
        self.h, self.guard = Jet(piece.expression, Z, PRECISION), Jet(defined, Z, PRECISION)
        self.orders: dict[sp.Expr, int] = {}
        self.roots: list[Number] = []
        self.left = MAX_CELLS

    # --- the ends ---

    def end(self, side: int, reach: int | None) -> _End:
        """Return how far the covering goes towards an end, and what is known beyond."""
        at = self.piece.upper if side > 0 else self.piece.lower
        other = self.piece.lower if side > 0 else self.piece.upper
        if at.is_finite:
            where = ball(at)
            if self.guard(where) is not None and self.h(where, 1) is not None:
                return _End(at, None)
            length = sp.oo if other.is_infinite else abs(at - other)
            starts = [n for n in NEAR if n * length > 4]
        else:
            base = 0 if other.is_infinite else max(0, int(sp.ceiling(side * other)))
            starts = [base + n for n in STARTS]
        if reach is not None:
            return _End(_place(at, side, starts[min(reach, len(starts) - 1)]), None)
        for sign_beyond in (_sign_by_terms, _sign_by_climbs):  # the first is quick at any start
            for start in starts:
                found = self._beyond(sign_beyond, at, side, start)
                if found is not None:
                    return _End(_place(at, side, start), *found)
        raise Undecided(f"leading terms do not tell the sign towards z = {at}")

    def _beyond(
        self, sign_beyond: Callable[..., tuple[int, str] | None], at: sp.Expr, side: int, start: int
    ) -> tuple[int, str] | None:
        tails = Tails(start)
        try:
            enclosed_towards(tails, self.defined, Z, at, side)
        except Undecided:
            return None
        return sign_beyond(tails, self.piece.expression, at, side)

    # --- the compact part ---

    def between(self, lower: sp.Expr, upper: sp.Expr, special: Sequence[sp.Expr]) -> Iterator[Stretch]:
        """Yield the stretches of the covering, from left to right; cells meet at special points too."""
        a, b = ball(lower), ball(upper)
        grid: list[Number] = [
            Enclosure(arb((a + (b - a) * (k - OFFSET) / CELLS).mid())) for k in range(1, CELLS)
        ]
        grid += [at for at in special if a < ball(at) < b]
        grid.sort(key=lambda at: float(ball(at).mid()))
        for low, high in pairwise([lower, *grid, upper]):
            yield from self._settled(low, high, 0)

    def joined(self, cells: Sequence[Stretch]) -> tuple[tuple[Stretch, ...], tuple[Number, ...]]:
        """Return neighbours of one sign as one stretch where there is no root between, and the roots."""
        stretches: list[Stretch] = []
        roots: list[Number] = []
        for cell in cells:
            if stretches and stretches[-1].sign == cell.sign and not self.is_root(cell.lower):
                cell = Stretch(stretches.pop().lower, cell.upper, cell.sign)
            elif stretches:
                roots.append(cell.lower)
            stretches.append(cell)
        return tuple(stretches), tuple(roots)

    def _settled(self, low: Number, high: Number, depth: int) -> Iterator[Stretch]:
        self.left -= 1
        a, b = ball(low), ball(high)
        if depth > MAX_DEPTH or self.left < 0:
            raise Undecided(f"balls do not tell the sign near z = {float(a.mid()):.6g}")
        whole = a.union(b)
        if self.guard(whole) is not None and (h := self._enclosed(whole)) is not None:
            if (sign := _sign(h[0])) is not None:
                yield Stretch(low, high, sign)
                return
            if (sign := self._beside_root(low, high, whole)) is not None:
                yield Stretch(low, high, sign)
                return
            if _sign(h[1]) is not None and not self.is_root(low) and not self.is_root(high):
                ends = [_sign(value[0]) if (value := self.h(end)) else None for end in (a, b)]
                if None not in ends:
                    if ends[0] == ends[1]:
                        yield Stretch(low, high, ends[0])  # type: ignore[arg-type]
                        return
                    root = self._root(a, b)
                    yield Stretch(low, root, ends[0])  # type: ignore[arg-type]
                    yield Stretch(root, high, ends[1])  # type: ignore[arg-type]
                    return
        middle = Enclosure(arb((a + (b - a) * CUT).mid()))
        yield from self._settled(low, middle, depth + 1)
        yield from self._settled(middle, high, depth + 1)

    def _enclosed(self, whole: arb) -> tuple[arb, arb] | None:
        """Return balls of h and h' over a cell: by their programs, else by Taylor's formula.

        With c_k the coefficients at the middle m and r the ball of the n-th over the cell, t = z - m:
        h(z) = sum of c_k t^k + r t^n, h'(z) = sum of k c_k t^(k-1) + n r t^(n-1). What the programs lose
        because one variable occurs many times falls with the n-th power of the cell's width.
        """
        plain = self.h(whole, 1)
        if plain is None or _sign(plain[0]) is not None:
            return None if plain is None else (plain[0], plain[1])
        middle = arb(whole.mid())
        centre, cell = self.h(middle, TAYLOR - 1), self.h(whole, TAYLOR)
        if centre is None or cell is None:
            return plain[0], plain[1]
        t, value, slope = whole - middle, cell[TAYLOR], TAYLOR * cell[TAYLOR]
        for k in range(TAYLOR - 1, 0, -1):
            value, slope = centre[k] + t * value, k * centre[k] + t * slope
        return centre[0] + t * value, slope

    def is_root(self, at: Number) -> bool:
        """Return whether a point is a root: one found, or 0 or an end where h is 0 exactly."""
        if any(at is root for root in self.roots):
            return True
        return not isinstance(at, Enclosure) and at.is_finite is True and self._order(at) > 0

    def _order(self, at: sp.Expr) -> int:
        """Return the order of h's root at an exact point, 0 where it is none."""
        if at not in self.orders:
            order, derivative = 0, self.piece.expression
            value = self.h(ball(at))
            if (value is not None and _sign(value[0]) is None) or value is None:
                while order < MAX_ORDER and vanishes(derivative.subs(Z, at)):
                    order, derivative = order + 1, sp.diff(derivative, Z)
            self.orders[at] = order
        return self.orders[at]

    def _beside_root(self, low: Number, high: Number, whole: arb) -> int | None:
        """Return the sign beside an exact root of order m: that of h^(m), which leaves out 0 on the cell."""
        for at, side in ((low, 1), (high, -1)):
            if not isinstance(at, Enclosure) and (order := self._order(at)):
                values = self.h(whole, order)
                sign = None if values is None else _sign(values[order])
                return None if sign is None else sign * side**order
        return None

    def _root(self, a: arb, b: arb) -> Number:
        """Return the only root between a and b, by interval Newton steps, else by halves."""
        here, first = a.union(b), self.h(a)
        for _ in range(MAX_STEPS):
            middle = arb(here.mid())
            cell, value = self._enclosed(here), self.h(middle)
            if cell is None or value is None or first is None:
                raise Undecided
            narrower = middle - value[0] / cell[1]
            if not narrower.overlaps(here):
                raise Undecided
            if not narrower.rad() < here.rad() * NARROWER:
                if _sign(value[0]) is None:
                    break
                beyond = _sign(value[0]) == _sign(first[0])
                narrower = middle.union(here.upper() if beyond else here.lower())
            narrower = here.intersection(narrower)
            if not narrower.rad() < here.rad() * NARROWER:
                break
            here = narrower
        root = closed_root(self.piece.expression, a.union(b)) or Enclosure(here)
        self.roots.append(root)
        return root


def _place(at: sp.Expr, side: int, start: int) -> sp.Expr:
    return sp.Integer(side * start) if at.is_infinite else at - sp.Rational(side, start)


def _sign_by_terms(
    tails: Tails, h: sp.Expr, at: sp.Expr, side: int, *, shortened: bool = False
) -> tuple[int, str] | None:
    """Return the sign of h beyond the start by leading terms; ``shortened`` by those of its neat form."""
    for near in forms_towards(neat(h) if shortened else h, Z, at, side):
        try:
            if sign := tails.of(near).sign:
                return sign, "leading terms with bounded remainders towards the ends"
        except Undecided:
            continue
    return None


def _sign_by_climbs(
    tails: Tails, h: sp.Expr, at: sp.Expr, side: int, climbs: int = CLIMBS
) -> tuple[int, str] | None:
    """Return the sign of h beyond the start, by h itself, or by its derivative's sign and its limit."""
    for shortened in (False, True):
        if found := _sign_by_terms(tails, h, at, side, shortened=shortened):
            return found
    # Where h' has one sign, h lies between its value at the start and its limit.
    simple = neat(h)
    if climbs == 0 or _sign_by_climbs(tails, sp.diff(simple, Z), at, side, climbs - 1) is None:
        return None
    start = _place(at, side, tails.start)
    low, high = (start, at) if side > 0 else (at, start)
    last, here = end_value(Piece(low, high, simple), side), Jet(h, Z, PRECISION)(ball(start))
    if last is sp.nan or here is None:
        return None
    for sign in (1, -1):
        if sign * here[0] > 0 and sign * ball(last) >= 0:
            return sign, "h is monotonic towards its limit at an end"
    return None


def _sign(value: arb) -> int | None:
    return 1 if value > 0 else -1 if value < 0 else None
