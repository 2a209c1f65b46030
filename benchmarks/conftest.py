"""Prints the measured rates side by side, each with its target."""

TARGETS = {
    "raw native loop with products": 2e6,
    "raw native loop, no products": 3e6,
    "int8 crossbar product, one thread": 10e9,
    "alpine run mlp --engine rtl, end to end": 300,
}


def pytest_terminal_summary(terminalreporter, config):
    session = getattr(config, "_benchmarksession", None)
    rates = {
        bench.extra_info["layer"]: (bench.extra_info["rate"], bench.extra_info["unit"])
        for bench in getattr(session, "benchmarks", [])
        if "layer" in bench.extra_info
    }
    if not rates:
        return
    cycles = {
        bench.extra_info["layer"]: bench.extra_info["tile_cycles_per_second"]
        for bench in session.benchmarks
        if "tile_cycles_per_second" in bench.extra_info
    }
    terminalreporter.section("rates (best round)")
    for name, (rate, unit) in rates.items():
        target = f"  target {TARGETS[name]:.3g}" if name in TARGETS else ""
        evaluated = f"  {cycles[name]:.4g} tile cycles/s" if name in cycles else ""
        terminalreporter.write_line(f"{name:45} {rate:12.4g} {unit}{target}{evaluated}")
    raw, batches = (
        rates.get(name)
        for name in ("raw native loop with products", "transactor, batches from Python")
    )
    if raw and batches:
        terminalreporter.write_line(
            f"{'batches / raw loop with products':45} {batches[0] / raw[0]:12.2%}  target 80 %"
        )
