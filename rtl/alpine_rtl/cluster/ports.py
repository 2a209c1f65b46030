# SPDX-License-Identifier: Apache-2.0
"""The interfaces of the cluster's accelerators: configuration, memory, and beats within."""

from typing import Any, Protocol

from amaranth.hdl import Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from alpine_models.hwpe_registers import HWPE_ADDRESS_BITS
from alpine_models.register_map import REGISTER_BITS

__all__ = [
    "ADDRESS_BITS",
    "BeatSignature",
    "Beats",
    "ConfigurationPort",
    "ConfigurationSignature",
    "MemorySignature",
    "SharedMemoryPort",
]

ADDRESS_BITS = 32
"""Width of a byte address; addresses wrap at its end."""


class ConfigurationPort(Protocol):
    """What `ConfigurationSignature` makes."""

    signature: Any
    valid: Value
    ready: Value
    addr: Value
    write: Value
    wdata: Value
    rsp_valid: Value
    rsp_rdata: Value


class ConfigurationSignature(wiring.Signature):
    """Access to an accelerator's registers, from the side that asks.

    Members
    -------
    valid : Out(1), ready : In(1)
        An access is accepted at a clock edge at which both are high.
    addr : Out(8), write : Out(1), wdata : Out(32)
        Byte address, direction and data. Valid with ``valid``.
    rsp_valid : In(1), rsp_rdata : In(32)
        One response per access, in order, at the earliest in the next cycle, for one cycle; it
        cannot be stalled. Writes answer 0.
    """

    def __init__(self) -> None:
        super().__init__(
            {
                "valid": Out(1),
                "ready": In(1),
                "addr": Out(HWPE_ADDRESS_BITS),
                "write": Out(1),
                "wdata": Out(REGISTER_BITS),
                "rsp_valid": In(1),
                "rsp_rdata": In(REGISTER_BITS),
            }
        )


class SharedMemoryPort(Protocol):
    """What `MemorySignature` makes."""

    signature: Any
    req: Value
    gnt: Value
    addr: Value
    write: Value
    be: Value
    wdata: Value
    rvalid: Value
    rdata: Value


class MemorySignature(wiring.Signature):
    """Access to the shared memory, from the accelerator's side.

    Parameters
    ----------
    port_bytes : int
        Bytes that an access moves.

    Members
    -------
    req : Out(1), gnt : In(1)
        A request is taken at a clock edge at which both are high; until then it stays as it is.
    addr : Out(32), write : Out(1), be : Out(port_bytes), wdata : Out(8 * port_bytes)
        Address of the first byte, of any alignment, direction, and for each byte from there on
        whether it is meant. Valid with ``req``; ``wdata`` with ``write`` as well.
    rvalid : In(1), rdata : In(8 * port_bytes)
        What a read returned: exactly one cycle after its grant, and never else.
    """

    def __init__(self, port_bytes: int):
        super().__init__(
            {
                "req": Out(1),
                "gnt": In(1),
                "addr": Out(ADDRESS_BITS),
                "write": Out(1),
                "be": Out(port_bytes),
                "wdata": Out(8 * port_bytes),
                "rvalid": In(1),
                "rdata": In(8 * port_bytes),
            }
        )


class Beats(Protocol):
    """What `BeatSignature` makes."""

    signature: Any
    valid: Value
    taken: Value
    addr: Value
    count: Value
    wdata: Value
    last: Value


class BeatSignature(wiring.Signature):
    """Accesses that a block wants, on their way to the memory port.

    Parameters
    ----------
    port_bytes : int
        Bytes of the port.

    Members
    -------
    valid : Out(1), taken : In(1)
        A beat is wanted, and the memory has granted it in this cycle. Once shown to the memory, a
        beat is wanted until it is taken. ``taken`` depends on the memory's answer of the cycle.
    addr : Out(32), count : Out(range(port_bytes + 1)), wdata : Out(8 * port_bytes)
        Address, number of bytes from there on, and what to write. Valid with ``valid``.
    last : Out(1)
        It ends a vector: the port rests in the next cycle.
    """

    def __init__(self, port_bytes: int):
        super().__init__(
            {
                "valid": Out(1),
                "taken": In(1),
                "addr": Out(ADDRESS_BITS),
                "count": Out(range(port_bytes + 1)),
                "wdata": Out(8 * port_bytes),
                "last": Out(1),
            }
        )
