# SPDX-License-Identifier: Apache-2.0
"""Contents of the tiles that a mapping asks for."""

from collections.abc import Sequence
from dataclasses import dataclass

from alpine_models.errors import AlpineError
from alpine_models.tile import TileConfig
from alpine_sw.graph import Relu
from alpine_sw.library.hardware_plan import HardwarePlan, core_tiles, loose_tiles
from alpine_sw.library.tile_plan import MatrixOnTile, TilePlan
from alpine_sw.mapping import MappedTile, Mapping, Part, Stage, TileAttachment

from .tile_products import Rectangle

__all__ = ["TilePlans", "tile_plans"]


@dataclass(frozen=True, kw_only=True, slots=True)
class TilePlans:
    """Contents of all tiles, and their numbers.

    Members
    -------
    cores : tiles of each core, by its number.
    accelerator : those behind the I/O path, or None.
    numbers : number of every tile among its core's, or in the accelerator, by name.
    """

    cores: dict[int, list[TilePlan]]
    accelerator: HardwarePlan | None
    numbers: dict[str, int]

    @property
    def hardware(self) -> list[HardwarePlan]:
        """Every piece: the cores' tiles, then the accelerator."""
        loose = self.accelerator
        return [*core_tiles(self.cores), *([] if loose is None else [loose])]

    def rectangles(self, stage: Stage) -> list[Rectangle]:
        """Where the outputs of a stage lie, in order."""
        found: list[Rectangle] = []
        first = 0
        for part in stage.parts:
            assert part.tile is not None
            end = first + len(stage.rows_of(part))
            found.append(
                Rectangle(
                    tile=self.numbers[part.tile],
                    row=part.row,
                    column=part.column,
                    first=first,
                    end=end,
                )
            )
            first = end
        return found


def tile_plans(mapping: Mapping, stages: Sequence[Stage]) -> TilePlans:
    """Return what every tile of a mapping holds.

    Raises
    ------
    AlpineError
        A matrix does not fit its tile or overlaps another, or tiles are chained in another way than
        the accelerator does.
    """
    numbers: dict[str, int] = {}
    cores: dict[int, list[TilePlan]] = {}
    loose: list[TilePlan] = []
    for tile in sorted(mapping.tiles, key=lambda tile: tile.core):
        plan = _plan(tile, stages)
        place = cores.setdefault(tile.core, []) if tile.attached is TileAttachment.CORE else loose
        numbers[tile.name] = len(place)
        place.append(plan)
    return TilePlans(
        cores={core: plans for core, plans in cores.items() if plans},
        accelerator=_accelerator(mapping, stages, loose, numbers) if loose else None,
        numbers=numbers,
    )


def _plan(tile: MappedTile, stages: Sequence[Stage]) -> TilePlan:
    matrices = [
        _matrix(stage, part) for stage in stages for part in stage.parts if part.tile == tile.name
    ]
    try:
        return TilePlan(
            config=TileConfig(rows=tile.rows, columns=tile.columns), placements=matrices
        )
    except AlpineError as error:
        raise AlpineError(f"tile {tile.name} of core {tile.core}: {error}") from None


def _matrix(stage: Stage, part: Part) -> MatrixOnTile:
    rows = stage.rows_of(part)
    return MatrixOnTile(
        name=stage.name,
        weights=stage.product.weights[rows],
        lsb=stage.product.lsb[rows],
        row=part.row,
        column=part.column,
    )


def _accelerator(
    mapping: Mapping, stages: Sequence[Stage], plans: list[TilePlan], numbers: dict[str, int]
) -> HardwarePlan:
    tiles = [tile for tile in mapping.tiles if tile.attached is TileAttachment.IO]
    for tile in tiles:
        if tile.core != tiles[0].core:
            raise AlpineError(
                f"tiles {tiles[0].name} and {tile.name} behind the I/O path belong to cores "
                f"{tiles[0].core} and {tile.core}: give them one, which drives the accelerator"
            )
    chain = relu = 0
    for tile in tiles:
        if tile.feeds is None:
            continue
        number = numbers[tile.name]
        if numbers[tile.feeds] != number + 1:
            raise AlpineError(
                f"tile {tile.name} feeds tile {tile.feeds}, but a tile of the accelerator can feed "
                "the next one only: list that behind it"
            )
        chain |= 1 << number
        relu |= _relu_behind(tile, stages) << number
    return loose_tiles(plans, core=tiles[0].core, chain=chain, relu=relu)


def _relu_behind(tile: MappedTile, stages: Sequence[Stage]) -> bool:
    """Whether a ReLU follows the matrix in a tile that feeds another."""
    (stage,) = (stage for stage in stages if tile.name in [part.tile for part in stage.parts])
    others = stage.followers[1:]
    if len(others) > 1 or (others and not isinstance(others[0].operator, Relu)):
        raise AlpineError(
            f"tile {tile.name} feeds tile {tile.feeds}, but node {others[-1].name} behind node "
            f"{stage.node.name} needs the core: between chained tiles there is a ReLU at most"
        )
    return bool(others)
