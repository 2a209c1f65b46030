# SPDX-License-Identifier: Apache-2.0
"""Control of a hardware processing engine: registers, two job contexts, errors and counters."""

from collections.abc import Mapping
from typing import Any, Protocol

from amaranth.hdl import Array, Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from alpine_models.hwpe_registers import NO_CONTEXT, context_registers
from alpine_models.imc_cluster import ClusterError
from alpine_models.register_map import REGISTER_BITS, Access, Register, RegisterMap
from alpine_rtl.typed import AnyShape, Component, RecordLayout, port, several

from .contexts import ContextQueue
from .ports import ConfigurationPort, ConfigurationSignature

__all__ = ["ERROR_BITS", "HwpeControl", "SlowAccess"]

ERROR_BITS = 8
"""Width of an error code."""

CONTEXTS = 2
"""One runs while the next is written."""

COUNTERS = ("busy_cycles", "stalled_cycles", "products", "bytes_in", "bytes_out")


class SlowAccess(Protocol):
    """What `SlowAccessSignature` makes."""

    signature: Any
    start: Value
    write: Value
    writes: Value
    wdata: Value
    refusal: Value
    done: Value
    rdata: Value


class SlowAccessSignature(wiring.Signature):
    """An access that takes time, from the side of the control.

    Members
    -------
    write : Out(1), wdata : Out(32), refusal : In(8)
        Direction and data of the access that is shown in this cycle, and the error that it would
        be, or 0.
    start : Out(1), writes : Out(1)
        The access accepted in the cycle before begins, and its direction. From registers.
    done : In(1), rdata : In(32)
        It has ended; what it read.
    """

    def __init__(self) -> None:
        super().__init__(
            {
                "start": Out(1),
                "write": Out(1),
                "writes": Out(1),
                "wdata": Out(REGISTER_BITS),
                "refusal": In(ERROR_BITS),
                "done": In(1),
                "rdata": In(REGISTER_BITS),
            }
        )


