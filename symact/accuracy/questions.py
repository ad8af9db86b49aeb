"""What to ask of an activation: every function, at each setting of the parameters, with the truth."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np
import sympy as sp
from flint import arb

from symact.accuracy.judgements import OWN, Question
from symact.accuracy.laws import laws
from symact.accuracy.points import cotangents, inputs, outputs, roots
from symact.accuracy.thresholds import located
from symact.activations import Activation, G, samples
from symact.formats import FORMATS, Format
from symact.kernels import WRT
from symact.oracles import Exact, Oracle, Truths, product, truths

OTHER_SETTINGS = 2
"""How many settings of the parameters are judged besides the defaults."""

NEAR_ZERO = 2.0**-60
"""Where the sign beside 0 is looked at."""

Setting = Mapping[str, Fraction]


@dataclass(frozen=True)
class Form:
    """An output form and the parameters for which it holds."""

    expression: sp.Expr
    condition: sp.Basic = sp.true


def questions(
    activation: Activation,
    dtype: str,
    form: Form | None = None,
    seams: Iterable[float] = (),
    *,
    exhaustive: bool = False,
) -> Iterator[Question]:
    """Yield what there is to ask of an activation in a dtype.

    All targets are asked the same, so the truth is computed once. ``seams`` are where generated code
    changes its formula; ``exhaustive`` asks for every input with every setting, not with the defaults only.
    """
    fmt, marks, is_odd = FORMATS[dtype], sorted(seams), odd(activation)
    chosen = settings(activation, fmt)
    oracles = [Oracle(activation, setting, fmt) for setting in chosen]
    signs = _signs_at_zero(activation, oracles)
    for index, (setting, oracle) in enumerate(zip(chosen, oracles, strict=True)):
        thorough = index == 0 or exhaustive
        common: dict[str, Any] = {
            "activation": activation.title,
            "dtype": dtype,
            "parameters": {name: float(value) for name, value in setting.items()},
            "bound": OWN.get(dtype),
        }
        points = inputs(oracle, fmt, marks, thorough=thorough)
        every: dict[str, Any] = common | {"exhaustive": thorough and fmt.bits == 16}
        values, slopes, curvatures = oracle.jets(points)
        asked, _, forward, beside = located(points, values, oracle.forward_many, fmt)
        sign = zero_sign(oracle) if is_odd else signs["forward"][index]
        # Where a root of f depends on parameters, no series about it can be generated.
        moving = [root for root in roots(oracle) if root] if dtype == "float64" and setting else []
        slack = _slack(moving, asked, forward, fmt)
        of_f, of_derivative = laws(activation, oracle.values, fmt, at_defaults=index == 0)
        yield Question(
            function="forward",
            points=np.array(asked),
            truths=forward,
            beside=beside,
            zero_sign=sign,
            slack=slack,
            laws=of_f,
            **every,
        )
        asked, slopes, truth, beside = located(points, slopes, oracle.derivative_many, fmt)
        centres = roots(oracle, 1) if dtype == "float64" else ()
        slack = _slack(centres, asked, truth, fmt)
        slopes_obey = every | {"laws": of_derivative, "zero_sign": signs["derivative"][index]}
        yield from _with_product("derivative", "vjp", asked, slopes, truth, beside, fmt, slack, slopes_obey)
        others: dict[str, tuple[list[Exact], Callable[[Sequence[float]], list[Exact]]]] = {}
        others["second_derivative"] = curvatures, oracle.second_derivative_many
        for parameter in activation.parameters:
            by_parameter = partial(oracle.wrt_many, parameter.symbol)
            others[WRT + parameter.name] = by_parameter(points), by_parameter
        centres = roots(oracle, 2) if dtype == "float64" else ()
        for function, (values, exact) in others.items():
            asked, _, truth, beside = located(points, values, exact, fmt)
            slack = _slack(centres if function == "second_derivative" else (), asked, truth, fmt)
            yield Question(
                function=function,
                points=np.array(asked),
                truths=truth,
                slack=slack,
                beside=beside,
                zero_sign=signs[function][index],
                **every,
            )
        if form is not None and form.condition.subs(_exact(activation, setting)) == sp.true:
            g = outputs(activation, oracle, forward.rounded.tolist(), marks, fmt)
            of_output = oracle.output_form(form.expression, G).many
            g, slopes, truth, beside = located(g, of_output(g), of_output, fmt)
            yield from _with_product(
                "derivative_from_output", "vjp_from_output", g, slopes, truth, beside, fmt, None, common
            )


def _with_product(
    plain: str,
    vjp: str,
    points: list[float],
    slopes: list[Exact],
    truth: Truths,
    beside: np.ndarray,
    fmt: Format,
    slack: np.ndarray | None,
    common: Mapping[str, Any],
) -> Iterator[Question]:
    asked = np.array(points)
    yield Question(function=plain, points=asked, truths=truth, slack=slack, beside=beside, **common)
    common = {**common, "zero_sign": 0}  # g_bar has a sign of its own
    g_bar = cotangents(truth.rounded.tolist(), fmt)
    truth = truths([product(slope, factor) for slope, factor in zip(slopes, g_bar, strict=True)], fmt)
    if slack is not None:
        slack = np.maximum(slack + np.frexp(g_bar)[1] - 1, truth.ulp)
    yield Question(function=vjp, points=asked, truths=truth, g_bar=np.array(g_bar), slack=slack, **common)


def settings(activation: Activation, fmt: Format) -> list[dict[str, Fraction]]:
    """Return the defaults and further settings of the parameters, as the dtype has them.

    Smaller dtypes take float32's.
    """
    rounding = FORMATS["float64"] if fmt.bits == 64 else FORMATS["float32"]
    chosen = [activation.defaults]
    if activation.parameters:
        chosen += samples(activation)[:OTHER_SETTINGS]
    return [
        {symbol.name: Fraction(rounding.round(_fraction(value))) for symbol, value in setting.items()}
        for setting in chosen
    ]


def _fraction(value: sp.Expr) -> Fraction:
    exact = value if value.is_Rational else sp.Rational(str(sp.N(value, 40)))
    return Fraction(int(exact.p), int(exact.q))


def _exact(activation: Activation, setting: Setting) -> dict[sp.Symbol, sp.Expr]:
    values = [(p.symbol, setting[p.name]) for p in activation.parameters]
    return {symbol: sp.Rational(value.numerator, value.denominator) for symbol, value in values}


def odd(activation: Activation) -> bool:
    """Return whether f(-z) = -f(z) whatever the parameters, by trial at generic ones."""
    for setting in samples(activation) if activation.parameters else ({},):
        oracle = Oracle(activation, {symbol.name: _fraction(value) for symbol, value in setting.items()})
        for z in (Fraction(1, 3), Fraction(8, 5), Fraction(37, 3)):
            total = oracle.forward(z) + oracle.forward(-z)
            if total.is_nan() or not total.contains(0):
                return False
    return True


def zero_sign(oracle: Oracle) -> int:
    """Return the sign that an odd function has right of 0; where it is 0 there too, it keeps zero's sign."""
    return -1 if oracle.forward(NEAR_ZERO) < 0 else 1


