# SPDX-License-Identifier: Apache-2.0
"""Shared libraries of shipped C++ sources, compiled once per user and toolchain."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from alpine_cosim.binding.cache import cached_build, content_hash
from alpine_cosim.binding.toolchain import Toolchain, run_tool
from alpine_models.files import copy_file, write_text

__all__ = ["shared_library"]

FLAGS = ("-std=gnu++20", "-O2", "-Wall", "-Wextra", "-Werror", "-fPIC", "-shared", "-Wl,-z,defs")


def shared_library(
    name: str, sources: Sequence[Path], *, headers: Mapping[str, str] | None = None
) -> Path:
    """Return a library, built first if no process has; that takes seconds.

    Parameters
    ----------
    name : of the library, without the ending.
    sources : the first one is compiled, and may include the others.
    headers : texts of headers beside them, by file name.

    Raises
    ------
    AlpineError
        There is no compiler, or the cache cannot be written.
    """
    toolchain = Toolchain.find()
    headers = headers or {}
    texts = (path.read_bytes() for path in sources)
    key = content_hash([toolchain.identity, str(FLAGS), *headers.values(), *texts])
    file_name = f"{name}.so"

    def build(directory: Path) -> None:
        for header, text in headers.items():
            write_text(directory / header, text)
        for source in sources:
            copy_file(source, directory / source.name)
        run_tool(
            [toolchain.compiler, *FLAGS, "-I.", sources[0].name, "-o", file_name],
            what=f"g++ on {sources[0].name}",
            cwd=directory,
            env=dict(os.environ),
        )

    return cached_build(f"{name}-{key}", build) / file_name