class HwpeControl(Component):
    """Answer the configuration port, hold two contexts and hand them to an engine in order.

    A context is acquired by a read, written, triggered, and runs after those triggered before. One
    that the engine refuses changes nothing but the sticky error, and finishes in its turn. No
    access waits for the engine, but for those to the register ``slow``.

    Parameters
    ----------
    registers : RegisterMap
        One of `alpine_models.hwpe_registers`.
    constants : mapping of str to int
        Whole words of the registers whose reset the configuration decides.
    layout : RecordLayout
        The registers of a context by name.
    port_bytes : int
        Bytes that one memory access moves at most.
    slow : str, optional
        Name of a register behind which an access takes time.

    Members
    -------
    cfg : In(ConfigurationSignature)
        ``ready`` depends on state only.
    contexts : Out(layout), twice
        The registers of each context.
    own_<register> : Out(32)
        A read-write register that is no context's.
    candidate : Out(1)
        Number of the context whose turn comes next. Valid with ``checking`` and ``start``.
    checking : Out(1), refusal : In(8)
        The engine says in this cycle which `ClusterError` the candidate is, or 0.
    start : Out(1), taken : In(1)
        The candidate may begin, and begins. ``taken`` must imply ``start``.
    done : In(1)
        The oldest context that has begun finishes with this cycle.
    requesting, stalled : In(1)
        A request is on the memory port, and is not granted in this cycle.
    product : In(1), bytes_in, bytes_out : In(range(port_bytes + 1))
        What is to be counted in this cycle.
    clearing : Out(1)
        A soft clear goes on: no new request may be shown. From a register.
    flush : Out(1)
        Everything in the engine returns to its reset state at this clock edge.
    busy : Out(1)
        See the register ``status``. From registers.
    event_done : Out(1)
        High for one cycle per finished context: that in which ``finished`` shows it.
    slow : Out(SlowAccessSignature)
        Where ``slow`` leads.
    """

    cfg: ConfigurationPort
    contexts: list[Any]
    candidate: Signal
    checking: Signal
    refusal: Signal
    start: Signal
    taken: Signal
    done: Signal
    requesting: Signal
    stalled: Signal
    product: Signal
    bytes_in: Signal
    bytes_out: Signal
    clearing: Signal
    flush: Signal
    busy: Signal
    event_done: Signal
    slow: SlowAccess

    def __init__(
        self,
        *,
        registers: RegisterMap,
        constants: Mapping[str, int],
        layout: RecordLayout[Any],
        port_bytes: int,
        slow: str | None = None,
    ):
        self.registers = registers
        self.constants = constants
        self.slow_name = slow
        of_context = context_registers(registers)
        self._of_context = {register.name for register in of_context}
        self._own = [
            register.name
            for register in registers.registers
            if register.fields[0].access is Access.READ_WRITE
            and register.name not in {*self._of_context, slow}
        ]
        members: dict[str, wiring.Member] = {
            "cfg": In(ConfigurationSignature()),
            "contexts": several(Out(layout), CONTEXTS),
            "slow": Out(SlowAccessSignature()),
        }
        shapes: dict[str, AnyShape] = {"refusal": ERROR_BITS}
        shapes |= dict.fromkeys(("bytes_in", "bytes_out"), range(port_bytes + 1))
        for name in ("taken", "done", "requesting", "stalled", "product"):
            shapes[name] = 1
        members |= {name: In(shape) for name, shape in shapes.items()}
        for name in ("candidate", "checking", "start", "clearing", "flush", "busy", "event_done"):
            members[name] = Out(1)
        for name in self._own:
            reset = registers[name].fields[0].reset or 0
            members[f"own_{name}"] = port(Out, REGISTER_BITS, init=reset)
        super().__init__(members)

    def own(self, register: str) -> Signal:
        """Return the member that carries a read-write register that is no context's."""
        return getattr(self, f"own_{register}")

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.queue = queue = ContextQueue()
        access = Signal()
        awaits = Signal()
        m.d.comb += [
            self.cfg.ready.eq(~awaits),
            access.eq(self.cfg.valid & ~awaits),
            self.busy.eq(queue.triggered.any() | self.requesting),
        ]
        refused = self._run_contexts(m, queue)
        clear = Signal()
        values = self._count(m, clear)
        values |= {
            "acquire": Mux(queue.free, queue.free_number, NO_CONTEXT),
            "finished": self._finish(m, queue, access),
            "running": queue.oldest,
        }
        error = Signal(ERROR_BITS)
        found = self._serve(m, queue, values | {"status": Cat(self.busy, Signal(7), error)}, access)
        wrong, rdata, slow = found
        self._strobes(m, queue, clear, access & self.cfg.write)
        self._respond(m, awaits, access, slow, rdata)
        with m.If((error == 0) | clear):
            m.d.sync += error.eq(Mux(access & (wrong != 0), wrong, refused))
        return m

    def _is(self, name: str) -> Value:
        return self.cfg.addr == self.registers[name].offset

    def _strobes(self, m: Module, queue: ContextQueue, clear: Signal, write: Value) -> None:
        """What writes of any value do."""
        soft_clear = Signal()
        blocked = Signal()
        m.d.comb += [
            queue.trigger.eq(write & self._is("trigger") & queue.open),
            soft_clear.eq(write & self._is("soft_clear")),
            clear.eq(write & self._is("clear_counters")),
            blocked.eq(self.stalled),
            queue.clear.eq(soft_clear),
            self.flush.eq((soft_clear | self.clearing) & ~blocked),
        ]
        m.d.sync += self.clearing.eq((soft_clear | self.clearing) & blocked)

    def _run_contexts(self, m: Module, queue: ContextQueue) -> Value:
        """Check the next context and offer it; return the error of one that is refused now."""
        checked = Signal()
        refuses = Signal()
        refusal = Signal(ERROR_BITS)
        m.d.comb += [
            self.candidate.eq(queue.next),
            self.checking.eq(queue.waiting & ~checked & ~self.clearing),
            self.start.eq(checked & (refusal == 0)),
            queue.begin.eq(self.taken),
            refuses.eq(checked & (refusal != 0) & ~queue.begun.any()),
            queue.finish.eq(refuses | (self.done & ~self.clearing)),
        ]
        with m.If(self.checking):
            m.d.sync += [checked.eq(1), refusal.eq(self.refusal)]
        with m.If(self.taken | refuses | queue.clear):
            m.d.sync += checked.eq(0)
        return Mux(refuses & ~queue.clear, refusal, 0)

    def _finish(self, m: Module, queue: ContextQueue, access: Signal) -> Signal:
        """Count finished contexts; return their number since the last read."""
        finished = Signal(REGISTER_BITS)
        ends = queue.finish & ~queue.clear
        read = access & ~self.cfg.write & self._is("finished")
        m.d.sync += [
            finished.eq(Mux(read, 0, finished) + ends),
            self.event_done.eq(ends),
        ]
        m.d.comb += queue.acquire.eq(access & ~self.cfg.write & self._is("acquire") & queue.free)
        return finished

    def _count(self, m: Module, clear: Signal) -> dict[str, Value]:
        """Keep the counters; return what they show."""
        # A product that ends in a soft clear is dropped; the transfer that ends it takes place.
        product = self.product & ~self.clearing
        increments = (self.busy, self.stalled, product, self.bytes_in, self.bytes_out)
        shown: dict[str, Value] = {}
        for name, increment in zip(COUNTERS, increments, strict=True):
            counter = Signal(REGISTER_BITS, name=name)
            with m.If(clear):
                m.d.sync += counter.eq(0)
            with m.Elif(self.busy):
                m.d.sync += counter.eq(counter + increment)
            shown[name] = counter
        return shown

    def _serve(
        self, m: Module, queue: ContextQueue, values: Mapping[str, Value], access: Signal
    ) -> tuple[Signal, Signal, Signal]:
        """Return the error of the access of this cycle, what it reads, and whether it is slow."""
        wrong = Signal(ERROR_BITS)
        rdata = Signal(REGISTER_BITS)
        slow = Signal()
        write = access & self.cfg.write
        # No register has the address, unless one of the cases says otherwise.
        m.d.comb += wrong.eq(ClusterError.ADDRESS)
        with m.Switch(self.cfg.addr):
            for register in self.registers.registers:
                name = register.name
                with m.Case(register.offset):
                    if name in self._of_context:
                        words = self._context_words(m, queue, register, write)
                        m.d.comb += wrong.eq(Mux(queue.open, 0, ClusterError.NOT_ACQUIRED))
                        m.d.comb += rdata.eq(Mux(queue.open, Array(words)[queue.open_number], 0))
                    elif name == self.slow_name:
                        refusal = Mux(self.busy, ClusterError.BUSY, self.slow.refusal)
                        m.d.comb += [wrong.eq(refusal), slow.eq(refusal == 0)]
                    elif name in self._own:
                        m.d.comb += [wrong.eq(0), rdata.eq(self.own(name))]
                        with m.If(write):
                            m.d.sync += self.own(name).eq(self.cfg.wdata)
                    elif register.fields[0].access is Access.COMMAND:
                        possible = queue.open if name == "trigger" else 1
                        refusal = Mux(possible, 0, ClusterError.NOT_ACQUIRED)
                        m.d.comb += wrong.eq(Mux(self.cfg.write, refusal, ClusterError.ADDRESS))
                    else:
                        constant = self.constants.get(name, register.fields[0].reset or 0)
                        m.d.comb += wrong.eq(Mux(self.cfg.write, ClusterError.ADDRESS, 0))
                        m.d.comb += rdata.eq(values.get(name, constant))
        return wrong, rdata, slow

    def _context_words(
        self, m: Module, queue: ContextQueue, register: Register, write: Value
    ) -> list[Value]:
        """Return a register of both contexts, after writing that of the open one where asked."""
        words: list[Value] = []
        for number, context in enumerate(self.contexts):
            word: Value = Const(0, REGISTER_BITS)
            for field in register.fields:
                value = context[register.signal_name(field)]
                word |= value << field.low
                with m.If(write & queue.open & (queue.open_number == number)):
                    m.d.sync += value.eq(self.cfg.wdata[field.low : field.low + field.width])
            words.append(word)
        return words

    def _respond(
        self, m: Module, awaits: Signal, access: Signal, slow: Signal, rdata: Signal
    ) -> None:
        cfg, link = self.cfg, self.slow
        m.d.comb += [link.write.eq(cfg.write), link.wdata.eq(cfg.wdata)]
        m.d.sync += [
            link.start.eq(access & slow),
            cfg.rsp_valid.eq((access & ~slow) | (awaits & link.done)),
            cfg.rsp_rdata.eq(
                Mux(awaits, Mux(link.writes, 0, link.rdata), Mux(cfg.write, 0, rdata))
            ),
        ]
        with m.If(access & slow):
            m.d.sync += [awaits.eq(1), link.writes.eq(cfg.write)]
        with m.Elif(link.done):
            m.d.sync += awaits.eq(0)
