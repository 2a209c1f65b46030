# SPDX-License-Identifier: Apache-2.0
"""How the compiled modules are compiled.

`entry` is for functions that Python calls; `compiled` for those that only compiled functions call,
which are inlined: their arguments are tuples of arrays, and copying those costs more than the work.
Neither counts references: nothing compiled allocates, and counting makes the pipeline model thirty
times slower (860 against 25 ns per operation).

Numba finds machine code on disk by the source of the one function, not of those it calls, so an
entry point is made by a function that is given a `fingerprint`, which changes with any of them.
"""

from pathlib import Path
from typing import Any

import numba

from alpine_models import compiling

__all__ = ["FINGERPRINT", "called", "compiled", "entry", "fingerprint"]

njit: Any = numba.njit

entry = compiling.cached(error_model="numpy", boundscheck=False, _nrt=False)
"""Compile, and keep the machine code on disk."""

# Python cannot call these: not making what it would need saves a seventh of compilation.
_internal: Any = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}

compiled = njit(error_model="numpy", boundscheck=False, forceinline=True, _nrt=False, **_internal)
"""Compile for use in other compiled functions only."""

called = njit(error_model="numpy", boundscheck=False, _nrt=False, **_internal)
"""The same without inlining, for functions that do more than it costs to call them."""


def fingerprint(*sources: str) -> int:
    """Return a number that changes with any of these files, or with what compiled models do.

    Files are named from the package's folder, as in ``memory/dram_kernel.py``.
    """
    folder = Path(__file__).parents[1]
    own = compiling.fingerprint(*(folder / name for name in (SELF, *sources)))
    return int(own, 16) ^ int(compiling.FINGERPRINT, 16)


SELF = "compiled/compiling.py"
FINGERPRINT = fingerprint(
    "memory/dram_kernel.py",
    "memory/holders_kernel.py",
    "cores/turns_kernel.py",
    "cores/hits_kernel.py",
    "compiled/kernel_state.py",
    "cores/memo_kernel.py",
    "memory/memory_kernel.py",
    "cores/pipeline_kernel.py",
)
"""Number that changes with the source of any compiled function of cores and memory."""
