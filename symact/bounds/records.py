"""Records: proved bounds in accuracy.json, beside the sweeps' certificates and the hash of the code."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from symact.accuracy import Form
from symact.activations import Activation
from symact.bounds.proofs import Bound, prove
from symact.errors import SymactError
from symact.kernels import interface
from symact.quotations import read_lists
from symact.sweeps.certificates import write_lists
from symact.sweeps.sources import closure

KEY = "bounds"
"""What the list is called in accuracy.json."""

PROVED_AGAIN = 5
"""Of the recorded bounds; always the same ones of the same code."""

Key = tuple[str, str]


@dataclass(frozen=True)
class Record:
    """A bound, and the hash of the code that it was proved of."""

    activation: str
    function: str
    proved_ulp: float | None
    where: str | None
    kernel: str

    @property
    def key(self) -> Key:
        """What it is a bound of."""
        return self.activation, self.function

    @property
    def title(self) -> str:
        """What messages call it."""
        return f"{self.activation} {self.function} (float64)"

    def to_json(self) -> dict[str, Any]:
        """Return the bound's object in accuracy.json."""
        return {
            "activation": self.activation,
            "function": self.function,
            "dtype": "float64",
            "proved_ulp": self.proved_ulp,
            "where": self.where,
            "kernel": self.kernel,
        }


@dataclass(frozen=True)
class Claim:
    """One float64 function as it lies generated in C, of which a bound is to be proved."""

    activation: Activation
    function: str
    files: Mapping[str, str]
    form: Form | None = None

    @property
    def title(self) -> str:
        """What progress calls it."""
        return f"{self.activation.title} {self.function}"

    @cached_property
    def kernel(self) -> str:
        """The hash of the code that computes the function, with what it calls and without comments."""
        return kernel(self.files, self.activation, self.function)

    def record(self) -> Record:
        """Return the bound, as it is recorded."""
        found: Bound = prove(self.activation, self.function, self.files, self.form)
        return Record(found.activation, found.function, found.ulp, found.where, self.kernel)


def kernel(files: Mapping[str, str], activation: Activation, function: str) -> str:
    """Return the hash of a float64 function's code. Raises KeyError where there is none."""
    texts = closure(files, f"symact_{activation.name}{interface(function)[0]}_f64")
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()


@dataclass(frozen=True)
class Records:
    """The proved bounds in a folder of what is generated: in ``file``."""

    file: Path

    @cached_property
    def known(self) -> Mapping[Key, Record]:
        """What the file holds.

        Raises SymactError where it is not a file of bounds.
        """
        try:
            rows = read_lists(self.file).get(KEY, [])
            records = [
                Record(row["activation"], row["function"], row["proved_ulp"], row.get("where"), row["kernel"])
                for row in rows
            ]
        except (KeyError, TypeError) as error:
            raise SymactError(
                f"{self.file}: not bounds ({error}); remove them, then run `symact verify --prove --certify`"
            ) from error
        return {record.key: record for record in records}

    def updated(self, found: Iterable[Record], names: Sequence[str]) -> None:
        """Write the file, all or nothing, with some bounds replaced: in the order of ``names``."""
        every = {**self.known, **{record.key: record for record in found}}
        place = {name: index for index, name in enumerate(names)}
        rows = sorted(every.values(), key=lambda r: (place.get(r.activation, len(place)), r.activation))
        write_lists(self.file, {**read_lists(self.file), KEY: [row.to_json() for row in rows]})
        self.__dict__.pop("known", None)


def recheck(claim: Claim, record: Record, *, again: bool) -> list[str]:
    """Return what is wrong with a record; nothing where it stands. ``again``: it is proved again."""
    if record.kernel != claim.kernel:
        return [f"{record.title}: the code is not the one that a bound was proved of"]
    if again and claim.record() != record:
        return [f"{record.title}: another bound is proved than is recorded"]
    return []


def chosen_again(records: Iterable[Record]) -> set[Key]:
    """Return those that are proved again: by their hashes."""
    return {record.key for record in sorted(records, key=lambda r: r.kernel)[:PROVED_AGAIN]}
