# SPDX-License-Identifier: Apache-2.0
"""Run sessions: from names that a person types to a result."""

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alpine_cosim.engines.engine_run import EngineRun
from alpine_cosim.measurement.analog_outcome import Spread, analog_outcome
from alpine_cosim.measurement.measure import Measurement
from alpine_cosim.measurement.results import RunResult, core_activity
from alpine_models.choices import choose
from alpine_models.device import IDEAL_DEVICE
from alpine_models.errors import AlpineError
from alpine_platform.config.overrides import changed_fields
from alpine_platform.systems.presets import SYSTEMS
from alpine_sw.kernels import ActivationStyle
from alpine_sw.library.workloads import InputFormat, Software

from .arguments import checked
from .device_choice import chip_series
from .systems import configure
from .tasks import DIGITAL, LOOSE, NETWORKS, Engine, Prompt, Request, Task

__all__ = ["Engine", "run"]

BARE_METAL, LINUX = "bare-metal", "linux"
DIGITAL_STYLES = ("neon4", "neon1", "eigen_i8row")
ACTIVATION_STYLES: dict[str, ActivationStyle] = {"eigen": "eigen", "libm": "libm"}


@checked
def run(
    network: str,
    *,
    system: str = "high-power",
    case: int | str = 1,
    engine: str = "rtl",
    cores: int | None = None,
    software: str = "released",
    digital_style: str = "neon4",
    activations: str | None = None,
    input_format: str = "int8",
    sync: str = "bare-metal",
    inferences: int | None = None,
    text: str | None = None,
    length: int | None = None,
    greedy: bool = False,
    seed: int = 0,
    device: str = IDEAL_DEVICE,
    after: str | float | None = None,
    compensate: str | None = None,
    effects: Sequence[str] | None = None,
    adc_bits: int | None = None,
    verify: str | float | None = None,
    chips: int = 1,
    back_door: bool | None = None,
    weights: Path | str | None = None,
    normalisation: bool = True,
    literal_table: bool = False,
    tile_verilog: Path | str | None = None,
    trace: Path | str | None = None,
    timeline: Path | str | None = None,
    profile: bool = False,
    check_reads: bool = False,
    config_file: Path | str | None = None,
    settings: Sequence[str] = (),
    on_stage: Callable[[str, int], None] = lambda stage, total: None,
    on_step: Callable[[], None] = lambda: None,
) -> RunResult:
    """Run a network on a simulated system and return what it produced.

    Parameters
    ----------
    network : one of `tasks.NETWORKS`.
    system : ``high-power`` or ``low-power``.
    case : published mapping, of the mlp and the LSTMs 1 to 4 (with cocotb 1 or 2, which have one
        tile), of the CNNs 1 (not with cocotb); of the mlp also ``loose``; or ``digital``.
    cores : of the digital reference: 1, 2 or 4 for the mlp, 1, 2 or 5 for the LSTMs (1 when None),
        8 for the CNNs.
    engine : `Engine`.
    software : `Software`, of the analog mappings.
    digital_style : of the digital reference's products, and of the CNNs' dense layers.
    activations : of the LSTMs, ``eigen`` (the default), four elements at a time, or ``libm``, one
        call per element.
    input_format : of the mlp's inputs in memory, ``int8`` codes or ``fp32`` values, which the
        program turns into codes.
    sync : ``bare-metal``, or ``linux``, where threads that wait block in the kernel
        (`alpine_platform.config.SyncConfig`).
    inferences : samples 0 to inferences - 1 of the data set; when None 1000 for the mlp and 50 for
        the LSTMs (4 with cocotb), 1 for the CNNs.
    text : what an LSTM is to continue, in place of reading the data set.
    length : symbols to write after the text; 100 when None (4 with cocotb).
    greedy : write the likeliest symbol every time in place of drawing.
    seed : of all randomness: drawn symbols; an ideal device draws nothing.
    device : ``ideal``, ``pcm``, ``hermes-1`` or ``hermes-2``: what the tiles are made of.
    after : time between programming and the run, as in ``1day``, or in seconds; None is at once.
    compensate : drift compensation, none, tile or column.
    effects : imperfections from `alpine_models.device.EFFECTS`; None is every one whose size is
        published for the device.
    adc_bits : resolution of the ADC codes, 2 to 8; the tile's energy stays that of 8 bits.
    verify : read programmed cells back and write again those that are off by more than a margin, in
        weights, or ``published``; None verifies nothing.
    chips : run so many chips of an analog device, numbered from 0.
    back_door : write the weights into the crossbar directly; None programs them through the port,
        except with cocotb.
    weights : weight file in place of the shipped one, or ``hardware-aware`` for the one that is
        shipped beside it, trained with noise.
    normalisation : CNNs with local response normalisation.
    literal_table : cnn-m exactly as printed (`alpine_sw.networks.cnn_shapes`).
    tile_verilog : Verilog of an ``aimc_tile`` to simulate in place of the shipped tile.
    trace : directory in which to leave a waveform of the first inference.
    timeline : file for the cores' operations as trace events, which Perfetto displays.
    profile : say in the result where host time goes.
    check_reads : refuse to read memory that nobody wrote; slow.
    config_file : TOML with fields of the system to replace.
    settings : ``NAME=VALUE`` for single fields, as in ``core.frequency_hz=1e9``.
    on_stage, on_step : told what begins, in how many steps, and each step.

    Raises
    ------
    AlpineError
        A name is unknown, a number out of range, a file unusable, or a tool missing.
    """
    choose("network", network, NETWORKS)
    config = configure(system, config_file=_path(config_file), settings=settings)
    entry = NETWORKS[network]
    choose("case", str(case), entry.cases)
    if choose("synchronisation", sync, (BARE_METAL, LINUX)) == LINUX:
        config = config.override({"sync.linux": True})
    choose("digital style", digital_style, DIGITAL_STYLES)
    kind = Engine(choose("engine", engine, list(Engine)))
    style = Software(choose("software style", software, list(Software)))
    if seed < 0:
        raise AlpineError(f"seed must be 0 or more, not {seed}")
    _check_case(case, kind, cores=cores, trace=trace is not None, replaced=tile_verilog is not None)
    series = chip_series(
        device,
        after=after,
        compensate=compensate,
        effects=effects,
        adc_bits=adc_bits,
        verify=verify,
        chips=chips,
        seed=seed,
    )
    if series is not None and case == DIGITAL:
        raise AlpineError(f"case {DIGITAL} has no tile that could be made of {device}")
    request = Request(
        network=network,
        case=str(case),
        engine=kind,
        cores=cores,
        software=style,
        digital_style=digital_style,
        inferences=inferences,
        weights=_path(weights),
        normalised=normalisation,
        as_printed=literal_table,
        activations=_activations(activations),
        input_format=InputFormat(choose("input format", input_format, list(InputFormat))),
        prompt=_prompt(text, length=length, seed=None if greedy else seed, chips=chips),
    )
    request.check_variant()
    task = entry.prepare(request)
    engine_run = EngineRun(
        request=request,
        workload=task.workload.with_product_cycles(config.tile_clock.product_cycles),
        inputs=task.inputs,
        system=config,
        back_door=kind is Engine.COCOTB if back_door is None else back_door,
        device=series,
        tile_verilog=_path(tile_verilog),
        trace=_path(trace),
        timeline=_path(timeline),
        profile=profile,
        check_reads=check_reads,
        on_stage=on_stage,
        on_step=on_step,
    )
    measured, evaluated = engine_run.measure()
    return _result(engine_run, task, measured, evaluated, preset=system, seed=seed, device=device)


