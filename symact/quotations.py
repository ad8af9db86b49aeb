"""What the certificates beside generated code say of an activation, for those who quote them."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from symact.errors import SymactError

FILE = "accuracy.json"
"""The name of the file of certificates in the folder of what is generated."""


@dataclass(frozen=True)
class Quotation:
    """What all 2^32 inputs of one float32 function in C gave."""

    function: str
    misrounded: int
    max_ulp: float
    """Of the worst input; 0.5 where every result is correctly rounded."""
    at: str


Quotations = Mapping[str, tuple[Quotation, ...]]
"""By the activation's name."""


def read_lists(file: Path) -> dict[str, list[dict[str, Any]]]:
    """Return the lists of a file of certificates by name; none where there is no file.

    Raises SymactError where it is not a file of certificates.
    """
    if not file.exists():
        return {}
    try:
        return {name: list(rows) for name, rows in json.loads(file.read_text("utf-8")).items()}
    except (ValueError, AttributeError, TypeError) as error:
        raise not_certificates(file, error) from error


def not_certificates(file: Path, error: Exception) -> SymactError:
    """Return the error of a file that does not hold what it should."""
    return SymactError(
        f"{file}: not certificates ({error}); remove it, then run `symact verify --exhaustive --certify`"
    )


def quotations(file: Path) -> Quotations:
    """Return what the certificates in a file say of functions in C, if it holds, by activation.

    Raises SymactError where it is not a file of certificates.
    """
    found: dict[str, tuple[Quotation, ...]] = {}
    try:
        for row in read_lists(file).get("results", []):
            if row["target"] == "c" and row["exhaustive"] and row["holds"]:
                quoted = Quotation(row["function"], row["misrounded"], row["max_ulp"], row["at"])
                found[row["activation"]] = (*found.get(row["activation"], ()), quoted)
    except (KeyError, TypeError) as error:
        raise not_certificates(file, error) from error
    return found


def in_words(quoted: Iterable[Quotation]) -> list[str]:
    """Return sentences, a line each, for a comment in code.

    >>> in_words([Quotation("forward", 0, 0.5, "0x0p+0")])
    ['float32, all 2^32 inputs: forward correctly rounded.']
    """
    quoted = list(quoted)
    exact = [one.function for one in quoted if not one.misrounded]
    parts = [f"{', '.join(exact)} correctly rounded"] * bool(exact)
    for one in quoted:
        if one.misrounded:
            variable = "g" if one.function.endswith("output") else "z"
            parts.append(
                f"{one.function} within {one.max_ulp:g} ulp, {one.misrounded:,} results not correctly "
                f"rounded, the worst at {variable} = {one.at}"
            )
    if not parts:
        return []
    parts[0] = f"float32, all 2^32 inputs: {parts[0]}"
    return [*(f"{part};" for part in parts[:-1]), f"{parts[-1]}."]
