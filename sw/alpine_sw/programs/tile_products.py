# SPDX-License-Identifier: Apache-2.0
"""Products on tiles: the core's own, and chained ones behind the I/O path."""

from collections.abc import Sequence
from dataclasses import dataclass

from alpine_platform.cores.operations import Program
from alpine_platform.memory.address_space import AddressSpace, Buffer
from alpine_sw import kernels
from alpine_sw.library.accelerator_driver import AcceleratorDriver
from alpine_sw.library.aimclib import Aimc, section

from .products import ProductSpec, Section

__all__ = ["AcceleratorProduct", "CoreTiles", "Rectangle", "TileProduct"]


class CoreTiles:
    """The tiles of one core, and where their counters stand."""

    def __init__(self) -> None:
        self._queued: dict[int, int] = {}
        self._dequeued: dict[int, int] = {}

    def queue_index(self, tile: int, row: int, length: int) -> int | None:
        """Return the index for a vector to be queued; None where the tile's counter stands there.

        The counter then moves on.
        """
        return _index(self._queued, tile, row, length)

    def dequeue_index(self, tile: int, column: int, length: int) -> int | None:
        """Return the same for results to be dequeued."""
        return _index(self._dequeued, tile, column, length)

    def restart(self, tile: int) -> None:
        """Take note of a product, behind which both counters stand at 0."""
        self._queued[tile] = self._dequeued[tile] = 0


def _index(counters: dict[int, int], tile: int, place: int, length: int) -> int | None:
    if counters.get(tile, 0) != place:
        return place
    counters[tile] = place + length
    return None


@dataclass(frozen=True, kw_only=True, slots=True)
class Rectangle:
    """Where some of a stage's outputs lie.

    Members
    -------
    tile : number of the tile among the core's.
    row, column : word line of the first input, bit line of the first output.
    first, end : outputs, counted within the stage.
    """

    tile: int
    row: int
    column: int
    first: int
    end: int


class TileProduct:
    """A product on tiles of the core.

    Parameters
    ----------
    spec : of the product.
    aimc : the library, as the stage's style has it.
    tiles : of the core.
    rectangles : where the outputs lie, in order.
    """

    def __init__(
        self, spec: ProductSpec, aimc: Aimc, tiles: CoreTiles, rectangles: Sequence[Rectangle]
    ) -> None:
        self._spec, self._aimc, self._counters = spec, aimc, tiles
        self._rectangles = rectangles

    @property
    def tiles(self) -> tuple[int, ...]:
        """Numbers of the tiles that have to multiply."""
        return tuple(dict.fromkeys(part.tile for part in self._rectangles))

    def start(self, space: AddressSpace) -> None:
        """Nothing: weights are in the cells."""

    def feed(self, source: Buffer) -> Program:
        """Queue the vector, once for all outputs on the same word lines."""
        spec = self._spec
        name = spec.section("queue", unlabelled="analog queue")
        for tile, row in dict.fromkeys((part.tile, part.row) for part in self._rectangles):
            index = self._counters.queue_index(tile, row, len(source.data))
            program = self._aimc.queue_vector(
                source, scale=spec.source_scale, index=index, tile=tile
            )
            yield from section(name, program)

    def multiply(self, source: Buffer) -> Program:
        """Nothing: the core lets its tiles multiply once for all stages of a turn."""
        yield from ()

    def convert(self, target: Buffer) -> Sequence[Section]:
        """Dequeue, then apply the ReLU in place if there is one."""
        spec = self._spec
        name = spec.section("dequeue", unlabelled="analog dequeue")
        sections = [(name, self._dequeue(part, target)) for part in self._rectangles]
        if spec.relu:
            activation = spec.section("activation", unlabelled="activation")
            sections.append((activation, kernels.relu8(target)))
        return sections

    def _dequeue(self, part: Rectangle, target: Buffer) -> Program:
        length = part.end - part.first
        whole = length == len(target.data)
        yield from self._aimc.dequeue_vector(
            target if whole else target.part(part.first, part.end),
            scale=self._spec.result_scale,
            index=self._counters.dequeue_index(part.tile, part.column, length),
            tile=part.tile,
        )


class AcceleratorProduct:
    """A product on a tile behind the I/O path, or its place in a chain of such tiles.

    Parameters
    ----------
    spec : of the product.
    driver : of the accelerator.
    tile : number of the tile in it.
    fed, feeds : whether another tile hands it its vectors, and whether it hands its results to one.
    """

    def __init__(
        self, spec: ProductSpec, driver: AcceleratorDriver, *, tile: int, fed: bool, feeds: bool
    ) -> None:
        self._spec, self._driver, self._tile = spec, driver, tile
        self._fed, self._feeds = fed, feeds

    def start(self, space: AddressSpace) -> None:
        """Nothing: weights are in the cells."""

    def feed(self, source: Buffer) -> Program:
        """Wait until the tile takes a vector, write it, start."""
        if self._fed:
            return
        driver, tile, spec = self._driver, self._tile, self._spec
        yield from section("analog process", driver.wait_until_free(tile))
        yield from section(
            spec.section("queue", unlabelled="analog queue"), driver.send(tile, source)
        )
        yield from section("analog process", driver.start(tile))

    def multiply(self, source: Buffer) -> Program:
        """Nothing: the tile began by itself."""
        yield from ()

    def convert(self, target: Buffer) -> Sequence[Section]:
        """Wait for the results, read them, apply the ReLU if there is one."""
        if self._feeds:
            return []
        driver, tile, spec = self._driver, self._tile, self._spec
        sections = [
            ("analog process", driver.wait_for_result(tile)),
            (spec.section("dequeue", unlabelled="analog dequeue"), driver.receive(tile, target)),
            ("analog process", driver.release_result(tile)),
        ]
        if spec.relu:
            activation = spec.section("activation", unlabelled="activation")
            sections.append((activation, kernels.relu8(target)))
        return sections
