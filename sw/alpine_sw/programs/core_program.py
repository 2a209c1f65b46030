# SPDX-License-Identifier: Apache-2.0
"""The program of one core: its stages, turn by turn, inference by inference.

In step t a stage works on inference t less the inferences by which it is behind. Stages of one turn
feed their vectors first, then every tile that holds one of them multiplies once, then they fetch
their results: so two layers in one tile share a product, each on its own inference.
"""

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Protocol

from alpine_platform.cores.operations import Program
from alpine_sw import kernels
from alpine_sw.library.aimclib import section
from alpine_sw.mapping import Stage

from .products import Product
from .row_products import RowProduct
from .run_memory import RunMemory
from .tile_products import CoreTiles, TileProduct

__all__ = ["CoreStage", "core_program"]


class CoreStage(Protocol):
    """A stage with its memory and programs."""

    @property
    def stage(self) -> Stage:
        """The stage of the mapping."""
        ...

    @property
    def product(self) -> Product | RowProduct:
        """What multiplies with its matrix."""
        ...

    def start(self) -> None:
        """Lay out the stage's own memory."""
        ...

    def feed(self, inference: int) -> Program:
        """Fetch an inference's vector and hand it to the product."""
        ...

    def drain(self, inference: int) -> Program:
        """Make an inference's results and hand them on."""
        ...


def core_program(stages: Sequence[CoreStage], run: RunMemory, tiles: CoreTiles) -> Program:
    """Run the stages of a core over all inferences.

    Parameters
    ----------
    stages : of the core, in the graph's order.
    run : where inputs and outputs lie.
    tiles : counters of the core's tiles.
    """
    for stage in stages:
        stage.start()
    ordered = sorted(stages, key=lambda stage: stage.stage.turn)
    turns = [list(turn) for _, turn in groupby(ordered, key=lambda stage: stage.stage.turn)]
    done = dict.fromkeys(stages, 0)

    def work(active: Sequence[CoreStage]) -> Program:
        for stage in active:
            yield from stage.feed(done[stage])
        for tile in _tiles(active):
            yield from section("analog process", kernels.process(tile=tile))
            tiles.restart(tile)
        for stage in active:
            yield from stage.drain(done[stage])
            done[stage] += 1

    for step in range(run.count + max(stage.stage.behind for stage in stages)):
        if run.chosen(step) and step < run.count:
            # What this step reads, the step before chooses: nothing may be left of it.
            for stage in stages:
                while done[stage] < step:
                    yield from work([stage])
        for turn in turns:
            active = [stage for stage in turn if _due(stage, done[stage], step, run.count)]
            yield from work(active)


def _due(stage: CoreStage, done: int, step: int, count: int) -> bool:
    """Whether a stage works in a step, and has not done so already."""
    return 0 <= step - stage.stage.behind == done < count


def _tiles(stages: Iterable[CoreStage]) -> list[int]:
    """Numbers of the tiles that have to multiply for some stages."""
    products = [stage.product for stage in stages]
    return list(
        dict.fromkeys(
            tile for one in products if isinstance(one, TileProduct) for tile in one.tiles
        )
    )
