# SPDX-License-Identifier: Apache-2.0
"""One description of a run, which everything that makes runs takes."""

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from alpine_cosim.measurement.analog_tiles import ChipSeries
from alpine_cosim.measurement.results import mapping_name
from alpine_models.checked_fields import check_fields, checked, optional, path, whole
from alpine_models.choices import choose
from alpine_models.errors import AlpineError
from alpine_platform.config.overrides import flattened

from .device_choice import DeviceChoice
from .engines import Engine
from .network import DIGITAL, LOOSE, MAPPED, Asked, Network, NetworkOptions, Task
from .networks import NETWORKS
from .program_name import checked_program, load_program, program_identity
from .program_setup import program_task
from .software_choice import SoftwareChoice
from .system_choice import SystemChoice
from .tile_choice import TileChoice
from .trees import identity_tree, tree

__all__ = ["RunSpec", "mapping_of"]


def _no_network(_asked: Any) -> Task:
    raise ValueError("a program has no network to prepare")


PROGRAM = Network(cases=(), options=NetworkOptions, prepare=_no_network)
"""Stands for a network where a program runs: it has no cases and no options."""


def _mapping(_name: str, value: Any) -> str | Path:
    return path("mapping file", value) if isinstance(value, Path) else str(value)


def mapping_of(*, case: Any, file: Any) -> str | Path | None:
    """Return the one mapping that a person names by a case or by a file; None stands for neither.

    Raises
    ------
    AlpineError
        Both are given; case `MAPPED` stands for the file's own.
    """
    if file is None:
        return None if case is None else str(case)
    if case is not None and str(case) != MAPPED:
        raise AlpineError(f"mapping file {file} stands in place of case {case}: leave one out")
    return path("mapping file", file)


