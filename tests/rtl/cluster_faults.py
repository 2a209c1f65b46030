# SPDX-License-Identifier: Apache-2.0
"""Faults of the cluster's accelerators, all in one design, of which an input chooses one.

Each fault is an expression of the sources that has another value while its number is chosen, so
that one verilated model shows them all. The text must occur once, so that a fault cannot quietly
stop existing.
"""

import importlib
import importlib.util
import itertools
import sys
from pathlib import Path
from types import ModuleType

from amaranth.hdl import Module
from amaranth.lib import wiring

import alpine_rtl.cluster
from alpine_models.imc_cluster import ImcConfig
from alpine_rtl.pins import PinSignature
from alpine_rtl.typed import Component, pass_on

__all__ = ["FAULTS", "faulty_cluster", "planted_accelerators"]

SOURCES = Path(alpine_rtl.cluster.__file__).parent
PACKAGE = "alpine_rtl_cluster_planted"
NUMBER_BITS = 7
_numbers = itertools.count()

# (module, expression or text with the expression between backticks, what it becomes)
FAULTS: dict[str, tuple[str, str, str]] = {
    # Control.
    "second context begins before the first": (
        "contexts",
        "Mux(waits.all(), ~triggered_last, waits[1])",
        "waits[1]",
    ),
    "youngest context open": (
        "contexts",
        "Mux(is_open.all(), ~acquired_last, is_open[1])",
        "Mux(is_open.all(), acquired_last, is_open[1])",
    ),
    "running is the youngest": (
        "contexts",
        "Mux(self.triggered.all(), ~triggered_last, self.triggered[1])",
        "Mux(self.triggered.all(), triggered_last, self.triggered[1])",
    ),
    "context free when triggered": (
        "contexts",
        "~acquired.all()",
        "~(acquired & ~self.triggered).all()",
    ),
    "last error kept": (
        "control",
        "(error == 0) | clear",
        "(error == 0) | clear | (access & (wrong != 0))",
    ),
    "refusals with odd codes lost": (
        "control",
        "Mux(access & (wrong != 0), wrong, refused)",
        "Mux(access & (wrong != 0), wrong, refused & 0xFE)",
    ),
    "busy does not see the port": (
        "control",
        "queue.triggered.any() | self.requesting",
        "queue.triggered.any()",
    ),
    "refused context never finishes": (
        "control",
        "refuses | (self.done & ~self.clearing)",
        "self.done & ~self.clearing",
    ),
    "refused context overtakes": (
        "control",
        "checked & (refusal != 0) & ~queue.begun.any()",
        "checked & (refusal != 0)",
    ),
    "finished counted anew": (
        "control",
        "Mux(read, 0, finished) + ends",
        "Mux(read, 0, finished + ends)",
    ),
    "cleared context counts": (
        "control",
        "queue.finish & ~queue.clear",
        "queue.finish | (queue.clear & queue.triggered[0])",
    ),
    "soft clear drops a shown request": (
        "control",
        "(soft_clear | self.clearing) & ~blocked",
        "soft_clear",
    ),
    "dropped product counted": (
        "control",
        "self.product & ~self.clearing",
        "self.product | self.clearing",
    ),
    "last transfer not counted": (
        "control",
        "counter + increment",
        "counter + Mux(self.clearing, 0, increment)",
    ),
    "cell access while busy": (
        "control",
        "Mux(self.busy, ClusterError.BUSY, self.slow.refusal)",
        "self.slow.refusal",
    ),
    "writes answer data": ("control", "Mux(cfg.write, 0, rdata)", "rdata"),
    "context of the other number written": (
        "control",
        "queue.open_number == number",
        "(queue.open_number == number) | (number == 0)",
    ),
    # Address generator.
    "address not advanced in a run": (
        "addresses",
        "self.address + self.port_bytes",
        "self.address + self.port_bytes - 1",
    ),
    "strides have 31 bits": (
        "addresses",
        "starts[level] + steps[level]",
        "(starts[level] + steps[level])[:31]",
    ),
    "full last beat split": (
        "addresses",
        "bytes_left <= self.port_bytes",
        "bytes_left < self.port_bytes",
    ),
    "runs counted once": ("addresses", "left[k].eq(`held[k]`)", "1"),
    "outer loop begins at the inner one's end": (
        "addresses",
        "starts[k].eq(`begin`)",
        "(begin if k == level else starts[k])",
    ),
    "whole beats always": (
        "addresses",
        "Mux(short, bytes_left, self.port_bytes)",
        "self.port_bytes",
    ),
    # Source, sink, multiplexer.
    "three beats ahead": (
        "source",
        "queue.level + asked < QUEUE_BEATS",
        "queue.level + asked <= QUEUE_BEATS",
    ),
    "beat of the wrong context": ("source", "context.eq(`current`)", "self.context"),
    "queue forgets the second": (
        "source",
        "self.level + stays - (leaves & holds)",
        "self.level + (stays & ~self.level[0]) - (leaves & holds)",
    ),
    "queue out of order": ("source", "self.level == leaves", "self.level != leaves"),
    "answer taken from the queue": (
        "source",
        "Mux(holds, first.as_value(), self.i.as_value())",
        "first.as_value()",
    ),
    "sink does not go back": ("sink", "self.index.eq(`first`)", "self.index"),
    "sink ends with the vector": (
        "sink",
        "self.ends.eq(`beats.taken & generator.last`)",
        "beats.taken & generator.last_of_vector",
    ),
    "sink writes before it is full": ("sink", "self.loaded & self.full", "self.loaded"),
    "request withdrawn for the other": (
        "port_multiplexer",
        "Mux(waiting, held, Mux(both, ~served, blocks[1].valid))",
        "Mux(both, ~served, blocks[1].valid)",
    ),
    "no rest": ("port_multiplexer", "rests.eq(`granted & last`)", "0"),
    "reads first": ("port_multiplexer", "served.eq(`chosen`)", "1"),
    "a byte too many": ("port_multiplexer", "lane < block.count", "lane <= block.count"),
    # Engine of the in-memory accelerator.
    "input registers not cleared": (
        "ima_engine",
        "inputs.clear.eq(`launch | after_reset`)",
        "after_reset",
    ),
    "window at word line 0": (
        "ima_engine",
        "Mux(middle, next_row, first_rows[beat.context])",
        "Mux(middle, next_row, 0)",
    ),
    "window at bit line 0": ("ima_engine", "columns[following]", "0"),
    "product a cycle short": (
        "ima_engine",
        "Array(lengths)[context] - FIXED_CYCLES",
        "Array(lengths)[context] - FIXED_CYCLES - 1",
    ),
    "codes overwritten": ("ima_engine", "~adc_bank.waits", "1"),
    "crossbar of the newest context": ("ima_engine", "crossbars[context]", "crossbars[0]"),
    "output registers overwritten": ("ima_engine", "adc_bank.free.eq(`~full`)", "1"),
    "word line off by one": (
        "ima_engine",
        "inputs.start + beat.count",
        "inputs.start + beat.count + 1",
    ),
    "row beyond the crossbar": (
        "ima_context",
        "context.row + context.rows > config.rows",
        "context.row + context.rows > config.rows + 1",
    ),
    "column sum in 32 bits": (
        "ima_context",
        "context.column + context.columns > config.columns",
        "(context.column + context.columns)[:32] > config.columns",
    ),
    "rows not compared": ("ima_context", "too_many | (bytes_read != context.rows)", "too_many"),
    "shortest product refused": (
        "ima_context",
        "product < MIN_PRODUCT_CYCLES",
        "product <= MIN_PRODUCT_CYCLES",
    ),
    "weight -8 allowed": ("ima_accelerator", "written < lowest", "written < lowest - 1"),
    "cell of the other crossbar": (
        "ima_accelerator",
        "Mux(cells.program | cells.read, crossbar, engine.select)",
        "engine.select",
    ),
    "sign lost in read-back": ("ima_accelerator", "cells.weight.as_signed()", "cells.weight"),
    # Depthwise engine.
    "top padding ignored": ("depthwise_nest", "self._line >= context.mode_top", "1"),
    "right edge read beyond": (
        "depthwise_nest",
        "across < context.width[:SIZE_BITS] + context.mode_left",
        "across <= context.width[:SIZE_BITS] + context.mode_left",
    ),
    "pitch ignored": (
        "depthwise_nest",
        "Mux(context.pitch == 0, context.channels, context.pitch)",
        "context.channels",
    ),
    "columns one apart with stride 2": (
        "depthwise_nest",
        "Mux(self._two, self._pitch << 1, self._pitch)",
        "self._pitch",
    ),
    "weights of the first block": (
        "depthwise_nest",
        "weights.eq(`self._weights + CHANNELS_PER_BLOCK`)",
        "self._weights",
    ),
    "window moves by one": ("depthwise_engine", "self.context.mode_stride == 2", "0"),
    "logical shift": ("depthwise_array", "shifted.as_signed()", "shifted"),
    "ReLU always": ("depthwise_array", "Mux(self.relu, 0, -128)", "0"),
    "clipped to 126": (
        "depthwise_array",
        "Mux(value > 127, 127, value)",
        "Mux(value > 126, 126, value)",
    ),
    "padding not zero": (
        "depthwise_engine",
        "Mux(zeros, 0, self.rdata[: min(PIXEL_BITS, 8 * self.beat_bytes)])",
        "self.rdata[: min(PIXEL_BITS, 8 * self.beat_bytes)]",
    ),
    "stride 3 allowed": (
        "depthwise_context",
        "(context.mode_stride != 1) & (context.mode_stride != 2)",
        "context.mode_stride == 0",
    ),
    "channels not checked": (
        "depthwise_context",
        "(channels == 0) | (channels % CHANNELS_PER_BLOCK != 0)",
        "channels == 0",
    ),
    "stored counted per beat": (
        "depthwise_engine",
        "self.stored.eq(`nest.step & nest.store`)",
        "passes & nest.store",
    ),
    # Both on one port.
    "port taken from the other": (
        "accelerators",
        "Mux(owner, ~depthwise.busy & ima.busy, ~ima.busy & depthwise.busy)",
        "Mux(owner, ima.busy, depthwise.busy)",
    ),
}
"""By name; the comments say in which block."""


