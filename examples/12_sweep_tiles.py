# SPDX-License-Identifier: Apache-2.0
"""Where does a second tile stop paying? Tile geometry, cores and product latency of the perceptron.

The extra `map` finds a mapping for each hardware, and a sweep runs each of them.

python examples/12_sweep_tiles.py
"""

from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory

from alpine_cosim.campaigns.executor import ThisProcess
from alpine_cosim.campaigns.sweep.definition import definition_from_text
from alpine_cosim.campaigns.sweep.plan import plan_sweep
from alpine_cosim.campaigns.sweep.rows import read_rows
from alpine_cosim.campaigns.sweep.runs import open_folder, run_sweep
from alpine_platform.systems.presets import HIGH_POWER
from alpine_sw import Hardware, load_mlp, map_network
from alpine_sw.mapping.yaml_file import write_mapping

GEOMETRIES = ((1024, 1024), (2048, 2048))
CORES = (1, 2)
LATENCIES_CYCLES = (100, 1000, 10_000)

SWEEP = """
title = "perceptron: tiles, cores and product latency"
[fixed]
network = "mlp"
engine = "model"
inferences = 4
tiles.back_door = true
[axes]
system.tile_clock.product_cycles = {latencies}
mapping = {mappings}
"""

graph = load_mlp().graph()
with TemporaryDirectory() as name:
    folder = Path(name)
    mappings: dict[tuple[int, int, int], Path] = {}
    for (rows, columns), cores in product(GEOMETRIES, CORES):
        hardware = Hardware(cores=cores, rows=rows, columns=columns)
        path = folder / f"{rows}x{columns}-{cores}.yaml"
        write_mapping(map_network(graph, HIGH_POWER, hardware=hardware).mapping, path)
        mappings[rows, columns, cores] = path
    text = SWEEP.format(
        latencies=list(LATENCIES_CYCLES), mappings=[str(path) for path in mappings.values()]
    )
    open_folder(folder / "results", text)
    run_sweep(plan_sweep(definition_from_text(text)), folder / "results", executor=ThisProcess())
    table = read_rows(folder / "results").columns

times = {
    (latency, path): time_s * 1e6
    for latency, path, time_s in zip(
        table["system.tile_clock.product_cycles"],
        table["mapping"],
        table["time_per_inference_s"],
        strict=True,
    )
}
for latency, (rows, columns) in product(LATENCIES_CYCLES, GEOMETRIES):
    per_cores = [times[latency, str(mappings[rows, columns, cores])] for cores in CORES]
    gain = per_cores[0] / per_cores[1]
    print(
        f"product of {latency} cycles, tiles of {rows} x {columns}, us per inference on "
        + ", ".join(f"{c}: {us:.2f}" for c, us in zip(CORES, per_cores, strict=True))
        + f"; a second core and its tile: {gain:.2f} times as fast"
    )