@dataclass(frozen=True, kw_only=True, slots=True)
class RunSpec:
    """Everything that a run's numbers depend on, but for the code.

    A specification is checked when it is made, compares and hashes by value, can be pickled, and
    stands in a TOML file (`spec_file`). What is only looked at during a run is no part of it:
    `alpine_cosim.measurement.observation.Observation`.

    Members
    -------
    network : a name from `NETWORKS`, or None where a program runs.
    program : of a user's own, ``FILE.py:FUNCTION`` or ``package.module:FUNCTION`` (`program_name`),
        or None where a network runs.
    mapping : of a network. A text names a published case: of the mlp and the LSTMs 1 to 4 (with
        cocotb 1 or 2, which have one tile), of the CNNs 1 (not with cocotb); of the mlp also
        ``loose``; or ``digital``. A path is a YAML file. None, when made, stands for case 1.
    engine : what stands behind the tile port; programs run on rtl and model.
    inferences : samples 0 to inferences - 1 of the data set, or None for the network's default.
    seed : of all randomness: drawn symbols, imperfections; an ideal device draws nothing.
    software : styles of the programs.
    system : where they run.
    device : what the tiles are made of, and how many chips run.
    tiles : the tiles' hardware, and how their cells are written.
    options : those of the network's own class; None, when made, stands for their defaults.

    Raises
    ------
    AlpineError
        A name is unknown, a number out of range, or parts do not fit together.
    """

    network: str | None = None
    program: str | None = checked(optional(checked_program), default=None)
    mapping: str | Path | None = checked(optional(_mapping), default=None)
    engine: Engine = Engine.RTL
    inferences: int | None = checked(optional(whole()), default=None)
    seed: int = checked(whole(), default=0)
    software: SoftwareChoice = field(default_factory=SoftwareChoice)
    system: SystemChoice = field(default_factory=SystemChoice)
    device: DeviceChoice = field(default_factory=DeviceChoice)
    tiles: TileChoice = field(default_factory=TileChoice)
    # Never None once made: the default is that of the network's own class.
    options: NetworkOptions = field(default=None)  # type: ignore[assignment]

    def __post_init__(self) -> None:
        if self.network is None and self.program is None:
            raise AlpineError('a run needs a network or a program: write network = "mlp"')
        if self.network is not None and self.program is not None:
            raise AlpineError(
                f"network {self.network} and program {self.program} both say what runs: leave one "
                "out"
            )
        if self.network is not None:
            choose("network", self.network, NETWORKS)
        engine = choose("engine", self.engine, list(Engine))
        object.__setattr__(self, "engine", Engine(engine))
        check_fields(self)
        if self.program is None:
            self._choose_mapping()
        else:
            self._check_program()
        given: Any = self.options
        if given is None:
            object.__setattr__(self, "options", self.entry.options())
        elif type(given) is not self.entry.options:
            raise AlpineError(
                f"options of {self.subject} are {self.entry.options.__name__}, not "
                f"{type(given).__name__}"
            )
        if self.seed < 0:
            raise AlpineError(f"seed must be 0 or more, not {self.seed}")
        self._check_case()
        self._check_chips()

    @property
    def entry(self) -> Network:
        """What the table says of the network; of a program, that it has no cases and options."""
        return PROGRAM if self.network is None else NETWORKS[self.network]

    @property
    def name(self) -> str:
        """Name of the network or program that runs."""
        return self.network or self.program or ""

    @property
    def subject(self) -> str:
        """What runs, in words."""
        return f"{'program' if self.network is None else 'network'} {self.name}"

    @property
    def case(self) -> str:
        """Published mapping; `MAPPED` where a file has it, empty for a program."""
        return MAPPED if isinstance(self.mapping, Path) else self.mapping or ""

    @property
    def mapping_file(self) -> Path | None:
        """File with the mapping, or None."""
        return self.mapping if isinstance(self.mapping, Path) else None

    def _choose_mapping(self) -> None:
        """Take a known case, or a file in place of one."""
        if not isinstance(self.mapping, Path):
            case = choose("case", self.mapping or "1", self.entry.cases)
            object.__setattr__(self, "mapping", case)
        elif self.software != SoftwareChoice():
            raise AlpineError(
                f"mapping file {self.mapping} has the styles of the software: leave software, "
                "digital_style and cores out"
            )

    def _check_program(self) -> None:
        """Refuse what says something about networks alone."""
        said = {
            f"case {self.mapping}": self.mapping is not None,
            f"inferences {self.inferences}": self.inferences is not None,
            f"{self.device.chips} chips": self.device.chips != 1,
            "software": self.software != SoftwareChoice(),
            f"engine {self.engine}": self.engine is Engine.COCOTB,
        }
        for words, given in said.items():
            if given:
                raise AlpineError(f"{words} is for networks, not for {self.subject}: leave it out")

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
        if self.case not in (DIGITAL, "") and self.software.cores is not None:
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
        config = self.system.config
        if self.program is None:
            task = self.entry.prepare(cast(Asked, self))
        else:
            task = program_task(load_program(self.program), cores=config.cores)
        return task.with_product_cycles(config.tile_clock.product_cycles)

    def identity(self) -> dict[str, Any]:
        """Return the specification as JSON values, with digests in place of the files it names.

        A program counts by its function's name and its source.

        Raises
        ------
        AlpineError
            A file cannot be read.
        """
        found = identity_tree(self)
        if self.program is not None:
            found["program"] = program_identity(self.program)
        return found

    @property
    def digest(self) -> str:
        """SHA-256 of `identity`: the same in every process, for the same run."""
        text = json.dumps(self.identity(), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def check_network(self, what: str) -> None:
        """Refuse a program where outputs are compared or scored.

        Raises
        ------
        AlpineError
            A program runs.
        """
        if self.network is None:
            raise AlpineError(f"{self.subject} has no outputs for {what}: name a network")

    def __str__(self) -> str:
        """Name the run in one line: what it is, and what differs from the defaults."""
        usual = flattened(tree(RunSpec(network=self.network, program=self.program)))
        named = ("network", "program", "case", "mapping", "engine", "system.name")
        parts = [
            f"{name}={value}"
            for name, value in flattened(tree(self)).items()
            if name not in named and usual.get(name) != value
        ]
        if self.mapping_file is not None:
            parts.insert(0, f"mapping={self.mapping_file}")
        mapping = mapping_name(self.network, self.case)
        what = self.subject if self.network is None else f"{self.network}, {mapping}"
        head = f"{what}, {self.system.name}, engine {self.engine}"
        return ", ".join([head, *parts])


NO_RTL = "engine model has no RTL to trace or replace: use engine rtl or cocotb"
NO_TILE = "case digital has no tile to simulate or trace: use engine rtl or model"
