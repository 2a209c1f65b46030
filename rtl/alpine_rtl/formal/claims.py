# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: Apache-2.0
"""The list of what is proved, how, and for which tiles."""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from alpine_models.tile import TileConfig

from .axi import (
    AXI_PORT_PROPERTIES,
    AXI_REFUSAL_PROPERTIES,
    AxiPortHarness,
    AxiRefusalHarness,
)
from .cluster.block import BlockHarness
from .cluster.harnesses import CLUSTER_BLOCKS
from .crossing import CROSSING_PROPERTIES, CrossingHarness
from .harness import STATE_PROPERTIES, TileHarness
from .kill import KILL_PROPERTIES, KILL_SITUATIONS, KillHarness
from .monitor import PORT_PROPERTIES
from .situations import SITUATIONS
from .solver import CheckOutcome, Method, Obligation, check, compile_problem

__all__ = ["CLAIMS", "LONG_CLAIMS", "Claim", "Result", "prove", "prove_all"]


Harness = (
    TileHarness | KillHarness | CrossingHarness | AxiPortHarness | AxiRefusalHarness | BlockHarness
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    """Something to prove of the hardware.

    Members
    -------
    name : str, unique.
    config : TileConfig, or None where the harness says all.
    method : Method.
    depth : int, clock cycles; see `Method`.
    properties : names of the harness's properties, or, for `Method.COVER`, of what can be seen.
    harness : component that has the properties as outputs, and the design inside.
    with_invariants : bool, prove the relations between registers and monitor along with them.
    """

    name: str
    config: TileConfig | None
    method: Method
    depth: int
    properties: tuple[str, ...]
    with_invariants: bool = False
    harness: type[Harness] = TileHarness


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """A claim, the solver's verdict and the host seconds it took."""

    claim: Claim
    verdict: CheckOutcome
    seconds: float


EVERYTHING = (*PORT_PROPERTIES, *(name for name in STATE_PROPERTIES if name != "reset_state"))
INDUCTION_DEPTH = 2
"""The register port's answer depends on the cycle before; everything else would do with 1."""
COVER_DEPTH = 18
BOUNDED_DEPTH = 8
INTERFACE_COVER_DEPTH = 10

SHORT = (1, 2, 1)
DEFAULT = (1, 98, 1)
UNEQUAL = (3, 5, 2)


def _config(rows: int, columns: int, phases: tuple[int, int, int], double: bool) -> TileConfig:
    precharge, integrate, digitise = phases
    return TileConfig(
        rows=rows,
        columns=columns,
        precharge_cycles=precharge,
        integrate_cycles=integrate,
        digitise_cycles=digitise,
        double_buffer=double,
    )


def _buffers(double: bool) -> str:
    return "two buffers" if double else "one buffer"


def _by_induction(rows: int, columns: int, phases: tuple[int, int, int]) -> Iterator[Claim]:
    for double in (False, True):
        yield Claim(
            name=f"contract, {rows} x {columns}, phases {'/'.join(map(str, phases))}, "
            f"{_buffers(double)}",
            config=_config(rows, columns, phases, double),
            method=Method.INDUCTION,
            depth=INDUCTION_DEPTH,
            properties=EVERYTHING,
            with_invariants=True,
        )


def _about_short_tiles(
    method: Method, depth: int, what: str, properties: Iterable[str]
) -> Iterator[Claim]:
    for double in (False, True):
        yield Claim(
            name=f"{what}, 5 x 3, phases 1/2/1, {_buffers(double)}",
            config=_config(5, 3, SHORT, double),
            method=method,
            depth=depth,
            properties=tuple(properties),
        )


def _about_kills() -> Iterator[Claim]:
    config = _config(2, 2, (1, 1, 1), False)
    yield Claim(
        name="kills, CV-X-IF tile, 2 x 2, ids of 3 bits",
        config=config,
        method=Method.INDUCTION,
        depth=1,
        properties=tuple(KILL_PROPERTIES),
        with_invariants=True,
        harness=KillHarness,
    )
    yield Claim(
        name="kills not vacuous, CV-X-IF tile, 2 x 2, ids of 3 bits",
        config=config,
        method=Method.COVER,
        depth=4,
        properties=KILL_SITUATIONS,
        harness=KillHarness,
    )


def _about_interfaces() -> Iterator[Claim]:
    for what, harness, properties, seen, depth in (
        (
            "crossing, one queue, two clocks in any order",
            CrossingHarness,
            CROSSING_PROPERTIES,
            ("full", "chosen"),
            1,
        ),
        ("AXI4-Lite port", AxiPortHarness, AXI_PORT_PROPERTIES, ("write", "read"), 1),
        (
            "refused accesses, AXI accelerator of a 2 x 1 and a 1 x 2 tile",
            AxiRefusalHarness,
            AXI_REFUSAL_PROPERTIES,
            ("slverr", "decerr", "queue"),
            2,
        ),
    ):
        yield Claim(
            name=what,
            config=None,
            method=Method.INDUCTION,
            depth=depth,
            properties=tuple(properties),
            with_invariants=True,
            harness=harness,
        )
        yield Claim(
            name=f"not vacuous: {what}",
            config=None,
            method=Method.COVER,
            depth=INTERFACE_COVER_DEPTH,
            properties=seen,
            harness=harness,
        )


def _about_cluster_blocks() -> Iterator[Claim]:
    for what, (harness, depth) in CLUSTER_BLOCKS.items():
        yield Claim(
            name=f"{what} of the IMC cluster",
            config=None,
            method=Method.INDUCTION,
            depth=1,
            properties=tuple(harness.properties),
            with_invariants=True,
            harness=harness,
        )
        yield Claim(
            name=f"not vacuous: {what} of the IMC cluster",
            config=None,
            method=Method.COVER,
            depth=depth,
            properties=harness.situations,
            harness=harness,
        )


CLAIMS: tuple[Claim, ...] = (
    *_by_induction(5, 3, SHORT),
    *_by_induction(4, 8, DEFAULT),
    *_by_induction(1, 1, UNEQUAL),
    *_about_short_tiles(Method.ANYWHERE, INDUCTION_DEPTH, "reset", ["reset_state"]),
    *_about_short_tiles(Method.COVER, COVER_DEPTH, "not vacuous", SITUATIONS),
    *_about_kills(),
    *_about_interfaces(),
    *_about_cluster_blocks(),
)
"""What continuous integration proves."""

LONG_CLAIMS: tuple[Claim, ...] = (
    *_by_induction(13, 18, DEFAULT),
    *_by_induction(16, 16, UNEQUAL),
    # The ports alone, without a word about registers: a second opinion on the invariants.
    *_about_short_tiles(Method.BOUNDED, BOUNDED_DEPTH, "ports alone", PORT_PROPERTIES),
)
"""What `make formal-long` proves beyond that."""


def prove(claim: Claim, *, design: Any = None) -> Result:
    """Check one claim; of another design with the same ports and registers, if one is given.

    Raises
    ------
    AlpineError
        A tool is not installed.
    """
    began = time.perf_counter()
    harness = _harness(claim, design)
    assume_low: tuple[str, ...] = getattr(harness, "assume_low", ())
    if claim.method is Method.COVER:
        seen = [f"seen_{name}" for name in claim.properties]
        obligation = Obligation(harness, reachable=seen, assume_low=assume_low)
    else:
        never = [f"violated_{name}" for name in claim.properties]
        if claim.with_invariants:
            never += [f"broken_{name}" for name in harness.invariants]
        obligation = Obligation(harness, never=never, assume_low=assume_low)
    verdict = check(compile_problem(obligation), method=claim.method, depth=claim.depth)
    return Result(claim=claim, verdict=verdict, seconds=time.perf_counter() - began)


def _harness(claim: Claim, design: Any) -> Harness:
    if claim.config is not None:
        if claim.harness is KillHarness:
            return KillHarness(config=claim.config, adapter=design)
        return TileHarness(config=claim.config, tile=design)
    if issubclass(claim.harness, BlockHarness):
        made: type[Any] = claim.harness
        return made(design=design)
    if claim.harness is CrossingHarness:
        return CrossingHarness(queue=design)
    if claim.harness is AxiPortHarness:
        return AxiPortHarness(port=design)
    return AxiRefusalHarness(accelerator=design)


def prove_all(claims: tuple[Claim, ...]) -> Iterator[Result]:
    """Check claims one after the other."""
    for claim in claims:
        yield prove(claim)
