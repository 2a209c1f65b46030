# SPDX-License-Identifier: Apache-2.0
"""Where the nodes of any network run: pieces that fit tiles, and the cores that take them."""

from .compiled import CompiledNetwork, compile_network
from .hardware import Hardware
from .network_mapping import MappedNetwork, map_network

__all__ = ["CompiledNetwork", "Hardware", "MappedNetwork", "compile_network", "map_network"]
