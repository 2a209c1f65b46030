# SPDX-License-Identifier: Apache-2.0
"""The native library that records what AArch64 programs execute."""

from pathlib import Path

from alpine_platform.binaries.aarch64.recording import SOURCE

from .shared_library import shared_library

__all__ = ["recorder_library"]


def recorder_library() -> Path:
    """Return the library; the contract is `shared_library`."""
    return shared_library("recorder", [SOURCE])
