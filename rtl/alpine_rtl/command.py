# SPDX-License-Identifier: Apache-2.0
"""Command register: the one command that is being carried out, already checked."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib.wiring import In, Out

from alpine_models.isa import CmOperation
from alpine_models.tile import TileConfig

from .interfaces import Command, HeldCommand, command_layout, held_command_layout
from .typed import Component

__all__ = ["CommandRegister"]


class CommandRegister(Component):
    """Hold an accepted command until its answer leaves.

    Parameters
    ----------
    config : TileConfig
        Geometry.

    Members
    -------
    accept : In(1)
        Take the command at ``i`` at this clock edge, in place of the one held.
    leave : In(1)
        The command held goes at this clock edge.
    finish : In(1)
        The command held has been carried out, from the next cycle on.
    launch : In(1)
        The command held, waiting to be launched, begins in this cycle.
    i : In(Command)
        As `CmDecoder` gives it. Valid with ``accept``.
    execute : Out(CmOperation)
        Operation being accepted, ``UNKNOWN`` when none or one that must not happen; combinational.
    valid : Out(1)
        A command is held; the members below are valid.
    fresh : Out(1)
        It was accepted at the edge before.
    waiting : Out(1)
        It must be launched and was not.
    done : Out(1)
        It has been carried out: its answer can leave.
    rd_is_status : Out(1)
        The destination register gets the status.
    held : Out(HeldCommand)
        The command; its operation is ``UNKNOWN`` where it was rejected.
    """

    accept: Signal
    leave: Signal
    finish: Signal
    launch: Signal
    i: Command
    execute: Signal
    valid: Signal
    fresh: Signal
    waiting: Signal
    done: Signal
    rd_is_status: Signal
    held: HeldCommand

    def __init__(self, *, config: TileConfig):
        self._layout = held_command_layout(config)
        super().__init__(
            {
                "accept": In(1),
                "leave": In(1),
                "finish": In(1),
                "launch": In(1),
                "i": In(command_layout(config)),
                "execute": Out(CmOperation),
                "valid": Out(1),
                "fresh": Out(1),
                "waiting": Out(1),
                "done": Out(1),
                "rd_is_status": Out(1),
                "held": Out(self._layout),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.d.comb += self.execute.eq(
            Mux(self.accept & (self.i.status == 0), self.i.operation, CmOperation.UNKNOWN)
        )
        needs_launch = Signal()
        launched = (CmOperation.PROCESS, CmOperation.INITIALIZE, CmOperation.PARAM_READ)
        with m.Switch(self.execute), m.Case(*launched):
            m.d.comb += needs_launch.eq(1)

        # A register per field: each is a place where a fault can be injected.
        held = {name: Signal(shape, name=name) for name, shape in self._layout.shapes.items()}
        m.d.comb += self.held.eq(self._layout.pack(**held))
        m.d.sync += self.fresh.eq(self.accept)
        with m.If(self.accept):
            m.d.sync += [
                self.valid.eq(1),
                held["operation"].eq(self.execute),
                self.waiting.eq(needs_launch),
                self.done.eq(~needs_launch),
                self.rd_is_status.eq(
                    (self.i.operation == CmOperation.PROCESS)
                    | (self.i.operation == CmOperation.INITIALIZE)
                ),
                *(
                    register.eq(getattr(self.i, name))
                    for name, register in held.items()
                    if name != "operation"
                ),
            ]
        with m.Else():
            with m.If(self.leave):
                m.d.sync += self.valid.eq(0)
            with m.If(self.launch):
                m.d.sync += self.waiting.eq(0)
            with m.If(self.finish):
                m.d.sync += self.done.eq(1)
        return m
