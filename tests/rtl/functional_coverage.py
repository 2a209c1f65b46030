# SPDX-License-Identifier: Apache-2.0
"""Functional coverage of CM programs: which of the plan's bins a run has reached.

The bins are data in `cocotb_tests/testplan.toml`: a coverage point is the cross product of its
dimensions, minus the combinations that cannot be. This module says which bin an answered request
falls into.
"""

import tomllib
from collections import Counter
from collections.abc import Iterable
from itertools import product
from pathlib import Path
from typing import Any

from tile_bench import Answered

from alpine_models.isa import XZR, CmInstruction, CmOperation, decode
from alpine_models.tile import TileConfig

TESTPLAN = Path(__file__).parents[2] / "cocotb_tests" / "testplan.toml"

Bin = tuple[str, ...]


def load_points(path: Path = TESTPLAN) -> dict[str, dict[str, Any]]:
    """Return the plan's coverage points by name."""
    return {point["name"]: point for point in tomllib.loads(path.read_text())["coverage"]}


def bins_of(point: dict[str, Any]) -> set[Bin]:
    """Return every bin of a coverage point, as (point, value of each dimension)."""
    dimensions = point["dimensions"]
    names = list(dimensions)
    bins: set[Bin] = set()
    for values in product(*dimensions.values()):
        chosen = dict(zip(names, values, strict=True))
        impossible = any(
            all(chosen[name] in excluded for name, excluded in rule.items())
            for rule in point.get("impossible", [])
        )
        if not impossible:
            bins.add((point["name"], *values))
    return bins


def all_bins() -> set[Bin]:
    """Return every bin of the plan."""
    return set().union(*(bins_of(point) for point in load_points().values()))


class Coverage:
    """Counts how often each bin was reached."""

    def __init__(self, config: TileConfig):
        self.config = config
        self.hits: Counter[Bin] = Counter()

    def add(self, answered: Iterable[Answered]) -> None:
        """Count a run's requests."""
        before: CmOperation | None = None
        for one in answered:
            instruction = decode(one.request.word)
            self.hits.update(self._bins(one, instruction))
            if before is not None:
                self.hits[("order", before.name.lower(), instruction.operation.name.lower())] += 1
            before = instruction.operation

    def missing(self) -> set[Bin]:
        """Return the plan's bins that were not reached."""
        return all_bins() - set(self.hits)

    def _bins(self, one: Answered, instruction: CmInstruction) -> Iterable[Bin]:
        operation = instruction.operation
        response = "held" if one.held else "taken"
        name = operation.name.lower()
        yield ("handshake", name, "refused" if one.refused else "accepted", response)
        yield ("status", name, one_status(one))
        if operation in (CmOperation.QUEUE, CmOperation.DEQUEUE):
            yield from self._transfer(one, instruction, name, response)
        elif operation in (CmOperation.INITIALIZE, CmOperation.PARAM_READ):
            row = 0 if instruction.rn == XZR else one.request.rn
            column = 0 if instruction.rm == XZR else one.request.rm
            where = (_side(row, self.config.rows), _side(column, self.config.columns))
            yield ("cells", name, *where, response)
        elif operation is CmOperation.UNKNOWN:
            known = instruction.opcode in (0x008, 0x108, 0x208)
            yield ("unknown", "rw" if known else "opcode", response)

    def _transfer(self, one, instruction, name, response) -> Iterable[Bin]:
        is_queue = name == "queue"
        size = self.config.rows if is_queue else self.config.columns
        streaming = instruction.rn == XZR
        form = "streaming" if streaming else "indexed"
        count_register = instruction.ra if is_queue else instruction.rm
        count = one.request.ra if is_queue else one.request.rm
        if count_register == XZR:
            form, count = (f"{form}_xzr", 4) if is_queue else (f"{form}_xzr", 0)
        index = one.request.rn
        if streaming:
            index = one.input_counter if is_queue else one.output_counter
        if not 1 <= count <= 4:
            yield ("bad_count", name, form, _bad_count(count), response)
        else:
            yield ("transfer", name, form, str(count), _place(index, count, size), response)


def one_status(one: Answered) -> str:
    """Return the name of an answer's status."""
    return ("done", "unknown_instruction", "bad_count", "index_out_of_range")[one.status]


def _place(index: int, count: int, size: int) -> str:
    """Where a group lies relative to the array."""
    if index >= size:
        far = ((63, "at_2_63"), (32, "at_2_32"), (16, "at_2_16"))
        return next((name for bit, name in far if index >> bit), "behind")
    if index + count > size:
        return "across_end"
    if index + count == size:
        return "to_end"
    return "first" if index == 0 else "inside"


def _side(index: int, size: int) -> str:
    if index >= size:
        return "at_2_32" if index >> 32 else "behind"
    return {0: "first", size - 1: "last"}.get(index, "inside")


def _bad_count(count: int) -> str:
    if count == 0:
        return "zero"
    return "above_32_bits" if count >> 32 else "above_four"
