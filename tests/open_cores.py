# SPDX-License-Identifier: Apache-2.0
"""Builds well-known open cores with the binding and checks what they compute.

python tests/open_cores.py FOLDER

FOLDER holds clones of the repositories below, each under its own name; those that are absent are
left out. `make hunt CORES=FOLDER` does the same after the random tests. Every check compares with
a published vector, with Python's own library or with arithmetic.
"""

import hashlib
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from alpine_cosim.binding import Clock, VerilatedModel

PATIENCE_CYCLES = 100_000
SUM_PROGRAM = [
    0x00A00093,  #       addi x1, x0, 10
    0x00000113,  #       addi x2, x0, 0
    0x00110133,  # loop: add  x2, x2, x1
    0xFFF08093,  #       addi x1, x1, -1
    0xFE009CE3,  #       bne  x1, x0, loop
    0x10202023,  #       sw   x2, 0x100(x0)
    0x0000006F,  #       jal  x0, 0
]
SUM = sum(range(1, 11))


def number(value) -> int:
    """A port's value as an integer, also of one wider than 64 bits."""
    return value if isinstance(value, int) else int.from_bytes(value.tobytes(), "little")


def word_at(address: int) -> int:
    return SUM_PROGRAM[address // 4] if address // 4 < len(SUM_PROGRAM) else 0


def picorv32(core: VerilatedModel) -> bool:
    io = core.io
    core.reset()
    for _ in range(PATIENCE_CYCLES):
        if io.mem_valid and io.mem_wstrb:
            return (io.mem_addr, io.mem_wdata) == (0x100, SUM)
        io.mem_ready, io.mem_rdata = io.mem_valid, word_at(io.mem_addr)
        core.step()
    return False


def nerv(core: VerilatedModel) -> bool:
    io = core.io
    core.reset()
    for _ in range(PATIENCE_CYCLES):
        if io.dmem_valid and io.dmem_wstrb:
            return (io.dmem_addr, io.dmem_wdata) == (0x100, SUM)
        address = io.imem_addr
        core.step()
        io.imem_data = word_at(address)
        core.eval()  # the next address depends on the instruction within the cycle
    return False


def serv(core: VerilatedModel) -> bool:
    io = core.io
    core.reset()
    for _ in range(PATIENCE_CYCLES):
        if io.o_dbus_cyc and io.o_dbus_we:
            return (io.o_dbus_adr, io.o_dbus_dat) == (0x100, SUM)
        io.i_ibus_ack = io.o_ibus_cyc and not io.i_ibus_ack
        io.i_ibus_rdt = word_at(io.o_ibus_adr)
        core.step()
    return False


def sha256(core: VerilatedModel) -> bool:
    core.reset()
    padded = b"abc\x80" + bytes(52) + (24).to_bytes(8, "big")
    core.io.block, core.io.mode = int.from_bytes(padded, "big"), 1
    core.io.init = 1
    core.step()
    core.io.init = 0
    core.step_until("digest_valid", 1, PATIENCE_CYCLES)
    return number(core.io.digest) == int(hashlib.sha256(b"abc").hexdigest(), 16)


def aes(core: VerilatedModel) -> bool:
    """The example of appendix B of FIPS 197."""
    io = core.io
    core.reset()
    io.key = 0x2B7E151628AED2A6ABF7158809CF4F3C << 128
    io.init = 1
    core.step()
    io.init = 0
    core.step(2)
    core.step_until("ready", 1, PATIENCE_CYCLES)
    io.block, io.encdec, io.next = 0x3243F6A8885A308D313198A2E0370734, 1, 1
    core.step()
    io.next = 0
    core.step(2)
    core.step_until("ready", 1, PATIENCE_CYCLES)
    return number(io.result) == 0x3925841D02DC09FBDC118597196A0B32


def chacha(core: VerilatedModel) -> bool:
    """Test vector TC1 of the Internet-Draft on ChaCha: zero key and IV, 20 rounds."""
    core.reset()
    core.io.keylen, core.io.rounds, core.io.init = 1, 20, 1
    core.step()
    core.io.init = 0
    core.step(2)
    core.step_until("data_out_valid", 1, PATIENCE_CYCLES)
    first = number(core.io.data_out) >> 384
    return first == 0x76B8E0ADA0F13D90405D6AE55386BD28


def uart(core: VerilatedModel) -> bool:
    io = core.io
    core.reset()
    io.prescale, io.m_axis_tready, io.rxd = 1, 0, 1
    io.s_axis_tdata, io.s_axis_tvalid = 0xA5, 1
    core.step()
    io.s_axis_tvalid = 0
    for _ in range(PATIENCE_CYCLES):
        io.rxd = io.txd
        core.step()
        if io.m_axis_tvalid:
            return io.m_axis_tdata == 0xA5
    return False


def async_fifo(core: VerilatedModel) -> bool:
    io = core.io
    core.run(40_000_000)
    io.wrst_n = io.rrst_n = 1
    core.run(40_000_000)
    received = []
    for value in range(12):
        io.winc, io.wdata = 1, value
        core.step()
    io.winc = 0
    while len(received) < 12 and core.cycles < PATIENCE_CYCLES:
        io.rinc = not io.rempty
        if io.rinc:
            received.append(io.rdata)
        core.run(7_000_000)
    return received == list(range(12))


def axis_fifo(core: VerilatedModel) -> bool:
    io = core.io
    core.reset()
    io.s_axis_tkeep = io.s_axis_tvalid = 1
    for value in range(20):
        io.s_axis_tdata, io.s_axis_tlast = value, value == 19
        core.step()
    io.s_axis_tvalid, io.m_axis_tready = 0, 1
    received = []
    while len(received) < 20 and core.cycles < PATIENCE_CYCLES:
        if io.m_axis_tvalid:
            received.append((io.m_axis_tdata, io.m_axis_tlast))
        core.step()
    return received == [(value, value == 19) for value in range(20)]


def axil_ram(core: VerilatedModel) -> bool:
    io = core.io
    core.reset()
    io.s_axil_bready = io.s_axil_rready = 1
    for address in range(0, 40, 4):
        io.s_axil_awaddr, io.s_axil_wdata, io.s_axil_wstrb = address, address * 3 + 1, 15
        io.s_axil_awvalid = io.s_axil_wvalid = 1
        core.step_until("s_axil_awready", 1, PATIENCE_CYCLES)
        core.step()
        io.s_axil_awvalid = io.s_axil_wvalid = 0
        core.step()
    words = []
    for address in range(0, 40, 4):
        io.s_axil_araddr, io.s_axil_arvalid = address, 1
        core.step_until("s_axil_rvalid", 1, PATIENCE_CYCLES)
        words.append(io.s_axil_rdata)
        io.s_axil_arvalid = 0
        core.step(2)
    return words == [address * 3 + 1 for address in range(0, 40, 4)]


@dataclass(frozen=True, kw_only=True, slots=True)
class Core:
    """One open core: where it comes from, how it is built, and what it must compute."""

    repository: str
    top: str
    files: Sequence[str]
    check: Callable[[VerilatedModel], bool]
    options: dict = field(default_factory=dict)

    @property
    def folder(self) -> str:
        return self.repository.rpartition("/")[2]


ACTIVE_LOW = {"reset": "reset_n", "reset_active": "low"}
FIFO_CLOCKS = [Clock(name="wclk", period_fs=10_000_000), Clock(name="rclk", period_fs=7_000_000)]
CORES = [
    Core(
        repository="YosysHQ/picorv32",
        top="picorv32",
        files=["picorv32.v"],
        check=picorv32,
        options={"reset": "resetn", "reset_active": "low"},
    ),
    Core(
        repository="YosysHQ/nerv",
        top="nerv",
        files=["nerv.sv"],
        check=nerv,
        options={"clock": "clock", "reset": "reset"},
    ),
    Core(
        repository="olofk/serv",
        top="serv_rf_top",
        files=["rtl"],
        check=serv,
        options={"reset": "i_rst"},
    ),
    Core(
        repository="secworks/sha256",
        top="sha256_core",
        files=["src/rtl"],
        check=sha256,
        options=ACTIVE_LOW,
    ),
    Core(
        repository="secworks/aes", top="aes_core", files=["src/rtl"], check=aes, options=ACTIVE_LOW
    ),
    Core(
        repository="secworks/chacha",
        top="chacha_core",
        files=["src/rtl"],
        check=chacha,
        options=ACTIVE_LOW,
    ),
    Core(repository="alexforencich/verilog-uart", top="uart", files=["rtl"], check=uart),
    Core(
        repository="alexforencich/verilog-axis",
        top="axis_fifo",
        files=["rtl/axis_fifo.v"],
        check=axis_fifo,
        options={"parameters": {"DEPTH": 64}},
    ),
    Core(repository="alexforencich/verilog-axi", top="axil_ram", files=["rtl"], check=axil_ram),
    Core(
        repository="dpretet/async_fifo",
        top="async_fifo",
        files=["rtl"],
        check=async_fifo,
        options={"clock": FIFO_CLOCKS},
    ),
]


def outcome(core: Core, folder: Path) -> str:
    """What became of one core: absent, or how far it came."""
    root = folder / core.folder
    if not root.is_dir():
        return f"absent: clone github.com/{core.repository}"
    stage = "fails to build"
    try:
        files = [root / name for name in core.files]
        with VerilatedModel.build(files, top=core.top, **core.options) as model:
            stage = "fails as it runs"
            right = core.check(model)
            passed = "passes" if right else "computes something else"
            return f"{passed}, {model.cycles} cycles, {len(model.warnings)} warnings"
    except Exception as error:  # whatever it is, the other cores have their turn
        return f"{stage}: {type(error).__name__}: {error}"


def main(arguments: Sequence[str]) -> int:
    if len(arguments) != 1 or not Path(arguments[0]).is_dir():
        print("usage: python tests/open_cores.py FOLDER, which holds clones of", file=sys.stderr)
        for core in CORES:
            print(f"  github.com/{core.repository}", file=sys.stderr)
        return 2
    failed = 0
    for core in CORES:
        text = outcome(core, Path(arguments[0]))
        failed += not text.startswith(("passes", "absent"))
        print(f"{core.repository:28} {core.top:12} {text}", flush=True)
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
