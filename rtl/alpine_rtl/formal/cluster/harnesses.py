# SPDX-License-Identifier: Apache-2.0
"""The cluster's blocks of which something is proved, and how far their situations lie."""

from .block import BlockHarness
from .contexts import ControlHarness
from .loops import AddressHarness
from .port_multiplexer import MultiplexerHarness
from .streams import SinkHarness, SourceHarness
from .tcdm import TcdmByteHarness, TcdmGrantHarness

__all__ = ["CLUSTER_BLOCKS", "cluster_properties"]

CLUSTER_BLOCKS: dict[str, tuple[type[BlockHarness], int]] = {
    "grants of the TCDM interconnect": (TcdmGrantHarness, 5),
    "bytes of the TCDM": (TcdmByteHarness, 4),
    "address generator": (AddressHarness, 6),
    "HWPE control": (ControlHarness, 12),
    "stream source": (SourceHarness, 8),
    "stream sink": (SinkHarness, 7),
    "port multiplexer": (MultiplexerHarness, 8),
}
"""By name: the harness, and in how many cycles its situations come about."""


def cluster_properties() -> dict[str, str]:
    """Return what all of them promise, by property."""
    found: dict[str, str] = {}
    for harness, _ in CLUSTER_BLOCKS.values():
        found |= harness.properties
    return found
