# SPDX-License-Identifier: Apache-2.0
"""The documentation page of the proofs, made from the list of claims."""

from collections.abc import Mapping

from .axi import AXI_PORT_PROPERTIES, AXI_REFUSAL_PROPERTIES
from .claims import CLAIMS, LONG_CLAIMS, Claim
from .cluster.block import BlockHarness
from .cluster.harnesses import cluster_properties
from .crossing import CROSSING_PROPERTIES
from .harness import STATE_PROPERTIES
from .kill import KILL_PROPERTIES
from .monitor import PORT_PROPERTIES
from .situations import SITUATIONS
from .solver import Method

__all__ = ["formal_page"]

INTRODUCTION = """\
# What is proved about the hardware

`make formal` proves this page's claims; `make formal-long` adds the long ones. Both go from
Amaranth through Yosys to the SMT solver z3, all from pip. This page is made from the list of claims
(`python -m alpine_rtl.formal --write-docs docs/formal.md`), and a test compares the two.

Every input of the tile is free in every cycle, reset and the register port included. No claim about
it, or about the AXI4-Lite side, assumes anything of the environment. Two limits: bounds and phase
lengths are claimed as long as the register port has not been written since reset, which is when
they are the configured ones; and bounds do not count cycles in which the macro says that it is
programming.

Requests are followed one by one: a solver picks any request, the monitor works out from the
instruction set's text what its answer must be and how many answers come before it, and compares
when it is its turn. As the pick is free, what holds for it holds for all.

Proofs by induction hold for all time, not for a number of cycles. They need relations between the
tile's registers and what the monitor knows (`alpine_rtl.formal.invariants`), which are proved along
with the properties. Geometry is that of the claim's tile; others are not proved but tested.

The crossing's two clocks are one clock of the solver with two free enables, so every order of their
edges is among what is proved, and edges at the same time too; its resets are left to the tests. A
queue's data are 2 bits wide there, as nothing looks at them. The accelerator's proof leaves what a
refused cell access does inside a tile to the tile's own.

The cluster's blocks are proved one by one, each between neighbours that do as they like within the
contract of the ports: with ports of 4 bytes, the control of the depthwise engine, and a TCDM of
four banks with two words each, with masters of 4, 4 and 8 bytes for its grants and of 4 and 8 bytes
for its contents, of which any one byte is watched.

The tile's circuits watch it in simulation too, see `tests/rtl/test_mutations.py` and
`tests/rtl/test_coverage.py`; that properties are able to fail is shown by planted faults, see
`tests/rtl/test_formal.py`.
"""


def formal_page() -> str:
    """Return the page as Markdown."""
    return "\n".join(
        [
            INTRODUCTION,
            "## Properties of the ports",
            "",
            _properties(PORT_PROPERTIES),
            "## Properties of the state",
            "",
            _properties(STATE_PROPERTIES),
            "No output depends combinationally on an input: this is read from the netlist by "
            "`alpine_rtl.formal.paths` rather than proved.",
            "",
            "## Properties of the CV-X-IF adapter",
            "",
            _properties(KILL_PROPERTIES),
            "## Properties of the clock-domain crossing",
            "",
            _properties(CROSSING_PROPERTIES),
            "## Properties of the AXI4-Lite port and the accelerator",
            "",
            _properties(AXI_PORT_PROPERTIES | AXI_REFUSAL_PROPERTIES),
            "## Properties of the IMC cluster's blocks",
            "",
            _properties(cluster_properties()),
            "## Claims",
            "",
            _claims(CLAIMS),
            "## Long claims",
            "",
            _claims(LONG_CLAIMS),
            "Methods:",
            "",
            "- induction: in every reachable state; from reset for the first cycles, and from any "
            "cycles that satisfy the claim, as many as the depth, to the next one.",
            "- from any state: induction that assumes nothing but the claim itself, which says "
            "nothing about a state that no reset went before.",
            "- bounded: in the first cycles from reset, as many as the depth.",
            "- cover: the situations below can come about, so that the claims about them are not "
            "empty.",
            "",
            "## Situations covered",
            "",
            _properties(SITUATIONS),
        ]
    )


def _properties(properties: Mapping[str, str]) -> str:
    return "".join(f"- `{name}`: {text}\n" for name, text in properties.items())


def _claims(claims: tuple[Claim, ...]) -> str:
    lines = ["| claim | method | depth | properties |", "|---|---|---|---|"]
    lines += [
        f"| {claim.name} | {claim.method.value} | {claim.depth} | {_extent(claim)} |"
        for claim in claims
    ]
    return "\n".join(lines) + "\n"


def _extent(claim: Claim) -> str:
    if issubclass(claim.harness, BlockHarness) and claim.method is not Method.COVER:
        return "all of the block"
    if claim.method is Method.COVER:
        return "all situations" if set(claim.properties) == set(SITUATIONS) else _names(claim)
    for properties, extent in (
        (PORT_PROPERTIES, "all of the ports"),
        (CROSSING_PROPERTIES, "all of the crossing"),
        (AXI_PORT_PROPERTIES, "all of the AXI4-Lite port"),
    ):
        if set(claim.properties) == set(properties):
            return extent
    if set(PORT_PROPERTIES) < set(claim.properties):
        return "all of ports and state but `reset_state`"
    return _names(claim)


def _names(claim: Claim) -> str:
    return ", ".join(f"`{name}`" for name in claim.properties)