def _signs_at_zero(activation: Activation, oracles: Sequence[Oracle]) -> dict[str, list[int]]:
    """Return for each function its sign right of 0 by setting; 0 where it passes through 0 at some only.

    What is z + b for all b gives 0.0 for -0.0 where b is 0.
    """
    found = {
        "forward": [sign_at_zero(oracle.forward) for oracle in oracles],
        "derivative": [sign_at_zero(oracle.derivative) for oracle in oracles],
        "second_derivative": [sign_at_zero(oracle.second_derivative) for oracle in oracles],
    }
    for parameter in activation.parameters:
        wrt = [partial(oracle.wrt, parameter.symbol) for oracle in oracles]
        found[WRT + parameter.name] = [sign_at_zero(function) for function in wrt]
    return {function: signs if all(signs) else [0] * len(signs) for function, signs in found.items()}


def sign_at_zero(function: Callable[[float], arb]) -> int:
    """Return the sign right of 0 of a function that passes through 0 there: zero keeps its sign, or turns it.

    0 for any other function, and at a kink, where the value is a convention.

    >>> [sign_at_zero(f) for f in (lambda x: -arb(x), lambda x: arb(x) ** 2, lambda x: arb(x + 1))]
    [-1, 0, 0]
    """
    left, right = function(-NEAR_ZERO), function(NEAR_ZERO)
    passes = left * right < 0 and abs(right - left) < arb(2) ** -20
    return 0 if not passes else 1 if right > 0 else -1


def _slack(centres: Sequence[float], points: list[float], truth: Truths, fmt: Format) -> np.ndarray | None:
    """Return the ulp's exponent at each point: near a root that at the largest magnitude around it.

    Near a root every digit may cancel; there the error is measured on the scale of the function.
    """
    if not centres:
        return None
    z = np.array(points)
    exponents = truth.ulp.copy()
    for centre in centres:
        around = (np.abs(z - centre) <= 1 + abs(centre)) & np.isfinite(truth.anchor)
        largest = float(np.abs(truth.anchor[around]).max(initial=0.0))
        scale = fmt.ulp(min(largest, fmt.largest))
        near = np.abs(z - centre) <= abs(centre) / 4
        exponents[near] = np.maximum(exponents[near], round(np.log2(float(scale))))
    return exponents
