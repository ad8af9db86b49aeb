"""Functions that SymPy lacks or evaluates away: cancellation-safe ones, kept as they are written."""

from typing import Any

import sympy as sp


class expm1(sp.Function):
    """``exp(x) - 1``, accurate where x is small."""

    nargs = 1
    is_real = True

    @classmethod
    def eval(cls, x: sp.Expr) -> sp.Expr | None:
        """Return 0 at 0; nothing else is evaluated, so that what is written stays."""
        return sp.Integer(0) if x.is_zero else None

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """Return d/dx expm1(x) = exp(x)."""
        return sp.exp(self.args[0])

    def _eval_rewrite_as_exp(self, x: sp.Expr, **_: Any) -> sp.Expr:
        return sp.exp(x) - 1

    def _eval_evalf(self, prec: int) -> sp.Expr:
        return (sp.exp(self.args[0]) - 1)._eval_evalf(prec)


class log1p(sp.Function):
    """``log(1 + x)``, accurate where x is small."""

    nargs = 1

    @classmethod
    def eval(cls, x: sp.Expr) -> sp.Expr | None:
        """Return 0 at 0; nothing else is evaluated, so that what is written stays."""
        return sp.Integer(0) if x.is_zero else None

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """Return d/dx log1p(x) = 1/(1 + x)."""
        return 1 / (1 + self.args[0])

    def _eval_rewrite_as_log(self, x: sp.Expr, **_: Any) -> sp.Expr:
        return sp.log(1 + x)

    def _eval_evalf(self, prec: int) -> sp.Expr:
        return sp.log(1 + self.args[0])._eval_evalf(prec)


class erfcx(sp.Function):
    """``exp(x**2)*erfc(x)``, the scaled complementary error function: no underflow for large x."""

    nargs = 1
    is_real = True
    is_positive = True

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """Return d/dx erfcx(x) = 2 x erfcx(x) - 2/sqrt(pi)."""
        x = self.args[0]
        return 2 * x * erfcx(x) - 2 / sp.sqrt(sp.pi)

    def _eval_rewrite_as_erfc(self, x: sp.Expr, **_: Any) -> sp.Expr:
        return sp.exp(x**2) * sp.erfc(x)

    def _eval_evalf(self, prec: int) -> sp.Expr:
        x = self.args[0]
        return (sp.exp(x**2) * sp.erfc(x))._eval_evalf(prec)


class exp_below(sp.Function):
    """``exp(x)`` where x <= 0 is known."""

    nargs = 1
    is_real = True
    is_positive = True


class expm1_below(sp.Function):
    """``exp(x) - 1`` where x <= 0 is known."""

    nargs = 1
    is_real = True


class log1p_above(sp.Function):
    """``log(1 + x)`` where x >= 0 is known."""

    nargs = 1
    is_real = True
    is_nonnegative = True


class erfcx_above(sp.Function):
    """``erfcx(x)`` where x >= 0 is known."""

    nargs = 1
    is_real = True
    is_positive = True


class choice(sp.Function):
    """``choice(condition, a, b)``: a where the condition holds, else b; kept as it is written."""

    nargs = 3
    is_real = True


def plain(expression: sp.Expr) -> sp.Expr:
    """Return the expression with expm1, log1p, erfcx written out in SymPy's own functions.

    >>> plain(expm1(sp.Symbol("x")))
    exp(x) - 1
    """
    rewritten = expression.replace(expm1, lambda x: sp.exp(x) - 1)
    rewritten = rewritten.replace(log1p, lambda x: sp.log(1 + x))
    return rewritten.replace(erfcx, lambda x: sp.exp(x**2) * sp.erfc(x))


class exp_scaled(sp.Function):  # the name is that of the operation in the generated runtime
    """``exp(x)*2**n`` for an integer n, without underflow on the way."""

    nargs = 2
    is_real = True
    is_positive = True

    def _eval_evalf(self, prec: int) -> sp.Expr:
        x, n = self.args
        return (sp.exp(x) * 2**n)._eval_evalf(prec)


class ldexp(sp.Function):
    """``x*2**n`` for an integer n: the last operation of a result that may be subnormal, rounded once."""

    nargs = 2
    is_real = True

    def _eval_evalf(self, prec: int) -> sp.Expr:
        x, n = self.args
        return (x * 2**n)._eval_evalf(prec)


class _scaled_circular(sp.Function):
    nargs = 2
    is_real = True
    unscaled: type = sp.sin

    def _eval_evalf(self, prec: int) -> sp.Expr:
        x, n = self.args
        return self.unscaled(x * 2**n)._eval_evalf(prec)


class sin_scaled(_scaled_circular):
    """``sin(x*2**n)`` for an integer n: the argument itself may overflow."""

    unscaled = sp.sin


class cos_scaled(_scaled_circular):
    """``cos(x*2**n)`` for an integer n: the argument itself may overflow."""

    unscaled = sp.cos
