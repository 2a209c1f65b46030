# SPDX-License-Identifier: Apache-2.0
"""Register map of a cluster's DMA."""

from .register_map import REGISTER_BITS, Access, Field, Register, RegisterMap

__all__ = ["DMA_REGISTERS"]


def _word(name: str, offset: int, access: Access, description: str) -> Register:
    value = Field(name="value", low=0, width=REGISTER_BITS, access=access, description="")
    return Register(name=name, offset=offset, fields=(value,), description=description)


_RO, _RW, _W1 = Access.READ_ONLY, Access.READ_WRITE, Access.WRITE_ONE

DMA_REGISTERS = RegisterMap(
    name="cluster_dma",
    title="DMA of a cluster",
    registers=(
        _word("source", 0x00, _RW, "Address of the first byte to read."),
        _word("destination", 0x04, _RW, "Address of the first byte to write."),
        _word("row_bytes", 0x08, _RW, "Bytes that lie side by side."),
        _word("rows", 0x0C, _RW, "How often so many."),
        _word("source_stride", 0x10, _RW, "From row to row where is read, two's complement."),
        _word("destination_stride", 0x14, _RW, "The same where is written."),
        _word(
            "start", 0x18, _W1,
            "A write of any value queues the transfer. It is refused where the queue is full, the"
            " transfer is empty, or not between the scratch-pad memory and the one behind.",
        ),
        _word("waiting", 0x1C, _RO, "Transfers in the queue, the one under way included."),
        _word("transfers", 0x20, _RO, "Transfers finished, modulo 2**32."),
        _word("bytes", 0x24, _RO, "Bytes moved, modulo 2**32."),
        _word("busy_cycles", 0x28, _RO, "Cycles with a transfer under way, modulo 2**32."),
        _word("stalled_cycles", 0x2C, _RO, "Of these, waiting for a bank, modulo 2**32."),
        _word("refused", 0x30, _RO, "Starts that were refused, modulo 2**32."),
    ),
)  # fmt: skip
"""One transfer is described at a time; the queue keeps what was described when it was started."""
