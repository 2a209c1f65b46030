# SPDX-License-Identifier: Apache-2.0
"""A model's memory: where its ports and public signals lie, and what a saved state is."""

import ctypes
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .library import Instance
from .plan import BuildPlan
from .ports import Port, PortDirection
from .storage import Slot, slot
from .wrapper import storage_bytes, wrapper_name

__all__ = ["ModelState", "expanded_ports", "port_slots", "signal_slots"]

INOUT_ENDS = ("__out", "__en")


@dataclass(frozen=True, slots=True)
class ModelState:
    """A model's state, for models of the same build.

    Members
    -------
    build : str, the build's content hash. data : bytes.
    """

    build: str
    data: bytes


def expanded_ports(ports: Sequence[Port]) -> Iterator[Port]:
    """Return ports, each inout followed by what the design drives on it and which bits."""
    for port in ports:
        yield port
        if port.direction is PortDirection.INOUT:
            for end in INOUT_ENDS:
                yield Port(name=port.name + end, width=port.width, direction=PortDirection.OUTPUT)


def port_slots(plan: BuildPlan, instance: Instance) -> dict[str, Slot]:
    """Return access to the ports, by name.

    An inout is read where its value is resolved, and set where it is driven from outside.
    """
    slots: dict[str, Slot] = {}
    number = 0

    def next_slot(port: Port) -> Slot:
        nonlocal number
        address = instance.library.alpine_port_address(instance.handle, number)
        number += 1
        memory = instance.memory(address, storage_bytes(port.data_type))
        return slot(port.data_type, memory, what=f"port {port.name}")

    for port in plan.ports:
        slots[port.name] = next_slot(port)
        if port.direction is PortDirection.INOUT:
            for end in INOUT_ENDS:
                slots[port.name + end] = next_slot(port)
            outside = next_slot(port)
            slots[port.name] = Slot(slots[port.name].get, outside.set, outside.memory)
    return slots


def signal_slots(plan: BuildPlan, instance: Instance) -> dict[str, Slot]:
    """Return access to the signals that the library exposes, by path."""
    slots: dict[str, Slot] = {}
    for signal in plan.signals:
        size = ctypes.c_uint64()
        scope = f"{wrapper_name(plan.top)}.{signal.scope}"
        address = instance.library.alpine_signal(
            instance.handle, scope.encode(), signal.name.encode(), ctypes.byref(size)
        )
        # A signal that Verilator found constant or unused has no memory.
        if address and size.value == storage_bytes(signal.type):
            memory = instance.memory(address, size.value)
            slots[signal.path] = slot(signal.type, memory, what=f"signal {signal.path}")
    return slots
