# SPDX-License-Identifier: Apache-2.0
"""What is said of a program that did what it must not: one line."""

from alpine_models.cluster_registers import DMA_REGISTERS
from alpine_models.plurals import counted

from ..elf import Program
from .machine import ClusterMachine, CoreReport, StopRecord
from .stops import EventWait, Stop

__all__ = ["describe_stop"]

FETCH, ILLEGAL, BREAKPOINT, LOAD, STORE = 1, 2, 3, 5, 7
"""Causes of exceptions: RISC-V privileged architecture, table of mcause."""


def describe_stop(machine: ClusterMachine, program: Program) -> str:
    """Return why the cores of a machine stand, with the place in the program."""
    record = machine.record
    if record.stop == Stop.DEADLOCK:
        return "deadlock: " + "; ".join(
            _waiter(hart, machine.report(hart), program) for hart in range(machine.config.cores)
        )
    if record.stop in (Stop.ACCELERATOR_FAULT, Stop.ACCELERATORS_BROKEN, Stop.DMA_REFUSED):
        return _device(record, machine)
    where = f"hart {record.hart} at {program.place(record.pc)}: "
    if record.stop == Stop.BAD_LOOP:
        return where + (
            f"hardware loop from {record.address:#x} to {record.bytes:#x} must begin and end at "
            f"words and hold three instructions or more, none of them compressed, a branch, a "
            f"jump, fence, mret or wfi"
        )
    return where + _exception(record, machine)


def _device(record: StopRecord, machine: ClusterMachine) -> str:
    if record.stop == Stop.ACCELERATOR_FAULT:
        verb, size = "writes" if record.is_store else "reads", counted(record.bytes, "byte")
        place = f"{record.address:#010x}"
        return f"an accelerator {verb} {size} at {place}: it reaches nothing but {machine.map.tcdm}"
    if record.stop == Stop.ACCELERATORS_BROKEN:
        assert machine.accelerators is not None
        return machine.accelerators.explain()
    if record.bytes:
        return "the DMA's queue is full: wait for a transfer before the next one"
    values = {each.name: machine.dma_register(each.offset) for each in DMA_REGISTERS.registers}
    return (
        f"the DMA cannot move {counted(values['rows'], 'row')} of {values['row_bytes']} bytes from "
        f"{values['source']:#x} to {values['destination']:#x}: one side lies whole in "
        f"{machine.map.tcdm}, the other in {machine.map.l2}"
    )


def _exception(record: StopRecord, machine: ClusterMachine) -> str:
    text = machine.instructions.disassemble(record.word, record.pc)
    if record.cause == FETCH:
        return f"there is no memory to execute from; {_mapped(machine)}"
    if record.cause == ILLEGAL:
        row = machine.instructions.instruction_of(record.word)
        if row is None:
            return f"illegal instruction {text}"
        return f"illegal instruction {text}: no such control register, or it is only read"
    if record.cause == BREAKPOINT:
        return "ebreak, and mtvec was never written"
    verb = "stores" if record.cause == STORE else "loads"
    size = counted(record.bytes, "byte")
    return f"`{text}` {verb} {size} at {record.address:#010x}: {_hole(record, machine)}"


def _hole(record: StopRecord, machine: ClusterMachine) -> str:
    if record.address in machine.map.event_unit:
        return "registers of the event unit are aligned words"
    for place in machine.map.accelerators:
        if record.address in place:
            if machine.accelerators is None:
                return f"no {place.name} is attached"
            return f"registers of the {place.name} are aligned words at its beginning"
    return f"nothing is mapped there; {_mapped(machine)}"


def _mapped(machine: ClusterMachine) -> str:
    return "mapped are " + ", ".join(map(str, machine.memories))


def _waiter(hart: int, report: CoreReport, program: Program) -> str:
    place = program.place(report.pc)
    if report.waits_for is EventWait.NOTHING:
        return f"hart {hart} has exited"
    if report.waits_for is EventWait.EVENT:
        return f"hart {hart} at {place} waits for an event of mask {report.missing:#x}"
    missing = [str(other) for other in range(32) if report.missing >> other & 1]
    others = f"hart {', '.join(missing)}" if len(missing) == 1 else f"harts {', '.join(missing)}"
    return f"hart {hart} at {place} waits at barrier {report.wait_index} for {others}"
