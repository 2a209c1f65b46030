# SPDX-License-Identifier: Apache-2.0
"""AIMClib: the published library's calls, for programs that run on the simulated system.

The library is ALPINE's (Klein et al., IEEE TC 2022, Fig. 4): map a matrix, queue a vector, process,
dequeue a vector, each in an int8 and in a scaled float32 form. Here every call is a generator of
platform operations, used with ``yield from``; it moves real data and takes the time of the loops
that the library compiles to.
"""

from collections.abc import Generator
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from alpine_models.errors import AlpineError
from alpine_models.tile import TileConfig
from alpine_platform.cores.operations import Begin, End, Operation, Program
from alpine_platform.memory.address_space import AddressSpace, Buffer
from alpine_sw import kernels
from alpine_sw.quantisation.operands import real_scale

from .program_call import warns_when_forgotten
from .tile_plan import MatrixOnTile, TilePlan
from .workloads import Software

__all__ = ["PACKING", "Aimc", "Tile", "section"]

PACKING: dict[Software, kernels.Packing] = {Software.RELEASED: "bytes", Software.TUNED: "word"}
"""How each software style moves the operands of CM instructions."""


class Tile:
    """A tile and the matrices mapped onto it, programmed before the programs start.

    Parameters
    ----------
    config : its geometry.
    """

    def __init__(self, config: TileConfig) -> None:
        self.plan = TilePlan(config=config, placements=())

    def map_matrix(
        self,
        weights: npt.ArrayLike,
        *,
        row: int = 0,
        column: int = 0,
        lsb: npt.ArrayLike = 1.0,
        name: str = "",
    ) -> MatrixOnTile:
        """Put a matrix onto the cells from a word line and a bit line on.

        Parameters
        ----------
        weights : [outputs, inputs], whole numbers from -128 to 127 of any type.
        row, column : word line of input 0 and bit line of output 0.
        lsb : dot product per ADC code, for all outputs or [outputs]; rounded to float32.
        name : for messages; numbered when empty.

        Raises
        ------
        AlpineError
            The matrix does not fit the tile or overlaps another, or as `MatrixOnTile` raises it.
        """
        matrix = MatrixOnTile(
            name=name or str(len(self.plan.placements) + 1),
            weights=cast(Any, weights),
            lsb=cast(Any, lsb),
            row=row,
            column=column,
        )
        self.plan = TilePlan(config=self.plan.config, placements=(*self.plan.placements, matrix))
        return matrix


