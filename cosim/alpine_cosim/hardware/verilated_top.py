# SPDX-License-Identifier: Apache-2.0
"""From an Amaranth component to a verilated model, each step kept in the cache."""

from collections.abc import Sequence
from pathlib import Path

from amaranth.hdl import Elaboratable

from alpine_cosim.binding import VerilatedModel, ports_of
from alpine_cosim.binding.cache import cached_build, content_hash
from alpine_cosim.binding.plan import TraceFormat
from alpine_cosim.code_digest import HARDWARE, NO_HARDWARE
from alpine_models.files import write_text
from alpine_models.provenance import library_versions, source_digest
from alpine_rtl.verilog import emit

__all__ = ["cached_verilog", "verilated_top"]


def cached_verilog(design: Elaboratable, *, name: str, key: str) -> str:
    """Return the Verilog of a top, from the cache when this version has emitted it before.

    Elaborating a large tile takes seconds; the text depends on nothing but the configuration, this
    product's hardware and the Amaranth that converts it. Hardware of other packages may change at
    any time, and is elaborated whenever it is asked for.

    Parameters
    ----------
    design : the top.
    name : of its module.
    key : text that says how it is configured.
    """
    if type(design).__module__.partition(".")[0] not in HARDWARE:
        return emit(design, name=name)
    sources = source_digest(HARDWARE, leaving_out=NO_HARDWARE)
    digest = content_hash([key, library_versions(["amaranth"])["amaranth"], sources])

    def build(directory: Path) -> None:
        write_text(directory / f"{name}.v", emit(design, name=name))

    return (cached_build(f"verilog-{digest}", build) / f"{name}.v").read_text()


def verilated_top(
    design: Elaboratable,
    *,
    name: str,
    key: str,
    extensions: Sequence[str | Path],
    trace: TraceFormat | None = None,
    verilog: str | None = None,
) -> VerilatedModel:
    """Return a verilated top with native sources compiled beside it.

    Parameters
    ----------
    design, name, key : see `cached_verilog`.
    extensions : the native sources: names of this package's, paths of others.
    trace : waveform format to build in, or None.
    verilog : a changed design to simulate instead, with the same ports.
    """
    return VerilatedModel.build(
        cached_verilog(design, name=name, key=key) if verilog is None else verilog,
        top=name,
        ports=ports_of(design),
        trace=trace,
        extensions=extensions,
        strict=verilog is None,
    )
