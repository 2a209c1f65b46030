# amaranth: UnusedElaboratable=no
# pyright: basic, reportAttributeAccessIssue=false, reportGeneralTypeIssues=false
# pyright: reportOperatorIssue=false
# Amaranth carries no types and makes the attributes of a component from its signature at run time.
"""The list of what is proved, how, and for which tiles."""

import time
from collections.abc import Iterator
from dataclasses import dataclass

from alpine_models.tile import TileConfig

from ..cvxif import AimcTileCvxif
from ..tile import AimcTile
from .harness import STATE_PROPERTIES, TileHarness
from .kill import KILL_PROPERTIES, KillHarness
from .monitor import PORT_PROPERTIES
from .situations import SITUATIONS
from .solver import Method, Obligation, Verdict, check, compile_problem

__all__ = ["CLAIMS", "LONG_CLAIMS", "Claim", "Result", "prove", "prove_all"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    """Something to prove of a tile.

    Members
    -------
    name : str, unique.
    config : TileConfig.
    method : Method.
    depth : int, clock cycles; see `Method`.
    properties : names from `PORT_PROPERTIES`, `STATE_PROPERTIES` and `KILL_PROPERTIES`, or, for
        `Method.COVER`, of what can be seen.
    harness : component that has the properties as outputs, and the design inside.
    with_invariants : bool, prove the relations between registers and monitor along with them.
    """

    name: str
    config: TileConfig
    method: Method
    depth: int
    properties: tuple[str, ...]
    with_invariants: bool = False
    harness: type[TileHarness] | type[KillHarness] = TileHarness


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """A claim, the solver's verdict and the host seconds it took."""

    claim: Claim
    verdict: Verdict
    seconds: float


EVERYTHING = (*PORT_PROPERTIES, *(name for name in STATE_PROPERTIES if name != "reset_state"))
INDUCTION_DEPTH = 2
"""The register port's answer depends on the cycle before; everything else would do with 1."""
COVER_DEPTH = 18
BOUNDED_DEPTH = 8

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


def _about_short_tiles(method: Method, depth: int, what: str, properties) -> Iterator[Claim]:
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
        properties=("killed", "executed"),
        harness=KillHarness,
    )


CLAIMS: tuple[Claim, ...] = (
    *_by_induction(5, 3, SHORT),
    *_by_induction(4, 8, DEFAULT),
    *_by_induction(1, 1, UNEQUAL),
    *_about_short_tiles(Method.ANYWHERE, INDUCTION_DEPTH, "reset", ["reset_state"]),
    *_about_short_tiles(Method.COVER, COVER_DEPTH, "not vacuous", SITUATIONS),
    *_about_kills(),
)
"""What continuous integration proves."""

LONG_CLAIMS: tuple[Claim, ...] = (
    *_by_induction(13, 18, DEFAULT),
    *_by_induction(16, 16, UNEQUAL),
    # The ports alone, without a word about registers: a second opinion on the invariants.
    *_about_short_tiles(Method.BOUNDED, BOUNDED_DEPTH, "ports alone", PORT_PROPERTIES),
)
"""What `make formal-long` proves beyond that."""


def prove(
    claim: Claim, *, tile: AimcTile | None = None, adapter: AimcTileCvxif | None = None
) -> Result:
    """Check one claim; of another design with the same ports and registers, if one is given.

    Raises
    ------
    AlpineError
        A tool is not installed.
    """
    began = time.perf_counter()
    if claim.harness is KillHarness:
        harness = KillHarness(config=claim.config, adapter=adapter)
    else:
        harness = TileHarness(config=claim.config, tile=tile)
    if claim.method is Method.COVER:
        obligation = Obligation(harness, reachable=[f"seen_{n}" for n in claim.properties])
    else:
        never = [f"violated_{name}" for name in claim.properties]
        if claim.with_invariants:
            never += [f"broken_{name}" for name in harness.invariants]
        obligation = Obligation(harness, never=never)
    verdict = check(compile_problem(obligation), method=claim.method, depth=claim.depth)
    return Result(claim=claim, verdict=verdict, seconds=time.perf_counter() - began)


def prove_all(claims: tuple[Claim, ...]) -> Iterator[Result]:
    """Check claims one after the other."""
    for claim in claims:
        yield prove(claim)
