"""The sieve of sieve.c: compiled once a process, called on blocks of values."""

import ctypes
import hashlib
import os
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from symact.errors import SymactError
from symact.sweeps.expansions import Piece
from symact.sweeps.series import DEGREE, Series
from symact.targets.c import found_compiler

SOURCE = Path(__file__).parent / "sieve.c"
FLAGS = ("-O3", "-std=c99", "-fPIC", "-shared", "-march=native", "-ffp-contract=fast", "-fno-trapping-math")

PIECE = np.dtype(
    [
        *(("first", "<u4"), ("last", "<u4"), ("kind", "<i4"), ("side", "<i4")),
        *(("centre", "<f8"), ("scale", "<f8"), ("coefficients", "<f8", (DEGREE + 1,))),
        *(("relative", "<f8"), ("absolute", "<f8"), ("divisor", "<f8")),
    ]
)
"""`symact_piece` of sieve.c."""

TALLY = np.dtype(
    [
        *((name, "<u8") for name in ("points", "misrounded", "wrong_nan", "wrong_inf", "out_of_range")),
        *((name, "<u8") for name in ("not_monotone", "checksum", "mirrored", "undecided")),
        *(
            ("beyond", "<u8"),
            ("bound", "<f8"),
            ("worst", "<f8"),
            ("worst_at", "<u4"),
            ("previous", "<f4"),
            ("started", "<i4"),
            ("unused", "<i4"),
        ),
    ]
)
"""`symact_tally` of sieve.c."""


@dataclass(frozen=True)
class Order:
    """What values obey in the order of their bit patterns: see sieve.c."""

    direction: int = 0
    lowest: float = -np.inf
    highest: float = np.inf
    flip: bool = False
    bound: float = 1.0
    """The error in ulp beyond which values are counted."""


class Sieve:
    """Judges values of consecutive binary32 patterns against pieces; ``tally`` is what it has counted."""

    def __init__(self, pieces: Sequence[Piece], order: Order) -> None:
        self.tally = np.zeros(1, TALLY)
        self.tally["bound"] = order.bound
        self._order = order
        self._programs = [piece for piece in pieces if piece.program is not None]
        self._pieces = np.zeros(len(pieces), PIECE)
        self._firsts = np.array([piece.first for piece in pieces], np.int64)
        self._lasts = np.array([piece.last for piece in pieces], np.int64)
        for row, piece in zip(self._pieces, pieces, strict=True):
            series = piece.series or Series((0.0,) * (DEGREE + 1))
            row["first"], row["last"], row["kind"] = piece.first, piece.last, piece.kind
            row["centre"], row["scale"], row["side"] = series.centre, series.scale, series.side
            row["coefficients"], row["relative"] = series.coefficients, series.relative
            row["absolute"], row["divisor"] = series.absolute, series.divisor

    def sift(self, first: int, got: np.ndarray) -> np.ndarray:
        """Judge the values of the patterns from ``first`` on; return the patterns that are undecided."""
        undecided = np.empty(got.size, np.uint32)
        before = int(self.tally["undecided"][0])
        self.tally["undecided"] = 0
        start = int(np.searchsorted(self._lasts, first))
        end = int(np.searchsorted(self._firsts, first + got.size))
        _library().symact_sieve(
            first,
            got.size,
            got.ctypes.data,
            self._pieces[start:end].ctypes.data,
            end - start,
            self._order.direction,
            self._order.lowest,
            self._order.highest,
            int(self._order.flip),
            self.tally.ctypes.data,
            undecided.ctypes.data,
            undecided.size,
        )
        for piece in self._programs:
            self._weigh(piece, first, got, undecided)
        found = int(self.tally["undecided"][0])
        self.tally["undecided"] += before
        return undecided[:found]

    def _weigh(self, piece: Piece, first: int, got: np.ndarray, undecided: np.ndarray) -> None:
        start, end = max(first, piece.first), min(first + got.size - 1, piece.last)
        if start > end or piece.program is None:
            return
        points = np.arange(start, end + 1, dtype=np.int64).astype(np.uint32).view(np.float32)
        value, half = piece.program(points.astype(np.float64))
        values = np.ascontiguousarray(got[start - first : end + 1 - first])
        _library().symact_weigh(
            start,
            values.size,
            values.ctypes.data,
            value.ctypes.data,
            half.ctypes.data,
            self.tally.ctypes.data,
            undecided.ctypes.data,
            undecided.size,
        )


def checksum(first: int, values: np.ndarray) -> int:
    """Return the sum, modulo 2^64, of b (2 p + 1) over the bit patterns p from ``first`` on.

    b are the bits of the value there. Every NaN is one and the same.

    >>> checksum(1, np.array([2.0**-149, 2.0**-148], np.float32))
    13
    """
    return int(_library().symact_checksum(first, values.size, values.ctypes.data))


@cache
def _library() -> ctypes.CDLL:
    """Compile the sieve into the folder for temporary files, by its hash; or find it there."""
    text = SOURCE.read_bytes()
    tag = hashlib.sha256(text + repr((FLAGS, os.uname())).encode()).hexdigest()[:16]
    place = Path(tempfile.gettempdir()) / f"symact-{os.getuid()}"
    place.mkdir(mode=0o700, exist_ok=True)
    library = place / f"sieve-{tag}.so"
    if not library.exists():
        beside = library.with_suffix(f".{os.getpid()}")
        done = subprocess.run(
            [found_compiler(), *FLAGS, str(SOURCE), "-o", str(beside), "-lm"], capture_output=True, text=True
        )
        if done.returncode:
            raise SymactError(f"{SOURCE.name}: does not compile: {done.stderr.strip()[:800]}")
        beside.replace(library)
    loaded = ctypes.CDLL(str(library))
    size, pointer = ctypes.c_size_t, ctypes.c_void_p
    loaded.symact_sieve.restype = loaded.symact_weigh.restype = None
    loaded.symact_checksum.restype = ctypes.c_uint64
    loaded.symact_checksum.argtypes = (ctypes.c_uint32, size, pointer)
    loaded.symact_weigh.argtypes = (ctypes.c_uint32, size, *[pointer] * 5, size)
    loaded.symact_sieve.argtypes = (
        *(ctypes.c_uint32, size, pointer, pointer, size, ctypes.c_int, ctypes.c_float, ctypes.c_float),
        *(ctypes.c_int, pointer, pointer, size),
    )
    return loaded
