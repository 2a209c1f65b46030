# SPDX-License-Identifier: Apache-2.0
"""Verilog of the IMC cluster's hardware, each top in a file that needs nothing else."""

from pathlib import Path

from alpine_models.files import make_folder, write_text
from alpine_models.imc_cluster import ImcConfig
from alpine_rtl.emission import emission
from alpine_rtl.register_files import cluster_c_header, cluster_python_header, register_page
from alpine_rtl.typed import Component
from alpine_rtl.verilog_files import WAIVERS

from .accelerators import ClusterAccelerators
from .depthwise import Depthwise
from .ima import Ima
from .tcdm import Tcdm, cluster_masters

__all__ = ["cluster_tops", "top_text", "write_cluster"]


def cluster_tops(config: ImcConfig) -> dict[str, Component]:
    """Return the tops by the names of their modules."""
    return {
        "ima": Ima(config=config),
        "depthwise": Depthwise(config=config),
        "tcdm": Tcdm(masters=cluster_masters(config)),
        "cluster_accelerators": ClusterAccelerators(config=config),
    }


def write_cluster(directory: Path, config: ImcConfig) -> list[Path]:
    """Write every top, the registers as C header and Python module, and their page.

    Returns
    -------
    The files written: ``<top>.v``, ``imc_cluster_registers.h``, ``imc_cluster_registers.py``,
    ``REGISTERS.md``.

    Raises
    ------
    AlpineError
        The directory cannot be made or written.
    """
    texts = {
        f"{name}.v": top_text(name, component) for name, component in cluster_tops(config).items()
    }
    texts |= {
        "imc_cluster_registers.h": cluster_c_header(),
        "imc_cluster_registers.py": cluster_python_header(),
        "REGISTERS.md": register_page(),
    }
    make_folder(directory)
    for name, text in texts.items():
        write_text(directory / name, text)
    return [directory / name for name in texts]


def top_text(name: str, component: Component) -> str:
    """Return a top's Verilog behind the lint rules that do not hold in it, with their reasons."""
    waived = [f"// {reason}\n/* verilator lint_off {rule} */\n" for rule, reason in WAIVERS]
    return "".join(waived) + emission(component, name=name).text
