# SPDX-License-Identifier: Apache-2.0
"""The native library that records what AArch64 programs execute, compiled once per user."""

import os
from pathlib import Path

from alpine_cosim.binding.cache import cached_build, content_hash
from alpine_cosim.binding.toolchain import Toolchain, run_tool
from alpine_models.files import copy_file
from alpine_platform.binaries.aarch64.recording import SOURCE

__all__ = ["recorder_library"]

LIBRARY_NAME = "recorder.so"
FLAGS = ("-std=gnu++20", "-O2", "-Wall", "-Wextra", "-Werror", "-fPIC", "-shared", "-Wl,-z,defs")


def recorder_library() -> Path:
    """Return the library, built first if no process has; that takes a second.

    Raises
    ------
    AlpineError
        There is no compiler, or the cache cannot be written.
    """
    toolchain = Toolchain.find()
    key = content_hash([toolchain.identity, str(FLAGS), SOURCE.read_bytes()])

    def build(directory: Path) -> None:
        copy_file(SOURCE, directory / SOURCE.name)
        run_tool(
            [toolchain.compiler, *FLAGS, SOURCE.name, "-o", LIBRARY_NAME],
            what="g++ on the recorder",
            cwd=directory,
            env=dict(os.environ),
        )

    return cached_build(f"recorder-{key}", build) / LIBRARY_NAME
