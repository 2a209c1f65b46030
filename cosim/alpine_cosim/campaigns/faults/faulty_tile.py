# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: Apache-2.0
# A tile is made for its signature alone.
"""A verilated tile that can be made to fail."""

from alpine_cosim.binding import VerilatedModel, ports_of
from alpine_cosim.binding.plan import TraceFormat
from alpine_cosim.hardware.rtl_tile import RtlTile, tile_verilog
from alpine_models.tile import TileConfig
from alpine_rtl.probe_points import ProbePoint, control_file, probe_points
from alpine_rtl.tile import AimcTile

from .fault_controls import FaultControls

__all__ = ["FaultyTile"]


class FaultyTile(RtlTile):
    """An `RtlTile` that can be made to fail, and started again as new.

    Its model is a build of its own, in which Verilator keeps every register where it can be
    written. Its crossbar follows the tile's phase lines: word lines are driven during the phase
    ``INTEGRATE``, each as long as its code says, and a code that changes meanwhile counts for the
    time that it is shown. A tile without faults computes what `RtlTile` does, at the same times.

    Parameters
    ----------
    config : geometry and phases of the tile.
    tile_period_fs : period of the tile clock.
    skip_idle : jump over clock edges at which the tile is idle; see `RtlTile`. After a flip, a tile
        counts as idle once an edge has changed none of its registers.
    trace : waveform format to build in, or None.

    Members
    -------
    probes : every register of the tile, in the order of their numbers.
    controls : what makes it fail.
    """

    def __init__(
        self,
        *,
        config: TileConfig,
        tile_period_fs: int,
        skip_idle: bool = True,
        trace: TraceFormat | None = None,
    ):
        verilog = tile_verilog(config)
        self.probes: tuple[ProbePoint, ...] = probe_points(verilog)
        model = VerilatedModel.build(
            verilog,
            top="aimc_tile",
            ports=ports_of(AimcTile(config=config)),
            trace=trace,
            extensions=[
                "analog_macro.hpp",
                "boundary.hpp",
                "fault_state.hpp",
                "pulsed_crossbar.hpp",
                "fault_boundary.hpp",
                "transactor.hpp",
                "fault_interface.hpp",
            ],
            control=control_file(self.probes),
            strict=True,
        )
        self.controls = FaultControls(
            model.library, top="aimc_tile", probes=self.probes, tiles=[config]
        )
        super().__init__(
            config=config, tile_period_fs=tile_period_fs, skip_idle=skip_idle, model=model
        )
        # One cycle more, in which the tile clears its memories: no later start repeats it.
        model.step()
        self._fresh = self.controls.state

    def restart(self) -> None:
        """Make the tile as new: registers, time, counters and converters, but not its cells."""
        self.model.library.transactor_destroy(self.transactor)
        for port in self.model.ports:
            if port.name.startswith(("csr_", "cm_req_")) and port.name in _INPUTS:
                setattr(self.model.io, port.name, 0)
        self.transactor = self._new_transactor()
        self.controls.state = self._fresh

    @property
    def sticky_error(self) -> int:
        """The tile's sticky error code, through its register port; takes one cycle.

        A `CmStatus` in a tile without faults; a flip can make it any number of four bits.
        """
        return self.registers.read("error", "code")

    def _new_transactor(self) -> int:
        transactor = super()._new_transactor()
        self.controls.attach(transactor)
        return transactor


_INPUTS = ("csr_addr", "cm_req_valid", "cm_req_instr", "cm_req_rn", "cm_req_rm", "cm_req_ra")
