"""What is typeset: contexts for the LaTeX templates, the PDF, plots, a derivation for a notebook."""

from symact.documents.contexts import activation_context, document_context, summary
from symact.documents.derivations import derivation_latex, notebook_latex
from symact.documents.plots import plot, plot_errors
from symact.documents.scatters import measured, plot_bench
from symact.documents.typesetting import build, compile_pdf

__all__ = [
    "activation_context",
    "build",
    "compile_pdf",
    "derivation_latex",
    "document_context",
    "measured",
    "notebook_latex",
    "plot",
    "plot_bench",
    "plot_errors",
    "summary",
]
