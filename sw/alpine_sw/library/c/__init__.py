# SPDX-License-Identifier: Apache-2.0
"""AIMClib in C: the header that programs include, and the tile that a host build is linked with.

`INCLUDE` is the folder of `aimclib.h`, `CHECKER` the C file of the functional tile.
"""

from pathlib import Path

__all__ = ["CHECKER", "INCLUDE"]

INCLUDE = Path(__file__).parent / "include"
"""Folder for the compiler's option -I."""

CHECKER = Path(__file__).parent / "aimc_checker.c"
"""Compiled with a program that is built for the host with -DAIMC_CHECKER."""
