# SPDX-License-Identifier: Apache-2.0
"""Faults of the tile, planted into a copy of its sources.

Each replaces a piece of text that must be found, so that a fault cannot quietly stop existing.
"""

import importlib
import importlib.util
import itertools
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import alpine_rtl
from alpine_models.tile import TileConfig

SOURCES = Path(alpine_rtl.__file__).parent
_numbers = itertools.count()


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One fault.

    Members
    -------
    module : module of `alpine_rtl` that is changed.
    find, replace : text, and what it becomes.
    double_buffer : the variant of the tile that has the fault.
    """

    module: str
    find: str
    replace: str
    double_buffer: bool = False


FAULTS: dict[str, Fault] = {
    "input memory not cleared": Fault(
        module="input_memory",
        find="with m.If(self.clear):",
        replace="with m.If(self.clear & 0):",
    ),
    "counter not reset": Fault(
        module="stream_counters",
        find="with m.If(self.execute == CmOperation.PROCESS):",
        replace="with m.If((self.execute == CmOperation.PROCESS) & 0):",
    ),
    "counter advancing by four always": Fault(
        module="stream_counters",
        find="counter.eq(counter + self.count)",
        replace="counter.eq(counter + 4)",
    ),
    "index compared in 32 bits": Fault(
        module="decoder",
        find="index[low_bits:].any()",
        replace="index[low_bits:32].any()",
    ),
    "cell index compared in 32 bits": Fault(
        module="decoder",
        find="(rn >= self.config.rows)",
        replace="(rn[:32] >= self.config.rows)",
    ),
    "count compared in 32 bits": Fault(
        module="decoder",
        find="(asked > GROUP_BYTES)",
        replace="(asked[:32] > GROUP_BYTES)",
    ),
    "last full group dropped": Fault(
        module="decoder",
        find="(end > size)",
        replace="(end >= size)",
    ),
    "clip answered as error": Fault(
        module="decoder",
        find="bad_index.eq(counter >= size)",
        replace="bad_index.eq(counter + count > size)",
    ),
    "error changing state": Fault(
        module="command",
        find="self.accept & (self.i.status == 0), self.i.operation",
        replace="self.accept & (self.i.status != 1), self.i.operation",
    ),
    "responses swapped under back-pressure": Fault(
        module="responses",
        find="rd=Mux(held, rd, self.i.payload.rd)",
        replace="rd=Mux(held & ~self.i.valid, rd, self.i.payload.rd)",
    ),
    "response lost under back-pressure": Fault(
        module="responses",
        find="with m.Elif(self.i.valid & ~self.o.ready):",
        replace="with m.Elif(self.i.valid & ~self.o.ready & (self.i.payload.status == 0)):",
    ),
    "ready during a stall": Fault(
        module="tile",
        find="command.leave.eq(command.valid & command.done & responses.i.ready)",
        replace="command.leave.eq(command.valid & command.done)",
    ),
    "ADC sampled a cycle early": Fault(
        module="output_memory",
        find="        bank = Signal(8 * self.config.columns, reset_less=True)\n"
        "        with m.If(self.clear):\n"
        "            m.d.sync += bank.eq(0)\n"
        "        with m.Elif(self.sample):\n"
        "            m.d.sync += bank.eq(self.codes)\n",
        replace="        bank = Signal(8 * self.config.columns, reset_less=True)\n"
        "        early = Signal(8 * self.config.columns)\n"
        "        m.d.sync += early.eq(self.codes)\n"
        "        with m.If(self.clear):\n"
        "            m.d.sync += bank.eq(0)\n"
        "        with m.Elif(self.sample):\n"
        "            m.d.sync += bank.eq(early)\n",
    ),
    "multiplication ended a phase early": Fault(
        module="sequencer",
        find="(phase == MvmPhase.DIGITISE) & (left == 1)",
        replace="(phase == MvmPhase.INTEGRATE) & (left == 1)",
    ),
    "DAC changing during integration": Fault(
        module="tile",
        find="self.xb.dac.eq(parts.input_memory.codes)",
        replace="self.xb.dac.eq(\n"
        "                parts.input_memory.codes ^ (sequencer.phase == MvmPhase.INTEGRATE)\n"
        "            )",
    ),
    "row and column swapped in programming": Fault(
        module="tile",
        find="self.xb.prog.row.eq(held.row),\n            self.xb.prog.col.eq(held.column)",
        replace="self.xb.prog.row.eq(held.column),\n            self.xb.prog.col.eq(held.row)",
    ),
    "sign lost in read-back": Fault(
        module="tile",
        find="parts.cells.weight.as_signed()",
        replace="parts.cells.weight",
    ),
    "streaming count not clipped": Fault(
        module="decoder",
        find="Mux(left < count, left, count)",
        replace="count",
    ),
    "programming not awaited": Fault(
        module="cells",
        find="ends = (self.program | programming) & ~self.prog_busy",
        replace="ends = self.program | programming",
    ),
    "multiplication not awaited": Fault(
        module="tile",
        find="command.finish.eq(parts.cells.finish | sequencer.sample)",
        replace="command.finish.eq(parts.cells.finish | sequencer.start)",
    ),
    "phase one cycle long": Fault(
        module="sequencer",
        find="left.eq(integrate)",
        replace="left.eq(1)",
    ),
    "reset leaves a counter": Fault(
        module="stream_counters",
        find='"input": Out(range(config.rows + 1))',
        replace='"input": Out(range(config.rows + 1), init=1)',
    ),
    "memory kept over a reset": Fault(
        module="tile",
        find="input_memory.clear.eq(sequencer.sample | after_reset)",
        replace="input_memory.clear.eq(sequencer.sample)",
    ),
    "clock counted while idle": Fault(
        module="tile_registers",
        find="with m.Elif(self.busy):",
        replace="with m.Elif(~self.busy):\n"
        "                m.d.sync += counter.eq(counter + 1)\n"
        "            with m.Else():",
    ),
    "next vector multiplied instead of this one": Fault(
        module="tile",
        find="self.xb.dac.eq(dac_bank.o_codes)",
        replace="self.xb.dac.eq(parts.input_memory.codes)",
        double_buffer=True,
    ),
    "waiting answers overflow": Fault(
        module="tile",
        find="& ~pending.full ",
        replace="",
        double_buffer=True,
    ),
    "answers before the multiplication ends": Fault(
        module="tile",
        find="answer_owed.eq(pending.any & (sequencer.phase == MvmPhase.IDLE))",
        replace="answer_owed.eq(pending.any)",
        double_buffer=True,
    ),
}


def faulty_package(fault: Fault, directory: Path) -> ModuleType:
    """Import a copy of `alpine_rtl` with a fault; its submodules are attributes once imported."""
    source = (SOURCES / f"{fault.module}.py").read_text()
    assert source.count(fault.find) == 1, f"{fault.module}: {fault.find!r} must occur once"
    package = directory / f"alpine_rtl_fault{next(_numbers)}"
    package.mkdir()
    for path in SOURCES.glob("*.py"):
        (package / path.name).write_text(path.read_text())
    (package / f"{fault.module}.py").write_text(source.replace(fault.find, fault.replace))
    spec = importlib.util.spec_from_file_location(
        package.name, package / "__init__.py", submodule_search_locations=[str(package)]
    )
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[package.name] = module
    # What says how ports are named is the same for all, as it asks what kind of object it sees.
    for shared in ("pins", "typed"):
        sys.modules[f"{package.name}.{shared}"] = importlib.import_module(f"alpine_rtl.{shared}")
    spec.loader.exec_module(module)
    return module


def faulty_tile(fault: Fault, config: TileConfig, directory: Path):
    """Return an `AimcTile` that has a fault."""
    package = faulty_package(fault, directory)
    return importlib.import_module(f"{package.__name__}.tile").AimcTile(config=config)
