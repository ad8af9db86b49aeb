"""Sweeps: a float32 function of one variable, judged on every one of the 2^32 inputs; 16-bit ones on 2^16.

The sieve decides what binary64 safely can; arbitrary precision decides the rest. Certificates keep what was
found, beside the hash of the code that it was found of.
"""

from symact.sweeps.certificates import Certificate, Certificates, carried, certify, recheck
from symact.sweeps.chunks import (
    CHUNKS,
    Chunk,
    Sweep,
    Tally,
    exists,
    judge_all,
    judge_chunk,
    merged,
    sum_chunk,
    swept,
)
from symact.sweeps.halves import verify_activation
from symact.sweeps.subjects import FUNCTIONS, subject

__all__ = [
    "CHUNKS",
    "FUNCTIONS",
    "Certificate",
    "Certificates",
    "Chunk",
    "Sweep",
    "Tally",
    "carried",
    "certify",
    "exists",
    "judge_all",
    "judge_chunk",
    "merged",
    "recheck",
    "subject",
    "sum_chunk",
    "swept",
    "verify_activation",
]
