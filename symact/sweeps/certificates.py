"""Certificates: what a sweep established, beside the hash of the code that it was established of.

A certificate says what every one of the 2^32 inputs gave. It is checked again in moments: the code's hash, a
checksum of the values at every `STRIDE`-th input, the worst input, and some runs of inputs judged anew.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from symact import accuracy
from symact.accuracy import Result
from symact.formats import BINARY32
from symact.quotations import not_certificates, read_lists
from symact.sweeps.chunks import Sweep, function_of, judge, subject_of

STRIDE = 65_521
"""A prime: the inputs of the quick checksum."""

RUNS, RUN = 3, 4096
"""Runs of inputs, and their length, that are judged anew."""

FACTS = (
    *("points", "exhaustive", "misrounded", "max_ulp", "at", "got", "want", "bound_ulp", "checksum"),
    *("escalated", "undecided", "wrong_nan", "wrong_inf", "wrong_signed_zero", "asymmetric", "out_of_range"),
    *("not_monotone", "holds"),
)
"""What a certificate keeps of a result."""

Key = tuple[str, str, str]


@dataclass(frozen=True)
class Certificate:
    """The facts of one sweep, the hash of its kernel and the checksum of a sample of its values."""

    activation: str
    function: str
    target: str
    kernel: str
    sample: str
    facts: Mapping[str, Any]

    @property
    def key(self) -> Key:
        """What it is a certificate of."""
        return self.activation, self.function, self.target

    @property
    def title(self) -> str:
        """What messages call it."""
        return f"{self.activation} {self.function} ({self.target})"

    @property
    def result(self) -> Result:
        """What it is a certificate of, as the sweep gave it."""
        facts = {name: value for name, value in self.facts.items() if name != "holds"}
        return Result(self.activation, self.function, self.target, "float32", **facts)

    def to_json(self) -> dict[str, Any]:
        """Return the certificate's object in accuracy.json."""
        named = {"activation": self.activation, "function": self.function, "target": self.target}
        return {**named, "dtype": "float32", "kernel": self.kernel, "sample": self.sample, **self.facts}


def certify(sweep: Sweep, result: Result) -> Certificate:
    """Return the certificate of a result, which is of all inputs of a sweep."""
    facts = result.to_json()
    return Certificate(
        sweep.activation.title,
        sweep.function,
        sweep.target,
        sweep.kernel,
        sample(sweep),
        {name: facts[name] for name in FACTS},
    )


def sample(sweep: Sweep) -> str:
    """Return a checksum of the values at every `STRIDE`-th bit pattern; every NaN is one and the same."""
    patterns = np.arange(0, 2**32, STRIDE, dtype=np.uint64)
    got = function_of(sweep)(patterns.astype(np.uint32).view(np.float32))
    bits = np.where(np.isnan(got), np.uint32(0x7FC00000), got.view(np.uint32)).astype(np.uint64)
    return f"{int((bits * (2 * patterns + 1)).sum(dtype=np.uint64)):016x}"


def carried(sweep: Sweep, certificate: Certificate, total: int) -> Certificate | None:
    """Return the certificate for a sweep's code, whose values have a checksum; None where they are others.

    Values that are all the same bits have the same facts, whatever code gave them. The sample must agree
    too: the sum of all is blind to a constant that changes by 2^18 bits over a whole binade, of 2^23 inputs.
    """
    same = f"{total % 2**64:016x}" == certificate.facts["checksum"] and sample(sweep) == certificate.sample
    return replace(certificate, kernel=sweep.kernel) if same else None


@dataclass(frozen=True)
class Certificates:
    """The certificates in a folder of what is generated."""

    file: Path

    @cached_property
    def known(self) -> Mapping[Key, Certificate]:
        """What the file holds.

        Raises SymactError where it is not a file of certificates.
        """
        try:
            return {found.key: found for found in map(_read, read_lists(self.file).get("results", []))}
        except (KeyError, TypeError) as error:
            raise not_certificates(self.file, error) from error

    def updated(self, found: Iterable[Certificate], names: Sequence[str]) -> None:
        """Write the file, all or nothing, with some certificates replaced: in the order of ``names``."""
        every = {**self.known, **{certificate.key: certificate for certificate in found}}
        place = {name: index for index, name in enumerate(names)}
        rows = sorted(every.values(), key=lambda c: (place.get(c.activation, len(place)), c.activation))
        write_lists(self.file, {**read_lists(self.file), "results": [row.to_json() for row in rows]})
        self.__dict__.pop("known", None)


def write_lists(file: Path, lists: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
    """Write accuracy.json, all or nothing: a row a line."""
    parts = []
    for name, rows in lists.items():
        lines = ",\n".join(json.dumps(row) for row in rows)
        parts.append(f'"{name}": [\n{lines}\n]')
    file.parent.mkdir(parents=True, exist_ok=True)
    beside = file.with_suffix(".tmp")
    beside.write_text("{" + ",\n".join(parts) + "}\n", "utf-8")
    beside.replace(file)


def _read(row: Mapping[str, Any]) -> Certificate:
    facts = {name: row[name] for name in FACTS}
    return Certificate(row["activation"], row["function"], row["target"], row["kernel"], row["sample"], facts)


def recheck(sweep: Sweep, certificate: Certificate | None) -> list[str]:
    """Return what is wrong with the certificate of a sweep; nothing where it stands.

    The runs that are judged anew are drawn by the kernel's hash: always the same ones of the same code.
    """
    title = f"{sweep.activation.title} {sweep.function} ({sweep.target})"
    if certificate is None:
        return [f"{title}: no certificate"]
    if certificate.kernel != sweep.kernel:
        return [f"{title}: the code is not the one that was certified"]
    wrong, facts = [], certificate.facts
    same_bits = accuracy.base(sweep.target) == sweep.target  # a grade has other last bits on other machines
    if same_bits and sample(sweep) != certificate.sample:
        wrong.append(f"{title}: other values here than where it was certified")
    got = float(function_of(sweep)(np.array([_value(facts["at"])], np.float32))[0])
    if same_bits and facts["misrounded"] and BINARY32.hex(got) != facts["got"]:
        wrong.append(f"{title}: {BINARY32.hex(got)} at {facts['at']}, certified was {facts['got']}")
    generator = np.random.default_rng(int(sweep.kernel[:16], 16))
    for start in generator.integers(0, 2**31 // RUN, RUNS) * RUN:
        first = int(start) + int(generator.integers(0, 2)) * 2**31
        tally = judge(subject_of(sweep), function_of(sweep), first, first + RUN - 1)
        most = facts["max_ulp"] if same_bits else facts["bound_ulp"]
        beyond = tally.misrounded and (not facts["misrounded"] or tally.max_ulp > most)
        if beyond or tally.wrong_nan > facts["wrong_nan"] or tally.wrong_inf > facts["wrong_inf"]:
            wrong.append(f"{title}: worse than certified from the bit pattern {first:#010x} on")
    return wrong


def _value(text: str) -> float:
    return float.fromhex(text) if "x" in text else float(text)
