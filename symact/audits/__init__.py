"""audit: the questions that our own code is asked, put to somebody else's function.

| module | what it does |
|---|---|
| calls | a Python callable of any framework, or a symbol of a shared library, as a call on NumPy arrays |
| findings | errors point by point as intervals; kinks; where a monotone function is not |
| recipes | DATA: which function of a package is which activation |
"""

from symact.audits.calls import FRAMEWORKS, Call, load
from symact.audits.findings import BOUND, Audit, audit
from symact.audits.recipes import PACKAGES, Recipe, recipes

__all__ = ["BOUND", "FRAMEWORKS", "PACKAGES", "Audit", "Call", "Recipe", "audit", "load", "recipes"]
