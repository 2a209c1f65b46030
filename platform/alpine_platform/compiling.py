# pyright: basic
# Reason for the header: numba gives no types.
"""How the compiled modules are compiled.

`entry` is for functions that Python calls; `compiled` for those that only compiled functions call,
which are inlined: their arguments are tuples of arrays, and copying those costs more than the work.
Neither counts references: nothing compiled allocates, and counting makes the pipeline model thirty
times slower (860 against 25 ns per operation).

Numba finds machine code on disk by the source of the one function, not of those it calls, so an
entry point is made by a function that is given `FINGERPRINT`, which changes with any of them.
"""

from hashlib import sha256
from pathlib import Path
from typing import Any

import numba

__all__ = ["FINGERPRINT", "called", "compiled", "entry"]

njit: Any = numba.njit

entry = njit(cache=True, error_model="numpy", boundscheck=False, _nrt=False)
"""Compile, and keep the machine code on disk."""

compiled = njit(error_model="numpy", boundscheck=False, forceinline=True, _nrt=False)
"""Compile for use in other compiled functions only."""

called = njit(error_model="numpy", boundscheck=False, _nrt=False)
"""The same for what runs seldom and is large: it is called, not copied into its caller."""

SOURCES = (
    "compiling.py",
    "dram_kernel.py",
    "engine_kernel.py",
    "kernel_state.py",
    "memo_kernel.py",
    "memory_kernel.py",
    "pipeline_kernel.py",
)
FINGERPRINT = int.from_bytes(
    sha256(b"".join((Path(__file__).parent / name).read_bytes() for name in SOURCES)).digest()[:7],
    "big",
)
"""Number that changes with the source of any compiled function."""
