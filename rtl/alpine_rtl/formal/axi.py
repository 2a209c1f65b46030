# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: Apache-2.0
# pyright: basic, reportAttributeAccessIssue=false, reportGeneralTypeIssues=false
# pyright: reportOperatorIssue=false
# Amaranth carries no types and makes the attributes of a component from its signature at run time.
"""The AXI4-Lite port with a monitor of its handshakes, and the accelerator's refused accesses."""

from typing import NamedTuple

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from alpine_models.isa import CmOperation
from alpine_models.registers import PAGE_REGISTERS, PAGE_WINDOWS, TILE_PAGE_BYTES
from alpine_models.tile import TileConfig
from alpine_rtl.accelerator import AimcAxi
from alpine_rtl.axi_lite import AxiLitePort, AxiResponse

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
CHANNELS = ("aw", "w", "ar", "b", "r")


class _Bus(NamedTuple):
    """Transfers, which of them wait for an access with what, which answers are owed with what."""

    moves: dict
    waits: dict
    kept: dict
    owed: dict
    answers: dict
    wrote: Value
    read: Value


class AxiPortHarness(wiring.Component):
    """The bus front end, and whatever could be before and behind it.

    Nothing is assumed of the master; what serves the accesses ends one whenever it likes.

    Parameters
    ----------
    port : AxiLitePort, optional
        Another design with the same ports: a planted fault.

    Members
    -------
    <input of the bus>, rdata, resp : In
    done : In(1)
        Ends the access of this cycle, if there is one.
    violated_<property> : Out(1), for `AXI_PORT_PROPERTIES`.
    seen_write, seen_read : Out(1)
        A write, a read is answered after the other one was.
    broken_monitor : Out(1)
        What the proof needs to know about reachable states.
    """

    def __init__(self, *, port: AxiLitePort | None = None):
        self.invariants = ("monitor",)
        self._port = port or AxiLitePort(address_bits=ADDRESS_BITS)
        self._fragment, self._registers = elaborate_with_registers(self._port)
        inputs = {n: s for n, s in self._port.signature.members.items() if s.flow is In}
        outputs = (
            *(f"violated_{name}" for name in AXI_PORT_PROPERTIES),
            "broken_monitor",
            "seen_write",
            "seen_read",
        )
        super().__init__({**inputs, **{name: Out(1) for name in outputs}})

    def elaborate(self, platform):
        m = Module()
        m.submodules.port = self._fragment
        port, registers = self._port, self._registers
        for name, member in port.signature.members.items():
            if member.flow is In and name != "done":
                m.d.comb += getattr(port, name).eq(getattr(self, name))
        m.d.comb += port.done.eq(self.done & port.valid)
        moves = {
            channel: getattr(port, f"s_axi_{channel}valid") & getattr(port, f"s_axi_{channel}ready")
            for channel in CHANNELS
        }
        wrote, read = port.done & port.write, port.done & ~port.write
        waits, kept = {}, {}
        for channel, names, served in (
            ("aw", ("awaddr",), wrote),
            ("w", ("wdata", "wstrb"), wrote),
            ("ar", ("araddr",), read),
        ):
            waits[channel] = self._waiting(m, channel, moves[channel], served)
            for name in names:
                kept[name] = _kept(m, moves[channel], getattr(port, f"s_axi_{name}"), name)
        owed = {
            "b": self._waiting(m, "b", wrote, moves["b"]),
            "r": self._waiting(m, "r", read, moves["r"]),
        }
        answers = {
            "bresp": _kept(m, wrote, port.resp, "bresp"),
            "rresp": _kept(m, read, port.resp, "rresp"),
            "rdata": _kept(m, read, port.rdata, "rdata"),
        }
        bus = _Bus(moves, waits, kept, owed, answers, wrote, read)
        self._judge(m, bus)
        ages = self._starved(m, waits, owed, wrote, read)
        m.d.comb += [
            self.broken_monitor.eq(
                Cat(waits[c] != registers[f"{c}_full"] for c in waits).any()
                | Cat(waits[n[:-4]] & (kept[n] != registers[f"s_axi_{n}_held"]) for n in kept).any()
                | Cat(owed[c] != registers[f"s_axi_{c}valid"] for c in owed).any()
                | Cat(
                    owed[n[0]] & (value != registers[f"s_axi_{n}"]) for n, value in answers.items()
                ).any()
                | (registers["running"] & ~self._could_run(waits, owed))
                | ages
            ),
            self.seen_write.eq(moves["b"] & self._was(m, moves["r"])),
            self.seen_read.eq(moves["r"] & self._was(m, moves["b"])),
        ]
        return m

    def _could_run(self, waits, owed):
        return Mux(
            self._registers["running_write"],
            waits["aw"] & waits["w"] & ~owed["b"],
            waits["ar"] & ~owed["r"],
        )

    def _waiting(self, m, name, begin, end):
        """Whether a transfer has come whose follow-up has not."""
        waiting = Signal(name=f"{name}_waits")
        with m.If(begin):
            m.d.sync += waiting.eq(1)
        with m.Elif(end):
            m.d.sync += waiting.eq(0)
        return waiting

    def _was(self, m, event):
        seen = Signal()
        with m.If(event):
            m.d.sync += seen.eq(1)
        return seen

    def _judge(self, m, bus) -> None:
        port, waits, kept, owed, answers = self._port, bus.waits, bus.kept, bus.owed, bus.answers
        writing, reading = port.valid & port.write, port.valid & ~port.write
        shown = {"b": Cat(port.s_axi_bresp), "r": Cat(port.s_axi_rresp, port.s_axi_rdata)}
        withdrawn = []
        for channel, payload in shown.items():
            valid = getattr(port, f"s_axi_{channel}valid")
            held, before = Signal(), Signal.like(payload, name=f"{channel}_before")
            m.d.sync += [held.eq(valid & ~bus.moves[channel]), before.eq(payload)]
            withdrawn.append(held & (~valid | (payload != before)))
        aligned = {name: kept[name][2:] for name in ("awaddr", "araddr")}
        m.d.comb += [
            self.violated_axi_withdrawn.eq(Cat(withdrawn).any()),
            self.violated_axi_unasked.eq(
                (port.s_axi_bvalid & ~owed["b"]) | (port.s_axi_rvalid & ~owed["r"])
            ),
            self.violated_axi_overrun.eq(Cat(bus.moves[c] & waits[c] for c in waits).any()),
            self.violated_axi_access.eq(
                (writing & ~(waits["aw"] & waits["w"]))
                | (reading & ~waits["ar"])
                | (writing & (port.address[2:] != aligned["awaddr"]))
                | (writing & ((port.wdata != kept["wdata"]) | (port.wstrb != kept["wstrb"])))
                | (reading & (port.address[2:] != aligned["araddr"]))
            ),
            self.violated_axi_answer.eq(
                (bus.wrote & owed["b"])
                | (bus.read & owed["r"])
                | (owed["b"] & (~port.s_axi_bvalid | (port.s_axi_bresp != answers["bresp"])))
                | (
                    owed["r"]
                    & (
                        ~port.s_axi_rvalid
                        | (port.s_axi_rresp != answers["rresp"])
                        | (port.s_axi_rdata != answers["rdata"])
                    )
                )
            ),
        ]

    def _starved(self, m, waits, owed, wrote, read):
        """Count accesses that overtake one which could begin; return a broken count."""
        port = self._port
        could = {
            "write": waits["aw"] & waits["w"] & ~owed["b"],
            "read": waits["ar"] & ~owed["r"],
        }
        violated, broken = [], []
        for name, other in (("write", read), ("read", wrote)):
            overtaken = Signal(2, name=f"{name}_overtaken")
            its_turn = port.valid & (port.write == (name == "write"))
            with m.If(~could[name] | its_turn):
                m.d.sync += overtaken.eq(0)
            with m.Elif(other):
                m.d.sync += overtaken.eq(overtaken + 1)
            violated.append(overtaken > 1)
            # Nothing overtakes twice: after one the other side's answer is on the bus.
            still = owed["r"] if name == "write" else owed["b"]
            broken.append((overtaken == 1) & could[name] & ~its_turn & ~still)
        m.d.comb += self.violated_axi_starved.eq(Cat(violated).any())
        return Cat(broken).any()


