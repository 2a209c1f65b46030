# SPDX-License-Identifier: Apache-2.0
"""Golden reference of convolutional layers: integer codes straight from the weights.

Images are channels last, `image[row, column, channel]`; a kernel's weights lie in the order of its
window, `weights[output, (row * side + column) * channels + channel]`. As `golden`, this shares no
code with a crossbar model or with a program that runs on a system.
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from . import golden

__all__ = ["Codes", "convolution", "max_pool", "normalise", "windows"]

Codes = NDArray[np.int8]

NEIGHBOURS = 5
BIAS, ALPHA, GAIN = np.float32(2.0), np.float32(1e-4), np.float32(2.0)


def windows(image: Codes, *, kernel: int, stride: int, pad: int) -> Codes:
    """Return the window of every output position as one row (im2col).

    Parameters
    ----------
    image : int8 [rows, columns, channels]
    kernel, stride : side and step of the square window.
    pad : zeros put around the image.

    Returns
    -------
    int8 [output rows * output columns, kernel * kernel * channels]

    Raises
    ------
    ValueError
        The window is larger than the padded image.
    """
    padded = np.pad(image, ((pad, pad), (pad, pad), (0, 0)))
    if kernel > min(padded.shape[:2]):
        raise ValueError(f"a window of {kernel} leaves the padded image {padded.shape[:2]}")
    views = sliding_window_view(padded, (kernel, kernel), axis=(0, 1))[::stride, ::stride]
    # [row, column, channel, window row, window column] -> channels innermost
    return views.transpose(0, 1, 3, 4, 2).reshape(-1, kernel * kernel * image.shape[2])


def convolution(
    image: Codes,
    weights: Codes,
    lsb: NDArray[np.float32],
    *,
    kernel: int,
    stride: int,
    pad: int,
) -> Codes:
    """Return the ADC codes of a convolution without bias, before any activation.

    Parameters
    ----------
    image : int8 [rows, columns, channels]
    weights : int8 [outputs, kernel * kernel * channels]
    lsb : float32 [outputs], dot product per code, positive.
    kernel, stride, pad : as in `windows`.

    Returns
    -------
    int8 [output rows, output columns, outputs]
    """
    rows, columns = ((side + 2 * pad - kernel) // stride + 1 for side in image.shape[:2])
    inputs = windows(image, kernel=kernel, stride=stride, pad=pad)
    return golden.dense(inputs, weights, lsb).reshape(rows, columns, len(weights))


def max_pool(image: Codes, *, kernel: int, stride: int, ceil: bool) -> Codes:
    """Return the maximum of every window and channel.

    Parameters
    ----------
    image : int8 [rows, columns, channels]
    kernel, stride : side and step of the square window.
    ceil : keep a last window that hangs over the edge (it takes what lies inside) instead of
        dropping it.
    """
    rows, columns = (
        range(0, -(-(side - kernel) // stride) * stride + 1 if ceil else side - kernel + 1, stride)
        for side in image.shape[:2]
    )
    return np.stack(
        [
            np.stack([image[r : r + kernel, c : c + kernel].max(axis=(0, 1)) for c in columns])
            for r in rows
        ]
    )


def normalise(image: Codes) -> Codes:
    """Return the codes after local response normalisation over five neighbouring channels.

    With S the sum of squares over channels c - 2 to c + 2 that exist, and every operation one
    IEEE 754 binary32 operation rounded to nearest even, in this order:

        s = 2 + 1e-4 * S;  r = sqrt(s);  p = r * sqrt(r);  code = clamp(rint((2 * q) / p))

    So p is s^0.75 from operations that every processor rounds alike; S is an integer below 2^17
    and exact. The constants are AlexNet's (Krizhevsky et al. 2012, Sec. 3.3), applied to codes;
    the factor 2 gives back the range that the division takes.

    Parameters
    ----------
    image : int8 [..., channels]
    """
    squares = np.pad(image.astype(np.int32) ** 2, [(0, 0)] * (image.ndim - 1) + [(2, 2)])
    sums = sliding_window_view(squares, NEIGHBOURS, axis=-1).sum(axis=-1)
    scale = BIAS + ALPHA * sums.astype(np.float32)
    root = np.sqrt(scale)
    quotients = GAIN * image.astype(np.float32) / (root * np.sqrt(root))
    return np.clip(np.rint(quotients), -128, 127).astype(np.int8)
