# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: Apache-2.0
# An accelerator is made for its signature alone.
"""A verilated accelerator whose tiles, bus and registers can be made to fail."""

from collections.abc import Sequence

from alpine_cosim.binding import VerilatedModel, ports_of
from alpine_cosim.binding.plan import TraceFormat
from alpine_cosim.hardware.rtl_accelerator import RtlAccelerator
from alpine_cosim.hardware.verilated_top import cached_verilog
from alpine_models.registers import TILE_REGISTERS, tile_page
from alpine_models.tile import TileConfig
from alpine_platform.accelerators.mapped_tiles import AT_ONCE
from alpine_platform.accelerators.peripheral_port import empty_accesses
from alpine_rtl.accelerator import AimcAxi
from alpine_rtl.probe_points import ProbePoint, control_file, probe_points

from .fault_controls import FaultControls

__all__ = ["FaultyAccelerator", "accelerator_probes"]


class FaultyAccelerator(RtlAccelerator):
    """An `RtlAccelerator` that can be made to fail, and started again as `keep` found it.

    Its model and its crossbars are made as those of a `FaultyTile` are. A host that reads the same
    from the same register for `PATIENCE_CYCLES` makes no progress: the accelerator hangs.

    Parameters
    ----------
    configs : the tiles, first of the chain first.
    period_fs : period of its clock.
    trace : waveform format to build in, or None.

    Members
    -------
    probes : every register, in the order of their numbers.
    controls : what makes it fail.
    """

    def __init__(
        self, configs: Sequence[TileConfig], *, period_fs: int, trace: TraceFormat | None = None
    ):
        self.probes = accelerator_probes(configs)
        model = VerilatedModel.build(
            _verilog(configs),
            top="aimc_axi",
            ports=ports_of(AimcAxi(tiles=configs)),
            trace=trace,
            extensions=[
                "analog_macro.hpp",
                "fault_state.hpp",
                "pulsed_crossbar.hpp",
                "fault_watch.hpp",
                "axi_transactor.hpp",
                "fault_interface.hpp",
            ],
            control=control_file(self.probes),
            strict=True,
        )
        self.controls = FaultControls(
            model.library, top="aimc_axi", probes=self.probes, tiles=configs
        )
        super().__init__(configs, period_fs=period_fs, model=model)
        # One cycle more, in which the tiles clear their memories.
        model.step()
        self.keep()

    def keep(self) -> None:
        """Let `restart` come back to the registers as they are now; nothing is under way."""
        self._fresh = self.controls.state

    def restart(self) -> None:
        """Set registers to what `keep` found, and time, counters and converters to new."""
        self.model.library.axi_destroy(self.transactor)
        for port in self.model.ports:
            if port.name in _INPUTS:
                setattr(self.model.io, port.name, 0)
        self.transactor = self._new_transactor()
        self.controls.state = self._fresh

    @property
    def sticky_error(self) -> int:
        """The highest sticky error code of its tiles, by loads that take a few cycles.

        Raises
        ------
        TileFaultError
            The bus does not answer.
        """
        batch = empty_accesses(len(self.configs), write=False)
        offset = TILE_REGISTERS["error"].offset
        batch["address"] = [tile_page(tile) + offset for tile in range(len(self.configs))]
        result = self.execute(batch, start_fs=0, core_period_fs=1, times=AT_ONCE)
        return int(result.data.max())

    def _new_transactor(self) -> int:
        transactor = super()._new_transactor()
        self.controls.attach(transactor)
        return transactor


_INPUTS = tuple(
    f"s_axi_{name}"
    for name in (
        *("awaddr", "awvalid", "araddr", "arvalid", "wdata", "wstrb", "wvalid"),
        *("bready", "rready"),
    )
)


def accelerator_probes(configs: Sequence[TileConfig]) -> tuple[ProbePoint, ...]:
    """Return every register of an accelerator with these tiles."""
    return probe_points(_verilog(configs))


def _verilog(configs: Sequence[TileConfig]) -> str:
    return cached_verilog(AimcAxi(tiles=configs), name="aimc_axi", key=repr(tuple(configs)))
