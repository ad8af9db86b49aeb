"""The code of one C function: it, and what it calls, without comments and layout."""

import re
from collections.abc import Mapping

COMMENT = re.compile(r"/\*.*?\*/", re.S)
DEFINITION = re.compile(
    r"^[A-Za-z][^\n;{}#]*?\b(\w+)(?:\([^;{}]*\)|(?:\[\w*\])* =)\s*\{.*?^\};?$", re.M | re.S
)
"""A function, or a table: from the margin to the brace that closes it at the margin."""
MACRO = re.compile(r"^#define (\w+)(?:[^\\\n]|\\\n)*$", re.M)
WORD = re.compile(r"[A-Za-z_]\w*")


def definitions(files: Mapping[str, str]) -> dict[str, str]:
    r"""Return the functions, tables and macros of C files by name, without comments and layout.

    >>> definitions({"a.c": "static float f(float x) /* f */\n{\n    return g(x);\n}\n"})
    {'f': 'static float f(float x) { return g(x); }'}
    """
    found = {}
    for path in sorted(files):
        if path.endswith((".c", ".h")):
            code = COMMENT.sub(" ", files[path])
            for match in [*DEFINITION.finditer(code), *MACRO.finditer(code)]:
                found[match[1]] = " ".join(match[0].split())
    return found


def closure(files: Mapping[str, str], name: str) -> list[str]:
    """Return the code of a function and of all that it uses, by name. Raises KeyError where there is none."""
    known, needed, waiting = definitions(files), set[str](), [name]
    while waiting:
        each = waiting.pop()
        if each not in needed:
            needed.add(each)
            waiting += [word for word in WORD.findall(known[each]) if word in known]
    return [known[each] for each in sorted(needed)]
