# SPDX-License-Identifier: Apache-2.0
"""Byte lanes: how consecutive bytes at any index reach a register bank in one cycle.

A bank of bytes is seen as a power of two of lanes, four unless told; lane k holds the bytes whose
index is k modulo their number. As many consecutive bytes as there are lanes then lie in different
lanes, each at word ``start // lanes`` or the next one, so a transfer needs a rotation by the
start's low bits and one decoder per lane, however it is aligned.
"""

from amaranth.hdl import Const, Mux, Value

from alpine_models.isa import GROUP_BYTES

__all__ = ["index_shape", "lane_bits", "lane_offset", "lane_word", "lane_words"]


def index_shape(size: int) -> range:
    """Shape of an index: at least one bit, as Verilog has no vectors without any."""
    return range(max(2, size))


def lane_bits(lanes: int) -> int:
    """Bits that number the lanes."""
    return lanes.bit_length() - 1


def lane_words(size: int, lane: int, lanes: int = GROUP_BYTES) -> int:
    """Number of bytes that a lane of a bank of the given size holds."""
    return (size - lane + lanes - 1) // lanes


def lane_offset(start: Value, lane: int, lanes: int = GROUP_BYTES) -> Value:
    """Position in the transfer, from 0 on, of the byte that belongs to a lane."""
    bits = lane_bits(lanes)
    return (lanes + lane - start[:bits])[:bits]


def lane_word(start: Value, lane: int, lanes: int = GROUP_BYTES) -> Value:
    """Word within a lane that a transfer beginning at ``start`` touches."""
    bits = lane_bits(lanes)
    low = start[:bits]
    word = start[bits:] if len(start) > bits else Const(0, 1)
    if lane >= (1 << len(low)) - 1:
        return word
    return word + Mux(low > lane, 1, 0)
