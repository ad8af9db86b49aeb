"""Output forms: f' written in g = f(z), found by elimination, proven, or refused with a reason.

| module | what it does |
|---|---|
| towers, balls | f and f' as rational functions of kernels; numbers that enclose |
| eliminations | a polynomial relation between d and g, and its root |
| inversions | z in terms of g, put into f': the second road |
| shapes | the shortest of many equal forms |
| proofs | a form put in for g leaves zero, and agrees in balls |
| regions, unions | signs of the parameters; pieces told apart by g |
| witnesses | two inputs, one output, two derivatives |
| recovery | all of it in order |
"""

from symact.output_forms.answers import NoOutputForm, OutputForm
from symact.output_forms.recovery import recover_output_form

__all__ = ["NoOutputForm", "OutputForm", "recover_output_form"]
