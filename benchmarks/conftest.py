# SPDX-License-Identifier: Apache-2.0
# pyright: basic
"""Prints the measured rates side by side, each with its target."""

TARGETS = {
    "raw native loop with products": 2e6,
    "raw native loop, no products": 3e6,
    "int8 crossbar product, one thread": 10e9,
    "alpine run mlp --engine rtl, end to end": 300,
    "look-ups, L1 hits": 50e6,
    "look-ups, L2 hits": 50e6,
    "mlp, digital neon4": 200,
    "lstm-750, case 1, engine rtl": 1000 / 3,
    "cnn-s, case 1, engine rtl": 0.1,
}
RATIOS = {
    "batches / raw loop with products": (
        "transactor, batches from Python",
        "raw native loop with products",
        "target 80 %",
    ),
    "loop, remembered / computed": (
        "loop of 64 products, remembered",
        "loop of 64 products, computed",
        "",
    ),
}
TIMES_GEM5 = {"mlp, case 1, engine rtl": 20}
DIGITAL_TIMES_GEM5 = 200


def pytest_terminal_summary(terminalreporter, config):
    session = getattr(config, "_benchmarksession", None)
    benchmarks = getattr(session, "benchmarks", [])
    rates = {
        bench.extra_info["layer"]: (bench.extra_info["rate"], bench.extra_info["unit"])
        for bench in benchmarks
        if "layer" in bench.extra_info
    }
    if not rates:
        return
    cycles = {
        bench.extra_info["layer"]: bench.extra_info["tile_cycles_per_second"]
        for bench in benchmarks
        if "tile_cycles_per_second" in bench.extra_info
    }
    terminalreporter.section("rates (best round)")
    for name, (rate, unit) in rates.items():
        target = f"  target {TARGETS[name]:.3g}" if name in TARGETS else ""
        evaluated = f"  {cycles[name]:.4g} tile cycles/s" if name in cycles else ""
        terminalreporter.write_line(f"{name:45} {rate:12.4g} {unit}{target}{evaluated}")
    for name, (above, below, target) in RATIOS.items():
        if above in rates and below in rates:
            ratio = rates[above][0] / rates[below][0]
            terminalreporter.write_line(f"{name:45} {ratio:12.2%}  {target}".rstrip())
    for bench in benchmarks:
        if "times_gem5" in bench.extra_info:
            layer, ratio = bench.extra_info["layer"], bench.extra_info["times_gem5"]
            target = TIMES_GEM5.get(layer, DIGITAL_TIMES_GEM5)
            name = f"{layer}, times gem5's speed"
            terminalreporter.write_line(f"{name:45} {ratio:12.0f}  target {target}")
