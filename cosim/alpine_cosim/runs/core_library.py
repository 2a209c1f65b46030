# SPDX-License-Identifier: Apache-2.0
"""The native library of cores that execute RISC-V instructions, compiled once per user."""

import os
from pathlib import Path

from alpine_cosim.binding.cache import cached_build, content_hash
from alpine_cosim.binding.plan import native_source
from alpine_cosim.binding.toolchain import Toolchain, run_tool
from alpine_models.files import copy_file, write_text
from alpine_platform.binaries.riscv.accelerator_header import (
    ACCELERATOR_HEADER_NAME,
    accelerator_header,
)
from alpine_platform.binaries.riscv.decoder_header import HEADER_NAME, decoder_header
from alpine_platform.binaries.riscv.machine import native_sources

__all__ = ["core_library"]

LIBRARY_NAME = "cores.so"
MACRO_HEADER_NAME = "analog_macro.hpp"
FLAGS = ("-std=gnu++20", "-O2", "-Wall", "-Wextra", "-Werror", "-fPIC", "-shared", "-Wl,-z,defs")


def core_library() -> Path:
    """Return the library, built first if no process has; that takes a few seconds.

    Raises
    ------
    AlpineError
        There is no compiler, or the cache cannot be written.
    """
    toolchain = Toolchain.find()
    sources = native_sources()
    headers = {
        HEADER_NAME: decoder_header(),
        ACCELERATOR_HEADER_NAME: accelerator_header(),
        MACRO_HEADER_NAME: native_source(MACRO_HEADER_NAME),
    }
    texts = (path.read_bytes() for path in sources)
    key = content_hash([toolchain.identity, str(FLAGS), *headers.values(), *texts])

    def build(directory: Path) -> None:
        for name, text in headers.items():
            write_text(directory / name, text)
        for source in sources:
            copy_file(source, directory / source.name)
        run_tool(
            [toolchain.compiler, *FLAGS, "-I.", sources[0].name, "-o", LIBRARY_NAME],
            what="g++ on the cores",
            cwd=directory,
            env=dict(os.environ),
        )

    return cached_build(f"cores-{key}", build) / LIBRARY_NAME
