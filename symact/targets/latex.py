"""LaTeX: the document and one file for each activation. What is typeset is made in `documents`."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from symact import documents
from symact.quotations import Quotations

if TYPE_CHECKING:
    from symact.derived import Derived


def activation_context(template: str, derived: "Derived", kernels: object) -> dict[str, object]:
    """Return the context of an activation's page; it needs nothing of what is computed."""
    return documents.activation_context(derived)


def summary(derived: "Derived", kernels: object) -> dict[str, object]:
    """Return the activation's row in the summary table."""
    return documents.summary(derived)


def shared_context(
    template: str, summaries: Sequence[Mapping[str, object]], quoted: Quotations
) -> dict[str, object]:
    """Return the context of the whole document."""
    return documents.document_context(summaries, quoted)
