# SPDX-License-Identifier: Apache-2.0
"""One description of a run, which everything that makes runs takes."""

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from alpine_cosim.measurement.analog_tiles import ChipSeries
from alpine_models.checked_fields import check_fields, checked, optional, path, whole
from alpine_models.choices import choose
from alpine_models.errors import AlpineError
from alpine_platform.config.overrides import flattened

from .device_choice import DeviceChoice
from .engines import Engine
from .network import DIGITAL, LOOSE, MAPPED, Network, NetworkOptions, Task
from .networks import NETWORKS
from .software_choice import SoftwareChoice
from .system_choice import SystemChoice
from .tile_choice import TileChoice
from .trees import identity_tree, tree

__all__ = ["RunSpec"]


@dataclass(frozen=True, kw_only=True, slots=True)
class RunSpec:
    """Everything that a run's numbers depend on, but for the code.

    A specification is checked when it is made, compares and hashes by value, can be pickled, and
    stands in a TOML file (`spec_file`). What is only looked at during a run is no part of it:
    `alpine_cosim.measurement.observation.Observation`.

    Members
    -------
    network : a name from `NETWORKS`.
    case : published mapping, of the mlp and the LSTMs 1 to 4 (with cocotb 1 or 2, which have one
        tile), of the CNNs 1 (not with cocotb); of the mlp also ``loose``; or ``digital``. With a
        mapping file it is `MAPPED`.
    engine : what stands behind the tile port.
    inferences : samples 0 to inferences - 1 of the data set, or None for the network's default.
    seed : of all randomness: drawn symbols, imperfections; an ideal device draws nothing.
    software : styles of the programs.
    system : where they run.
    device : what the tiles are made of, and how many chips run.
    tiles : the tiles' hardware, and how their cells are written.
    options : those of the network's own class; None, when made, stands for their defaults.
    mapping : YAML file with the mapping, in place of a case, or None.

    Raises
    ------
    AlpineError
        A name is unknown, a number out of range, or parts do not fit together.
    """

    network: str
    case: str = "1"
    engine: Engine = Engine.RTL
    inferences: int | None = checked(optional(whole()), default=None)
    seed: int = checked(whole(), default=0)
    software: SoftwareChoice = field(default_factory=SoftwareChoice)
    system: SystemChoice = field(default_factory=SystemChoice)
    device: DeviceChoice = field(default_factory=DeviceChoice)
    tiles: TileChoice = field(default_factory=TileChoice)
    options: NetworkOptions = field(default=None)  # type: ignore[assignment]
    mapping: Path | None = checked(optional(path), default=None)

    def __post_init__(self) -> None:
        choose("network", self.network, NETWORKS)
        entry = NETWORKS[self.network]
        self._choose_case(entry)
        engine = choose("engine", self.engine, list(Engine))
        object.__setattr__(self, "engine", Engine(engine))
        check_fields(self)
        given: Any = self.options
        if given is None:
            object.__setattr__(self, "options", entry.options())
        elif type(given) is not entry.options:
            raise AlpineError(
                f"options of network {self.network} are {entry.options.__name__}, not "
                f"{type(given).__name__}"
            )
        if self.seed < 0:
            raise AlpineError(f"seed must be 0 or more, not {self.seed}")
        self._check_case()
        self._check_chips()

    def _choose_case(self, entry: Network) -> None:
        """Take a known case, or a file in place of one."""
        if self.mapping is None:
            object.__setattr__(self, "case", choose("case", str(self.case), entry.cases))
            return
        if str(self.case) not in (MAPPED, "1"):
            raise AlpineError(
                f"mapping file {self.mapping} stands in place of case {self.case}: leave one out"
            )
        if self.software != SoftwareChoice():
            raise AlpineError(
                f"mapping file {self.mapping} has the styles of the software: leave software, "
                "digital_style and cores out"
            )
        object.__setattr__(self, "case", MAPPED)

    def _check_case(self) -> None:
        """Refuse what an engine or a case has no hardware for."""
        replaced = self.tiles.verilog is not None
        if self.engine is Engine.MODEL and replaced:
            raise AlpineError(NO_RTL)
        if self.case == LOOSE and replaced:
            raise AlpineError(
                "case loose has no tile with a CM port to replace, as its tiles are parts of the "
                "accelerator: use case 2"
            )
        if self.case == DIGITAL and (self.engine is Engine.COCOTB or replaced):
            raise AlpineError(NO_TILE)
        if self.case != DIGITAL and self.software.cores is not None:
            raise AlpineError(
                f"cores chooses among the digital references; case {self.case} fixes its own"
            )

    def _check_chips(self) -> None:
        if self.chip_series is not None and self.case == DIGITAL:
            raise AlpineError(
                f"case {DIGITAL} has no tile that could be made of {self.device.name}"
            )
        self.options.check(inferences=self.inferences, chips=self.device.chips)

    def check_traceable(self) -> None:
        """Refuse a waveform where no hardware is simulated.

        Raises
        ------
        AlpineError
            The engine or the case has no RTL.
        """
        if self.engine is Engine.MODEL:
            raise AlpineError(NO_RTL)
        if self.case == DIGITAL:
            raise AlpineError(NO_TILE)

    @property
    def back_door(self) -> bool:
        """Whether weights are written into the crossbar directly."""
        if self.tiles.back_door is None:
            return self.engine is Engine.COCOTB
        return self.tiles.back_door

    @property
    def chip_series(self) -> ChipSeries | None:
        """Chips to run; None for one ideal chip."""
        return self.device.series(self.seed)

    def task(self) -> Task:
        """Prepare what runs: weights, programs and inputs; products last as the system says.

        Raises
        ------
        AlpineError
            A file is unusable, or the network or its data set does not have what is asked for.
        """
        return (
            NETWORKS[self.network]
            .prepare(self)
            .with_product_cycles(self.system.config.tile_clock.product_cycles)
        )

    def identity(self) -> dict[str, Any]:
        """Return the specification as JSON values, with digests in place of the files it names.

        Raises
        ------
        AlpineError
            A file cannot be read.
        """
        return identity_tree(self)

    @property
    def digest(self) -> str:
        """SHA-256 of `identity`: the same in every process, for the same run."""
        text = json.dumps(self.identity(), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def __str__(self) -> str:
        """Name the run in one line: what it is, and what differs from the defaults."""
        usual = flattened(tree(RunSpec(network=self.network)))
        named = ("network", "case", "engine", "system.name")
        parts = [
            f"{name}={value}"
            for name, value in flattened(tree(self)).items()
            if name not in named and usual.get(name) != value
        ]
        head = f"{self.network}, case {self.case}, {self.system.name}, engine {self.engine}"
        return ", ".join([head, *parts])


NO_RTL = "engine model has no RTL to trace or replace: use engine rtl or cocotb"
NO_TILE = "case digital has no tile to simulate or trace: use engine rtl or model"
