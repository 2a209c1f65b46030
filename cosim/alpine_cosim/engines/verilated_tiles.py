# SPDX-License-Identifier: Apache-2.0
"""The verilated tiles of one run session, and the waveform of its first inference."""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from alpine_cosim.binding.doctor import fst_requirement
from alpine_cosim.binding.plan import TraceFormat
from alpine_cosim.hardware.own_tile import read_own_tile
from alpine_cosim.hardware.rtl_accelerator import RtlAccelerator
from alpine_cosim.hardware.rtl_tile import RtlTile, RtlTilePort
from alpine_models.files import make_folder
from alpine_sw.library.workloads import Workload

__all__ = ["RtlSession", "trace_format"]


class RtlSession:
    """Builds a workload's tiles and frees them when the ``with`` block ends.

    Parameters
    ----------
    workload : what the tiles hold.
    tile_period_fs : period of the tile clock.
    tile_verilog : design to simulate in place of the shipped tile, or None.
    trace : directory for the waveform of the first inference, or None.

    Members
    -------
    ports : tile ports by core number.
    accelerator : behind the I/O path, or None.
    """

    def __init__(
        self,
        workload: Workload,
        *,
        tile_period_fs: int,
        tile_verilog: Path | None,
        trace: Path | None,
    ):
        verilog = None
        if tile_verilog is not None:
            configs = (plan.config for plans in workload.plans.values() for plan in plans)
            verilog = read_own_tile(tile_verilog, configs)
        self._trace_directory = trace
        self._format = None if trace is None else trace_format()
        self._tracing = ExitStack()
        self._evaluated = 0
        self.ports = {
            core: RtlTilePort(
                [
                    RtlTile(
                        config=plan.config,
                        tile_period_fs=tile_period_fs,
                        trace=self._format,
                        verilog=verilog,
                    )
                    for plan in plans
                ],
                tile_period_fs=tile_period_fs,
            )
            for core, plans in workload.plans.items()
        }
        self.accelerator: RtlAccelerator | None = None
        if workload.accelerator is not None:
            self.accelerator = RtlAccelerator(
                [plan.config for plan in workload.accelerator.tiles],
                period_fs=tile_period_fs,
                trace=self._format,
            )

    @property
    def evaluated_cycles(self) -> int:
        """Tile clock cycles that were really simulated since `begin_inferences`."""
        return self._total() - self._evaluated

    def begin_inferences(self) -> None:
        """Start counting cycles, and the waveform if one was asked for."""
        self._evaluated = self._total()
        directory, kind = self._trace_directory, self._format
        if directory is None or kind is None:
            return
        make_folder(directory)
        for core, port in self.ports.items():
            self._tracing.enter_context(port.trace(directory, f"core{core}", kind.value))
        if self.accelerator is not None:
            path = directory / f"accelerator.{kind.value}"
            self._tracing.enter_context(self.accelerator.trace(path))

    def stop_trace_after(self, on_step: Callable[[], None]) -> Callable[[], None]:
        """Return ``on_step`` with the end of the waveform before its first call."""

        def step() -> None:
            self._tracing.close()
            on_step()

        return step

    def close(self) -> None:
        """Finish the waveform and free the models."""
        self._tracing.close()
        for port in self.ports.values():
            for tile in port.tiles:
                tile.close()
        if self.accelerator is not None:
            self.accelerator.close()

    def __enter__(self) -> "RtlSession":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _total(self) -> int:
        parts = [tile for port in self.ports.values() for tile in port.tiles]
        cycles = sum(tile.evaluated_cycles for tile in parts)
        return cycles + (self.accelerator.evaluated_cycles if self.accelerator else 0)


def trace_format() -> TraceFormat:
    """Compressed waveforms where they can be built, text where not."""
    return TraceFormat.FST if fst_requirement().found else TraceFormat.VCD
