# SPDX-License-Identifier: Apache-2.0
"""What a network brings to a run: cases, options, data, golden outputs, score."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from alpine_models.checked_fields import check_fields
from alpine_models.errors import AlpineError
from alpine_sw.graph import Graph
from alpine_sw.library.workloads import Workload
from alpine_sw.mapping import Mapping as NetworkMapping
from alpine_sw.mapping.yaml_file import read_mapping
from alpine_sw.programs.batched import Evaluate

from .engines import Engine
from .software_choice import SoftwareChoice
from .system_choice import SystemChoice

__all__ = [
    "DIGITAL",
    "LOOSE",
    "MAPPED",
    "Asked",
    "Codes",
    "Network",
    "NetworkOptions",
    "Outputs",
    "Task",
    "chosen_mapping",
    "digital_cores",
    "sample_count",
]

DIGITAL = "digital"
"""Name of the reference without tiles, among the cases."""

MAPPED = "mapped"
"""Stands for a mapping that is given as a file, in place of a case."""

LOOSE = "loose"
"""Name of mappings onto tiles behind the I/O path, among the cases."""

Codes = NDArray[np.int8]
Outputs = NDArray[Any]


@dataclass(frozen=True, kw_only=True)
class NetworkOptions:
    """Options that one network has and others have not; its own class has them as fields."""

    def __post_init__(self) -> None:
        check_fields(self)

    @property
    def variant(self) -> str | None:
        """How the network differs from the one that its name stands for, in words."""
        return None

    def check(self, *, inferences: int | None, chips: int) -> None:
        """Refuse what does not fit to the rest of a run; by default everything does.

        Raises
        ------
        AlpineError
            The number of inferences or of chips does not fit to an option.
        """


class Asked(Protocol):
    """What of a run concerns its network: the `RunSpec` of a network is one of these."""

    @property
    def network(self) -> str:
        """Name in the table of networks."""
        ...

    @property
    def case(self) -> str:
        """Mapping, one of the network's cases, or `MAPPED`."""
        ...

    @property
    def mapping_file(self) -> Path | None:
        """File with the mapping in place of a case, or None."""
        ...

    @property
    def system(self) -> SystemChoice:
        """Where it will run."""
        ...

    @property
    def engine(self) -> Engine:
        """Where it will run: few inferences are the default where they are slow."""
        ...

    @property
    def software(self) -> SoftwareChoice:
        """Styles of the programs."""
        ...

    @property
    def inferences(self) -> int | None:
        """How many samples, or None for the network's default."""
        ...

    @property
    def seed(self) -> int:
        """Of all randomness."""
        ...

    @property
    def options(self) -> NetworkOptions:
        """Options of the network's own class."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """What a run executes and what it compares with.

    Members
    -------
    workload : what runs.
    inputs : int8 [inferences, inputs].
    golden : computes the outputs of an ideal system.
    accuracy : share of outputs that are right, or None where nothing says what is right.
    bits_per_character : of a language model's probabilities, or None.
    accuracy_fp32 : of the network before quantisation, or None.
    batched : the mapping without the system around it, or None for one without tiles.
    bits_fp32 : bits per character of the network before quantisation, or None.
    text : what a network has read and written by its outputs, or None.
    golden_reading : outputs of an ideal system that reads the text which `text` gave, or None.
    graph, mapping : the network and where its nodes run, or None where these are not data.
    reasons : why nodes run where they do, in Markdown, where the mapper chose.
    returned : of programs of a user's own, what each core's returned, filled while they run; else
        None.
    """

    workload: Workload
    inputs: Codes
    golden: Callable[[], Outputs]
    accuracy: Callable[[Codes], float] | None = None
    bits_per_character: Callable[[Outputs], float] | None = None
    accuracy_fp32: float | None = None
    batched: Evaluate | None = None
    bits_fp32: float | None = None
    text: Callable[[Outputs], str] | None = None
    golden_reading: Callable[[str], Outputs] | None = None
    graph: Graph | None = None
    mapping: NetworkMapping | None = None
    reasons: str | None = None
    returned: dict[int, Any] | None = None

    def with_product_cycles(self, cycles: int) -> "Task":
        """The same task on tiles whose product takes so many cycles."""
        return replace(self, workload=self.workload.with_product_cycles(cycles))


@dataclass(frozen=True, kw_only=True, slots=True)
class Network:
    """A network in the table.

    Members
    -------
    cases : mappings that it has, the digital reference included.
    options : class of its options; made without arguments it holds the defaults.
    prepare : makes the task; raises `AlpineError` for what does not fit.
    study_samples : of the data set that a study looks at unless it is told otherwise.
    fault_case, fault_inferences : of a fault campaign unless it is told otherwise.
    refusals : messages for options of other networks, by name, that say more than those networks'
        own; see `checked_fields.checked`.
    """

    cases: tuple[str, ...]
    options: type[NetworkOptions]
    prepare: Callable[[Asked], Task]
    study_samples: int = 1
    fault_case: str = "1"
    fault_inferences: int = 1
    refusals: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def option_names(self) -> tuple[str, ...]:
        """Names of the options."""
        return tuple(item.name for item in fields(self.options))


def chosen_mapping(asked: Asked, of_case: Callable[[], NetworkMapping]) -> NetworkMapping:
    """Return the mapping in the file that is given, or that of the case.

    Raises
    ------
    AlpineError
        The file cannot be read or holds no mapping.
    """
    return of_case() if asked.mapping_file is None else read_mapping(asked.mapping_file)


def sample_count(asked: Asked, *, default: int, available: int) -> int:
    """Return how many samples run.

    Raises
    ------
    AlpineError
        More than the data set has, or none.
    """
    count = default if asked.inferences is None else asked.inferences
    if not 1 <= count <= available:
        raise AlpineError(
            f"inferences must be 1 to {available}, the samples of the data set, not {count}"
        )
    return count


def digital_cores(asked: Asked, known: tuple[int, ...]) -> int:
    """Return on how many cores a digital reference runs, the first known number by default.

    Raises
    ------
    AlpineError
        The network has no such reference.
    """
    cores = asked.software.cores
    if cores is None:
        return known[0]
    if cores not in known:
        raise AlpineError(
            f"cores of the digital reference must be one of {', '.join(map(str, known))}, "
            f"not {cores}"
        )
    return cores
