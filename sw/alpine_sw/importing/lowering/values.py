# SPDX-License-Identifier: Apache-2.0
"""How a tensor of a model file lies in a graph."""

from dataclasses import dataclass, replace

import numpy as np

from ..operators.operator import Array

__all__ = ["Lowered"]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Lowered:
    """A tensor of the graph that stands for one of the model file.

    Members
    -------
    name : in the graph.
    axes : for every axis of the graph's tensor, which axis of the model's it is; None for an axis
        of size 1 that the model has not. Axes of the model that are missing have the size 1.
    shape : of the model's tensor.
    scale : value per code; None where the graph has real values.
    order : where one axis holds elements of several in another order: for every element its number
        in the model's order. None if the order is the same.
    """

    name: str
    axes: tuple[int | None, ...]
    shape: tuple[int, ...]
    scale: float | None
    order: Array | None = None

    @property
    def sizes(self) -> tuple[int, ...]:
        """Shape of the graph's tensor."""
        return tuple(1 if axis is None else self.shape[axis] for axis in self.axes)

    @property
    def long_axes(self) -> tuple[int, ...]:
        """Axes of the model's tensor of more than one element, in the graph's order."""
        return tuple(axis for axis in self.axes if axis is not None and self.shape[axis] > 1)

    def named(self, name: str, *, scale: float | None) -> "Lowered":
        """Return another tensor of the same shape, axes and order of elements."""
        return replace(self, name=name, scale=scale)

    def to_graph(self, values: Array) -> Array:
        """Return values [n, *shape] in the graph's order, [n, *sizes]."""
        order = [axis for axis in self.axes if axis is not None]
        missing = [axis for axis in range(len(self.shape)) if axis not in order]
        moved = values.transpose(0, *(axis + 1 for axis in (*missing, *order)))
        flat = moved.reshape(len(values), *self.sizes)
        return flat if self.order is None else flat[:, self.order]

    def to_model(self, values: Array) -> Array:
        """Return values [n, *sizes] in the model's order, [n, *shape]."""
        if self.order is not None:
            back = np.empty_like(values)
            back[:, self.order] = values
            values = back
        order = [axis for axis in self.axes if axis is not None]
        missing = [axis for axis in range(len(self.shape)) if axis not in order]
        present = values.reshape(
            len(values), *(1 for _ in missing), *(self.shape[a] for a in order)
        )
        places = (*missing, *order)
        back_to = [places.index(axis) + 1 for axis in range(len(self.shape))]
        return present.transpose(0, *back_to)

    def constant(self, values: Array) -> Array:
        """Return a constant that broadcasts with the model's tensor, for the graph's tensor.

        Parameters
        ----------
        values : of at most as many axes as the model's tensor.
        """
        full = values.reshape((1,) * (len(self.shape) - values.ndim) + values.shape)
        order = [axis for axis in self.axes if axis is not None]
        missing = [axis for axis in range(len(self.shape)) if axis not in order]
        moved = full.transpose(*missing, *order)
        sizes = iter(moved.shape[len(missing) :])
        result = moved.reshape([1 if axis is None else next(sizes) for axis in self.axes])
        if self.order is not None and result.size > 1:
            result = result.reshape(-1)[self.order]
        return np.ascontiguousarray(result)
