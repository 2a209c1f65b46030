# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: Apache-2.0
# A tile is made for its list of ports alone.
"""The tile port's cocotb engine: the platform runs inside a cocotb simulation of the tile.

`run_in_cocotb` starts the simulator with a function to call. Inside, the function runs in a thread
that cocotb suspends whenever it waits for the tile; the port it is given drives the tile's pins
through `CmDriver` and `CrossbarResponder`. All clock edges are simulated, so that a waveform shows
true time, and monitors or further testbench code see every one.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from cocotb.task import resume

from alpine_cosim.binding.plan import TraceFormat
from alpine_cosim.binding.ports import Port, ports_of
from alpine_cosim.hardware.crossbar import NativeCrossbar
from alpine_cosim.hardware.rtl_tile import cached_verilog, tile_verilog
from alpine_models.children import scratch_folder
from alpine_models.device import AnalogCrossbar
from alpine_models.errors import AlpineError
from alpine_models.tile import TileConfig
from alpine_platform.accelerators.tile_port import CmBatch, CmResult, TileGroup
from alpine_platform.time import ceil_to_edge, cycles_until
from alpine_rtl.accelerator import AimcAxi
from alpine_rtl.tile import AimcTile

from .clock import TileClock
from .drivers import CmDriver, CmRequest, CrossbarResponder
from .job import PLUSARG, Job, outcome
from .runner import build_simulator, run_simulation

__all__ = [
    "CocotbTile",
    "CocotbTilePort",
    "run_accelerator_in_cocotb",
    "run_in_cocotb",
]

TOP, ACCELERATOR_TOP = "aimc_tile", "aimc_axi"


class CocotbTile:
    """One tile in the running simulation, with its crossbar.

    Members
    -------
    config : TileConfig.
    crossbar : NativeCrossbar
        The analog macro's cells and converters; ``weights``, [columns, rows], is the back door for
        loading without CM commands.
    """

    def __init__(
        self,
        *,
        config: TileConfig,
        clock: TileClock,
        driver: CmDriver,
        responder: CrossbarResponder,
        crossbar: NativeCrossbar,
    ):
        self.config = config
        self.crossbar = crossbar
        self._clock, self._driver, self._responder = clock, driver, responder

    def install(self, analog: AnalogCrossbar | None) -> None:
        """Multiply with an analog crossbar from now on, products counted from 0; None: ideally."""
        self.crossbar.install(analog)

    @property
    def evaluated_cycles(self) -> int:
        """Clock cycles simulated since reset: all of them."""
        return self._clock.simulated

    @property
    def busy_cycles(self) -> int:
        """Clock cycles in which a request was pending or a response outstanding."""
        return self._driver.busy_cycles

    def restart_time(self) -> None:
        """Give the next clock edge the number 0; the simulator's time goes on."""
        self._clock.restart_time()
        self._driver.restart_time()

    def execute(self, batch: CmBatch, *, start_fs: int, core_period_fs: int) -> CmResult:
        """Run a batch; the contract is `TilePort.execute`. For the function's thread only.

        Raises
        ------
        AlpineError
            The RTL did not answer, answered unasked, or broke the contract of its analog boundary.
        """
        stimulus = _BatchStimulus(
            batch,
            start_fs=start_fs,
            core_period_fs=core_period_fs,
            tile_period_fs=self._clock.period_fs,
        )
        resume(self._driver.run)(stimulus)
        if self._responder.fault:
            raise AlpineError(self._responder.fault)
        return stimulus.result()


class CocotbTilePort(TileGroup[CocotbTile]):
    """A core's tile in a cocotb simulation, behind `TilePort`."""

    def __init__(self, tile: CocotbTile, *, tile_period_fs: int):
        super().__init__([tile], tile_period_fs=tile_period_fs)


def run_in_cocotb(
    function_path: str,
    arguments: Mapping[str, Any],
    *,
    tile_config: TileConfig,
    tile_period_fs: int = 1_000_000,
    tile_count: int = 1,
    waves: Path | None = None,
    timeout_s: float = 3600.0,
    verilog: str | None = None,
) -> Any:
    """Simulate a tile under cocotb, call a function with its port inside, return what it returns.

    Parameters
    ----------
    function_path : ``"package.module:function"``, called as ``function(port, **arguments)`` with a
        `CocotbTilePort`. It runs in another process; arguments and result are pickled.
    arguments : keyword arguments.
    tile_config : geometry and phases of the tile.
    tile_period_fs : period of the tile clock.
    tile_count : only 1. A core may hand over a batch for one tile that begins before the end of
        its last one for another; engines with a clock per tile serve both exactly, a simulation
        with one time cannot.
    waves : waveform of the whole run to write; its suffix, ``.vcd`` or ``.fst``, is its format.
    timeout_s : host seconds after which the simulation is ended.
    verilog : a changed design to simulate instead of this version's tile, with the same ports.

    Raises
    ------
    AlpineError
        More than one tile, a tool is missing, or the simulation failed.
    Exception
        Whatever the function raised.
    """
    if tile_count != 1:
        raise AlpineError(
            f"engine cocotb simulates one tile, not {tile_count}: choose engine rtl or model"
        )
    return _simulate(
        function_path,
        arguments,
        configuration=tile_config,
        period_fs=tile_period_fs,
        verilog=tile_verilog(tile_config) if verilog is None else verilog,
        top=TOP,
        ports=ports_of(AimcTile(config=tile_config)),
        test_module=f"{__package__}.serve_tile",
        waves=waves,
        timeout_s=timeout_s,
    )


