# SPDX-License-Identifier: Apache-2.0
"""What a run produced: one object and its JSON."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from alpine_models.device import ProgrammingCost

from .analog_outcome import AnalogOutcome

__all__ = [
    "MODEL_FILE",
    "CoreActivity",
    "Programming",
    "RunResult",
    "core_activity",
    "mapping_name",
]

MODEL_FILE = "onnx"
"""Name of the networks that come from model files."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Programming:
    """How the weights got into the crossbars.

    Members
    -------
    method : ``port`` (CM_INITIALIZE through the tile), ``peripheral`` (stores to the accelerator's
        cell registers) or ``back-door``.
    cells : cells programmed.
    tile_cycles : tile clock cycles it took; 0 through the back door.
    time_s : simulated time it took on the port.
    rounds : writings of the cells that took most; 1 without verification.
    rewritten, read : cells written again and cells read to verify them.
    arrays : time and energy of the arrays of an imperfect chip, which the port's do not contain, or
        None for the ideal device.
    """

    method: str
    cells: int
    tile_cycles: int
    time_s: float
    rounds: int = 1
    rewritten: int = 0
    read: int = 0
    arrays: ProgrammingCost | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class CoreActivity:
    """How busy a core was.

    Members
    -------
    core : its number.
    idle : share of the run's cycles in which it slept.
    instructions_per_cycle : committed, over all cycles of the run.
    """

    core: int
    idle: float
    instructions_per_cycle: float


def core_activity(stats: Mapping[str, Any]) -> tuple[CoreActivity, ...]:
    """Return how busy every core was, from a run's statistics."""
    found: list[CoreActivity] = []
    for number, core in stats["cores"].items():
        cycles = core["active_cycles"] + core["wait_cycles"] + core["idle_cycles"]
        found.append(
            CoreActivity(
                core=int(number),
                idle=core["idle_cycles"] / max(cycles, 1),
                instructions_per_cycle=core["instructions"] / max(cycles, 1),
            )
        )
    return tuple(found)


@dataclass(frozen=True, kw_only=True, slots=True)
class RunResult:
    """Outcome of one co-simulated run.

    Members
    -------
    network, case, software : what ran, and in which mapping and style; None for a program.
    system, engine, sync : where it ran.
    variant : how the network differs from the one that its name stands for, or None.
    settings : fields of the system that differ from the preset, by dotted name.
    inferences, seed : samples 0 to inferences - 1 of the data set, in order.
    time_s : simulated time from the first input load to the last output written.
    energy_j : core, cache, DRAM and tile.
    energy_parts_j : the same by component.
    energy_memory_controller_io_j : memory controller and I/O, not part of ``energy_j``.
    instructions : committed by all cores.
    llc_misses_per_instruction : last-level cache misses.
    tile_cycles : tile clock cycles in which a tile was not idle, without programming.
    cm_instructions : CM instructions of the inferences.
    breakdown : fraction of time per named part; sums to 1.
    device : what the tiles are made of, ``ideal`` or a name.
    analog : every chip of a device that is not ideal, else None; times and energies are those of
        the first chip, and do not depend on imperfections.
    outputs_equal_golden : bit for bit; None where the device is not ideal, and for a program.
    outputs_sha256 : of the outputs, chip after chip and sample after sample; None for a program.
    accuracy : share of samples classified correctly by the run's outputs, or None; with several
        chips, as every score, their mean.
    accuracy_golden, accuracy_fp32 : of the int8 golden model on the same samples, and of the
        network before quantisation on the whole test set.
    bits_per_character : for language models, else None; of the same symbols.
    bits_per_character_golden, bits_per_character_fp32 : of the golden model, and of the network
        before quantisation on the whole held-out text.
    text : what a network was given and wrote, or None.
    cores : how busy each core was, as in the paper's Fig. 14.
    stats : every number of the platform as a tree: cores, memory, energy.
    programming : how the weights were loaded.
    host_seconds : wall-clock time of the inferences alone.
    host_profile_s : the same by layer, where the run was profiled; the profiler slows Python.
    host_tile_cycles_per_second : tile clock cycles really evaluated per host second.
    warnings : loops that ran outside the sizes for which calibration checked them.
    first_mismatch : first inference whose outputs differ from the golden model's, or None.
    program : of a user's own that ran, by its name, or None for a network.
    returned : what each core's program returned, by core number, or None; no part of the JSON.
    """

    network: str | None
    variant: str | None
    system: str
    case: str | None
    engine: str
    software: str | None
    sync: str
    settings: dict[str, Any]
    inferences: int
    seed: int
    time_s: float
    energy_j: float
    energy_parts_j: dict[str, float]
    energy_memory_controller_io_j: float
    instructions: int
    llc_misses_per_instruction: float
    tile_cycles: int
    cm_instructions: int
    breakdown: dict[str, float]
    device: str
    analog: AnalogOutcome | None
    outputs_equal_golden: bool | None
    outputs_sha256: str | None
    accuracy: float | None
    accuracy_golden: float | None
    accuracy_fp32: float | None
    bits_per_character: float | None
    bits_per_character_golden: float | None
    bits_per_character_fp32: float | None
    text: str | None
    cores: tuple[CoreActivity, ...]
    stats: dict[str, Any]
    programming: Programming | None
    host_seconds: float
    host_tile_cycles_per_second: float | None
    host_profile_s: dict[str, float] | None
    warnings: tuple[str, ...] = ()
    first_mismatch: int | None = None
    program: str | None = None
    returned: dict[int, Any] | None = field(default=None, repr=False)

    def to_json(self) -> str:
        """Return the members that JSON can hold as an indented object."""
        members = asdict(replace(self, returned=None))
        del members["returned"]
        return json.dumps(members, indent=2) + "\n"


def mapping_name(network: str | None, case: str | None) -> str:
    """Return the mapping of a run in words; only shipped networks have published cases."""
    if network == MODEL_FILE and case == "1":
        return "mapped by the mapper"
    if network == MODEL_FILE and case == "digital":
        return "mapped without tiles"
    return f"case {case}"
