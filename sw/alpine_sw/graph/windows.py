# SPDX-License-Identifier: Apache-2.0
"""Windows that move over an image: where they stand, and what part of the image they cover."""

from dataclasses import dataclass

from alpine_models.checks import whole_number
from alpine_models.errors import AlpineError

__all__ = ["SlidingWindow", "square"]


@dataclass(frozen=True, kw_only=True, slots=True)
class SlidingWindow:
    """A window over the rows and columns of an image, one position per output.

    Members
    -------
    size : rows and columns of the image that it reads.
    strides : rows and columns from one position to the next.
    pads : rows and columns added around the image: (top, left, bottom, right).
    dilation : distance of neighbouring rows and columns within the window.
    ceil : keep a last position that hangs over the (padded) image's edge in place of dropping it;
        for pooling alone.

    Raises
    ------
    AlpineError
        A number is out of range.
    """

    size: tuple[int, int]
    strides: tuple[int, int] = (1, 1)
    pads: tuple[int, int, int, int] = (0, 0, 0, 0)
    dilation: tuple[int, int] = (1, 1)
    ceil: bool = False

    def __post_init__(self) -> None:
        for name, least, count in (
            ("size", 1, 2),
            ("strides", 1, 2),
            ("pads", 0, 4),
            ("dilation", 1, 2),
        ):
            values = tuple(getattr(self, name))
            if len(values) != count:
                raise AlpineError(f"{name} of a window are {values}: give {count} whole numbers")
            checked = tuple(whole_number(f"{name} of a window", v, least=least) for v in values)
            object.__setattr__(self, name, checked)

    @property
    def span(self) -> tuple[int, int]:
        """Rows and columns from the first to the last that it reads."""
        rows, columns = (
            (size - 1) * step + 1 for size, step in zip(self.size, self.dilation, strict=True)
        )
        return rows, columns

    @property
    def least(self) -> str:
        """What an image must have, in words."""
        rows, columns = self._room
        return f"padded by {list(self.pads)} at least {rows} rows and {columns} columns"

    def fits(self, shape: tuple[int, ...]) -> bool:
        """Return whether an image of a shape (rows, columns, ...) has room for one window."""
        return all(
            length >= needed for length, needed in zip(self._padded(shape), self._room, strict=True)
        )

    def positions(self, shape: tuple[int, ...]) -> tuple[int, int]:
        """Return the rows and columns of positions on an image of a shape (rows, columns, ...).

        A position that would lie in the padding behind the image alone is dropped.
        """
        counts: list[int] = []
        for axis, (length, span) in enumerate(zip(self._padded(shape), self.span, strict=True)):
            stride = self.strides[axis]
            steps = (length - span) // stride
            if self.ceil:
                behind = shape[axis] + self.pads[axis]
                steps = min(-((span - length) // stride), (behind - 1) // stride)
            counts.append(steps + 1)
        rows, columns = counts
        return rows, columns

    @property
    def _room(self) -> tuple[int, int]:
        """Padded rows and columns that one window needs: less than its span where it hangs over."""
        rows, columns = (
            span - (stride - 1 if self.ceil else 0)
            for span, stride in zip(self.span, self.strides, strict=True)
        )
        return rows, columns

    def _padded(self, shape: tuple[int, ...]) -> tuple[int, int]:
        top, left, bottom, right = self.pads
        return shape[0] + top + bottom, shape[1] + left + right


def square(size: int, *, stride: int = 1, pad: int = 0, ceil: bool = False) -> SlidingWindow:
    """Return a square window with the same stride and padding in both directions."""
    return SlidingWindow(
        size=(size, size), strides=(stride, stride), pads=(pad, pad, pad, pad), ceil=ceil
    )
