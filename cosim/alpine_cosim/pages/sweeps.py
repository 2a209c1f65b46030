# SPDX-License-Identifier: Apache-2.0
"""What the example sweeps show: the last section of docs/sweeps.md.

``python -m alpine_cosim.pages.sweeps docs/sweeps.md`` runs ``examples/sweeps`` and example 12 of
the page's checkout, and writes the section anew.
"""

import argparse
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from alpine_cosim.campaigns.places import local_executor
from alpine_cosim.campaigns.sweep.answers import goal_of, pareto_front, sensitivity
from alpine_cosim.campaigns.sweep.definition import read_definition
from alpine_cosim.campaigns.sweep.plan import plan_sweep
from alpine_cosim.campaigns.sweep.rows import SweepRows, read_rows
from alpine_cosim.campaigns.sweep.runs import open_folder, run_sweep
from alpine_cosim.campaigns.sweep.tables import shown
from alpine_cosim.code_digest import page_origin
from alpine_models.children import scratch_folder
from alpine_models.errors import AlpineError
from alpine_models.files import write_text
from alpine_models.page_origin import with_origin

from .markdown import table

__all__ = ["HEAD", "accuracy_text", "memory_text", "pivot", "with_answers"]

HEAD = "## What the examples show\n"
"""Begins the section, which ends with the page."""

COMMAND = "make sweeps"

TIME, ENERGY, BITS = "time_per_inference_s", "energy_per_inference_j", "bits_per_character"
LATENCY, CACHE = "system.dram.backend_ns", "system.l2.size_bytes"
CONVERTER, DRIFT, DEVICE = "device.adc_bits", "device.after_s", "device.name"
TILES = "12_sweep_tiles.py"


def with_answers(page: str, section: str) -> str:
    """Return a page with this last section in place of an earlier one, and its origin."""
    text = f"{page.partition(HEAD)[0].rstrip()}\n\n{HEAD}\n{section}"
    return with_origin(text, page_origin(COMMAND))


def memory_text(rows: SweepRows) -> str:
    """Return what quicker memory and larger caches bring the digital references."""
    networks = sorted(set(rows.columns["network"]))
    parts = [
        "### DRAM latency and L2 size for the digital references\n\n"
        "`examples/sweeps/memory.toml`: time per inference by the latency of the DRAM's back end "
        "and the\nsize of the last-level cache.\n"
    ]
    for network in networks:
        its = _where(rows, "network", network)
        parts.append(f"{network}:\n\n" + pivot(its, row=LATENCY, column=CACHE, value=TIME))
    gains: list[list[str]] = []
    for network in networks:
        effects = sensitivity(_where(rows, "network", network), TIME)
        moved = {effect.name: effect.relative or 0.0 for effect in effects}
        more = "latency" if moved[LATENCY] > moved[CACHE] else "cache"
        gains.append([network, f"{moved[LATENCY]:.1%}", f"{moved[CACHE]:.1%}", more])
    parts += [
        "How far each axis moves the time where nothing else changes, in relation to the mean "
        "time:\n",
        table(["network", "latency alone", "cache alone", "moves it more"], gains),
    ]
    return "\n".join(parts)


def accuracy_text(rows: SweepRows) -> str:
    """Return the quality of the language model by converter, drift and device, and the front."""
    goals = [goal_of(ENERGY, rows), goal_of(BITS, rows)]
    front = pareto_front(rows, goals)
    columns = [*rows.varied, ENERGY, BITS]
    cells = [[shown(name, rows.columns[name][place]) for name in columns] for place in front]
    effects = [
        [effect.name, shown(BITS, effect.mean), shown(ENERGY, energy.mean)]
        for effect in sensitivity(rows, BITS)
        for energy in sensitivity(rows, ENERGY)
        if energy.name == effect.name
    ]
    parts = [
        "### ADC bits, drift and device for LSTM-256\n\n"
        "`examples/sweeps/accuracy.toml`: bits per character (less is better) by resolution of the "
        "ADC and\ntime after programming.\n"
    ]
    for device in sorted(set(rows.columns[DEVICE])):
        for case in sorted(set(rows.columns["case"])):
            its = _where(_where(rows, DEVICE, device), "case", case)
            parts.append(
                f"{device}, case {case}:\n\n" + pivot(its, row=DRIFT, column=CONVERTER, value=BITS)
            )
    parts += [
        f"Pareto front of energy and bits per character, {len(front)} of {len(rows)} runs:\n",
        table(columns, cells),
        "How far a setting alone moves both, as a mean; the energy of a product is a published "
        "constant, on\nwhich neither device nor resolution acts:\n",
        table(["setting", "bits per character", "energy per inference"], effects),
    ]
    return "\n".join(parts)


def pivot(rows: SweepRows, *, row: str, column: str, value: str) -> str:
    """Return a table of one figure by two settings."""
    places = range(len(rows))
    cells = {
        (rows.columns[row][place], rows.columns[column][place]): rows.columns[value][place]
        for place in places
    }
    across = sorted({key[1] for key in cells})
    lines = [
        [shown(row, down), *(shown(value, cells.get((down, key))) for key in across)]
        for down in sorted({key[0] for key in cells})
    ]
    return table([f"{row} \\ {column}", *(shown(column, key) for key in across)], lines)


def _where(rows: SweepRows, column: str, value: Any) -> SweepRows:
    chosen = [place for place, each in enumerate(rows.columns[column]) if each == value]
    columns = {name: [values[n] for n in chosen] for name, values in rows.columns.items()}
    return SweepRows(title=rows.title, varied=rows.varied, columns=columns)


def _tiles_text(example: Path) -> str:
    done = subprocess.run([sys.executable, example], capture_output=True, text=True, check=False)
    if done.returncode:
        raise AlpineError(f"{example} has failed: {done.stderr.strip()}")
    return (
        "### Tile geometry, product latency and cores for the perceptron\n\n"
        f"`python examples/{TILES}`: where does a second tile stop paying? It prints\n\n"
        f"```\n{done.stdout}```\n\n"
        "A tile of 1024 x 1024 cells holds one of the two layers, so a single core computes the "
        "other one\nitself, and a second tile pays however slow the product is. Where one tile "
        "holds both layers, a second\none brings the less, the slower the product is.\n"
    )


def _rows_of(file: Path, folder: Path) -> SweepRows:
    open_folder(folder, file.read_text(encoding="utf-8"))
    run_sweep(plan_sweep(read_definition(file)), folder, executor=local_executor(None))
    return read_rows(folder)


def main() -> None:
    """Run the examples and write the section."""
    parser = argparse.ArgumentParser(prog="python -m alpine_cosim.pages.sweeps")
    parser.add_argument("page", type=Path, help="docs/sweeps.md of a checkout")
    page: Path = parser.parse_args().page
    examples = page.resolve().parent.parent / "examples"
    texts: Sequence[tuple[str, Callable[[SweepRows], str]]] = (
        ("accuracy", accuracy_text),
        ("memory", memory_text),
    )
    with scratch_folder("sweeps") as scratch:
        sections = [_tiles_text(examples / TILES)]
        for name, text in texts:
            sections.append(text(_rows_of(examples / "sweeps" / f"{name}.toml", scratch / name)))
    write_text(page, with_answers(page.read_text(encoding="utf-8"), "\n".join(sections)))


if __name__ == "__main__":
    try:
        main()
    except AlpineError as error:
        sys.exit(f"alpine: {error}")
