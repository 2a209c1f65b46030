# SPDX-License-Identifier: Apache-2.0
"""A run's result as tables on screen."""

from rich.console import Console, Group
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from alpine_models.device import ProgrammingCost
from alpine_models.durations import duration_text
from alpine_models.plurals import counted
from alpine_platform.systems.readings import PERIPHERAL

from .analog_outcome import AnalogOutcome, Spread
from .results import MODEL_FILE, Programming, RunResult, mapping_name

__all__ = ["print_result"]

WAYS = {"port": "CM_INITIALIZE", "peripheral": "stores"}
"""How cells are programmed, by `Programming.method`."""


def print_result(result: RunResult, console: Console) -> None:
    """Print a result as two compact tables."""
    parts: list[Table | Panel] = [_summary(result), _breakdown(result)]
    if len(result.cores) > 1:
        parts.append(_cores(result))
    if result.text is not None:
        parts.append(Panel(Text(result.text), title="text", title_align="left", expand=False))
    console.print(Group(*parts))
    for warning in result.warnings:
        console.print(f"[yellow]outside the calibrated range:[/] {escape(warning)}")


def _summary(result: RunResult) -> Table:
    table = Table(title=_title(result), title_justify="left", show_header=False)
    table.add_column("quantity")
    table.add_column("value", justify="right")
    table.add_column("note", style="dim")
    _add_times(table, result)
    _add_scores(table, result)
    _add_comparison(table, result)
    _add_counts(table, result)
    if result.programming is not None:
        _add_programming(table, result.programming)
        if result.programming.arrays is not None:
            energy_j = result.energy_j / result.inferences
            _add_arrays(table, result.programming.arrays, energy_j=energy_j)
    speed = result.host_tile_cycles_per_second
    chips = 1 if result.analog is None else len(result.analog.chips)
    table.add_row(
        "host",
        f"{result.inferences * chips / result.host_seconds:,.0f} inf/s",
        f"{result.host_seconds:.2f} s"
        + (f", {speed / 1e6:.2f} M tile cycles/s" if speed is not None else ""),
    )
    return table


def _title(result: RunResult) -> str:
    """Say what ran where."""
    if result.network is None:
        title = f"{escape(str(result.program))} on {result.system}, engine {result.engine}"
    else:
        variant = f", {escape(result.variant)}," if result.variant else ""
        title = (
            f"{result.network}{variant} on {result.system}, "
            f"{mapping_name(result.network, result.case)}, engine {result.engine}, "
            f"{counted(result.inferences, 'inference')}"
        )
    return title if result.analog is None else f"{title}\n{_device(result)}"


def _add_times(table: Table, result: RunResult) -> None:
    """Add time and energy per inference, character or run of a program."""
    n = result.inferences
    unit = "inference" if result.text is None else "character"
    unit = "run" if result.network is None else unit
    note = "simulated" if result.text is None else "simulated, characters read or written"
    table.add_row(f"time per {unit}", f"{result.time_s / n * 1e6:.2f} us", note)
    # All of the system's energies may be set to 0.
    parts = ", ".join(
        f"{name} {value / (result.energy_j or 1.0):.0%}"
        for name, value in result.energy_parts_j.items()
    )
    cores = len(result.stats["cores"]) + result.stats["unused_cores"]
    parts += f"; {counted(cores, 'core')}"
    table.add_row(f"energy per {unit}", f"{result.energy_j / n * 1e6:.2f} uJ", parts)
    table.add_row(
        "memory controller, I/O",
        f"{result.energy_memory_controller_io_j / n * 1e6:.2f} uJ",
        f"per {unit}, not in the line above",
    )
    if result.energy_parts_j["tile"]:
        table.add_row(
            f"tile's energy per {unit}",
            f"{result.energy_parts_j['tile'] / n * 1e6:.3f} uJ",
            _tile_energy(result),
        )


def _add_comparison(table: Table, result: RunResult) -> None:
    """Add what imperfections did to the outputs, and whether these equal the golden ones."""
    if result.analog is not None:
        error = result.analog.output_error.mean
        table.add_row(
            "error of the outputs", f"{error:.2%}", "rms, relative to the ideal outputs' rms"
        )
        table.add_row("imperfections", result.device, ", ".join(result.analog.effects))
    if result.outputs_equal_golden is not None:
        verdict = "[green]yes[/]" if result.outputs_equal_golden else "[bold red]NO[/]"
        first = result.first_mismatch
        where = "" if first is None else f"; inference {first} is the first with others"
        table.add_row("outputs equal golden", verdict, f"bit for bit{where}")


def _add_counts(table: Table, result: RunResult) -> None:
    """Add what was counted in cores, memory and tiles."""
    table.add_row("instructions", f"{result.instructions:,}", f"{result.cm_instructions:,} CM")
    accesses = sum(core["io_reads"] + core["io_writes"] for core in result.stats["cores"].values())
    if result.network == MODEL_FILE and result.case != "digital" and not result.cm_instructions:
        why = "the mapping has every layer on cores; `alpine mapping` says why"
        table.add_row("tiles", "[bold]none used[/]", why)
    if accesses:
        table.add_row("I/O accesses", f"{accesses:,}", "uncached, to the accelerator")
    table.add_row("LLC misses per instruction", f"{result.llc_misses_per_instruction:.5f}", "")
    row_hits = result.stats["memory"]["dram_row_hit_share"]
    table.add_row("DRAM row hits", f"{row_hits:.1%}", "of reads")
    table.add_row("tile cycles", f"{result.tile_cycles:,}", "not idle")
    for name, reading in result.stats["components"].items():
        if name.startswith(PERIPHERAL):
            counts = [f"{n:,} {what}" for what, n in reading["counters"].items() if n]
            note = ", ".join(counts).replace("_", " ") or "unused"
            table.add_row(name.replace("_", " "), "", note)


