# SPDX-License-Identifier: Apache-2.0
"""Writes the page on configuration: ``python -m alpine_cosim.pages.configuration FILE``."""

from collections.abc import Iterable
from dataclasses import fields, is_dataclass
from typing import Any

from alpine_models.files import deliver
from alpine_platform.config import (
    ClusterConfig,
    ClusterMemoryConfig,
    CoreConfig,
    DmaConfig,
    EventUnitConfig,
    ScratchPadConfig,
)
from alpine_platform.config.describe import CLUSTER_TITLES, TITLES, parts_of
from alpine_platform.config.fields import range_text
from alpine_platform.config.quantities import shown, unit_of
from alpine_platform.systems.presets import HIGH_POWER, LOW_POWER

from .markdown import table

__all__ = ["configuration_page"]

INTRODUCTION = """# Configuration: every field of a system

This page is made by `python -m alpine_cosim.pages.configuration docs/configuration.md`.
`alpine system describe high-power` draws the same for one system, with what `--set` and `--config`
change.

## Changing fields

```
alpine run mlp --set core.frequency_hz=1GHz --set l2.size_bytes=2MB --set l2.associativity=8
alpine run mlp --config mine.toml --set dram.backend_ns=60
```

with tables by part in `mine.toml`, and units in quotes:

```toml
cores = 4

[l2]
size_bytes = "2MB"
associativity = 8
```

- A number without a unit is in the unit that the field's name ends with. With one it may be in any
  of kHz, MHz, GHz; B, kB, MB, GB, TB, where 1 kB is 1024 B, as KiB is; fs, ps, ns, us, ms, s; uW,
  mW, W; fJ, pJ, nJ, uJ, mJ.
- All fields of the file and of the command line are applied at once, so those that only fit
  together come in any order; the command line prevails.
- A field that does not exist, a value out of its range, and fields that do not fit together are
  refused in one line. In Python, `SYSTEMS["high-power"].override({"core.frequency_hz": "1GHz"})`
  follows the same rules.

## Systems with several complexes of cores

A system is a tree: complexes of cores, each with its own clock, core type and L1 caches, and what
they share. The presets have one complex, whose name, `cpu`, is left out of the names of its fields:
`cores`, `core.*`, `l1.*` and the first three of `energy.*`. Where a system has several, the name of
the complex comes first, as in `little.core.frequency_hz`. The L2 and the buses before
it run on the clock of the first complex.

## What has to fit together

- `l1.line_bytes` equals `l2.line_bytes`, which is at most `dram.row_bytes`.
- A cache's ways are at most its lines and leave a power of two of sets.
- All complexes together have at most 64 cores; complexes and clusters have names that differ from
  each other and from those of the system's parts.
- The two memories, the DMA's and the event unit's registers of a cluster do not overlap.
- All caches together have at most 8,388,608 lines, 512 MB of 64 bytes: what a simulation holds.
- `dram.t_refi_ns` is above `dram.t_rfc_ns`, `dram.write_low` below `dram.write_high`.
- A mapping has as many cores as it needs: `cores=2` is refused for case 4 of the perceptron.
- Simulated time ends at 77 minutes: 64-bit integers count femtoseconds.

## Fields

Of the last column, "reference" is the configuration of the gem5 runs (MinorCPU with ALPINE's
parameters), and "observations" are these runs.
"""
PARTS = (None, *TITLES)
CLUSTERS = """## Fields of clusters

A system may hold clusters: cores without caches on a scratch-pad memory ([systems.md](systems.md)).
The names of their fields begin with the cluster's, where it is not the only one, as in
`cluster.dma.start_cycles`. No published system is one yet; these are the defaults.
"""
CLUSTER = ClusterConfig(
    core=CoreConfig(frequency_hz=500e6),
    scratch_pad=ScratchPadConfig(),
    dma=DmaConfig(),
    event_unit=EventUnitConfig(),
    memory=ClusterMemoryConfig(),
)
"""Of its parts, the page shows the defaults."""


def configuration_page() -> str:
    """Return the page in Markdown."""
    parts = [INTRODUCTION]
    for part in PARTS:
        title = "The system" if part is None else f"`{part}`: {TITLES[part]}"
        both = zip(parts_of(HIGH_POWER, part), parts_of(LOW_POWER, part), strict=True)
        parts += [f"### {title}\n", _fields("high-power / low-power", both)]
    parts += [CLUSTERS, "### The cluster\n", _fields("default", [(CLUSTER, CLUSTER)])]
    for name, title in CLUSTER_TITLES.items():
        part = getattr(CLUSTER, name)
        parts += [f"### `{name}`: {title}\n", _fields("default", [(part, part)])]
    return "\n".join(parts)


def _fields(values_title: str, pairs: Iterable[tuple[Any, Any]]) -> str:
    rows: list[list[str]] = []
    for high, low in pairs:
        for item in fields(high):
            values = [getattr(part, item.name) for part in (high, low)]
            if values[0] is None or item.type is str:
                continue
            if is_dataclass(values[0]) or isinstance(values[0], tuple):
                continue
            unit = unit_of(item.name)
            texts = dict.fromkeys(shown(value, unit) for value in values)
            rows.append(
                [
                    f"`{item.name}`",
                    " / ".join(texts),
                    range_text(item),
                    item.metadata["text"],
                    item.metadata["source"],
                ]
            )
    return table(["field", values_title, "range", "what it is", "source"], rows)


if __name__ == "__main__":
    deliver(configuration_page())
