# SPDX-License-Identifier: Apache-2.0
"""What compiled programs on RISC-V clusters need, and the kernels that are written in assembly."""

from pathlib import Path

__all__ = ["include_folder"]


def include_folder() -> Path:
    """Return the folder of the C header, the linker script and the start code."""
    return Path(__file__).parent / "include"