def _add_programming(table: Table, programming: Programming) -> None:
    """Add how the cells were written."""
    how = (
        f"{counted(programming.cells, 'cell')} through the back door"
        if programming.method == "back-door"
        else f"{counted(programming.cells, 'cell')} by {WAYS[programming.method]}, "
        f"{programming.time_s * 1e3:.2f} ms"
    )
    if programming.read:
        how += (
            f"; {programming.rewritten:,} written again in "
            f"{counted(programming.rounds - 1, 'round')}, {counted(programming.read, 'read')}"
        )
    table.add_row("programming", counted(programming.tile_cycles, "cycle"), how)


def _tile_energy(result: RunResult) -> str:
    """Say where a tile's energy comes from."""
    stats = result.stats["tile_energy"]
    text = f"{stats['rule']} rule"
    if stats["extrapolated"]:
        text += ", extrapolated from at most 256 lines a side"
    if result.analog is not None and result.analog.adc_bits != 8:
        text += "; of 8-bit converters, whatever --adc-bits"
    return text


def _add_scores(table: Table, result: RunResult) -> None:
    """Add what says how well the network did."""
    if result.accuracy is not None:
        # The perceptron's is that of the whole test set, a model file's of the same samples.
        fp32 = "fp32, 10,000 images" if result.network == "mlp" else "fp32"
        notes = [
            f"{name} {value:.2%}"
            for name, value in (
                ("int8 golden", result.accuracy_golden),
                (fp32, result.accuracy_fp32),
            )
            if value is not None
        ]
        table.add_row("accuracy", f"{result.accuracy:.2%}", ", ".join(notes))
        if result.analog is not None and result.analog.accuracy is not None:
            table.add_row(
                "", _chips(result.analog), _interval(result.analog.accuracy, percent=True)
            )
    if result.bits_per_character is not None:
        table.add_row(
            "bits per character",
            f"{result.bits_per_character:.3f}",
            ", ".join(
                f"{name} {value:.3f}"
                for name, value in (
                    ("int8 golden", result.bits_per_character_golden),
                    ("fp32, all 97,426", result.bits_per_character_fp32),
                )
                if value is not None
            ),
        )
        table.add_row("", "", "King James Bible, held out; not Penn Treebank figures")
        if result.analog is not None and result.analog.bits_per_character is not None:
            spread = result.analog.bits_per_character
            table.add_row("", _chips(result.analog), _interval(spread, percent=False))


def _device(result: RunResult) -> str:
    analog = result.analog
    assert analog is not None
    text = f"{result.device}, {duration_text(analog.after_s)} after programming"
    if analog.compensation != "none":
        text += f", drift compensated per {analog.compensation}"
    if analog.verify_margin is not None:
        text += f", cells verified within {analog.verify_margin:.3g} weights"
    if analog.adc_bits != 8:
        text += f", {analog.adc_bits}-bit ADC"
    return f"{text}, seed {result.seed}"


def _chips(analog: AnalogOutcome) -> str:
    return counted(len(analog.chips), "chip")


def _interval(spread: Spread, *, percent: bool) -> str:
    if spread.deviation is None or spread.half_width is None:
        return "--chips for the spread between chips"
    form = ".2%" if percent else ".3f"
    return (
        f"mean +- {spread.half_width:{form}} (95 %), deviation between chips "
        f"{spread.deviation:{form}}"
    )


def _add_arrays(table: Table, cost: ProgrammingCost, *, energy_j: float) -> None:
    """Say what the arrays take to be programmed, and what once a year is worth in inferences."""
    table.add_row("programming the arrays", _range(cost.least_s, cost.most_s, "s"), cost.basis)
    note = ""
    if energy_j:
        least, most = cost.least_j / energy_j, cost.most_j / energy_j
        note = f"recalibrating once a year costs as much as {least:,.0f} to {most:,.0f} inferences"
    table.add_row("", _range(cost.least_j, cost.most_j, "J"), note)


def _range(least: float, most: float, unit: str) -> str:
    prefixes = ((1.0, ""), (1e3, "m"), (1e6, "u"))
    factor, prefix = next((pair for pair in prefixes if most * pair[0] >= 1.0), prefixes[-1])
    return f"{least * factor:.3g} to {most * factor:.3g} {prefix}{unit}"


def _breakdown(result: RunResult) -> Table:
    table = Table(title="Where the time goes", title_justify="left", show_header=False)
    table.add_column("part")
    table.add_column("share", justify="right")
    table.add_column("bar")
    for name, share in sorted(result.breakdown.items(), key=lambda item: -item[1]):
        table.add_row(name, f"{share:.1%}", "#" * round(40 * share))
    return table


def _cores(result: RunResult) -> Table:
    table = Table(title="How busy the cores are", title_justify="left")
    table.add_column("core", justify="right")
    table.add_column("idle", justify="right")
    table.add_column("instructions per cycle", justify="right")
    for core in result.cores:
        table.add_row(str(core.core), f"{core.idle:.1%}", f"{core.instructions_per_cycle:.3f}")
    return table
