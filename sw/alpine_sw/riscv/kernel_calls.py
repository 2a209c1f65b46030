# SPDX-License-Identifier: Apache-2.0
"""Kernels in assembly: what each is given, and where in the call's words it finds that.

Maps are signed bytes; HWC has the channels of a pixel side by side, CHW the pixels of a channel.
Sums have 32 bits; a result is ``max(low, clip(sum >> shift, -128, 127))``, with an arithmetic
shift and ``low`` of -128 or, with ReLU, 0. A call's words are the kernel's number, then its
parameters; `command_list` makes them. Buffers lie in the TCDM from symbol ``alpine_heap`` on,
anywhere; words of odd sizes are then misaligned, at a cycle each.
"""

from collections.abc import Mapping
from pathlib import Path

__all__ = ["KERNELS", "kernel_header", "kernel_program"]

MAP = ("input", "output")
RESULT = ("shift", "low")
KERNELS: Mapping[str, tuple[str, ...]] = {
    # HWC; weights [channels_out][channels_in].
    "pointwise": (*MAP, "weights", "pixels", "channels_in", "channels_out", *RESULT),
    # HWC; weights [channels_out][side][side][channels_in]; scratch of 2 side^2 channels_in + 8
    # bytes per core.
    "convolution": (
        *MAP, "weights", "pixels", "channels_in", "channels_out", *RESULT, "scratch", "height",
        "width", "side", "stride", "padding", "out_width",
    ),
    # CHW, 3 x 3, stride 1, one pixel of padding; weights [3][3][channels]; scratch per core:
    # (height + 2) pitch + 8 bytes, where pitch is width + 2 rounded up to words.
    "depthwise_3x3": (
        *MAP, "weights", "channels", "height", "width", *RESULT, "scratch", "scratch_bytes",
        "pitch", "padding", "out_height", "out_width", "pixel_stride", "channel_stride",
    ),
    # CHW, any side, stride and padding, with 2 padding in place of 2 in the sizes above.
    "depthwise_generic": (
        *MAP, "weights", "channels", "height", "width", *RESULT, "scratch", "scratch_bytes",
        "pitch", "padding", "out_height", "out_width", "pixel_stride", "channel_stride",
        "side", "stride",
    ),
    # [rows][columns] to [columns][rows]: HWC to CHW with pixels as rows, and back.
    "transposition": (*MAP, "rows", "columns"),
    # input x scale + other x other_scale, element by element.
    "addition": (*MAP, "other", "elements", "scale", "other_scale", *RESULT),
    # HWC, windows side x side without padding; the largest, or sum x scale where scale is not 0.
    "pooling": (
        *MAP, "channels", "width", "side", "stride", "out_height", "out_width", "scale", *RESULT,
    ),
    # Sum of so many maps of elements bytes, one behind the other.
    "partial_sums": (*MAP, "elements", "parts", *RESULT),
}  # fmt: skip
"""Parameters of each kernel in the order of the call's words; the order is the kernels' number."""


def kernel_header() -> str:
    """Return the offsets of all parameters, for the assembler."""
    lines = [
        f"#define {kernel.upper()}_{name.upper()} {4 * (place + 1)}"
        for kernel, names in KERNELS.items()
        for place, name in enumerate(names)
    ]
    table = ", ".join(KERNELS)
    return "\n".join([*lines, f"#define KERNEL_TABLE {table}", ""])


def kernel_program() -> Path:
    """Return the ELF file of all kernels, assembled by LLVM from the sources beside it."""
    return Path(__file__).parent / "assembly" / "kernels.elf"
