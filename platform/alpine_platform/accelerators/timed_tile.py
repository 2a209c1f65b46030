# SPDX-License-Identifier: Apache-2.0
"""The timed Python tile: the hardware's accept and completion times without the hardware."""

import numpy as np
import numpy.typing as npt

from alpine_models.errors import AlpineError
from alpine_models.isa import OPERATIONS
from alpine_models.reference_tile import IDEALLY, ReferenceTile
from alpine_models.register_driver import RegisterDriver
from alpine_models.register_file import RegisterFile
from alpine_models.registers import TILE_REGISTERS, tile_register_map
from alpine_models.tile import TileConfig, pending_answers

from .macro import TimedMacro
from .tile_coupling import ClockCrossing, CvxifAdapter, TileCoupling
from .tile_port import CmBatch, CmResult, TileGroup
from .timed_tile_kernel import (
    BARE,
    COUNTERS,
    CROSSING,
    CVXIF,
    Clocks,
    Edges,
    Responses,
    TileState,
    is_process,
    run_batch,
)

__all__ = ["TimedTile", "TimedTilePort"]

PHASES = ("precharge_cycles", "integrate_cycles", "digitise_cycles")


class TimedTile:
    """A tile that agrees with the RTL on data, statuses and every accept and completion edge.

    Parameters
    ----------
    config : geometry, default phases, buffers.
    tile_period_fs : period of the tile clock.
    coupling : what stands between the core's port and the tile's, or None.

    Members
    -------
    state : ReferenceTile, the architectural state.
    macro : TimedMacro, the analog part.
    registers : RegisterDriver, the tile's registers. An access takes one cycle of the tile clock,
        between batches.
    busy_cycles : int, port edges with a request pending or a response outstanding.
    """

    def __init__(
        self, *, config: TileConfig, tile_period_fs: int, coupling: TileCoupling | None = None
    ):
        self.config = config
        self.state = ReferenceTile(rows=config.rows, columns=config.columns)
        self.busy_cycles = 0
        self.registers = RegisterDriver(
            TILE_REGISTERS, read=self.read_register, write=self.write_register
        )
        self._coupling = coupling
        self._tile_period_fs = tile_period_fs
        self._port_period_fs = tile_period_fs
        if isinstance(coupling, ClockCrossing):
            self._port_period_fs = coupling.cpu_period_fs
        self._file = RegisterFile(tile_register_map(config), hardware=self._shown)
        self._counts = np.zeros(len(COUNTERS), np.int64)
        self._error = 0
        self._last_complete = -1
        self.macro = TimedMacro(self.state.crossbar)

    @property
    def macros(self) -> tuple[TimedMacro]:
        """The analog part, as a list."""
        return (self.macro,)

    @property
    def mvm_cycles(self) -> int:
        """Tile cycles of a multiplication, by the registers where they override the defaults."""
        values = self._file.values
        if not values["control_override"]:
            return self.config.mvm_cycles
        return sum(values[name] for name in PHASES)

    def read_register(self, address: int) -> int:
        """Return the word at a byte address of the register port.

        Raises
        ------
        AlpineError
            There is no register at that address.
        """
        self._pass_tile_cycle()
        word, illegal = self._file.read(address)
        if illegal:
            raise AlpineError(f"the tile has no register at {address:#x}")
        return word

    def write_register(self, address: int, word: int) -> None:
        """Write a word at a byte address of the register port.

        Raises
        ------
        AlpineError
            The tile refuses the write.
        """
        self._pass_tile_cycle()
        commands, refused = self._file.write(address, word)
        if refused:
            raise AlpineError(f"the tile refuses {word:#x} at register address {address:#x}")
        if commands.get("error_clear"):
            self._error = 0
        if commands.get("control_clear_counters"):
            self._counts[:] = 0

    def execute(self, batch: CmBatch, *, start_fs: int, core_period_fs: int) -> CmResult:
        """Run a batch; the contract is `TilePort.execute`.

        Raises
        ------
        AlpineError
            Behind a `CvxifAdapter`: a word is no CM instruction, so that the RISC-V core could not
            issue it.
        """
        coupling, kind, commit_cycles = self._coupling, BARE, 0
        if isinstance(coupling, ClockCrossing):
            kind = CROSSING
        elif isinstance(coupling, CvxifAdapter):
            kind, commit_cycles = CVXIF, coupling.commit_cycles
            batch = _narrowed(batch, coupling.xlen)
        clocks = Clocks(
            start_fs=start_fs,
            core_period_fs=core_period_fs,
            tile_period_fs=self._tile_period_fs,
            port_period_fs=self._port_period_fs,
            coupling=kind,
            commit_cycles=commit_cycles,
            mvm_cycles=self.mvm_cycles,
            room=pending_answers(self.config),
            last_complete=self._last_complete,
        )
        result = CmResult.empty(len(batch))
        progress = self._run(batch, clocks, result)
        self.busy_cycles += int(progress[2])
        if len(batch):
            self._last_complete = int(result.complete_cycle[-1])
        errors = result.status[result.status != 0]
        if not self._error and len(errors):
            self._error = int(errors[0])
        if isinstance(coupling, CvxifAdapter):
            result.rd[:] &= np.uint64((1 << coupling.xlen) - 1)
        return result

    def restart_time(self) -> None:
        """Count the port's clock edges from 0 again; state and counters stay."""
        self._last_complete = -1

    def _run(self, batch: CmBatch, clocks: Clocks, result: CmResult) -> npt.NDArray[np.int64]:
        """Fill a result; return what `run_batch` keeps between the products of analog crossbars."""
        state = self.state
        tile = TileState(
            inputs=state.input_memory,
            outputs=state.output_memory,
            counters=state.counters,
            cells=state.crossbar.weights,
            lsb=state.crossbar.lsb,
            read_back=self.macro.read_back,
            counts=self._counts,
        )
        edges = Edges(*np.zeros((4, len(batch)), np.int64))
        responses = Responses(
            rd=result.rd,
            status=result.status,
            issue_fs=result.issue_fs,
            accept_cycle=result.accept_cycle,
            complete_cycle=result.complete_cycle,
            response_fs=result.response_fs,
        )
        progress, first = np.array([0, clocks.last_complete, 0], np.int64), 0
        analog = self.macro.analog is not None
        while first < len(batch):
            converted = self._converted(int(batch[first]["word"]))
            first = run_batch(
                batch, first, progress, clocks, tile, converted, analog, edges, responses
            )
        return progress

    def _converted(self, word: int) -> npt.NDArray[np.int8]:
        """Return the codes of the product that an instruction asks of an analog crossbar."""
        if self.macro.analog is None or not is_process(word):
            return IDEALLY
        return self.macro.multiply(self.state.input_memory)

    def _shown(self) -> dict[str, int]:
        """What the hardware shows in its registers."""
        counts: npt.NDArray[np.int64] = self._counts
        return {"error_code": self._error, **dict(zip(COUNTERS, map(int, counts), strict=True))}

    def _pass_tile_cycle(self) -> None:
        """Let the tile clock's next edge pass, and all port edges up to it."""
        edge = self._last_complete * self._port_period_fs // self._tile_period_fs + 1
        self._last_complete = -(-edge * self._tile_period_fs // self._port_period_fs)


class TimedTilePort(TileGroup[TimedTile]):
    """A core's timed tiles behind `TilePort`."""


def _narrowed(batch: CmBatch, xlen: int) -> CmBatch:
    """Return a batch with its operands cut to a register width, if all of it can be issued."""
    selectors = batch["word"] >> 20 & 0xFFE | batch["word"] >> 15 & 1
    known = [opcode << 1 | rw for opcode, rw in OPERATIONS]
    strange = np.flatnonzero(~np.isin(selectors, known))
    if len(strange):
        word = int(batch["word"][strange[0]])
        raise AlpineError(f"word {word:#010x} is no CM instruction and has no RISC-V form")
    narrow = batch.copy()
    for name in ("rn", "rm", "ra"):
        narrow[name] &= np.uint64((1 << xlen) - 1)
    return narrow
