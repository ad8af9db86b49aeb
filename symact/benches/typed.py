"""What one would type in C: a formula as SymPy writes it, in the arrays' type, compiled for speed alone."""

import ctypes
from pathlib import Path

import sympy as sp
from sympy.codegen.ast import float32, float64, real

from symact.activations import Activation, Z
from symact.derivatives import differentiate
from symact.targets import c

FLAGS = ("-Ofast", "-march=native", "-std=gnu99", "-fPIC")
"""Wrong for NaN and infinities, and on x86-64 with the vector functions of glibc, of up to 4 ulp."""

TYPES = {"float32": ("float", float32), "float64": ("double", float64)}

SOURCE = """\
#include <math.h>
#include <stddef.h>

static inline {type} typed({type} z)
{{
    return {formula};
}}

void forward(const {type} *restrict z, {type} *restrict g, size_t n)
{{
    for (size_t i = 0; i < n; ++i) {{
        g[i] = typed(z[i]);
    }}
}}

void vjp(const {type} *restrict z, const {type} *restrict g_bar, {type} *restrict z_bar, size_t n)
{{
    for (size_t i = 0; i < n; ++i) {{
        z_bar[i] = g_bar[i] * typed(z[i]);
    }}
}}
"""


def typed(activation: Activation, function: str, dtype: str, folder: Path) -> ctypes.CDLL | None:
    """Return a library that has ``function``, forward or vjp, at the defaults; None where C lacks it.

    Raises ToolMissing without a C compiler, SymactError where it fails.
    """
    plain = activation.expression if function == "forward" else differentiate(activation).simplified
    name, alias = TYPES[dtype]
    if not plain.has(Z):
        return None
    try:
        formula = sp.ccode(plain.subs(activation.defaults), standard="C99", type_aliases={real: alias})
    except NotImplementedError:
        return None
    place = folder / "typed" / f"{activation.name}-{function}-{dtype}"
    place.mkdir(parents=True, exist_ok=True)
    (place / "typed.c").write_text(SOURCE.format(type=name, formula=formula), "utf-8")
    return ctypes.CDLL(str(c.build(place, place / "built" / "typed.so", flags=FLAGS, further={})))
