# SPDX-License-Identifier: Apache-2.0
"""Byte lanes: how four consecutive bytes at any index reach a register bank in one cycle.

A bank of bytes is seen as four lanes; lane k holds the bytes whose index is k modulo 4. Any four
consecutive bytes then lie in four different lanes, each at word ``start // 4`` or the next one, so
a transfer needs a rotation by the start's low bits and one decoder per lane, however it is aligned.
"""

from amaranth.hdl import Const, Mux, Value

from alpine_models.isa import GROUP_BYTES

__all__ = ["index_shape", "lane_offset", "lane_word", "lane_words"]


def index_shape(size: int) -> range:
    """Shape of an index: at least one bit, as Verilog has no vectors without any."""
    return range(max(2, size))


def lane_words(size: int, lane: int) -> int:
    """Number of bytes that a lane of a bank of the given size holds."""
    return (size - lane + GROUP_BYTES - 1) // GROUP_BYTES


def lane_offset(start: Value, lane: int) -> Value:
    """Position in the transfer, 0 to 3, of the byte that belongs to a lane."""
    return (lane - start[:2])[:2]


def lane_word(start: Value, lane: int) -> Value:
    """Word within a lane that a transfer beginning at ``start`` touches."""
    low = start[:2]
    word = start[2:] if len(start) > 2 else Const(0, 1)
    if lane >= (1 << len(low)) - 1:
        return word
    return word + Mux(low > lane, 1, 0)
