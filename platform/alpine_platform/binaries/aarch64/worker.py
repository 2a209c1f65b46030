# SPDX-License-Identifier: Apache-2.0
# pyright: basic
# Unicorn brings types that name nearly every value Any.
"""The processor of AArch64 programs, in a process of its own.

Unicorn is under the GPL and this product is not, so nothing of the product imports it: this module
is run as a program of its own and speaks the messages of `.messages` over its standard input and
output. It knows memory, registers and where to stop; what system calls and CM instructions do is
decided by who started it.
"""

import ctypes
import mmap
import signal
import sys
from typing import IO

from alpine_platform.binaries.aarch64 import messages
from alpine_platform.binaries.aarch64.messages import EndReason, ProcessorCommand, ProcessorEvent

REGISTERS = 31


class Worker:
    """One emulated processor."""

    def __init__(self, incoming: IO[bytes], outgoing: IO[bytes]) -> None:
        import unicorn
        from unicorn import arm64_const as arm64

        self._unicorn, self._arm64 = unicorn, arm64
        self._incoming, self._outgoing = incoming, outgoing
        self._cpu = unicorn.unicorn.Uc(unicorn.UC_ARCH_ARM64, unicorn.UC_MODE_ARM)
        self._cpu.ctl_set_cpu_model(arm64.UC_CPU_ARM64_MAX)
        # Floating point and vectors are allowed at both lower levels.
        self._cpu.reg_write(arm64.UC_ARM64_REG_CPACR_EL1, 3 << 20)
        # x29 and x30 have numbers apart from the others.
        self._numbers = [getattr(arm64, f"UC_ARM64_REG_X{i}") for i in range(REGISTERS)]
        self._cpu.hook_add(unicorn.UC_HOOK_INTR, self._exception)
        self._cpu.hook_add(unicorn.UC_HOOK_MEM_INVALID, self._bad_access)
        self._end: tuple[EndReason, int, int] | None = None

    def serve(self) -> None:
        """Obey until the other side goes away."""
        while self._obey():
            pass

    def _obey(self) -> bool:
        """Carry out one command; tell whether more follow before the program goes on."""
        message = messages.receive(self._incoming)
        if message is None:
            sys.exit()
        command, numbers, data = message
        if command is ProcessorCommand.MAP:
            self._cpu.mem_map(numbers[0], numbers[1])
        elif command is ProcessorCommand.WRITE:
            self._cpu.mem_write(numbers[0], data)
        elif command is ProcessorCommand.READ:
            self._read(*numbers)
        elif command is ProcessorCommand.STOP_AT:
            for address in numbers:
                self._cpu.hook_add(
                    self._unicorn.UC_HOOK_CODE, self._stop, begin=address, end=address
                )
        elif command is ProcessorCommand.RECORD:
            self._record(data.decode(), *numbers)
        elif command is ProcessorCommand.RECORD_BLOCKS:
            self._record_blocks()
        elif command is ProcessorCommand.GATHER:
            self._gather(numbers)
        elif command is ProcessorCommand.RUN:
            self._run(*numbers)
        elif command is ProcessorCommand.GO_ON:
            self._resume(numbers)
            return False
        elif command is ProcessorCommand.LEAVE:
            self._end = (EndReason.LEFT, 0, 0)
            self._cpu.emu_stop()
            return False
        return True

    def _read(self, address: int, size: int) -> None:
        try:
            data = bytes(self._cpu.mem_read(address, size))
        except self._unicorn.UcError:
            data = b""
        messages.send(self._outgoing, ProcessorEvent.DATA, (), data)

    def _record(self, library: str, descriptor: int, size: int) -> None:
        recorder = ctypes.CDLL(library)
        memory = mmap.mmap(descriptor, size)
        full = ctypes.CFUNCTYPE(None, ctypes.c_uint64)(self._full)
        begin = (ctypes.c_uint8 * size).from_buffer(memory)
        recorder.recorder_begin(begin, full)
        self._recorder, self._kept = recorder, [begin, full]

    def _record_blocks(self) -> None:
        accesses = self._unicorn.UC_HOOK_MEM_READ | self._unicorn.UC_HOOK_MEM_WRITE
        # Addresses from 1 to 0: all of them.
        self._hook(self._unicorn.UC_HOOK_BLOCK, self._recorder.recorder_block, 1, 0)
        self._hook(accesses, self._recorder.recorder_access, 1, 0)
        # Code that has been translated already calls no new hooks.
        self._cpu.ctl_flush_tb()

    def _gather(self, numbers: tuple[int, ...]) -> None:
        from unicorn.unicorn_py3.unicorn import uclib

        registers = (ctypes.c_int * (REGISTERS + 1))(*self._numbers, self._arm64.UC_ARM64_REG_PC)
        calls = (
            ctypes.cast(each, ctypes.c_void_p).value
            for each in (uclib.uc_reg_read, uclib.uc_reg_write, uclib.uc_mem_read, registers)
        )
        assert self._cpu._uch
        processor = (ctypes.c_void_p * 5)(self._cpu._uch.value, *calls)
        stop = ctypes.CFUNCTYPE(None, ctypes.c_uint64)(
            lambda address: self._stop(None, address, 0, None)
        )
        self._recorder.recorder_gather(processor, stop)
        self._kept += [registers, stop]
        for address, word in zip(numbers[::2], numbers[1::2], strict=True):
            hook = self._recorder.recorder_instruction
            self._hook(self._unicorn.UC_HOOK_CODE, hook, address, address, word)

    def _hook(self, kind: int, function, first: int, last: int, data: int = 0) -> None:
        """Have a native function called."""
        from unicorn.unicorn_py3.unicorn import uclib

        hook = ctypes.c_size_t()
        status = uclib.uc_hook_add(
            self._cpu._uch, ctypes.byref(hook), kind, ctypes.cast(function, ctypes.c_void_p),
            ctypes.c_void_p(data), ctypes.c_uint64(first), ctypes.c_uint64(last),
        )  # fmt: skip
        assert status == self._unicorn.UC_ERR_OK

    def _full(self, address: int) -> None:
        messages.send(self._outgoing, ProcessorEvent.FULL, (address,))
        while self._obey():
            pass

    def _run(self, start: int, stack: int, limit: int) -> None:
        self._cpu.reg_write(self._arm64.UC_ARM64_REG_SP, stack)
        self._end = None
        try:
            self._cpu.emu_start(start, 0, count=limit)
        except self._unicorn.UcError as error:
            pc = self._cpu.reg_read(self._arm64.UC_ARM64_REG_PC)
            if self._end is None:
                illegal = error.errno == self._unicorn.UC_ERR_INSN_INVALID
                self._end = (EndReason.ILLEGAL if illegal else EndReason.EXCEPTION, pc, error.errno)
        pc = self._cpu.reg_read(self._arm64.UC_ARM64_REG_PC)
        kind, address, detail = self._end or (EndReason.LIMIT, pc, 0)
        messages.send(self._outgoing, ProcessorEvent.ENDED, (kind, address, detail, pc))

    def _stop(self, _cpu, address: int, _size: int, _user) -> None:
        word = int.from_bytes(self._cpu.mem_read(address, 4), "little")
        self._tell(ProcessorEvent.STOPPED, address, word)

    def _exception(self, _cpu, number: int, _user) -> None:
        pc = self._cpu.reg_read(self._arm64.UC_ARM64_REG_PC)
        if number == messages.SUPERVISOR_CALL:
            self._tell(ProcessorEvent.CALLED, pc, 0)
            return
        undefined = number == messages.UNDEFINED
        self._end = (EndReason.ILLEGAL if undefined else EndReason.EXCEPTION, pc, number)
        self._cpu.emu_stop()

    def _bad_access(self, _cpu, access: int, address: int, _size: int, _value: int, _user) -> bool:
        written = (self._unicorn.UC_MEM_WRITE_UNMAPPED, self._unicorn.UC_MEM_WRITE_PROT)
        fetched = (self._unicorn.UC_MEM_FETCH_UNMAPPED, self._unicorn.UC_MEM_FETCH_PROT)
        kind = (
            EndReason.WRITE
            if access in written
            else EndReason.FETCH
            if access in fetched
            else EndReason.READ
        )
        self._end = (kind, address, 0)
        return False

    def _tell(self, event: ProcessorEvent, address: int, word: int) -> None:
        registers = self._cpu.reg_read_batch(self._numbers)
        messages.send(self._outgoing, event, (address, word, *registers))
        while self._obey():
            pass

    def _resume(self, numbers: tuple[int, ...]) -> None:
        """Set registers, given as pairs, and go on at an address, or where the program stands."""
        address, *pairs = numbers
        for number, value in zip(pairs[::2], pairs[1::2], strict=True):
            self._cpu.reg_write(self._numbers[number], value)
        if address:
            self._cpu.reg_write(self._arm64.UC_ARM64_REG_PC, address)


if __name__ == "__main__":
    # Ctrl-C is for the process that started this one, which ends it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Worker(sys.stdin.buffer, sys.stdout.buffer).serve()
