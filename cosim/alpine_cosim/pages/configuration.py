# SPDX-License-Identifier: Apache-2.0
"""Writes the page on configuration: ``python -m alpine_cosim.pages.configuration FILE``."""

from dataclasses import fields, is_dataclass

from alpine_models.files import deliver
from alpine_platform.config.describe import TITLES, parts_of
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
- All complexes together have at most 64 cores, and names that differ from each other and from
  those of the system's parts.
- All caches together have at most 8,388,608 lines, 512 MB of 64 bytes: what a simulation holds.
- `dram.t_refi_ns` is above `dram.t_rfc_ns`, `dram.write_low` below `dram.write_high`.
- A mapping has as many cores as it needs: `cores=2` is refused for case 4 of the perceptron.
- Simulated time ends at 77 minutes: 64-bit integers count femtoseconds.

## Fields

Of the last column, "reference" is the configuration of the gem5 runs (MinorCPU with ALPINE's
parameters), and "observations" are these runs.
"""
PARTS = (None, *TITLES)


def configuration_page() -> str:
    """Return the page in Markdown."""
    parts = [INTRODUCTION]
    for part in PARTS:
        title = "The system" if part is None else f"`{part}`: {TITLES[part]}"
        parts += [f"### {title}\n", _fields(part)]
    return "\n".join(parts)


def _fields(name: str | None) -> str:
    rows: list[list[str]] = []
    for high, low in zip(parts_of(HIGH_POWER, name), parts_of(LOW_POWER, name), strict=True):
        for item in fields(high):
            values = [getattr(part, item.name) for part in (high, low)]
            if is_dataclass(values[0]) or isinstance(values[0], tuple) or item.type is str:
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
    return table(["field", "high-power / low-power", "range", "what it is", "source"], rows)


if __name__ == "__main__":
    deliver(configuration_page())
