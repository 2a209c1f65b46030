# SPDX-License-Identifier: Apache-2.0
"""The native library of cores that execute RISC-V instructions."""

from pathlib import Path

from alpine_cosim.binding.plan import native_source
from alpine_platform.binaries.riscv.accelerator_header import (
    ACCELERATOR_HEADER_NAME,
    accelerator_header,
)
from alpine_platform.binaries.riscv.decoder_header import HEADER_NAME, decoder_header
from alpine_platform.binaries.riscv.machine import native_sources

from .shared_library import shared_library

__all__ = ["core_library"]

MACRO_HEADER_NAME = "analog_macro.hpp"


def core_library() -> Path:
    """Return the library; the contract is `shared_library`."""
    headers = {
        HEADER_NAME: decoder_header(),
        ACCELERATOR_HEADER_NAME: accelerator_header(),
        MACRO_HEADER_NAME: native_source(MACRO_HEADER_NAME),
    }
    return shared_library("cores", native_sources(), headers=headers)