def faulty_cluster(fault: tuple[str, str, str], directory: Path) -> ModuleType:
    """Return the module of a fault, out of a copy of all sources that has it for good."""
    module, find, replace = fault
    texts = {path.name: path.read_text() for path in SOURCES.glob("*.py")}
    before, expression, after = _parts(find)
    sound = before + expression + after
    text = texts[f"{module}.py"]
    assert text.count(sound) == 1, f"{sound!r} must occur once"
    texts[f"{module}.py"] = text.replace(sound, f"{before}({replace}){after}")
    name = f"{PACKAGE}_{next(_numbers)}"
    _import_package(name, texts, directory)
    return importlib.import_module(f"{name}.{module}")


def planted_accelerators(config: ImcConfig, directory: Path) -> Component:
    """Return `ClusterAccelerators` with an input ``planted``: 0, or which of `FAULTS` it has."""
    texts = {path.name: path.read_text() for path in SOURCES.glob("*.py")}
    for number, (module, find, replace) in enumerate(FAULTS.values(), 1):
        name = f"{module}.py"
        texts[name] = _planted(texts[name], number, find, replace)
    uses = "from amaranth.hdl import Mux\nfrom .planted import PLANTED\n"
    for name in texts.keys() - {"__init__.py"}:
        texts[name] = uses + texts[name]
    texts["planted.py"] = f"from amaranth.hdl import Signal\nPLANTED = Signal({NUMBER_BITS})\n"
    _import_package(PACKAGE, texts, directory)
    accelerators = importlib.import_module(f"{PACKAGE}.accelerators")
    planted = importlib.import_module(f"{PACKAGE}.planted").PLANTED
    return _Planted(accelerators.ClusterAccelerators(config=config), planted)


