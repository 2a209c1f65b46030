# SPDX-License-Identifier: Apache-2.0
"""One description of a run on a many-core."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alpine_cosim.spec.keywords import run_spec
from alpine_models.checks import checked_path, whole_number
from alpine_models.choices import choose
from alpine_models.errors import AlpineError
from alpine_platform.manycore import ManyCoreConfig, changed_many_core
from alpine_sw.graph import Graph
from alpine_sw.graph.tensors import Array
from alpine_sw.manycore import ALLOCATIONS, Allocation
from alpine_sw.manycore.yaml_file import read_allocation

__all__ = ["DEFAULT_CASE", "ManyCoreSpec", "many_core_spec"]

DEFAULT_CASE = "auto"
DEFAULT_IMAGES = 16


@dataclass(frozen=True, kw_only=True, slots=True)
class ManyCoreSpec:
    """What a run on a many-core depends on, but for the code.

    Members
    -------
    network : a name from the table of networks, or the path of an ONNX file.
    config : the machine.
    case : name of an allocation, from `alpine_sw.manycore.ALLOCATIONS`.
    mapping : file with an allocation in its place, or None.
    images : of the batch.
    rtl_clusters : clusters that run in RTL beside the model for the first image.
    rtl_chunks : of each of them; 0 for all.
    options : further keywords of `run_spec` that say what the network is: data of a model file.
    """

    network: str
    config: ManyCoreConfig
    case: str = DEFAULT_CASE
    mapping: Path | None = None
    images: int = DEFAULT_IMAGES
    rtl_clusters: int = 0
    rtl_chunks: int = 1
    options: tuple[tuple[str, Any], ...] = ()

    def network_and_inputs(self) -> tuple[Graph, Array]:
        """Return the graph and the images that it reads.

        Raises
        ------
        AlpineError
            The network is unknown or has not so many inputs, or its files cannot be read.
        """
        task = run_spec(
            self.network,
            case="digital",
            engine="model",
            inferences=self.images,
            **dict(self.options),  # type: ignore[arg-type]
        ).task()
        if task.graph is None:
            raise AlpineError(f"network {self.network} is no graph: choose resnet-18 or a CNN")
        return task.graph, task.inputs

    def allocation(self, graph: Graph) -> Allocation:
        """Return which clusters have which layer.

        Raises
        ------
        AlpineError
            The file holds none, or the network does not fit.
        """
        if self.mapping is not None:
            return read_allocation(self.mapping)
        return ALLOCATIONS[self.case](graph, self.config)


def many_core_spec(
    network: str,
    *,
    system: str,
    case: str | None = None,
    mapping: Path | str | None = None,
    inferences: int | None = None,
    config_file: Path | str | None = None,
    settings: Sequence[str] = (),
    **further: Any,
) -> ManyCoreSpec:
    """Return a description of a run as a person makes it; `ManyCoreSpec` says what each is.

    Parameters
    ----------
    config_file, settings : fields of the machine to replace, as in `SystemChoice.of`.
    further : ``rtl_clusters``, ``rtl_chunks``, and keywords of `run_spec` that say what the network
        is.

    Raises
    ------
    AlpineError
        A name is unknown, or a value cannot be read or is impossible.
    """
    if case is not None and mapping is not None:
        raise AlpineError(f"mapping file {mapping} stands in place of case {case}: leave one out")
    rtl = {
        name: whole_number(name.replace("_", " "), further.pop(name), least=0)
        for name in ("rtl_clusters", "rtl_chunks")
        if name in further
    }
    return ManyCoreSpec(
        network=network,
        config=changed_many_core(system, config_file=config_file, settings=settings),
        case=choose("case", case or DEFAULT_CASE, ALLOCATIONS),
        mapping=None if mapping is None else checked_path("mapping file", mapping),
        images=DEFAULT_IMAGES if inferences is None else inferences,
        **rtl,
        options=tuple(further.items()),
    )
