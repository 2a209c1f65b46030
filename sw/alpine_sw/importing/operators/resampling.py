# SPDX-License-Identifier: Apache-2.0
"""ONNX operators that make arrays larger or smaller around and between their elements."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from .operator import Array, OnnxOperator, UnsupportedError, integers, sized, up_to

__all__ = ["OnnxPad", "OnnxResize"]

MODES = {"constant": "constant", "reflect": "reflect", "edge": "edge", "wrap": "wrap"}
"""Ways of padding, by NumPy's names."""


@dataclass(frozen=True, kw_only=True)
class OnnxPad(OnnxOperator):
    """More elements at the ends of axes; fewer where a number is negative."""

    mode: str = "constant"

    def pairs(self, rank: int, pads: Any, axes: Any) -> list[tuple[int, int]]:
        """Return the elements before and behind every axis, of an operand of so many axes."""
        numbers = integers(pads)
        chosen = range(rank) if axes is None else integers(axes)
        if len(numbers) != 2 * len(chosen):
            raise UnsupportedError(f"pads {list(numbers)} do not fit {len(chosen)} axes")
        pairs = [(0, 0)] * rank
        for place, axis in enumerate(chosen):
            pairs[axis] = (numbers[place], numbers[place + len(chosen)])
        return pairs

    def evaluate(self, *operands: Any) -> tuple[Array, ...]:
        """Return the padded array."""
        x, pads, value, axes = up_to(operands, 4)
        if self.mode not in MODES:
            raise UnsupportedError(f"mode {self.mode} is not supported")
        pairs = self.pairs(x.ndim, pads, axes)
        sized(size + sum(pair) for size, pair in zip(x.shape, pairs, strict=True))
        part = tuple(
            slice(max(-before, 0), max(size + min(after, 0), 0))
            for size, (before, after) in zip(x.shape, pairs, strict=True)
        )
        more = [(max(before, 0), max(after, 0)) for before, after in pairs]
        if self.mode != "constant":
            return (np.pad(x[part], more, mode=MODES[self.mode]),)  # pyright: ignore
        fill = 0 if value is None else value.reshape(-1)[0]
        return (np.pad(x[part], more, constant_values=fill),)


@dataclass(frozen=True, kw_only=True)
class OnnxResize(OnnxOperator):
    """The nearest element of the operand for every element of another size."""

    limits = "modes other than nearest, tf_crop_and_resize, keep_aspect_ratio_policy, antialias"
    antialias: int = 0
    axes: tuple[int, ...] = ()
    coordinate_transformation_mode: str = "half_pixel"
    cubic_coeff_a: float = -0.75
    exclude_outside: int = 0
    extrapolation_value: float = 0.0
    keep_aspect_ratio_policy: str = "stretch"
    mode: str = "nearest"
    nearest_mode: str = "round_prefer_floor"

    def __post_init__(self) -> None:
        if self.mode != "nearest" or self.antialias:
            raise UnsupportedError(f"mode {self.mode} is not supported: only nearest is")
        if self.keep_aspect_ratio_policy != "stretch":
            raise UnsupportedError(f"policy {self.keep_aspect_ratio_policy} is not supported")
        if self.coordinate_transformation_mode not in COORDINATES:
            raise UnsupportedError(
                f"coordinates {self.coordinate_transformation_mode} are not supported"
            )
        if self.nearest_mode not in ROUNDINGS:
            raise UnsupportedError(f"nearest_mode {self.nearest_mode} is not supported")

    def indices(self, x: tuple[int, ...], scales: Any, sizes: Any) -> list[Array]:
        """Return, for every axis, which elements of the operand of a shape are taken."""
        axes = [range(len(x))[axis] for axis in self.axes] or list(range(len(x)))
        found = [np.arange(size) for size in x]
        if sizes is not None and sizes.size:
            new = [int(size) for size in integers(sizes)]
            factors = [size / x[axis] for size, axis in zip(new, axes, strict=True)]
        else:
            if scales is None or scales.size != len(axes) or not np.isfinite(scales).all():
                raise UnsupportedError("scales or sizes are needed, one per axis")
            factors = [float(scale) for scale in scales.reshape(-1)]
            new = [int(np.floor(x[axis] * f)) for axis, f in zip(axes, factors, strict=True)]
        if min(new) < 0:
            raise UnsupportedError(f"sizes {new} are refused")
        sized(new)
        for axis, size, factor in zip(axes, new, factors, strict=True):
            places = COORDINATES[self.coordinate_transformation_mode](
                np.arange(size, dtype=np.float64), x[axis], size, factor
            )
            rounded = ROUNDINGS[self.nearest_mode](places)
            found[axis] = np.clip(rounded, 0, x[axis] - 1).astype(np.int64)
        return found

    def evaluate(self, *operands: Any) -> tuple[Array, ...]:
        """Return the nearest elements."""
        x, _, scales, sizes = up_to(operands, 4)
        indices = self.indices(x.shape, scales, sizes)
        sized(map(len, indices))
        # Axes that shrink come first, so that nothing between is larger than both ends.
        for axis in sorted(range(x.ndim), key=lambda n: len(indices[n]) / max(x.shape[n], 1)):
            x = np.take(x, indices[axis], axis=axis)
        return (x,)


def _half_pixel(place: Array, old: int, new: int, scale: float) -> Array:
    return (place + 0.5) / scale - 0.5


def _symmetric(place: Array, old: int, new: int, scale: float) -> Array:
    center = old / 2 * (1 - new / (old * scale))
    return center + (place + 0.5) / scale - 0.5


def _pytorch(place: Array, old: int, new: int, scale: float) -> Array:
    return _half_pixel(place, old, new, scale) if new > 1 else np.zeros_like(place)


def _corners(place: Array, old: int, new: int, scale: float) -> Array:
    return place * ((old - 1) / (new - 1)) if new > 1 else np.zeros_like(place)


def _asymmetric(place: Array, old: int, new: int, scale: float) -> Array:
    return place / scale


COORDINATES = {
    "half_pixel": _half_pixel,
    "half_pixel_symmetric": _symmetric,
    "pytorch_half_pixel": _pytorch,
    "align_corners": _corners,
    "asymmetric": _asymmetric,
}
"""Where an element of the result lies in the operand, by coordinate_transformation_mode."""

ROUNDINGS: dict[str, Callable[[Array], Array]] = {
    "floor": np.floor,
    "ceil": np.ceil,
    "round_prefer_floor": lambda place: np.ceil(place - 0.5),
    "round_prefer_ceil": lambda place: np.floor(place + 0.5),
}
"""Which element is the nearest one, by nearest_mode."""
