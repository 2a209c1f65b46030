# SPDX-License-Identifier: Apache-2.0
"""How the tile's registers relate to what its monitor knows, in every reachable state.

The properties proper speak of ports. By induction they hold only together with these relations:
they say where in the tile the answer to each outstanding request is, and in what state of
completion.
"""

from collections.abc import Mapping

from amaranth.hdl import Const, Mux, Signal, Value

from alpine_models.isa import CmOperation
from alpine_models.tile import TileConfig, pending_answers
from alpine_rtl.sequencer import MvmPhase

from .monitor import TileMonitor
from .rules import refusal_bound
from .specification import write_group

__all__ = ["tile_invariants"]

QUEUE, DEQUEUE, PROCESS = CmOperation.QUEUE, CmOperation.DEQUEUE, CmOperation.PROCESS
INITIALIZE, PARAM_READ = CmOperation.INITIALIZE, CmOperation.PARAM_READ


def tile_invariants(
    config: TileConfig,
    registers: Mapping[str, Signal],
    monitor: TileMonitor,
    *,
    only_rejected: Signal,
) -> dict[str, Value]:
    """Return conditions that hold in every reachable state, by name.

    Parameters
    ----------
    config : of the tile.
    registers : its registers, by name.
    monitor : what watches it.
    only_rejected : every outstanding request is a rejected one.
    """
    invariants = _Invariants(config, registers, monitor)
    return {**invariants.all(), "only_rejected": ~only_rejected | invariants.nothing_to_do()}


