# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: Apache-2.0
# pyright: basic, reportAttributeAccessIssue=false
# cocotb's handles are typed by what the simulator finds, Amaranth's components by their signature.
"""Every block of the tile side by side in one top, so that one simulator serves all block tests.

A block's ports have its name as prefix. Blocks share the clock and nothing else; the crossing has
the CPU's clock besides. `run_block` runs a block's testbench, ``tb_<block>`` in the folder of that
name; inside, `Block` shows the top as if it were the block alone.
"""

import functools
import random
from collections.abc import Iterator, Sequence
from pathlib import Path

from amaranth.hdl import Module
from amaranth.lib.wiring import Out
from amaranth.utils import bits_for

from alpine_cosim.binding import Port, PortDirection, ports_of
from alpine_cosim.cocotb.building import Simulator, build_simulator
from alpine_cosim.cocotb.clock import TileClock
from alpine_cosim.cocotb.drivers import CmRequest
from alpine_cosim.cocotb.running import CaseOutcome, CocotbTests, run_simulation
from alpine_models.tile import TileConfig
from alpine_rtl.cells import CellAccess
from alpine_rtl.crossing import AimcTileCdc
from alpine_rtl.cvxif import AimcTileCvxif
from alpine_rtl.decoder import CmDecoder
from alpine_rtl.double_buffer import DacBank
from alpine_rtl.input_memory import InputMemory
from alpine_rtl.output_memory import OutputMemory
from alpine_rtl.pins import PinSignature
from alpine_rtl.sequencer import MvmSequencer
from alpine_rtl.tile import AimcTile
from alpine_rtl.tile_registers import TileRegisters
from alpine_rtl.typed import Component, pass_on
from alpine_rtl.verilog import emit

CONFIG = TileConfig(rows=6, columns=9, precharge_cycles=1, integrate_cycles=5, digitise_cycles=2)
DOUBLE = TileConfig(
    rows=6,
    columns=9,
    precharge_cycles=1,
    integrate_cycles=5,
    digitise_cycles=2,
    double_buffer=True,
)
CVXIF_HARTS = 4
PERIOD_FS = 1_000_000
SECOND_CLOCK = [
    Port(name=name, width=1, direction=PortDirection.INPUT) for name in ("cpu_clk", "cpu_rst")
]


class Blocks(Component):
    """The blocks; each block's interface is a member of its name."""

    def __init__(self) -> None:
        self.blocks = {
            "decoder": CmDecoder(config=CONFIG),
            "inputs": InputMemory(config=CONFIG),
            "dac": DacBank(config=DOUBLE),
            "sequencer": MvmSequencer(),
            "outputs": OutputMemory(config=CONFIG),
            "cells": CellAccess(),
            "registers": TileRegisters(config=CONFIG),
            "crossing": AimcTileCdc(config=CONFIG),
            "cvxif": AimcTileCvxif(config=CONFIG, hartid_width=bits_for(CVXIF_HARTS - 1)),
            "double": AimcTile(config=DOUBLE),
        }
        super().__init__(
            PinSignature({name: Out(block.signature) for name, block in self.blocks.items()})
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        for name, block in self.blocks.items():
            m.submodules[name] = block
            pass_on(m, inner=block, outer=getattr(self, name))
        return m


@functools.cache
def _simulator() -> Simulator:
    blocks = Blocks()
    verilog = emit(blocks, name="blocks")
    return build_simulator(verilog, top="blocks", ports=[*ports_of(blocks), *SECOND_CLOCK])


def run_block(name: str, *, at_least: int) -> list[CaseOutcome]:
    """Run a block's testbench; it must have so many tests and skip none."""
    # Testbenches import this module, too, and need no Hypothesis.
    from tests.random_inputs import seed

    outcomes = run_simulation(
        _simulator(),
        CocotbTests(
            module=f"tb_{name}",
            seed=seed(1),
            python_path=[Path(__file__).parent / name, Path(__file__).parent.parent],
            verbose=False,
        ),
        timeout_s=120,
    )
    assert len(outcomes) >= at_least
    assert not any(outcome.skipped for outcome in outcomes)
    return outcomes


class Block:
    """One block's ports under their own names, in a running simulation.

    Parameters
    ----------
    dut : the top.
    name : the block's prefix.
    aliases : names of this object for handles of the top, such as another clock.
    """

    def __init__(self, dut, name: str, **aliases: str):
        self._dut, self._name, self._aliases = dut, name, aliases

    def __getattr__(self, port: str):
        if port in self._aliases:
            return getattr(self._dut, self._aliases[port])
        if port in ("clk", "rst"):
            return getattr(self._dut, port)
        return getattr(self._dut, f"{self._name}_{port}")


async def started(dut, name: str, *, period_fs: int = PERIOD_FS) -> tuple[Block, TileClock]:
    """Reset the top with every input at 0; return one block and the running clock."""
    dut.cpu_clk.value = dut.cpu_rst.value = 0
    clock = TileClock(dut, ports=ports_of(Blocks()), period_fs=period_fs)
    await clock.start()
    return Block(dut, name), clock


def put(block, **values: int) -> None:
    """Set several inputs."""
    for name, value in values.items():
        getattr(block, name).value = value


def get(block, *names: str) -> tuple[int, ...]:
    """Return several outputs."""
    return tuple(int(getattr(block, name).value) for name in names)


def chance(probability: float) -> bool:
    """Return True that often; cocotb seeds the generator."""
    return random.random() < probability


def requests(words: Sequence[int], count: int) -> Iterator[CmRequest]:
    """Make instructions of these words, most of whose operands are near a small tile's limits."""
    for _ in range(count):
        near = random.randrange(10) if chance(0.9) else 1 << 40
        yield CmRequest(random.choice(words), near, random.randrange(6), random.randrange(6))


def pauses(probability: float) -> Iterator[bool]:
    """Say for every cycle whether to pause in it."""
    while True:
        yield chance(probability)
