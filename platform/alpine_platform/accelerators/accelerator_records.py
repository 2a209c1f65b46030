# SPDX-License-Identifier: Apache-2.0
"""Records and arrays of the timed accelerator, on which compiled code works."""

from typing import Any, NamedTuple

from alpine_platform.compiled.kernel_state import Records, record

__all__ = ["BUS", "CLOCK", "CONFIG", "STAGE", "WORK", "AcceleratorArrays", "AccessArrays", "Timing"]

CONFIG = record(
    "rows",
    "columns",
    "link",
    "room",  # what `pending_answers` says
    "precharge",
    "integrate",
    "digitise",
)
"""Configuration of a tile."""

STAGE = record(
    # The pipeline stage and its link,
    "full",
    "processing",
    "result",
    "index",
    "asked",
    "loaded",
    "data",
    # whose answers are awaited at the tile's port,
    "sent",
    "received",
    "process",
    "process_number",
    "send",
    "send_number",
    "host",
    "host_number",
    # the tile's command register, sequencer and owed answers,
    "valid",
    "fresh",
    "waiting",
    "done",
    "operation",
    "status",
    "count",
    "rd",
    "left",
    "owed",
    # and registers.
    "row",
    "column",
    "override",
    "precharge",
    "integrate",
    "digitise",
    "error",
    "busy",
    "mvms",
    "bytes_in",
    "bytes_out",
    "stall",
    "products",  # multiplications so far: no register, cannot be cleared
)
"""State of a stage and its tile."""

BUS = record(
    # The accelerator's own registers,
    "chain",
    "relu",
    "interrupt",
    # the access that its bus port carries out,
    "valid",
    "first",
    "write",
    "address",
    "data",
    "strobes",
    "lanes",
    "read",
    "response",
    # tiles whose products Python computes, and those whose product it still owes, a bit each.
    "analog",
    "due",
)
"""What the stages share."""

WORK = record(
    "client",
    "ready",
    "leaves",
    "begins",
    "owed",
    "addressee",
    "answers",
    "rd",
    "status",
    "error",
)
"""What a cycle finds out of a stage."""

CLOCK = record(
    "cycle",  # the next one to simulate
    "completion",  # the last one
    "free",  # time at which the core was free of the last access
    "access",  # number, in its batch, of the access that is made
    "stage",  # how far it is
)
"""How far time has gone."""


class Timing(NamedTuple):
    """Times of a batch in femtoseconds, as in `peripheral_port`."""

    start_fs: int
    core_period_fs: int
    period_fs: int
    request_fs: int
    response_fs: int
    taken_fs: int
    posted_stores: bool


class AcceleratorArrays(NamedTuple):
    """The accelerator: records of its tiles, and their memories.

    Members
    -------
    config, state : records `CONFIG` and `STAGE`, one per tile.
    bus, clock : one record each, `BUS` and `CLOCK`.
    work : records `WORK`, one more than tiles, as nobody listens behind the last one.
    inputs, outputs, cells, lsb, found : arrays per tile; ``found`` is what cells read as.
    """

    config: Records
    state: Records
    bus: Records
    work: Records
    clock: Records
    inputs: tuple[Any, ...]
    outputs: tuple[Any, ...]
    cells: tuple[Any, ...]
    lsb: tuple[Any, ...]
    found: tuple[Any, ...]


class AccessArrays(NamedTuple):
    """Arrays of an `IoResult`."""

    data: Any
    response: Any
    issue_fs: Any
    accept_cycle: Any
    complete_cycle: Any
    response_fs: Any
