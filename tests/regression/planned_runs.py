# SPDX-License-Identifier: Apache-2.0
"""Runs whose results must not change: ``python -m tests.regression``.

Every run's times, energies, counts and outputs are compared with ``runs.json``, to the last bit. A
change that is meant to leave them alone must leave this file alone; one that moves them rewrites it
with ``--write`` and says why.
"""

import argparse
import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from alpine_cosim.campaigns.executor import LocalProcesses
from alpine_models.files import write_text

FILE = Path(__file__).with_name("runs.json")
SHOWN = ("time_s", "energy_j", "instructions", "tile_cycles", "outputs_sha256")
DIGESTED = (
    "energy_parts_j", "energy_memory_controller_io_j", "llc_misses_per_instruction",
    "cm_instructions", "breakdown", "cores", "accuracy", "bits_per_character", "programming",
    "analog", "warnings",
)  # fmt: skip
"""Parts of a result that are kept in full, and those of which a digest is."""

SYSTEMS = ("high-power", "low-power")
DAY_OLD = {"after": "1day", "compensate": "tile", "seed": 7}


def planned() -> Iterator[dict[str, Any]]:
    """Arguments of `alpine_cosim.run`, by and by over everything that can be chosen."""
    for system in SYSTEMS:
        yield from mappings(system=system, engine="model", inferences=3)
    yield from styles(engine="model", inferences=3)
    yield from devices(engine="model", inferences=3, **DAY_OLD)
    yield from convolutional(engine="model", inferences=1)
    for case in (1, 3, "loose"):
        yield {"network": "mlp", "case": case, "engine": "rtl", "inferences": 3}
    yield {"network": "lstm-256", "case": 4, "engine": "rtl", "inferences": 2}
    yield {"network": "mlp", "case": 2, "engine": "cocotb", "inferences": 1}


def mappings(**common: Any) -> Iterator[dict[str, Any]]:
    """Every case of the perceptron and of an LSTM."""
    for case in (1, 2, 3, 4, "loose"):
        yield {"network": "mlp", "case": case, **common}
    for cores in (1, 2, 4):
        yield {"network": "mlp", "case": "digital", "cores": cores, **common}
    for case in (1, 2, 3, 4):
        yield {"network": "lstm-256", "case": case, **common}
    for cores in (1, 2, 5):
        yield {"network": "lstm-256", "case": "digital", "cores": cores, **common}


def styles(**common: Any) -> Iterator[dict[str, Any]]:
    """Software styles, synchronisation and settings of the system."""
    for case in (1, 2, 3, 4):
        yield {"network": "mlp", "case": case, "software": "tuned", **common}
    for case in (3, 4):
        yield {"network": "mlp", "case": case, "sync": "linux", **common}
    for case in (1, 3):
        yield {"network": "mlp", "case": case, "input_format": "fp32", **common}
    for style in ("neon1", "eigen_i8row"):
        yield {"network": "mlp", "case": "digital", "digital_style": style, **common}
    for settings in ("io.posted_stores=true", "io.access_bytes=1"):
        yield {"network": "mlp", "case": "loose", "settings": [settings], **common}
    yield {"network": "mlp", "case": 2, "settings": ["tile_clock.product_cycles=1000"], **common}
    yield {"network": "mlp", "case": 2, "back_door": True, **common}
    yield {"network": "lstm-256", "case": 1, "software": "tuned", **common}
    yield {"network": "lstm-256", "case": 3, "activations": "libm", **common}
    yield {"network": "lstm-512", "case": 3, **common}
    yield {"network": "lstm-750", "case": 4, **common}
    yield {"network": "lstm-750", "case": 1, "activations": "libm", **common}
    yield {"network": "lstm-256", "text": "in the beginning", "length": 5, "engine": "model"}


def devices(**common: Any) -> Iterator[dict[str, Any]]:
    """Tiles that are imperfect chips."""
    for device in ("pcm", "hermes-1", "hermes-2"):
        yield {"network": "mlp", "case": 2, "device": device, "chips": 2, **common}
    yield {"network": "lstm-256", "case": 4, "device": "pcm", **common}
    yield {"network": "mlp", "case": 2, "device": "pcm", "adc_bits": 6, "verify": "2", **common}


def convolutional(**common: Any) -> Iterator[dict[str, Any]]:
    """Pipelines of convolutional networks."""
    for network in ("cnn-f", "cnn-m", "cnn-s"):
        yield {"network": network, **common}
    yield {"network": "cnn-s", "software": "tuned", **common}
    yield {"network": "cnn-s", "system": "low-power", "normalisation": False, **common}
    yield {"network": "cnn-s", "case": "digital", **common}


def named() -> dict[str, dict[str, Any]]:
    """The planned runs by name."""
    return {" ".join(f"{name}={value}" for name, value in run.items()): run for run in planned()}


def made(name: str) -> dict[str, Any]:
    """Make a planned run; return what is shown of it and a digest of the rest."""
    from alpine_cosim import run

    result = json.loads(run(**named()[name]).to_json())
    rest = json.dumps({name: result[name] for name in DIGESTED}, sort_keys=True)
    digest = hashlib.sha256(rest.encode()).hexdigest()
    return {**{name: result[name] for name in SHOWN}, "rest_sha256": digest}


def differences(
    before: Mapping[str, Mapping[str, Any]], now: Mapping[str, Mapping[str, Any]]
) -> list[str]:
    """Lines that say which runs differ in what."""
    lines = [f"{name}: is not in {FILE.name}" for name in now if name not in before]
    lines += [f"{name}: was not made" for name in before if name not in now]
    for name in now:
        for key, value in now[name].items():
            expected = before.get(name, now[name]).get(key)
            if value != expected:
                lines.append(f"{name}: {key} is {value}, not {expected}")
    return lines


def main() -> int:
    """Return the exit status: 0 if every run is as it was."""
    parser = argparse.ArgumentParser(prog="python -m tests.regression")
    parser.add_argument("--write", action="store_true", help=f"rewrite {FILE.name}")
    parser.add_argument("--jobs", type=int, default=2, help="runs at a time (default: 2)")
    arguments = parser.parse_args()
    runs = named()
    results: dict[str, dict[str, Any]] = {}
    for outcome in LocalProcesses(arguments.jobs).outcomes(made, list(runs)):
        if outcome.error or outcome.value is None:
            raise RuntimeError(f"{outcome.item} failed") from outcome.error
        results[outcome.item] = outcome.value
        print(f"{len(results)} of {len(runs)}: {outcome.item}", flush=True)
    # In the planned order, in which they are written, whichever was ready first.
    results = {name: results[name] for name in runs}
    if arguments.write:
        write_text(FILE, json.dumps(results, indent=1) + "\n")
        print(FILE)
        return 0
    found = differences(json.loads(FILE.read_text()), results)
    print("\n".join(found) or f"{len(runs)} runs as they were")
    return 1 if found else 0