def _import_package(name: str, texts: dict[str, str], directory: Path) -> None:
    """Write the sources of a package, by file name, and import it."""
    package = directory / name
    package.mkdir()
    for file, text in texts.items():
        (package / file).write_text(text)
    spec = importlib.util.spec_from_file_location(
        name, package / "__init__.py", submodule_search_locations=[str(package)]
    )
    assert spec is not None and spec.loader is not None
    sys.modules[name] = importlib.util.module_from_spec(spec)


def _parts(find: str) -> tuple[str, str, str]:
    """Return a text as what is before an expression, the expression, and what is behind it."""
    if "`" not in find:
        return "", find, ""
    before, expression, after = find.split("`")
    return before, expression, after


def _planted(text: str, number: int, find: str, replace: str) -> str:
    """Return a text in which an expression is another one while a fault is chosen."""
    before, expression, after = _parts(find)
    sound = before + expression + after
    assert text.count(sound) == 1, f"{sound!r} must occur once"
    return text.replace(sound, f"{before}Mux(PLANTED == {number}, {replace}, {expression}){after}")


class _Planted(Component):
    """The accelerators and the choice of a fault."""

    def __init__(self, accelerators: Component, chosen):
        self.accelerators, self.chosen = accelerators, chosen
        self.shown = dict(accelerators.signature.members)
        super().__init__(PinSignature({**self.shown, "planted": wiring.In(NUMBER_BITS)}))

    def elaborate(self, platform):
        m = Module()
        m.submodules.accelerators = inner = self.accelerators
        m.d.comb += self.chosen.eq(self.planted)
        for name, member in self.shown.items():
            if member.is_signature:
                pass_on(m, inner=getattr(inner, name), outer=getattr(self, name))
            else:
                m.d.comb += getattr(self, name).eq(getattr(inner, name))
        return m
