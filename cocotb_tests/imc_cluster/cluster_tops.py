# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: Apache-2.0
"""The tops of the IMC cluster in the geometries of their testbench, by name."""

from tcdm_bench import MASTERS, WORDS

from alpine_models.imc_cluster import Execution, ImcConfig
from alpine_rtl.cluster.accelerators import ClusterAccelerators
from alpine_rtl.cluster.depthwise import Depthwise
from alpine_rtl.cluster.ima import Ima
from alpine_rtl.cluster.tcdm import Tcdm
from alpine_rtl.typed import Component

__all__ = ["CONFIGURATIONS", "top"]

SMALL = {"rows": 6, "columns": 5, "port_bytes": 4, "crossbars": 2}
CONFIGURATIONS = {
    "ima": ImcConfig(**SMALL),
    "ima_sequential": ImcConfig(**SMALL, execution=Execution.SEQUENTIAL),
    "ima_two_ports": ImcConfig(**SMALL, memory_ports=2),
    "ima_sequential_two_ports": ImcConfig(**SMALL, execution=Execution.SEQUENTIAL, memory_ports=2),
    "depthwise": ImcConfig(rows=2, columns=2, port_bytes=16),
    "cluster_accelerators": ImcConfig(rows=6, columns=5, port_bytes=16, crossbars=2),
    "tcdm": None,
}
MODULES = {"depthwise": Depthwise, "cluster_accelerators": ClusterAccelerators}


def top(name: str) -> Component:
    """Return the top of a configuration."""
    config = CONFIGURATIONS[name]
    if config is None:
        return Tcdm(masters=MASTERS, words=WORDS)
    return MODULES.get(name, Ima)(config=config)
