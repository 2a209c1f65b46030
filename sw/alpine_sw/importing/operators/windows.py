# SPDX-License-Identifier: Apache-2.0
"""Windows over the space axes of [batch, channels, *space], as ONNX places them."""

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from .operator import MAX_ELEMENTS, Array, UnsupportedError, integers, sized

__all__ = ["Placement", "WindowAttributes"]


@dataclass(frozen=True, kw_only=True)
class WindowAttributes:
    """What a node says of its windows; empty means ones, or zeros for pads."""

    kernel: tuple[int, ...]
    strides: tuple[int, ...]
    dilations: tuple[int, ...]
    pads: tuple[int, ...]
    auto_pad: str
    ceil: bool = False

    def place(self, space: tuple[int, ...]) -> "Placement":
        """Return where windows stand on an image.

        Raises
        ------
        UnsupportedError
            Numbers are missing or out of range, or no window fits.
        """
        axes = len(space)
        kernel = integers(self.kernel)
        strides = integers(self.strides or (1,) * axes)
        dilations = integers(self.dilations or (1,) * axes)
        pads = integers(self.pads or (0,) * (2 * axes))
        if (
            not axes
            or {len(kernel), len(strides), len(dilations)} != {axes}
            or (len(pads) != 2 * axes)
        ):
            raise UnsupportedError(f"window, strides, dilations and pads must have {axes} axes")
        if min(*kernel, *strides, *dilations) < 1 or min(pads) < 0:
            raise UnsupportedError("window, strides and dilations start at 1, pads at 0")
        spans = tuple((k - 1) * d + 1 for k, d in zip(kernel, dilations, strict=True))
        before, after = self._pads(space, spans, strides, pads)
        counts = list[int]()
        for axis, size in enumerate(space):
            room = size + before[axis] + after[axis] - spans[axis]
            steps = -(-room // strides[axis]) if self.ceil else room // strides[axis]
            if self.ceil and steps * strides[axis] >= size + before[axis]:
                steps -= 1
            if room < 0 and not (self.ceil and steps >= 0):
                raise UnsupportedError(f"no window of {spans[axis]} fits {size} elements")
            counts.append(steps + 1)
        return Placement(
            kernel=kernel,
            strides=strides,
            dilations=dilations,
            before=before,
            after=after,
            counts=tuple(counts),
        )

    def _pads(
        self,
        space: tuple[int, ...],
        spans: tuple[int, ...],
        strides: tuple[int, ...],
        pads: tuple[int, ...],
    ) -> tuple[tuple[int, ...], tuple[int, ...]]:
        axes = len(space)
        if self.auto_pad == "NOTSET":
            return pads[:axes], pads[axes:]
        if self.auto_pad == "VALID":
            return (0,) * axes, (0,) * axes
        if self.auto_pad not in ("SAME_UPPER", "SAME_LOWER"):
            raise UnsupportedError(f"auto_pad {self.auto_pad} is not supported")
        total = [
            max((-(-size // stride) - 1) * stride + span - size, 0)
            for size, span, stride in zip(space, spans, strides, strict=True)
        ]
        less, more = tuple(t // 2 for t in total), tuple(t - t // 2 for t in total)
        return (less, more) if self.auto_pad == "SAME_UPPER" else (more, less)


@dataclass(frozen=True, kw_only=True)
class Placement:
    """Where windows stand on images of one size.

    Members
    -------
    kernel, strides, dilations : per space axis.
    before, after : padding per space axis.
    counts : positions per space axis.
    """

    kernel: tuple[int, ...]
    strides: tuple[int, ...]
    dilations: tuple[int, ...]
    before: tuple[int, ...]
    after: tuple[int, ...]
    counts: tuple[int, ...]

    def windows(self, images: Array, *, fill: float) -> Array:
        """Return a view [batch, channels, *counts, *kernel] of padded images.

        Raises
        ------
        UnsupportedError
            The padded images are larger than any array may be.
        """
        axes = len(self.counts)
        spans = [(k - 1) * d + 1 for k, d in zip(self.kernel, self.dilations, strict=True)]
        pads = [(0, 0), (0, 0)]
        for axis in range(axes):
            size = images.shape[2 + axis]
            needed = (self.counts[axis] - 1) * self.strides[axis] + spans[axis]
            after = max(self.after[axis], needed - size - self.before[axis])
            pads.append((self.before[axis], after))
        sized(size + sum(pad) for size, pad in zip(images.shape, pads, strict=True))
        if any(map(any, pads)):
            images = np.pad(images, pads, constant_values=fill)
        view = sliding_window_view(images, spans, axis=tuple(range(2, 2 + axes)))
        steps = [slice(None)] * 2
        steps += [
            slice(0, (count - 1) * stride + 1, stride)
            for count, stride in zip(self.counts, self.strides, strict=True)
        ]
        steps += [slice(None, None, dilation) for dilation in self.dilations]
        return view[tuple(steps)]

    @property
    def work(self) -> int:
        """Elements of all windows of one channel."""
        return int(np.prod([*self.counts, *self.kernel], dtype=object))

    def check_work(self, channels: int) -> None:
        """Refuse windows that hold more than half of the elements that an array may.

        Raises
        ------
        UnsupportedError
            They do.
        """
        if 2 * self.work * channels > MAX_ELEMENTS:
            raise UnsupportedError(
                f"windows of {list(self.kernel)} at {list(self.counts)} positions and {channels} "
                "channels are more than is allowed"
            )