def _check_case(
    case: int | str, engine: Engine, *, cores: int | None, trace: bool, replaced: bool
) -> None:
    """Refuse what an engine or a case has no hardware for."""
    if engine is Engine.MODEL and (trace or replaced):
        raise AlpineError("engine model has no RTL to trace or replace: use engine rtl or cocotb")
    if case == LOOSE and replaced:
        raise AlpineError(
            "case loose has no tile with a CM port to replace, as its tiles are parts of the "
            "accelerator: use case 2"
        )
    if case == DIGITAL and (engine is Engine.COCOTB or trace or replaced):
        raise AlpineError("case digital has no tile to simulate or trace: use engine rtl or model")
    if case != DIGITAL and cores is not None:
        raise AlpineError(f"cores chooses among the digital references; case {case} fixes its own")


def _result(
    engine_run: EngineRun,
    task: Task,
    measured: Measurement,
    evaluated: int | None,
    *,
    preset: str,
    seed: int,
    device: str,
) -> RunResult:
    request, config = engine_run.request, engine_run.system
    outputs = measured.outputs[0]
    written = task.text and task.text(outputs)
    golden = _golden(task, written, ideal=engine_run.device is None)
    analog = engine_run.device and analog_outcome(
        engine_run.device.device,
        measured.outputs,
        golden,
        accuracy=task.accuracy,
        bits_per_character=task.bits_per_character,
    )
    return RunResult(
        network=request.network,
        variant=request.variant,
        system=preset,
        case=request.case,
        engine=request.engine,
        software=request.software,
        sync=LINUX if config.sync.linux else BARE_METAL,
        settings=changed_fields(config, SYSTEMS[preset]),
        inferences=len(task.inputs),
        seed=seed,
        time_s=measured.time_s,
        energy_j=sum(measured.energy_parts_j.values()),
        energy_parts_j=measured.energy_parts_j,
        energy_memory_controller_io_j=measured.energy_memory_controller_io_j,
        instructions=measured.instructions,
        llc_misses_per_instruction=measured.llc_misses_per_instruction,
        tile_cycles=measured.tile_cycles,
        cm_instructions=measured.cm_instructions,
        breakdown=measured.breakdown,
        cores=core_activity(measured.stats),
        stats=measured.stats,
        device=device,
        analog=analog,
        outputs_equal_golden=None if analog else bool(np.array_equal(outputs, golden)),
        outputs_sha256=_sha256(measured.outputs),
        accuracy=(_mean(analog.accuracy) if analog else _score(task.accuracy, outputs)),
        accuracy_golden=_score(task.accuracy, golden),
        accuracy_fp32=task.accuracy_fp32,
        bits_per_character=(
            _mean(analog.bits_per_character) if analog else _score(task.bits_per_character, outputs)
        ),
        bits_per_character_golden=_score(task.bits_per_character, golden),
        bits_per_character_fp32=task.bits_fp32,
        text=written,
        programming=measured.programming,
        host_seconds=measured.host_seconds,
        host_tile_cycles_per_second=(evaluated / measured.host_seconds if evaluated else None),
        host_profile_s=measured.host_profile_s,
        warnings=measured.warnings,
    )


