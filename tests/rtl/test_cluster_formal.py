# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: Apache-2.0
"""Every property of the cluster's blocks can fail: a planted fault of the block refutes it."""

from dataclasses import replace
from importlib import import_module

import pytest
from cluster_faults import FAULTS, faulty_cluster

from alpine_models.hwpe_registers import DEPTHWISE_REGISTERS
from alpine_rtl.cluster.depthwise_context import DEPTHWISE_CONTEXT
from alpine_rtl.formal.claims import CLAIMS, prove
from alpine_rtl.formal.cluster.harnesses import cluster_properties
from alpine_rtl.formal.cluster.tcdm import BANKS, BYTE_MASTERS, GRANT_MASTERS, WORDS
from alpine_rtl.formal.solver import Method

PORT = {"port_bytes": 4}
CONTROL = {
    "registers": DEPTHWISE_REGISTERS,
    "constants": {},
    "layout": DEPTHWISE_CONTEXT,
    **PORT,
}
BLOCKS = {
    "nest": ("addresses", "AddressGenerator", PORT),
    "hwpe": ("control", "HwpeControl", CONTROL),
    "source": ("source", "StreamSource", PORT),
    "sink": ("sink", "StreamSink", PORT),
    "port": ("port_multiplexer", "PortMultiplexer", {**PORT, "writes": (False, True)}),
    "tcdm": ("tcdm", "Tcdm", {"words": WORDS, "banks": BANKS}),
}
"""By the first word of their properties: module, class, arguments."""

TCDM_MASTERS = dict.fromkeys(("tcdm_answer", "tcdm_data"), BYTE_MASTERS)

REFUTED = {
    "nest_address": FAULTS["outer loop begins at the inner one's end"],
    "nest_count": FAULTS["whole beats always"],
    "nest_ends": FAULTS["runs counted once"],
    "hwpe_overwritten": FAULTS["context of the other number written"],
    "hwpe_order": FAULTS["second context begins before the first"],
    "hwpe_acquire": FAULTS["context free when triggered"],
    "hwpe_event_missing": FAULTS["refused context never finishes"],
    "hwpe_event_unasked": FAULTS["cleared context counts"],
    "hwpe_finished": FAULTS["finished counted anew"],
    "hwpe_running": FAULTS["running is the youngest"],
    "hwpe_busy": FAULTS["busy does not see the port"],
    "hwpe_answer": FAULTS["writes answer data"],
    "source_order": ("source", "generator.advance.eq(`beats.taken`)", "beats.valid"),
    "source_lost": FAULTS["queue out of order"],
    "source_unasked": ("source", "self.o.valid.eq(`holds | self.arrived`)", "1"),
    "source_overflow": FAULTS["three beats ahead"],
    "source_withdrawn": ("source", "self.o.valid.eq(`holds | self.arrived`)", "self.arrived"),
    "source_hesitates": ("source", "queue.level + asked < QUEUE_BEATS", "queue.level + asked < 1"),
    "source_hold": ("source", "(self.begun | ~self.hold)", "1"),
    "sink_order": FAULTS["sink writes before it is full"],
    "sink_data": FAULTS["sink does not go back"],
    "sink_leaves": FAULTS["sink ends with the vector"],
    "sink_hesitates": (
        "sink",
        "self.loaded & self.full",
        "self.loaded & self.full & ~self.index[0]",
    ),
    "port_withdrawn": FAULTS["request withdrawn for the other"],
    "port_taken": FAULTS["a byte too many"],
    "port_starved": FAULTS["reads first"],
    "port_idle": (
        "port_multiplexer",
        "wanted.eq(`any_of(block.valid for block in blocks)`)",
        "blocks[0].valid",
    ),
    "port_rest": FAULTS["no rest"],
    "port_halt": ("port_multiplexer", "(~self.halt | waiting)", "1"),
    "tcdm_bank_twice": ("tcdm", "taken | Mux(free, touched[number], 0)", "taken"),
    "tcdm_unasked": ("tcdm", "port.gnt.eq(`Cat(places).any()`)", "1"),
    "tcdm_refused": ("tcdm", "looks & ~(taken & touched[number]).any()", "looks & ~taken.any()"),
    "tcdm_starved": ("tcdm", "first.eq(`next_first`)", "0"),
    "tcdm_answer": ("tcdm", "port.rvalid.eq(`port.req & port.gnt & ~port.write`)", "port.gnt"),
    "tcdm_data": (
        "tcdm",
        "write.en.eq(`Mux(port.write, moved.lanes.word_select(place, WORD_BYTES), 0)`)",
        "Mux(port.write, 15, 0)",
    ),
}
DEPTH = 8


@pytest.mark.parametrize("name", REFUTED)
def test_a_fault_of_the_block_is_refuted(name, tmp_path):
    module, kind, arguments = BLOCKS[name.split("_")[0]]
    if module == "tcdm":
        arguments = {**arguments, "masters": TCDM_MASTERS.get(name, GRANT_MASTERS)}
    package = faulty_cluster(REFUTED[name], tmp_path).__name__.rpartition(".")[0]
    design = getattr(import_module(f"{package}.{module}"), kind)(**arguments)
    claim = next(c for c in CLAIMS if name in c.properties)
    bounded = replace(
        claim, method=Method.BOUNDED, depth=DEPTH, properties=(name,), with_invariants=False
    )
    assert prove(bounded, design=design).verdict.refuted == (f"violated_{name}",)


def test_every_property_has_its_fault():
    assert REFUTED.keys() == cluster_properties().keys()