class _Invariants:
    def __init__(self, config: TileConfig, registers: Mapping[str, Signal], monitor: TileMonitor):
        self.config = config
        self.monitor = monitor
        self.chosen = monitor.chosen
        self.reference = monitor.reference
        self._registers = registers
        self.valid = self["command.valid"]
        self.fresh = self["command.fresh"]
        self.waiting = self["command.waiting"]
        self.done = self["command.done"]
        self.operation = self["command.operation"]
        self.held = self["responses.held"]
        self.phase = self["sequencer.phase"]
        self.left = self["sequencer.left"]
        self.running = self.phase != MvmPhase.IDLE
        self.owed: Value = registers.get("pending.owed", Const(0))
        # In the cycle after a reset the memories are about to be cleared.
        self.inputs = Mux(self["after_reset"], 0, self["input_memory.bank"])
        self.outputs = Mux(self["after_reset"], 0, self["output_memory.bank"])
        self.any_owed = self.owed != 0

    def __getitem__(self, name: str) -> Signal:
        return self._registers[name]

    def all(self) -> dict[str, Value]:
        variant = self._double() if self.config.double_buffer else self._single()
        return {
            "ranges": self._ranges(),
            "command": self._command(),
            "sequencer": self._sequencer(),
            "counts": self._counts(),
            "memories": self._memories(),
            "chosen": self._chosen(),
            "held_answer": self._held_answer(),
            "owed_answer": self._owed_answer(),
            "command_answer": self._command_answer(),
            "command_progress": self._command_progress(),
            "time": self._time(),
            **variant,
        }

    def holds(self, operation: CmOperation) -> Value:
        """The command register holds a command with that operation, honoured."""
        return self.valid & (self.operation == operation)

    def nothing_to_do(self) -> Value:
        """No honoured command is anywhere in the tile."""
        unknown = self.operation == CmOperation.UNKNOWN
        return (~self.valid | unknown) & ~self.running & (self.owed == 0)

    def _ranges(self) -> Value:
        rows, columns = self.config.rows, self.config.columns
        start, count = self["command.start"], self["command.count"]
        transfer_size = Mux(self.operation == QUEUE, rows, columns)
        transfers = self.holds(QUEUE) | self.holds(DEQUEUE)
        accesses = self.holds(INITIALIZE) | self.holds(PARAM_READ)
        return (
            (self["streams.input"] <= rows)
            & (self["streams.output"] <= columns)
            & (~transfers | ((count >= 1) & (count <= 4) & (start + count <= transfer_size)))
            & (~accesses | ((self["command.row"] < rows) & (self["command.column"] < columns)))
            & (self.owed <= max(1, pending_answers(self.config)))
        )

    def _command(self) -> Value:
        status = self["command.status"]
        launched = self.holds(PROCESS) | self.holds(INITIALIZE) | self.holds(PARAM_READ)
        return (
            (~self.fresh | self.valid)
            & (~self.waiting | self.valid)
            & (~self.valid | ~(self.waiting & self.done))
            & (~(self.valid & (status != 0)) | (self.operation == CmOperation.UNKNOWN))
            & (~(self.valid & (self.operation == CmOperation.UNKNOWN)) | (status != 0))
            & (~self.valid | (self.operation <= PARAM_READ))
            & (~(self.valid & ~launched) | (self.done & ~self.waiting))
            & (~(launched & self.fresh) | (self.waiting & ~self.done))
            & (~self.holds(PARAM_READ) | (self.waiting != self.done))
            & (self["cells.programming"] == (self.holds(INITIALIZE) & ~self.waiting & ~self.done))
        )

    def _sequencer(self) -> Value:
        integrate, digitise = self["sequencer.integrate"], self["sequencer.digitise"]
        bank = "registers.bank."
        lengths = [self[f"{bank}{name}_cycles"] for name in ("precharge", "integrate", "digitise")]
        return (
            (self.running == (self.left != 0))
            & (~self["sequencer.start"] | (self.phase == MvmPhase.PRECHARGE))
            & (~(self.phase == MvmPhase.PRECHARGE) | ((integrate != 0) & (digitise != 0)))
            & (~(self.phase == MvmPhase.INTEGRATE) | (digitise != 0))
            & (lengths[0] != 0)
            & (lengths[1] != 0)
            & (lengths[2] != 0)
            & (~self.monitor.untouched | ~self[f"{bank}control_override"])
        )

    def _counts(self) -> Value:
        reference = self.reference
        unsampled = self.running + (self.holds(PROCESS) if self.config.double_buffer else 0)
        starts = self["sequencer.start"] + (self.holds(PROCESS) if self.config.double_buffer else 0)
        return (
            (self.monitor.handshake.outstanding == self.valid + self.held + self.owed)
            & (reference.unsampled == unsampled)
            & (reference.owed_start == starts)
            & (reference.owed_prog == (self.holds(INITIALIZE) & self.waiting))
            & (reference.owed_read == (self.holds(PARAM_READ) & self.waiting))
        )

    def _memories(self) -> Value:
        reference = self.reference
        written = write_group(
            self.inputs,
            start=self["command.start"],
            moved=self["command.count"],
            data=self["command.data"],
        )
        after_commands = Mux(
            self.fresh & self.holds(QUEUE),
            written,
            Mux(self.holds(PROCESS) & ~self.done, 0, self.inputs),
        )
        return (
            (~self["after_reset"] | (self.monitor.handshake.outstanding == 0))
            & (reference.inputs == after_commands)
            & (reference.outputs == self.outputs)
            & (reference.input_counter == self["streams.input"])
            & (reference.output_counter == self["streams.output"])
        )

    def _chosen(self) -> Value:
        """Only some statuses go with an operation."""
        operation, status = self.chosen.operation, self.chosen.status
        return ~self.chosen.following | (
            (operation <= PARAM_READ)
            & (status <= 3)
            & ((operation == CmOperation.UNKNOWN) == (status == 1))
            & ((operation != PROCESS) | (status == 0))
            & (~((operation == INITIALIZE) | (operation == PARAM_READ)) | (status != 2))
        )

    def _expectation_of_done(self) -> Value:
        """The chosen request, if it is the oldest of those completed, has nothing left to do."""
        return self.chosen.done & (self._samples_left() == 0)

    def _samples_left(self) -> Value:
        chosen = self.chosen
        return chosen.samples_left - (chosen.sampled & (chosen.samples_left != 0))

    def _held_answer(self) -> Value:
        chosen = self.chosen
        follows = chosen.following & self.held & (chosen.ahead == 0)
        return ~follows | (
            self._expectation_of_done()
            & (self["responses.rd"] == chosen.expected_rd)
            & (self["responses.status"] == chosen.status)
        )

    def _place(self) -> Value:
        """Answers ahead of the chosen request's that are not in the response buffer."""
        return self.chosen.ahead - self.held

    def _in_command(self) -> Value:
        chosen = self.chosen
        return chosen.following & self.valid & (chosen.ahead == self.held + self.owed)

    def _owed_answer(self) -> Value:
        chosen = self.chosen
        follows = chosen.following & (chosen.ahead >= self.held) & (self._place()[:8] < self.owed)
        process = chosen.operation == PROCESS
        return (~chosen.following | (chosen.ahead < self.held + self.owed + self.valid)) & (
            ~follows
            | (
                (chosen.status == 0)
                & (process | (chosen.operation == QUEUE))
                & (self._samples_left() == self.running)
                & (chosen.done | (process & self["sequencer.start"]))
                & (
                    ~(process & ~chosen.done)
                    | ((chosen.codes_in == self.monitor.xb.dac) & (chosen.events_ahead == 0))
                )
            )
        )

    def _command_answer(self) -> Value:
        """The command register says of the chosen request what the specification says."""
        chosen = self.chosen
        operation = Mux(chosen.status == 0, chosen.operation, CmOperation.UNKNOWN)
        transfer = (operation == QUEUE) | (operation == DEQUEUE)
        access = (operation == INITIALIZE) | (operation == PARAM_READ)
        status_to_rd = (chosen.operation == PROCESS) | (chosen.operation == INITIALIZE)
        return ~self._in_command() | (
            (self["command.status"] == chosen.status)
            & (self.operation == operation)
            & (self["command.rd_is_status"] == status_to_rd)
            & (
                ~transfer
                | (
                    (self["command.start"] == chosen.start)
                    & (self["command.count"] == chosen.moved)
                )
            )
            & (
                ~access
                | ((self["command.row"] == chosen.row) & (self["command.column"] == chosen.column))
            )
            & ((operation != INITIALIZE) | (self["command.data"][:8] == chosen.data[:8]))
        )

    def _command_progress(self) -> Value:
        """What the chosen request in the command register still waits for."""
        chosen = self.chosen
        honoured = chosen.status == 0
        process = honoured & (chosen.operation == PROCESS)
        access = honoured & ((chosen.operation == INITIALIZE) | (chosen.operation == PARAM_READ))
        read = honoured & (chosen.operation == PARAM_READ)
        unsampled = self.reference.unsampled
        seen = Mux(chosen.sampled & (chosen.samples_left != 0), chosen.codes, chosen.snapshot)
        dac_is_due = self["input_memory.bank"] == chosen.codes_in
        begun = (
            0 if self.config.double_buffer else self.running & ~self["sequencer.start"] | self.done
        )
        behind = self["sequencer.start"] if self.config.double_buffer else 0
        return ~self._in_command() | (
            (self._samples_left() == unsampled)
            & ((unsampled != 0) | (seen == self.reference.outputs))
            & (
                ~process
                | (
                    (chosen.done == begun)
                    & (chosen.done | (dac_is_due & (chosen.events_ahead == behind)))
                )
            )
            & (~access | ((chosen.done == ~self.waiting) & (chosen.events_ahead == 0)))
            & (~(read & self.done) | (chosen.weight == self["cells.weight"]))
            & (process | access | chosen.done)
        )

    def _time(self) -> Value:
        """How long the running multiplication still takes, and how long it was waited for."""
        config, mvm = self.config, self.monitor.mvm
        elapsed = Mux(self.monitor.xb.start, 0, mvm.elapsed)
        into_phase = {
            MvmPhase.PRECHARGE: (0, config.precharge_cycles),
            MvmPhase.INTEGRATE: (config.precharge_cycles, config.integrate_cycles),
            MvmPhase.DIGITISE: (
                config.precharge_cycles + config.integrate_cycles,
                config.digitise_cycles,
            ),
        }
        fits = 1
        for phase, (first, length) in into_phase.items():
            fits &= (self.phase != phase) | (
                (elapsed + self.left == first + length) & (elapsed >= first)
            )
        lengths = (
            (self.phase != MvmPhase.PRECHARGE)
            | (self["sequencer.integrate"] == config.integrate_cycles)
        ) & (
            ~((self.phase == MvmPhase.PRECHARGE) | (self.phase == MvmPhase.INTEGRATE))
            | (self["sequencer.digitise"] == config.digitise_cycles)
        )
        waits = self._silence(elapsed) & self._refusal(elapsed)
        return ~self.monitor.untouched | (fits & lengths & waits)

    def _silence(self, elapsed: Value) -> Value:
        silent = self.monitor.handshake.silent
        pending = self.valid & ~self.done & ~self.running & (self.owed == 0)
        return (~self.running | (silent <= elapsed + int(self.config.double_buffer))) & (
            ~pending | (silent == 0)
        )

    def _refusal(self, elapsed: Value) -> Value:
        """Every refused cycle brings the tile nearer to accepting."""
        mvm_left = Mux(self.running, self.config.mvm_cycles - elapsed, 0)
        access_left = (self.holds(INITIALIZE) | self.holds(PARAM_READ)) & ~self.done
        left = mvm_left + self.owed + self.held + access_left
        refused = self.monitor.handshake.refused
        return (mvm_left >= 0) & (refused + left <= refusal_bound(self.config))

    def _single(self) -> dict[str, Value]:
        return {
            "one_buffer": (self.running == (self.holds(PROCESS) & ~self.done))
            & (self.waiting <= self.fresh)
            & (~self.holds(PROCESS) | (self["sequencer.start"] == self.fresh))
        }

    def _double(self) -> dict[str, Value]:
        launched = self.holds(PROCESS) | self.holds(INITIALIZE) | self.holds(PARAM_READ)
        return {
            "two_buffers": (~self.running | self.any_owed)
            & (~self.holds(PROCESS) | (self.waiting & ~self.done))
            & (~(launched & self.any_owed) | self.waiting)
            & (~self.any_owed | ~self["cells.programming"])
        }
