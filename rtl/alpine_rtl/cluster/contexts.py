# SPDX-License-Identifier: Apache-2.0
"""Two job contexts: which is free, open for writing, waiting and running, in order."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib.wiring import In, Out

from alpine_rtl.typed import Component

__all__ = ["ContextQueue"]


class ContextQueue(Component):
    """Follow two contexts from acquisition over trigger and begin to their finish.

    Outputs come from registers.

    Members
    -------
    free : Out(1), free_number : Out(1)
        A context is free, and the lowest number of one.
    acquire : In(1)
        It is taken at this clock edge. Must imply ``free``.
    open : Out(1), open_number : Out(1)
        A context is acquired and not triggered, and the number of the one acquired first.
    trigger : In(1)
        It is triggered at this clock edge. Must imply ``open``.
    triggered, begun : Out(2)
        For each context, whether it is triggered, and has begun, and is not finished.
    waiting : Out(1), next : Out(1)
        A context is triggered and has not begun, and the number of the one triggered first.
    begin : In(1)
        It begins at this clock edge. Must imply ``waiting``.
    oldest : Out(1)
        Number of the context triggered first of those unfinished; 0 without one.
    finish : In(1)
        It finishes at this clock edge and is free. Must imply that it is triggered.
    clear : In(1)
        Both become free at this clock edge; wins.
    """

    free: Signal
    free_number: Signal
    acquire: Signal
    open: Signal
    open_number: Signal
    trigger: Signal
    triggered: Signal
    begun: Signal
    waiting: Signal
    next: Signal
    begin: Signal
    oldest: Signal
    finish: Signal
    clear: Signal

    def __init__(self) -> None:
        outputs = ("free", "free_number", "open", "open_number", "waiting", "next", "oldest")
        super().__init__(
            {
                **{name: Out(1) for name in outputs},
                **{name: In(1) for name in ("acquire", "trigger", "begin", "finish", "clear")},
                "triggered": Out(2),
                "begun": Out(2),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        acquired = Signal(2)
        # Of two, the one acquired or triggered last; the other one is the older.
        acquired_last = Signal()
        triggered_last = Signal()
        is_open = Signal(2)
        waits = Signal(2)
        m.d.comb += [
            self.free.eq(~acquired.all()),
            self.free_number.eq(acquired[0]),
            is_open.eq(acquired & ~self.triggered),
            self.open.eq(is_open.any()),
            self.open_number.eq(Mux(is_open.all(), ~acquired_last, is_open[1])),
            waits.eq(self.triggered & ~self.begun),
            self.waiting.eq(waits.any()),
            self.next.eq(Mux(waits.all(), ~triggered_last, waits[1])),
            self.oldest.eq(Mux(self.triggered.all(), ~triggered_last, self.triggered[1])),
        ]
        states = (acquired, self.triggered, self.begun)
        with m.If(self.acquire):
            m.d.sync += [
                acquired.bit_select(self.free_number, 1).eq(1),
                acquired_last.eq(self.free_number),
            ]
        with m.If(self.trigger):
            m.d.sync += [
                self.triggered.bit_select(self.open_number, 1).eq(1),
                triggered_last.eq(self.open_number),
            ]
        with m.If(self.begin):
            m.d.sync += self.begun.bit_select(self.next, 1).eq(1)
        with m.If(self.finish):
            for state in states:
                m.d.sync += state.bit_select(self.oldest, 1).eq(0)
        with m.If(self.clear):
            m.d.sync += [state.eq(0) for state in states]
        return m
