# pyright: basic
# Reason for the header: numba gives no types.
"""Compiled functions whose machine code stays on disk, and is found again only while it is right.

Numba looks for machine code by the source file of one function, not of those that it calls and of
constants that it froze. The name under which code is kept here also has a fingerprint of them.
"""

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import numba

__all__ = ["FINGERPRINT", "compiled", "fingerprint", "kept"]


def fingerprint(*sources: Path) -> str:
    """Return a short text that changes with the text of any of these files."""
    return sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:14]


def kept(fingerprint: str, **options: Any) -> Callable[[Any], Any]:
    """Return a decorator that compiles with `numba.njit` and keeps the code under a fingerprint."""

    def compile_(function: Any) -> Any:
        # Numba's files are named after it.
        function.__qualname__ += f"_{fingerprint}"
        return numba.njit(cache=True, **options)(function)

    return compile_


def compiled(**options: Any) -> Callable[[Any], Any]:
    """Return the decorator of this package's compiled functions, with options of `numba.njit`."""
    return kept(FINGERPRINT, **options)


_FOLDER = Path(__file__).parent
FINGERPRINT = fingerprint(
    *(
        _FOLDER / name
        for name in (
            "compiling.py",
            "crossbar.py",
            "device/adc_kernel.py",
            "device/exact.py",
            "device/formulas.py",
            "device/kernels.py",
            "device/noise.py",
            "isa.py",
            "reference_tile.py",
            "tile.py",
        )
    )
)
"""Changes with the source of any compiled function of this package, or of its constants."""
