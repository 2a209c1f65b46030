# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: Apache-2.0
"""The AXI4-Lite port with a monitor of its handshakes, and the accelerator's refused accesses."""

from typing import Any, NamedTuple

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib.wiring import In, Out

from alpine_models.isa import CmOperation
from alpine_models.registers import PAGE_REGISTERS, PAGE_WINDOWS, TILE_PAGE_BYTES
from alpine_models.tile import TileConfig
from alpine_rtl.accelerator import AimcAxi
from alpine_rtl.axi_lite import AXI_DATA_BITS, AxiLiteBus, AxiLitePort, AxiResponse
from alpine_rtl.typed import Component, PayloadStream, any_of, like, pass_on

from .state import elaborate_with_registers

__all__ = [
    "AXI_PORT_PROPERTIES",
    "AXI_REFUSAL_PROPERTIES",
    "TILES",
    "AxiPortHarness",
    "AxiRefusalHarness",
]

AXI_PORT_PROPERTIES: dict[str, str] = {
    "axi_withdrawn": "A response, once shown, stays valid and as it is until it is taken.",
    "axi_unasked": "A response is shown only for a request whose address, and for a write also its "
    "data, was taken.",
    "axi_overrun": "No channel takes a transfer while the one before it waits for its access: none "
    "is lost.",
    "axi_access": "An access has the address, data and byte lanes of the oldest requests, and none "
    "happens unasked.",
    "axi_answer": "Each access is answered once, in order, with its own response and data.",
    "axi_starved": "A read that could begin waits for one write at most, and a write for one read.",
}
"""What the ``violated_<name>`` outputs of `AxiPortHarness` stand for."""

AXI_REFUSAL_PROPERTIES: dict[str, str] = {
    "axi_refused_register": "An access answered SLVERR or DECERR leaves chaining, ReLU, interrupt "
    "enables, phase lengths, their override and the cell address as they were.",
    "axi_refused_command": "Nor does it start a tile, clear a result or write an input memory. "
    "What a refused cell access changes is among the tile's own properties: the sticky error.",
}
"""What the ``violated_<name>`` outputs of `AxiRefusalHarness` stand for."""

ADDRESS_BITS = 6


class _Transactions(NamedTuple):
    """What a bus did and owes, by channel.

    Members
    -------
    moves : whether a transfer happens at the end of this cycle.
    waits : for requests, whether one waits for its access; kept : what it carried.
    owed : for answers, whether one is due; answers : what it must carry.
    wrote, read : whether an access ends in this cycle.
    """

    moves: dict[str, Value]
    waits: dict[str, Signal]
    kept: dict[str, Signal]
    owed: dict[str, Signal]
    answers: dict[str, Signal]
    wrote: Value
    read: Value


