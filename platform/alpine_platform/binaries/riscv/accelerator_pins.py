# SPDX-License-Identifier: Apache-2.0
"""The pins of a cluster's accelerators in native memory, and who may stand behind them."""

import ctypes
from pathlib import Path
from typing import Any, Protocol

from alpine_models.hwpe_registers import geometry_word
from alpine_models.imc_cluster import Execution, ImcConfig

__all__ = [
    "MOST_MEMORY_PORTS",
    "AcceleratorCalls",
    "AcceleratorGeometry",
    "AcceleratorInputs",
    "AcceleratorOutputs",
    "Accelerators",
    "JobRecord",
    "ProductRecord",
    "pins_header",
]

CONFIGURATION_PORTS, MOST_MEMORY_PORTS, MOST_PORT_BYTES = 2, 2, 64


def pins_header() -> Path:
    """Return the C++ header of the pins, which who drives them includes."""
    return Path(__file__).parent / "native" / "accelerator_pins.hpp"


def _words(names: str) -> list[tuple[str, Any]]:
    return [(name, ctypes.c_uint32) for name in names.split()]


_DATA = ("data", ctypes.c_uint8 * MOST_PORT_BYTES)


class ConfigurationAccess(ctypes.Structure):
    """An access that is shown to a configuration port."""

    _fields_ = _words("valid write address data")


class ConfigurationAnswer(ctypes.Structure):
    """What a configuration port shows."""

    _fields_ = _words("ready valid data")


class MemoryRequest(ctypes.Structure):
    """What a memory port shows."""

    _fields_ = [*_words("valid write address bytes"), _DATA]


class MemoryAnswer(ctypes.Structure):
    """What a memory port is shown."""

    _fields_ = [*_words("granted valid"), _DATA]


class AcceleratorInputs(ctypes.Structure):
    """`AcceleratorInputs` of native/accelerator_pins.hpp: what the cluster drives in a cycle."""

    _fields_ = [
        ("access", ConfigurationAccess * CONFIGURATION_PORTS),
        ("memory", MemoryAnswer * MOST_MEMORY_PORTS),
    ]
    access: Any
    memory: Any


class AcceleratorOutputs(ctypes.Structure):
    """`AcceleratorOutputs` of native/accelerator_pins.hpp: what the accelerators drive."""

    _fields_ = [
        ("answer", ConfigurationAnswer * CONFIGURATION_PORTS),
        ("memory", MemoryRequest * MOST_MEMORY_PORTS),
        ("event_done", ctypes.c_uint32 * CONFIGURATION_PORTS),
        *_words("start phase select"),
    ]
    answer: Any
    memory: Any
    event_done: Any
    start: int
    phase: int
    select: int


class AcceleratorCalls(ctypes.Structure):
    """`AcceleratorCalls` of native/accelerator_pins.hpp; without a step, Python makes the edges."""

    _fields_ = [
        ("context", ctypes.c_void_p),
        ("step", ctypes.c_void_p),
        ("skip", ctypes.c_void_p),
    ]


class AcceleratorGeometry(ctypes.Structure):
    """`AcceleratorGeometry` of native/ima_model.hpp."""

    _fields_ = [
        *_words("rows columns crossbars port_bytes memory_ports pipelined"),
        ("least_weight", ctypes.c_int32),
        ("greatest_weight", ctypes.c_int32),
        *_words("word"),
    ]

    @classmethod
    def of(cls, config: ImcConfig) -> "AcceleratorGeometry":
        """Return what native sources know of a configuration."""
        return cls(
            config.rows,
            config.columns,
            config.crossbars,
            config.port_bytes,
            config.memory_ports,
            config.execution is Execution.PIPELINED,
            *config.weight_range,
            geometry_word(config),
        )


class JobRecord(ctypes.Structure):
    """`JobRecord` of native/accelerator_host.hpp: a context from its trigger to its event."""

    _fields_ = [
        *_words("engine padding"),
        ("triggered", ctypes.c_uint64),
        ("ended", ctypes.c_uint64),
    ]
    engine: int
    triggered: int
    ended: int


class ProductRecord(ctypes.Structure):
    """`ProductRecord` of native/accelerator_host.hpp: a product; 0 if dropped."""

    _fields_ = [("begun", ctypes.c_uint64), ("ended", ctypes.c_uint64)]
    begun: int
    ended: int


class Accelerators(Protocol):
    """What stands behind the pins: a model, verilated hardware, a simulation elsewhere.

    Members
    -------
    config : its geometry.
    """

    config: ImcConfig

    @property
    def calls(self) -> AcceleratorCalls:
        """Calls for its edges; valid as long as this object lives."""
        ...

    def explain(self) -> str:
        """Say what is wrong after an edge that has failed, in one line."""
        ...
