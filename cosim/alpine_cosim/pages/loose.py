# SPDX-License-Identifier: Apache-2.0
"""Writes the page on loose coupling: ``python -m alpine_cosim.pages.loose docs/loose.md``."""

from collections.abc import Sequence
from dataclasses import dataclass

from alpine_cosim.code_digest import page_origin
from alpine_cosim.runs.network_run import run
from alpine_models.files import deliver
from alpine_models.page_origin import with_origin
from alpine_models.published import Metric, mlp_factors, published
from alpine_platform.systems.presets import PUBLISHED_SYSTEMS
from alpine_sw.library.workloads import Software

from .markdown import table

__all__ = ["loose_page"]

INFERENCES = 10
PATHS: dict[str, tuple[str, ...]] = {
    "words": (),
    "words, stores posted": ("io.posted_stores=true",),
    "bytes": ("io.access_bytes=1",),
    "bytes, stores posted": ("io.access_bytes=1", "io.posted_stores=true"),
}
"""Ways over the I/O path, by name: settings of the system."""

INTRODUCTION = """# Loose coupling: tiles behind the I/O bus

This page is made by `python -m alpine_cosim.pages.loose`, on the timed engines, which agree with
the RTL to the cycle.

The paper also has a loosely coupled system: two off-chip tiles with a ReLU unit between them, fed
by one core over the I/O bus (Klein et al., Sec. VII). `alpine run mlp --case loose` is its
counterpart. The tiles sit behind `AimcAxi`, the AXI4-Lite accelerator of
[registers.md](registers.md), chained and with its ReLU between them; with the engines `rtl` and
`cocotb` every access of the core goes through its verilated RTL. The weights are programmed by
stores, cell by cell, or through the back door, and `--device` makes the tiles imperfect ones.
`alpine study time --network mlp --case loose` studies chips of such tiles, and
`alpine faults mlp --case loose` injects faults into them ([faults.md](faults.md)).

```
core --- I/O crossbar --- bridge --- AXI4-Lite --- tile 0 --- ReLU --- tile 1
         2 + 1 + 1 cycles  50 ns      2 or 3        100 ns   3 cycles  100 ns
         back: 2 + 1       50 ns,     cycles                 per 4 bytes
                           device 100 ns
```

Path and device latencies are gem5's defaults, fields of the system (`alpine system describe`). An
access is uncached and moves `io.access_bytes`; the core has one outstanding. With
`io.posted_stores` a store is away when the crossbar has taken it.

The program is a software pipeline. In step k it copies input k, polls `input_free`, stores the
vector to the input window and writes `start`; then it polls `result`, which by then waits for
input k - 1, loads the output window, clears `result`, applies the second ReLU and copies the output
out. So the tiles work on one input while the core moves others, and the core never waits for a
product. `released` packs bytes into words as the released AIMClib does, `tuned` moves words.
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Times:
    """Microseconds per inference on one system in one software style."""

    digital: float
    tight: float
    loose: dict[str, float]


def measure(system: str, software: Software) -> Times:
    """Run the digital reference, case 1 and every way of loose coupling."""

    def time_us(case: str | int, *, settings: Sequence[str] = ()) -> float:
        result = run(
            "mlp",
            system=system,
            case=case,
            engine="model",
            software=software,
            inferences=INFERENCES,
            back_door=True,
            settings=settings,
        )
        return result.time_s / INFERENCES * 1e6

    return Times(
        digital=time_us("digital"),
        tight=time_us(1),
        loose={name: time_us("loose", settings=settings) for name, settings in PATHS.items()},
    )


def loose_page() -> str:
    """Return the page in Markdown."""
    said = published()["mlp_text"]
    over, behind = float(said["loose_over_digital"]), float(said["tight_over_loose"])
    found = {
        (system, style): measure(system, style)
        for system in PUBLISHED_SYSTEMS
        for style in Software
    }
    rows = [
        [
            system,
            style.value,
            way,
            f"{loose:.1f}",
            f"{times.digital / loose:.1f}",
            f"{loose / times.tight:.1f}",
        ]
        for (system, style), times in found.items()
        for way, loose in times.loose.items()
    ]
    heads = ["system", "software", "accesses", "us", "faster than digital", "slower than tight"]
    released = found["high-power", Software.RELEASED]
    return "\n".join(
        [
            INTRODUCTION,
            "## Times per inference\n",
            f"The paper prints {over} times faster than digital on one core and up to {behind} "
            "times slower than\ntight. Digital is `neon4`, tight is case 1 in the same style.\n",
            table(heads, rows),
            READING,
            constant_overhead(released, over=over, behind=behind),
        ]
    )


READING = """## What decides

Of the time in words, nine tenths and more are the round trips of 256 stores and 256 loads, 209 and
210 ns each: the path's 207, and 2 or 3 cycles in the peripheral. The tiles' products and the link
between them (about 1 us) are hidden. So the factors say what an access costs and how many bytes it
moves, not what the tiles can do; the paper states neither. Posting the stores leaves the loads; a
device that answers at once would nearly halve both. The released code reaches its loosely coupled
tile with accesses of one byte.

The slower the core, the smaller the price of loose coupling: the path's nanoseconds do not scale
with the core's clock, the packing in case 1 does.
"""


def constant_overhead(times: Times, *, over: float, behind: float) -> str:
    """What the published factors become if a constant time per inference is added to all cases."""
    (tight,) = (
        factor.factor
        for factor in mlp_factors()
        if (factor.system, factor.metric, factor.cores) == ("high-power", Metric.TIME, 1)
    )
    constant = (times.digital - tight * times.tight) / (tight - 1)
    rows = [
        [
            way,
            f"{(times.digital + constant) / (loose + constant):.1f}",
            f"{(loose + constant) / (times.tight + constant):.1f}",
        ]
        for way, loose in times.loose.items()
    ]
    return (
        "## Against the published factors\n\n"
        f"Our digital and tight times differ by a factor of {times.digital / times.tight:.0f} "
        f"where the paper prints {tight}. A constant of\n{constant:.0f} us per inference, added to "
        f"both, would give {tight}. The same constant on loose coupling\n(high-power, released) "
        f"gives the following, where the paper prints {over} and {behind}:\n\n"
        + table(["accesses", "faster than digital", "slower than tight"], rows)
        + "\nByte accesses with posted stores come nearest. This is arithmetic, not a measurement: "
        "no run shows\nwhere the authors' programs spent such a constant.\n"
    )


if __name__ == "__main__":
    deliver(with_origin(loose_page(), page_origin("make docs")))
