# SPDX-License-Identifier: Apache-2.0
# pyright: basic
# Reason for the header: numba gives no types; see `cluster_kernel`.
"""Compiled DMA: rectangles of bytes between the scratch-pad memory and the memory behind it.

Transfers are done one after the other. Each takes some cycles to start and then, per cycle in which
both memories take part, up to a width of bytes of a row; a row's end cuts such a beat short. It is
a master of the scratch-pad memory like any other, and its bytes may begin anywhere.
"""

from alpine_models.cluster_registers import DMA_REGISTERS
from alpine_platform.compiled.compiling import compiled

(
    R_SOURCE, R_DESTINATION, R_ROW_BYTES, R_ROWS, R_SOURCE_STRIDE, R_DESTINATION_STRIDE,
    R_START, R_WAITING, R_TRANSFERS, R_BYTES, R_BUSY, R_STALLED, R_REFUSED,
) = (
    DMA_REGISTERS[name].offset
    for name in (
        "source", "destination", "row_bytes", "rows", "source_stride", "destination_stride",
        "start", "waiting", "transfers", "bytes", "busy_cycles", "stalled_cycles", "refused",
    )
)  # fmt: skip
WORD = (1 << 32) - 1


@compiled
def signed(word):
    """Value of a 32-bit word in two's complement."""
    return (word & WORD) - ((word & 1 << 31) << 1)


@compiled
def dma_read(c, offset):
    """Contents of a register of the DMA."""
    d, described = c.dma[0], c.transfers[c.transfers.shape[0] - 1]
    word = 0
    if offset == R_SOURCE:
        word = described.source
    elif offset == R_DESTINATION:
        word = described.destination
    elif offset == R_ROW_BYTES:
        word = described.row_bytes
    elif offset == R_ROWS:
        word = described.rows
    elif offset == R_SOURCE_STRIDE:
        word = described.source_stride
    elif offset == R_DESTINATION_STRIDE:
        word = described.destination_stride
    elif offset == R_WAITING:
        word = d.waiting
    elif offset == R_TRANSFERS:
        word = d.transfers
    elif offset == R_BYTES:
        word = d.bytes
    elif offset == R_BUSY:
        word = d.busy_cycles
    elif offset == R_STALLED:
        word = c.masters[d.master].refused
    elif offset == R_REFUSED:
        word = d.refused
    return word & WORD


@compiled
def dma_write(c, offset, word, cycle):
    """Write a register of the DMA in a cycle; a start may be refused, which is counted."""
    described = c.transfers[c.transfers.shape[0] - 1]
    if offset == R_SOURCE:
        described.source = word
    elif offset == R_DESTINATION:
        described.destination = word
    elif offset == R_ROW_BYTES:
        described.row_bytes = word
    elif offset == R_ROWS:
        described.rows = word
    elif offset == R_SOURCE_STRIDE:
        described.source_stride = signed(word)
    elif offset == R_DESTINATION_STRIDE:
        described.destination_stride = signed(word)
    elif offset == R_START:
        start(c, cycle)


@compiled
def start(c, cycle):
    """Queue the transfer that the registers describe, or refuse it."""
    d, queued = c.dma[0], c.transfers.shape[0] - 1
    described = c.transfers[queued]
    leaves = whole(c, described, True, True) and whole(c, described, False, False)
    comes = whole(c, described, True, False) and whole(c, described, False, True)
    if d.waiting == queued or not (leaves or comes):
        d.refused += 1
        return
    t = c.transfers[(d.head + d.waiting) % queued]
    t.source, t.destination = described.source, described.destination
    t.row_bytes, t.rows = described.row_bytes, described.rows
    t.source_stride = described.source_stride
    t.destination_stride = described.destination_stride
    t.from_pad, t.cycle = int(leaves), cycle
    d.waiting += 1


@compiled
def whole(c, described, of_source, in_pad):
    """Whether one side of a transfer, which must not be empty, lies in one of the memories."""
    begin = described.source if of_source else described.destination
    stride = described.source_stride if of_source else described.destination_stride
    low = c.pad[0].address if in_pad else c.dma[0].memory_address
    size = c.pad[0].size_bytes if in_pad else c.dma[0].memory_size_bytes
    last = begin + (described.rows - 1) * stride
    end = max(begin, last) + described.row_bytes
    filled = described.row_bytes > 0 and described.rows > 0
    return filled and min(begin, last) >= low and end <= low + size


@compiled
def dma_show(c, cycle):
    """Show the request of a cycle, if there is one, before it is decided."""
    d = c.dma[0]
    master = c.masters[d.master]
    master.wants = 0
    if d.waiting == 0:
        return
    t = c.transfers[d.head]
    if cycle < t.cycle:
        return
    d.busy_cycles += 1
    if d.started < d.start_cycles:
        d.started += 1
        return
    time = cycle * d.period_fs
    if time < d.free_fs:
        return
    size = min(d.width_bytes, d.memory_width_bytes, t.row_bytes - d.column)
    d.moving_bytes = size
    begin = t.source if t.from_pad else t.destination
    stride = t.source_stride if t.from_pad else t.destination_stride
    master.wants = 1
    master.address = begin + d.row * stride + d.column
    master.size_bytes = size
    master.write = 1 - t.from_pad


@compiled
def dma_move(c, cycle):
    """Move the bytes of a cycle whose request was granted; return whether a transfer has ended."""
    d = c.dma[0]
    master = c.masters[d.master]
    if master.wants == 0 or master.granted == 0:
        return False
    t = c.transfers[d.head]
    inner = master.address - c.pad[0].address
    begin = t.destination if t.from_pad else t.source
    stride = t.destination_stride if t.from_pad else t.source_stride
    outer = begin + d.row * stride + d.column - d.memory_address
    for offset in range(d.moving_bytes):
        if t.from_pad:
            c.memory_bytes[outer + offset] = c.pad_bytes[inner + offset]
        else:
            c.pad_bytes[inner + offset] = c.memory_bytes[outer + offset]
    d.bytes += d.moving_bytes
    edge = -(-cycle * d.period_fs // d.memory_period_fs)
    d.free_fs = (edge + 1) * d.memory_period_fs
    d.column += d.moving_bytes
    if d.column < t.row_bytes:
        return False
    d.column = 0
    d.row += 1
    if d.row < t.rows:
        return False
    d.row = d.started = 0
    d.head = (d.head + 1) % (c.transfers.shape[0] - 1)
    d.waiting -= 1
    d.transfers += 1
    return True
