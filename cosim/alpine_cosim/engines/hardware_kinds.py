# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: Apache-2.0
# Components are often made for their list of ports alone.
"""Every kind of hardware by name: the tile, the accelerator, and those of other packages."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from alpine_cosim.binding import VerilatedModel
from alpine_cosim.hardware.cell_access import CmCells, PeripheralCells
from alpine_cosim.hardware.hardware_kind import HardwareKind
from alpine_cosim.hardware.rtl_accelerator import AXI_EXTENSIONS, RtlAccelerator
from alpine_cosim.hardware.rtl_tile import TILE_EXTENSIONS, RtlTile
from alpine_models.choices import choose
from alpine_models.extension_points import ExtensibleTable
from alpine_models.tile import TileConfig
from alpine_platform.accelerators.timed_accelerator import TimedAccelerator
from alpine_platform.accelerators.timed_tile import TimedTile
from alpine_platform.cores.operations import Program
from alpine_rtl.accelerator import AimcAxi
from alpine_rtl.tile import AimcTile
from alpine_sw.library.accelerator_driver import AcceleratorDriver
from alpine_sw.library.hardware_plan import AIMC_AXI, AIMC_TILE, HardwarePlan

if TYPE_CHECKING:
    # cocotb brings pytest with it; only the simulator's process needs it.
    from alpine_cosim.cocotb.accelerator import CocotbAxiAccelerator
    from alpine_cosim.cocotb.tile import CocotbTile

__all__ = ["HARDWARE_KINDS", "kind_of"]

Tiles = Sequence[TileConfig]


def tile_component(config: TileConfig) -> AimcTile:
    """Return the tile."""
    return AimcTile(config=config)


def timed_tile(config: TileConfig, period_fs: int) -> TimedTile:
    """Return the timed tile."""
    return TimedTile(config=config, tile_period_fs=period_fs)


def verilated_tile(config: TileConfig, model: VerilatedModel, period_fs: int) -> RtlTile:
    """Return the tile that drives a model."""
    return RtlTile(config=config, tile_period_fs=period_fs, model=model)


def cocotb_tile(config: TileConfig, dut: Any, clock: Any) -> "CocotbTile":
    """Return the tile in a simulation."""
    from alpine_cosim.cocotb.tile import CocotbTile

    return CocotbTile(dut, config=config, clock=clock)


def tile_cells(plan: HardwarePlan, macro: int) -> CmCells:
    """Return how CM instructions reach the cells of a core's tile, which has one macro."""
    assert macro == 0
    return CmCells(plan.number)


def axi_component(tiles: Tiles) -> AimcAxi:
    """Return the accelerator."""
    return AimcAxi(tiles=tiles)


def timed_axi(tiles: Tiles, period_fs: int) -> TimedAccelerator:
    """Return the timed accelerator."""
    return TimedAccelerator(tiles, period_fs=period_fs)


def verilated_axi(tiles: Tiles, model: VerilatedModel, period_fs: int) -> RtlAccelerator:
    """Return the accelerator that drives a model."""
    return RtlAccelerator(tiles, period_fs=period_fs, model=model)


def cocotb_axi(tiles: Tiles, dut: Any, clock: Any) -> "CocotbAxiAccelerator":
    """Return the accelerator in a simulation."""
    from alpine_cosim.cocotb.accelerator import CocotbAxiAccelerator

    return CocotbAxiAccelerator(dut, configs=tiles, clock=clock)


def axi_cells(plan: HardwarePlan, macro: int) -> PeripheralCells:
    """Return how stores and loads reach the cells of an accelerator's tile."""
    assert plan.base is not None
    return PeripheralCells(base=plan.base, tile=macro)


def chain_tiles(plan: HardwarePlan) -> Program:
    """Set the registers that say what the tiles are to each other; the tiles are at rest."""
    assert plan.base is not None
    driver = AcceleratorDriver(base=plan.base, access_bytes=4, packing="word")
    yield from driver.configure(plan.settings)


HARDWARE_KINDS = ExtensibleTable(
    "alpine.hardware",
    HardwareKind,
    {
        AIMC_TILE: HardwareKind(
            name=AIMC_TILE,
            top="aimc_tile",
            component=tile_component,
            timed=timed_tile,
            verilated=verilated_tile,
            in_cocotb=cocotb_tile,
            extensions=TILE_EXTENSIONS,
            cells=tile_cells,
        ),
        AIMC_AXI: HardwareKind(
            name=AIMC_AXI,
            top="aimc_axi",
            component=axi_component,
            timed=timed_axi,
            verilated=verilated_axi,
            in_cocotb=cocotb_axi,
            extensions=AXI_EXTENSIONS,
            cells=axi_cells,
            configure=chain_tiles,
        ),
    },
)
"""Every kind by name."""


def kind_of(plan: HardwarePlan) -> HardwareKind:
    """Return the kind of a planned piece of hardware.

    Raises
    ------
    AlpineError
        There is no such kind, or its package is broken.
    """
    return HARDWARE_KINDS[choose("hardware", plan.hardware, HARDWARE_KINDS)]