def run_accelerator_in_cocotb(
    function_path: str,
    arguments: Mapping[str, Any],
    *,
    configs: Sequence[TileConfig],
    period_fs: int = 1_000_000,
    waves: Path | None = None,
    timeout_s: float = 3600.0,
) -> Any:
    """Simulate an accelerator under cocotb, call a function with its port inside.

    Parameters
    ----------
    function_path, arguments, waves, timeout_s : as in `run_in_cocotb`; the function is given a
        `CocotbAccelerator`.
    configs : the tiles, first of the chain first.
    period_fs : period of the accelerator's clock.

    Returns, Raises
    ---------------
    As `run_in_cocotb`.
    """
    tiles = tuple(configs)
    design = AimcAxi(tiles=tiles)
    return _simulate(
        function_path,
        arguments,
        configuration=tiles,
        period_fs=period_fs,
        verilog=cached_verilog(design, name=ACCELERATOR_TOP, key=repr(tiles)),
        top=ACCELERATOR_TOP,
        ports=ports_of(design),
        test_module=f"{__package__}.serve_accelerator",
        waves=waves,
        timeout_s=timeout_s,
    )


def _simulate(
    function_path: str,
    arguments: Mapping[str, Any],
    *,
    configuration: object,
    period_fs: int,
    verilog: str,
    top: str,
    ports: list[Port],
    test_module: str,
    waves: Path | None,
    timeout_s: float,
) -> Any:
    """Build a simulator, let a test module serve a function in it, return what it returned."""
    module, separator, name = function_path.partition(":")
    if not (module and separator and name):
        raise ValueError(f'function_path must be "package.module:function", not {function_path!r}')
    trace = None if waves is None else _trace_format(waves)
    simulator = build_simulator(verilog, top=top, ports=ports, trace=trace)
    with scratch_folder("session") as directory:
        Job(
            module=module,
            function=name,
            arguments=dict(arguments),
            configuration=configuration,
            period_fs=period_fs,
        ).leave(directory)
        run_simulation(
            simulator,
            test_module=test_module,
            timeout_s=timeout_s,
            plusargs={PLUSARG: str(directory)},
            waves=waves,
            verbose=False,
        )
        return outcome(directory)


def _trace_format(waves: Path) -> TraceFormat:
    try:
        return TraceFormat(waves.suffix.removeprefix("."))
    except ValueError:
        raise AlpineError(
            f"waveform {waves} has no known format: end its name in .vcd or .fst"
        ) from None


class _BatchStimulus:
    """Requests of a batch, each issued as `tile_port` rules from what became of those before it."""

    def __init__(self, batch: CmBatch, *, start_fs: int, core_period_fs: int, tile_period_fs: int):
        self._records: list[tuple[int, ...]] = batch.tolist()
        self._start_fs = start_fs
        self._core_period_fs, self._tile_period_fs = core_period_fs, tile_period_fs
        self._issue_fs: list[int] = []
        self._accept: list[int] = []
        self._complete: list[int] = []
        self._response_fs: list[int] = []
        self._rd: list[int] = []
        self._status: list[int] = []

    def next(self, edge: int) -> CmRequest | None:
        i = len(self._issue_fs)
        if i == len(self._records):
            return None
        word, rn, rm, ra, gap_fs, response_gap_fs = self._records[i]
        time_fs = self._start_fs + gap_fs
        if i:
            time_fs = self._issue_fs[-1] + gap_fs
            if response_gap_fs >= 0:
                if len(self._complete) < i:
                    return None
                time_fs = max(time_fs, self._response_fs[-1] + response_gap_fs)
            accepted_fs = self._accept[-1] * self._tile_period_fs
            time_fs = max(time_fs, ceil_to_edge(accepted_fs, self._core_period_fs))
        self._issue_fs.append(time_fs)
        return CmRequest(word, rn, rm, ra, max(edge, cycles_until(time_fs, self._tile_period_fs)))

    def hold_response(self) -> bool:
        return False

    def accepted(self, edge: int) -> None:
        self._accept.append(edge)

    def completed(self, edge: int, rd: int, status: int) -> None:
        self._complete.append(edge)
        self._response_fs.append(ceil_to_edge(edge * self._tile_period_fs, self._core_period_fs))
        self._rd.append(rd)
        self._status.append(status)

    def result(self) -> CmResult:
        return CmResult(
            rd=np.array(self._rd, np.uint64),
            status=np.array(self._status, np.uint8),
            issue_fs=np.array(self._issue_fs, np.int64),
            accept_cycle=np.array(self._accept, np.int64),
            complete_cycle=np.array(self._complete, np.int64),
            response_fs=np.array(self._response_fs, np.int64),
        )