def _score(score: Callable[[NDArray[Any]], float] | None, outputs: NDArray[Any]) -> float | None:
    return None if score is None else score(outputs)


def _mean(spread: Spread | None) -> float | None:
    return None if spread is None else spread.mean


def _sha256(outputs: Sequence[NDArray[Any]]) -> str:
    digest = hashlib.sha256()
    for values in outputs:
        digest.update(values.tobytes())
    return digest.hexdigest()


def _activations(name: str | None) -> ActivationStyle | None:
    if name is None:
        return None
    return ACTIVATION_STYLES[choose("activations", name, ACTIVATION_STYLES)]


def _prompt(text: str | None, *, length: int | None, seed: int | None, chips: int) -> Prompt | None:
    if text is None:
        if length is not None or seed is None:
            raise AlpineError("length and greedy say how to continue a text: give a text")
        return None
    if chips != 1:
        raise AlpineError(f"a text is written by one chip, not by {chips}: leave chips out")
    return Prompt(text=text, length=length, seed=seed)


def _golden(task: Task, written: str | None, *, ideal: bool) -> NDArray[Any]:
    """Outputs to compare with: of an ideal system, which reads what an imperfect chip has read."""
    if ideal or written is None or task.golden_reading is None:
        return task.golden()
    return task.golden_reading(written)


def _path(value: Path | str | None) -> Path | None:
    return None if value is None else Path(value)
