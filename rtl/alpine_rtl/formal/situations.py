# SPDX-License-Identifier: Apache-2.0
"""What must be able to happen in a proof, or the proof says nothing about it."""

from amaranth.hdl import Value

from alpine_models.isa import CmOperation
from alpine_models.tile import TileConfig
from alpine_rtl.sequencer import MvmPhase

from .monitor import TileMonitor

__all__ = ["SITUATIONS", "situations"]

SITUATIONS: dict[str, str] = {
    "queue_answered": "A chosen CM_QUEUE is answered with status 0.",
    "dequeue_answered": "A chosen CM_DEQUEUE is answered with as many bytes as there are, none 0.",
    "process_answered": "A chosen CM_PROCESS of a vector without zeros is answered.",
    "initialize_answered": "A chosen CM_INITIALIZE of the last cell is answered.",
    "param_read_answered": "A chosen CM_PARAM_READ is answered with a negative weight.",
    "unknown_answered": "A chosen unknown instruction is answered.",
    "bad_count_answered": "A chosen request is answered with the status of a bad count.",
    "bad_index_answered": "A chosen request is answered with the status of an index out of range.",
    "clipped": "A streaming transfer is clipped to what fits.",
    "exactly_full": "The input counter stands at the end of the array.",
    "full_house": "As many requests are outstanding as the tile takes.",
    "response_refused": "A response waits, and a request behind it is answered too.",
    "macro_busy": "An answer waits for the macro to finish programming.",
    "phases_overridden": "A multiplication runs with other phase lengths than the configured ones.",
    "idle_again": "The tile is idle after a multiplication.",
}
"""What every ``seen_<name>`` output of `TileHarness` stands for."""


def situations(config: TileConfig, monitor: TileMonitor) -> dict[str, Value]:
    """Return one condition per entry of `SITUATIONS`."""
    chosen, outstanding = monitor.chosen, monitor.handshake.outstanding
    answered = chosen.answering & monitor.cm.rsp.ready
    honoured = answered & (chosen.status == 0)

    def answered_operation(operation: CmOperation) -> Value:
        return honoured & (chosen.operation == operation)

    group = min(4, config.columns)
    rd = monitor.cm.rsp.payload.rd
    rd_bytes = [rd[8 * i : 8 * i + 8] != 0 for i in range(group)]
    inputs = [chosen.codes_in[8 * i : 8 * i + 8] != 0 for i in range(config.rows)]
    accept = monitor.cm.req.valid & monitor.cm.req.ready
    specification = monitor.specification
    asked_more = (monitor.cm.req.payload.instr[10:15] == 31) & (specification.moved < 4)
    return {
        "queue_answered": answered_operation(CmOperation.QUEUE),
        "dequeue_answered": answered_operation(CmOperation.DEQUEUE) & _all(rd_bytes),
        "process_answered": answered_operation(CmOperation.PROCESS) & _all(inputs),
        "initialize_answered": answered_operation(CmOperation.INITIALIZE)
        & (chosen.row == config.rows - 1)
        & (chosen.column == config.columns - 1),
        "param_read_answered": answered_operation(CmOperation.PARAM_READ)
        & monitor.cm.rsp.payload.rd[63],
        "unknown_answered": answered & (chosen.status == 1),
        "bad_count_answered": answered & (chosen.status == 2),
        "bad_index_answered": answered & (chosen.status == 3),
        "clipped": accept
        & (specification.operation == CmOperation.QUEUE)
        & (specification.status == 0)
        & asked_more,
        "exactly_full": monitor.reference.input_counter == config.rows,
        "full_house": outstanding == (2 + min(2, config.double_buffer * 2)),
        "response_refused": monitor.cm.rsp.valid & ~monitor.cm.rsp.ready & (outstanding == 2),
        "macro_busy": monitor.xb.prog.busy & (outstanding != 0) & ~monitor.cm.rsp.valid,
        "phases_overridden": (monitor.mvm.elapsed > config.mvm_cycles)
        & (monitor.xb.phase == MvmPhase.DIGITISE),
        "idle_again": monitor.idle & _has_multiplied(monitor),
    }


def _has_multiplied(monitor: TileMonitor) -> Value:
    return monitor.mvm.elapsed != 0


def _all(conditions: list[Value]) -> Value:
    holds = conditions[0]
    for condition in conditions[1:]:
        holds = holds & condition
    return holds