class AxiPortHarness(Component):
    """The bus front end, and whatever could be before and behind it.

    Nothing is assumed of the master; what serves the accesses ends one whenever it likes.

    Parameters
    ----------
    port : AxiLitePort, optional
        Another design with the same ports: a planted fault.

    Members
    -------
    s_axi, rdata, resp : as of the port and its access.
    done : In(1)
        Ends the access of this cycle, if there is one.
    violated_<property> : Out(1), for `AXI_PORT_PROPERTIES`.
    seen_write, seen_read : Out(1)
        A write, a read is answered after the other one was.
    broken_monitor : Out(1)
        What the proof needs to know about reachable states.
    """

    s_axi: AxiLiteBus
    done: Signal
    rdata: Signal
    resp: Signal
    violated_axi_withdrawn: Signal
    violated_axi_unasked: Signal
    violated_axi_overrun: Signal
    violated_axi_access: Signal
    violated_axi_answer: Signal
    violated_axi_starved: Signal
    broken_monitor: Signal
    seen_write: Signal
    seen_read: Signal

    def __init__(self, *, port: AxiLitePort | None = None):
        self.invariants = ("monitor",)
        self._port = port or AxiLitePort(address_bits=ADDRESS_BITS)
        self._fragment, self._registers = elaborate_with_registers(self._port)
        outputs = (
            *(f"violated_{name}" for name in AXI_PORT_PROPERTIES),
            "broken_monitor",
            "seen_write",
            "seen_read",
        )
        super().__init__(
            {
                "s_axi": self._port.signature.members["s_axi"],
                "done": In(1),
                "rdata": In(AXI_DATA_BITS),
                "resp": In(2),
                **{name: Out(1) for name in outputs},
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.port = self._fragment
        access, registers = self._port.access, self._registers
        pass_on(m, inner=self._port.s_axi, outer=self.s_axi)
        m.d.comb += [
            access.done.eq(self.done & access.valid),
            access.rdata.eq(self.rdata),
            access.resp.eq(self.resp),
        ]
        bus = self._follow(m)
        waits, kept, owed, answers = bus.waits, bus.kept, bus.owed, bus.answers
        self._judge(m, bus)
        ages = self._starved(m, bus)
        could_run = Mux(registers["running_write"], *_could_begin(bus))
        m.d.comb += [
            self.broken_monitor.eq(
                any_of(waits[c] != registers[f"{c}_full"] for c in waits)
                | any_of(waits[c] & (kept[c] != registers[f"{c}_held"]) for c in kept)
                | any_of(owed[c] != registers[f"s_axi__{c}__valid"] for c in owed)
                | any_of(owed[c] & (answers[c] != registers[f"s_axi__{c}__payload"]) for c in owed)
                | (registers["running"] & ~could_run)
                | ages
            ),
            self.seen_write.eq(bus.moves["b"] & _was(m, bus.moves["r"])),
            self.seen_read.eq(bus.moves["r"] & _was(m, bus.moves["b"])),
        ]
        return m

    def _follow(self, m: Module) -> _Transactions:
        bus, access = self._port.s_axi, self._port.access
        channels: dict[str, PayloadStream[Any]] = {
            "aw": bus.aw,
            "w": bus.w,
            "ar": bus.ar,
            "b": bus.b,
            "r": bus.r,
        }
        moves = {name: channel.valid & channel.ready for name, channel in channels.items()}
        wrote, read = access.done & access.write, access.done & ~access.write
        requests = {
            "aw": (bus.aw.payload.addr, wrote),
            "w": (Value.cast(bus.w.payload), wrote),
            "ar": (bus.ar.payload.addr, read),
        }
        answers = {"b": (access.resp, wrote), "r": (Cat(access.rdata, access.resp), read)}
        return _Transactions(
            moves=moves,
            waits={n: _waiting(m, n, moves[n], served) for n, (_, served) in requests.items()},
            kept={n: _kept(m, moves[n], payload, n) for n, (payload, _) in requests.items()},
            owed={n: _waiting(m, n, given, moves[n]) for n, (_, given) in answers.items()},
            answers={n: _kept(m, given, payload, n) for n, (payload, given) in answers.items()},
            wrote=wrote,
            read=read,
        )

    def _judge(self, m: Module, bus: _Transactions) -> None:
        port, access, waits, owed = self._port.s_axi, self._port.access, bus.waits, bus.owed
        writing, reading = access.valid & access.write, access.valid & ~access.write
        answering: dict[str, PayloadStream[Any]] = {"b": port.b, "r": port.r}
        shown = {name: Value.cast(channel.payload) for name, channel in answering.items()}
        withdrawn = list[Value]()
        for name, channel in answering.items():
            held, before = Signal(), like(shown[name], name=f"{name}_before")
            m.d.sync += [held.eq(channel.valid & ~bus.moves[name]), before.eq(shown[name])]
            withdrawn.append(held & (~channel.valid | (shown[name] != before)))
        word = Cat(access.wdata, access.wstrb)
        m.d.comb += [
            self.violated_axi_withdrawn.eq(any_of(withdrawn)),
            self.violated_axi_unasked.eq((port.b.valid & ~owed["b"]) | (port.r.valid & ~owed["r"])),
            self.violated_axi_overrun.eq(any_of(bus.moves[c] & waits[c] for c in waits)),
            self.violated_axi_access.eq(
                (writing & ~(waits["aw"] & waits["w"]))
                | (reading & ~waits["ar"])
                | (writing & (access.address[2:] != bus.kept["aw"][2:]))
                | (writing & (word != bus.kept["w"]))
                | (reading & (access.address[2:] != bus.kept["ar"][2:]))
            ),
            self.violated_axi_answer.eq(
                (bus.wrote & owed["b"])
                | (bus.read & owed["r"])
                | any_of(
                    owed[name] & (~channel.valid | (shown[name] != bus.answers[name]))
                    for name, channel in answering.items()
                )
            ),
        ]

    def _starved(self, m: Module, bus: _Transactions) -> Value:
        """Count accesses that overtake one which could begin; return a broken count."""
        access = self._port.access
        can_write, can_read = _could_begin(bus)
        violated, broken = list[Value](), list[Value]()
        for name, could, its_turn, other, answer in (
            ("write", can_write, access.valid & access.write, bus.read, bus.owed["r"]),
            ("read", can_read, access.valid & ~access.write, bus.wrote, bus.owed["b"]),
        ):
            overtaken = Signal(2, name=f"{name}_overtaken")
            with m.If(~could | its_turn):
                m.d.sync += overtaken.eq(0)
            with m.Elif(other):
                m.d.sync += overtaken.eq(overtaken + 1)
            violated.append(overtaken > 1)
            # Nothing overtakes twice: after one the other side's answer is on the bus.
            broken.append((overtaken == 1) & could & ~its_turn & ~answer)
        m.d.comb += self.violated_axi_starved.eq(any_of(violated))
        return any_of(broken)


def _could_begin(bus: _Transactions) -> tuple[Value, Value]:
    """Return whether a write and whether a read has all that it needs."""
    can_write = bus.waits["aw"] & bus.waits["w"] & ~bus.owed["b"]
    return can_write, bus.waits["ar"] & ~bus.owed["r"]


def _waiting(m: Module, name: str, begin: Value, end: Value) -> Signal:
    """Return whether a transfer has come whose follow-up has not."""
    waiting = Signal(name=f"{name}_waits")
    with m.If(begin):
        m.d.sync += waiting.eq(1)
    with m.Elif(end):
        m.d.sync += waiting.eq(0)
    return waiting


def _was(m: Module, event: Value) -> Signal:
    seen = Signal()
    with m.If(event):
        m.d.sync += seen.eq(1)
    return seen


def _kept(m: Module, when: Value, value: Value, name: str) -> Signal:
    register = like(value, name=f"{name}_kept")
    with m.If(when):
        m.d.sync += register.eq(value)
    return register


TILES = tuple(
    TileConfig(
        rows=rows, columns=columns, precharge_cycles=1, integrate_cycles=1, digitise_cycles=1
    )
    for rows, columns in ((2, 1), (1, 2))
)
INPUT_WINDOW = next(window for window in PAGE_WINDOWS if window.name == "input")
PAGE_BITS = (TILE_PAGE_BYTES - 1).bit_length()
TILE_REGISTER_ROOM = min(register.offset for register in PAGE_REGISTERS.registers)
GUARDED_PER_TILE = (
    "row",
    "column",
    "tile.registers.bank.control_override",
    "tile.registers.bank.precharge_cycles",
    "tile.registers.bank.integrate_cycles",
    "tile.registers.bank.digitise_cycles",
)


class AxiRefusalHarness(Component):
    """The accelerator with two tiles, and a record of what each access did until its answer.

    Parameters
    ----------
    accelerator : AimcAxi, optional
        Another design with the same ports and registers: a planted fault.

    Members
    -------
    <interface of the accelerator> : as there.
    violated_<property> : Out(1), for `AXI_REFUSAL_PROPERTIES`.
    seen_slverr, seen_decerr, seen_queue : Out(1)
        A write is refused either way; one reaches an input memory.
    broken_access : Out(1)
        What the proof needs to know about reachable states.
    """

    violated_axi_refused_register: Signal
    violated_axi_refused_command: Signal
    broken_access: Signal
    seen_slverr: Signal
    seen_decerr: Signal
    seen_queue: Signal

    def __init__(self, *, accelerator: AimcAxi | None = None):
        self.invariants = ("access",)
        self._accelerator = accelerator or AimcAxi(tiles=TILES)
        self._fragment, self._registers = elaborate_with_registers(self._accelerator)
        outputs = (
            *(f"violated_{name}" for name in AXI_REFUSAL_PROPERTIES),
            "broken_access",
            "seen_slverr",
            "seen_decerr",
            "seen_queue",
        )
        members = self._accelerator.signature.members
        self._passed = [name for name in members if members[name].is_signature]
        super().__init__(
            {
                **{name: members[name] for name in self._passed},
                **{name: Out(1) for name in outputs},
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.accelerator = self._fragment
        accelerator, registers = self._accelerator, self._registers
        for name in self._passed:
            pass_on(m, inner=getattr(accelerator, name), outer=getattr(self, name))
        access, stages = accelerator.port.access, accelerator.stages
        guarded = self._guarded()
        queued = Cat(
            stage.issue.host.ready & (stage.issue.host.operation == CmOperation.QUEUE)
            for stage in stages
        ).any()
        acted = queued | Cat(Cat(stage.start, stage.clear_result) for stage in stages).any()
        # A start also comes from the stage before, with a vector's last group; not from the bus.
        refused = access.done & (access.resp != AxiResponse.OKAY)
        before = like(guarded, name="before")
        acted_before, refused_before = Signal(), Signal()
        first = access.valid & access.first
        with m.If(first):
            m.d.sync += before.eq(guarded)
        m.d.sync += [
            acted_before.eq(acted | (acted_before & ~first)),
            refused_before.eq(refused),
        ]
        page, offset = access.address[PAGE_BITS:], access.address[:PAGE_BITS]
        is_register = (page == 0) | (offset < TILE_REGISTER_ROOM)
        is_input = access.write & (offset[16:] == INPUT_WINDOW.offset >> 16)
        going_on = registers["port.running"]
        held = Mux(
            registers["port.running_write"],
            registers["port.aw_full"] & registers["port.w_full"],
            registers["port.ar_full"],
        )
        m.d.comb += [
            self.violated_axi_refused_register.eq(refused_before & (guarded != before)),
            self.violated_axi_refused_command.eq(refused & (acted | (acted_before & ~first))),
            self.seen_slverr.eq(refused & access.write & (access.resp == AxiResponse.SLVERR)),
            self.seen_decerr.eq(refused & access.write & (access.resp == AxiResponse.DECERR)),
            self.seen_queue.eq(queued),
            self.broken_access.eq(
                (going_on & ~held)
                | (going_on & ~is_register & (guarded != before))
                | (going_on & ~is_register & acted_before & ~is_input)
                | (going_on & ~is_register & acted_before & (access.resp != AxiResponse.OKAY))
            ),
        ]
        return m

    def _guarded(self) -> Value:
        """Registers that a refused access must leave as they are."""
        registers, tiles = self._registers, range(len(self._accelerator.stages))
        return Cat(
            *(registers[f"bank.{name}"] for name in ("chain", "relu", "interrupt_enable")),
            *(registers[f"stage{k}.{name}"] for k in tiles for name in GUARDED_PER_TILE),
        )
