"""Mixed forms: f' from g and residuals, values that the forward pass has: z itself, or one that it computes.

| module | what it does |
|---|---|
| calls | functions as symbols, over which expressions are rational |
| values | what the forward pass computes on its way, and what it is called |
| bases | Groebner bases, with a bound on the work |
| reductions | f' written in such a value and g, by the algebra of g = f(z) |
| costs | which of many forms is the cheapest |
| recovery | all of it in order, with the proof |
"""

from symact.mixed_forms.recovery import MixedForm, recover_mixed_form

__all__ = ["MixedForm", "recover_mixed_form"]