def _kept(m, when, value, name):
    register = Signal.like(value, name=f"{name}_kept")
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


class AxiRefusalHarness(wiring.Component):
    """The accelerator with two tiles, and a record of what each access did until its answer.

    Parameters
    ----------
    accelerator : AimcAxi, optional
        Another design with the same ports and registers: a planted fault.

    Members
    -------
    <input of the accelerator> : In
    violated_<property> : Out(1), for `AXI_REFUSAL_PROPERTIES`.
    seen_slverr, seen_decerr, seen_queue : Out(1)
        A write is refused either way; one reaches an input memory.
    broken_access : Out(1)
        What the proof needs to know about reachable states.
    """

    def __init__(self, *, accelerator: AimcAxi | None = None):
        self.invariants = ("access",)
        self._accelerator = accelerator or AimcAxi(tiles=TILES)
        self._fragment, self._registers = elaborate_with_registers(self._accelerator)
        inputs = {n: s for n, s in self._accelerator.signature.members.items() if s.flow is In}
        outputs = (
            *(f"violated_{name}" for name in AXI_REFUSAL_PROPERTIES),
            "broken_access",
            "seen_slverr",
            "seen_decerr",
            "seen_queue",
        )
        super().__init__({**inputs, **{name: Out(1) for name in outputs}})

    def elaborate(self, platform):
        m = Module()
        m.submodules.accelerator = self._fragment
        accelerator, registers = self._accelerator, self._registers
        for name, member in accelerator.signature.members.items():
            if member.flow is In:
                m.d.comb += getattr(accelerator, name).eq(getattr(self, name))
        port, stages = accelerator._port, accelerator._stages
        guarded = Cat(
            *(registers[f"bank.{name}"] for name in ("chain", "relu", "interrupt_enable")),
            *(
                registers[f"stage{k}.{name}"]
                for k in range(len(stages))
                for name in GUARDED_PER_TILE
            ),
        )
        queued = Cat(
            stage._issue.host_ready & (stage._issue.host_operation == CmOperation.QUEUE)
            for stage in stages
        ).any()
        acted = queued | Cat(Cat(stage.start, stage.clear_result) for stage in stages).any()
        # A start also comes from the stage before, with a vector's last group; not from the bus.
        refused = port.done & (port.resp != AxiResponse.OKAY)
        before = Signal.like(guarded)
        acted_before, refused_before = Signal(), Signal()
        first = port.valid & port.first
        with m.If(first):
            m.d.sync += before.eq(guarded)
        m.d.sync += [
            acted_before.eq(acted | (acted_before & ~first)),
            refused_before.eq(refused),
        ]
        page, offset = port.address[PAGE_BITS:], port.address[:PAGE_BITS]
        is_register = (page == 0) | (offset < TILE_REGISTER_ROOM)
        is_input = port.write & (offset[16:] == INPUT_WINDOW.offset >> 16)
        going_on = registers["port.running"]
        held = Mux(
            registers["port.running_write"],
            registers["port.aw_full"] & registers["port.w_full"],
            registers["port.ar_full"],
        )
        m.d.comb += [
            self.violated_axi_refused_register.eq(refused_before & (guarded != before)),
            self.violated_axi_refused_command.eq(refused & (acted | (acted_before & ~first))),
            self.seen_slverr.eq(refused & port.write & (port.resp == AxiResponse.SLVERR)),
            self.seen_decerr.eq(refused & port.write & (port.resp == AxiResponse.DECERR)),
            self.seen_queue.eq(queued),
            self.broken_access.eq(
                (going_on & ~held)
                | (going_on & ~is_register & (guarded != before))
                | (going_on & ~is_register & acted_before & ~is_input)
                | (going_on & ~is_register & acted_before & (port.resp != AxiResponse.OKAY))
            ),
        ]
        return m
