# SPDX-License-Identifier: Apache-2.0
"""A verilated module as a Python object: ports as attributes, stepping, tracing."""

import ctypes
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Never, Self, Unpack

import numpy.typing as npt

from alpine_models.errors import AlpineError

from .arguments import cycle_count
from .build import loaded_model
from .driving import drive
from .errors import ModelError, SimulationStopped
from .io import Signals, closed, io_of
from .library import Instance, Status
from .model_build import BuildKeywords, ModelBuild, PlannedModel, Source
from .model_memory import ModelState, expanded_ports, port_slots, signal_slots
from .ports import PortDirection, find_port
from .storage import encode_bytes
from .waveform import waveform

__all__ = ["VerilatedModel"]


class VerilatedModel:
    """One instance of a verilated module, clocked from Python or from native code beside it.

    Use `build`; a model holds native memory, which `close` or leaving a ``with`` block frees. One
    thread at a time may use it; several models in one process do not know of each other.

    Members
    -------
    io : Io, the ports.
    ports : the port list.
    signals : Signals, those inside the design that `build` was asked to keep public.
    library : ctypes.CDLL, the compiled model; extensions add functions that take `handle`.
    handle : int, address of the instance.
    """

    def __init__(self, planned: PlannedModel):
        plan = planned.plan
        path, self.library, said = loaded_model(plan)
        self._plan, self._build = plan, path.parent.name
        self._reset, self._reset_level = planned.reset, int(planned.reset_active == "high")
        self._build_warnings = tuple(map(str, said))
        self._instance = Instance(self.library, planned.plus_arguments)
        self.handle: int = self._instance.handle
        self.ports = tuple(expanded_ports(plan.ports))
        self._slots = port_slots(plan, self._instance)
        self.io = io_of(self.ports, self._slots)
        self.signals = Signals(signal_slots(plan, self._instance))
        self._fs_per_unit = 10 ** (self.library.alpine_precision(self.handle) + 15)
        self._step_one = self._instance.single_step()
        if not plan.clocks:
            self._step_one = _refuse_to_step
        self._eval = self._instance.caller("alpine_eval", ctypes.c_void_p(self.handle))
        self._start()

    @classmethod
    def build(cls, design: Source | ModelBuild, **options: Unpack[BuildKeywords]) -> Self:
        """Compile a design, or find it in the cache, and return a new instance of it.

        Parameters
        ----------
        design : what `ModelBuild.design` may be, or a `ModelBuild`.
        options : members of `ModelBuild`, of which they replace what a given one says.

        Raises
        ------
        AlpineError
            A tool is missing or rejects the design, a name is unknown, or the cache cannot be
            written.
        SimulationStopped
            The design stops or fails as it begins.
        TypeError
            There is no such option.
        """
        if isinstance(design, ModelBuild):
            build = replace(design, **options)
        else:
            build = ModelBuild(design=design, **options)
        return cls(build.planned())

    @property
    def cycles(self) -> int:
        """Cycles of the first clock since creation."""
        return self.library.alpine_cycles(self._open())

    @property
    def time_fs(self) -> int:
        """Simulated time in femtoseconds; ``$time`` tells it in the design's unit."""
        return self.library.alpine_time(self._open()) * self._fs_per_unit

    @property
    def finished(self) -> bool:
        """Whether the design has called ``$finish`` or ``$fatal``."""
        return bool(self.library.alpine_finished(self._open()))

    @property
    def warnings(self) -> tuple[str, ...]:
        """What Verilator had to say about the design, then what its runtime had to say so far."""
        later = self.library.alpine_warnings(self._open()).decode(errors="replace")
        return (*self._build_warnings, *later.splitlines())

    def step(self, count: int = 1) -> int:
        """Run whole cycles of the first clock and return how many; fewer when the design finishes.

        Outputs read afterwards are those of the new state.

        Raises
        ------
        SimulationStopped
            The design stopped, in the last cycle that counts.
        SimulationFinished
            It had finished before.
        ModelError
            The model is closed, or another thread is in it.
        """
        if count == 1 and type(count) is int:  # the short way
            if status := self._step_one():
                self._instance.check(status)
            return 1
        number = cycle_count(count)
        return self._repeated(number, lambda left: self.library.alpine_step(self._open(), left))[0]

    def eval(self) -> None:
        """Settle outputs that depend combinationally on inputs, without a clock edge."""
        if status := self._eval():
            self._instance.check(status)

    def run(self, duration_fs: int) -> None:
        """Let a time pass, with all edges and delays in it; for designs that `step` does not suit.

        Raises
        ------
        SimulationStopped, SimulationFinished
            As of `step`.
        """
        units, rest = divmod(cycle_count(duration_fs), self._fs_per_unit)
        if rest:
            raise ValueError(
                f"the model counts time in steps of {self._fs_per_unit} fs; "
                f"{duration_fs} fs are no multiple"
            )
        self._instance.check(self.library.alpine_run(self._open(), units))

    def step_until(self, port: str, value: Any, max_cycles: int) -> int:
        """Step until a port has a value and return the cycles that took, possibly 0.

        Raises
        ------
        TimeoutError
            The value did not appear within ``max_cycles``, or the design finished before.
        TypeError, ValueError
            The port cannot have that value.
        """
        found = find_port(self.ports, port)
        if found.direction is PortDirection.INOUT:
            raise ValueError(f"port {port} is an inout: wait for {port}__out")
        wanted = encode_bytes(found.data_type, value, what=f"port {port}")
        here = self._slots[port]
        cycles, status = self._repeated(
            cycle_count(max_cycles),
            lambda left: self.library.alpine_step_until(
                self._open(), here.address, len(wanted), wanted, left
            ),
        )
        if status != Status.DONE and bytes(here.memory) != wanted:
            raise TimeoutError(f"port {port} was not {value} within {max_cycles} cycles")
        return cycles

    def drive(
        self, inputs: npt.NDArray[Any], *, read: Sequence[str] | None = None
    ) -> npt.NDArray[Any]:
        """Run one cycle per row, set inputs from it before, and return what is read after each.

        Parameters
        ----------
        inputs : structured array [cycles] with one field per port that is set: integers, floats of
            a real port, bytes of one wider than 64 bits, as [bytes] of uint8.
        read : names of ports; every output by default.

        Returns
        -------
        Structured array with one field per port that is read and one row per cycle; fewer rows
        when the design finishes.
        """
        self._open()
        if not self._plan.clocks:
            _refuse_to_step()
        return drive(self._instance, self.ports, self._slots, inputs, read, handle=self._open)

    def reset(self, cycles: int = 2) -> None:
        """Set every input but the clocks to 0, hold reset for some cycles, and release it."""
        self._open()
        if self._reset not in self._slots:
            raise AlpineError(
                f"the design has no input {self._reset} to reset it: pass reset=NAME to build"
            )
        driven = {clock.name for clock in self._plan.clocks}
        for port in self.ports:
            if port.direction is not PortDirection.OUTPUT and port.name not in driven:
                memory = self._slots[port.name].memory
                memory[:] = bytes(len(memory))
        self.io[self._reset] = self._reset_level
        self.step(cycles)
        self.io[self._reset] = 1 - self._reset_level
        self.eval()

    @contextmanager
    def trace(
        self, path: str | Path, *, scope: str = "", depth: int | None = None
    ) -> Generator[None]:
        """Write a waveform of everything that happens inside the ``with`` block.

        Parameters
        ----------
        path : of the file.
        scope : path of an instance below the top module; its signals and those below it are shown.
        depth : how many levels are shown, 1 for the instance's own signals; all by default.

        Raises
        ------
        AlpineError
            The model was built without tracing, there is no signal in the scope, or the file cannot
            be written or not to its end.
        """
        self._open()
        with waveform(self._plan, self._instance, path, scope=scope, depth=depth):
            yield

    def save(self) -> ModelState:
        """Return the whole state of the design, its ports and its time.

        Raises
        ------
        AlpineError
            The model was not built with ``savable=True``.
        """
        self._check_savable()
        size = self.library.alpine_save(self._open())
        return ModelState(
            self._build, ctypes.string_at(self.library.alpine_saved(self.handle), size)
        )

    def restore(self, state: ModelState) -> None:
        """Go back to a state that `save` returned, of this model or another of the same build."""
        self._check_savable()
        if state.build != self._build:
            raise AlpineError("the state is of another build: restore it where it was saved")
        self._instance.check(self.library.alpine_restore(self._open(), state.data, len(state.data)))

    def port_memory(self, name: str) -> tuple[int, int]:
        """Return address and bytes of a port in the model's memory, for native code."""
        found = self._slots[name]
        return found.address, len(found.memory)

    def check(self, status: int) -> None:
        """Raise what a status of native code stands for; see native/calls.hpp."""
        self._instance.check(status)

    def close(self) -> None:
        """End the simulation: run final blocks, close files. Later use is an error of one line."""
        if self.handle:
            if self.library.alpine_end(self.handle) == Status.BUSY:
                self._instance.check(Status.BUSY)
            self.handle = 0
            self._step_one = self._eval = _refuse
            closed(self.io)
            self._slots = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __reduce__(self) -> Any:
        raise ModelError("a model cannot be copied or pickled: build another one")

    def __repr__(self) -> str:
        return repr(self.io)

    def _open(self) -> int:
        """Address of the instance, or an error when it is closed."""
        return self.handle or _refuse()

    def _start(self) -> None:
        for clock in self._plan.clocks:
            first, period = (t // self._fs_per_unit for t in (clock.first_edge_fs, clock.period_fs))
            self.library.alpine_add_clock(self.handle, first, period, 1 - clock.idle_level)
        try:
            self._instance.check(self.library.alpine_start(self.handle))
        except SimulationStopped:
            self.close()
            raise

    def _repeated(self, cycles: int, call: Callable[[int], int]) -> tuple[int, int]:
        """Cycles that a long call took, and its status; Python looks at signals in between."""
        if not self._plan.clocks:
            _refuse_to_step()
        before, status = self.cycles, int(Status.SLICE)
        while status == Status.SLICE:
            status = call(cycles - (self.cycles - before))
        self._instance.check(status)
        return self.cycles - before, status

    def _check_savable(self) -> None:
        if not self._plan.savable:
            raise AlpineError("this model cannot save its state: build it with savable=True")


def _refuse_to_step() -> Never:
    raise AlpineError(
        "the model has no clock to step: use eval() or run(), or pass clock=NAME to build"
    )


def _refuse() -> Never:
    raise ModelError("the model is closed: build a new one")