class Aimc:
    """The library on one core, with what the programs around it share.

    Parameters
    ----------
    memory : where the library allocates its scratch vectors.
    software : how the operands of CM instructions are moved. ``tuned`` turns values into codes, and
        codes into values, by vector instructions in passes of their own.
    activations : ``eigen``, four elements at a time, or ``libm``, one call per element.
    """

    def __init__(
        self,
        memory: AddressSpace,
        *,
        software: Software = Software.RELEASED,
        activations: kernels.ActivationStyle = "eigen",
    ) -> None:
        self.memory = memory
        self._packing: kernels.Packing = PACKING[software]
        self._activations: kernels.ActivationStyle = activations
        self._scratch: dict[int, Buffer] = {}

    @warns_when_forgotten
    def map_matrix(self, matrix: MatrixOnTile, *, tile: int = 0) -> Program:
        """Write a matrix into the cells where `Tile.map_matrix` put it, one CM_INITIALIZE each.

        What is mapped before a run is in place when its programs start; this is for programs that
        change weights while they run, or time it.

        Raises
        ------
        CmStatusError
            The tile refused an instruction.
        """
        yield from kernels.initialize_matrix(
            matrix.weights, row=matrix.row, column=matrix.column, name=matrix.name, tile=tile
        )

    @warns_when_forgotten
    def queue_vector(
        self, source: Buffer, *, scale: float | None = None, index: int | None = None, tile: int = 0
    ) -> Program:
        """Write a vector into the tile's input memory.

        Parameters
        ----------
        source : int8 codes, or float32 values with a scale.
        scale : codes per value; the product is cut off toward zero and saturated.
        index : input-memory index of the first code; None continues where the last call ended.
        tile : which of the core's tiles.

        Raises
        ------
        AlpineError
            Float32 values have no scale, int8 codes have one, or the kernels refuse either.
        CmStatusError
            The tile refused an instruction.
        """
        if (factor := _scale(source, scale)) is None:
            yield from kernels.queue_vector(source, packing=self._packing, index=index, tile=tile)
        elif self._packing == "bytes":
            yield from kernels.queue_floats(source, scale=factor, index=index, tile=tile)
        else:
            codes = self._codes(len(source.data))
            yield from kernels.quantise(source, codes, scale=factor)
            yield from kernels.queue_vector(codes, packing=self._packing, index=index, tile=tile)

    @warns_when_forgotten
    def process(self, *, tile: int = 0) -> Program:
        """Multiply what was queued with all mapped matrices at once.

        Raises
        ------
        CmStatusError
            The tile refused the instruction.
        """
        yield from kernels.process(tile=tile)

    @warns_when_forgotten
    def dequeue_vector(
        self,
        destination: Buffer,
        *,
        scale: float | None = None,
        index: int | None = None,
        tile: int = 0,
    ) -> Program:
        """Read a vector from the tile's output memory.

        Parameters
        ----------
        destination : int8 codes, or float32 values with a scale.
        scale : value per code.
        index, tile : as in `queue_vector`.

        Raises
        ------
        AlpineError, CmStatusError
            As in `queue_vector`.
        """
        packing = self._packing
        if (factor := _scale(destination, scale)) is None:
            yield from kernels.dequeue_vector(destination, packing=packing, index=index, tile=tile)
        elif packing == "bytes":
            yield from kernels.dequeue_floats(destination, scale=factor, index=index, tile=tile)
        else:
            codes = self._codes(len(destination.data))
            yield from kernels.dequeue_vector(codes, packing=packing, index=index, tile=tile)
            yield from kernels.dequantise(codes, destination, scale=factor)

    @warns_when_forgotten
    def copy(self, destination: Buffer, source: Buffer) -> Program:
        """Copy a vector onto another of the same size."""
        yield from kernels.copy(destination, source)

    @warns_when_forgotten
    def relu(self, codes: Buffer) -> Program:
        """Replace negative int8 codes by 0, in place."""
        yield from kernels.relu8(codes)

    @warns_when_forgotten
    def sigmoid(self, inputs: Buffer, outputs: Buffer) -> Program:
        """1 / (1 + exp(-x)) of float32 values; inputs may be the outputs."""
        yield from kernels.sigmoid(inputs, outputs, style=self._activations)

    @warns_when_forgotten
    def tanh(self, inputs: Buffer, outputs: Buffer) -> Program:
        """Hyperbolic tangent of float32 values; inputs may be the outputs."""
        yield from kernels.tanh(inputs, outputs, style=self._activations)

    @warns_when_forgotten
    def softmax(self, inputs: Buffer, outputs: Buffer) -> Program:
        """Softmax of float32 values; inputs may be the outputs."""
        yield from kernels.softmax(inputs, outputs, style=self._activations)

    def _codes(self, length: int) -> Buffer:
        if length not in self._scratch:
            self._scratch[length] = self.memory.allocate(f"{length} codes", length)
        return self._scratch[length]


def section(name: str, *programs: Program) -> Generator[Operation, Any, Any]:
    """Run programs as a named part of the breakdown; return what the last one returns."""
    result = None
    try:
        yield Begin(name)
        for program in programs:
            result = yield from program
    finally:
        # Behind an error they are not forgotten.
        for program in programs:
            program.close()
    yield End()
    return result


def _scale(vector: Buffer, scale: float | None) -> float | None:
    """The scale of float32 values; None for int8 codes, which have none."""
    held = vector.data.dtype
    if held == np.int8:
        if scale is not None:
            raise AlpineError(f"vector {vector.name} holds int8 codes: leave scale out")
        return None
    if held != np.float32:
        raise AlpineError(
            f"vector {vector.name} holds {held}: place or allocate int8 codes, or float32 values "
            f"and give a scale"
        )
    if scale is None:
        raise AlpineError(f"vector {vector.name} holds float32 values: give a scale")
    return real_scale(scale, name=f"scale of {vector.name}")
