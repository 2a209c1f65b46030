# SPDX-License-Identifier: Apache-2.0
"""What the cluster's accelerators compute, in plain loops over a bytearray."""

import random
from collections.abc import Mapping

__all__ = [
    "MEMORY_BYTES",
    "Macro",
    "depthwise_outputs",
    "random_depthwise_job",
    "random_ima_job",
    "run_depthwise",
    "run_ima",
    "signed",
]

MEMORY_BYTES = 1 << 12
"""Addresses of the bench repeat behind so many bytes."""

Parameters = Mapping[str, int]


def signed(value: int, bits: int = 8) -> int:
    """Return a value as two's complement."""
    value &= (1 << bits) - 1
    return value - (value >> bits - 1 << bits)


class Macro:
    """Crossbars whose ADC code is the sum of products over 8, clipped; rounded down.

    Parameters
    ----------
    rows, columns, crossbars : geometry.
    product_cycles : of a product, as the accelerator counts them.
    programming_cycles : how long programming keeps a crossbar busy.
    """

    def __init__(self, *, rows, columns, crossbars=1, product_cycles=4, programming_cycles=0):
        self.rows, self.columns, self.crossbars = rows, columns, crossbars
        self.product_cycles, self.programming_cycles = product_cycles, programming_cycles
        self.weights: dict[tuple[int, int, int], int] = {}

    def randomise(self, draw: random.Random) -> "Macro":
        """Give every cell a weight."""
        for crossbar in range(self.crossbars):
            for row in range(self.rows):
                for column in range(self.columns):
                    self.weights[crossbar, row, column] = draw.randint(-7, 7)
        return self

    @staticmethod
    def signed(byte: int) -> int:
        """Return a byte as two's complement."""
        return signed(byte)

    def code(self, crossbar: int, column: int, inputs: Mapping[int, int]) -> int:
        """Return one bit line's code for inputs by word line."""
        products = (self.weights[crossbar, row, column] * x for row, x in inputs.items())
        return max(-128, min(127, sum(products) >> 3))

    def multiply(self, crossbar: int, dac: int) -> int:
        """Return the packed codes of all bit lines for packed inputs of all word lines."""
        inputs = {row: signed(dac >> 8 * row) for row in range(self.rows)}
        used = {row: code for row, code in inputs.items() if code}
        codes = (self.code(crossbar, column, used) for column in range(self.columns))
        return sum((code & 255) << 8 * n for n, code in enumerate(codes))


def run_ima(memory: bytearray, macro: Macro, job: Parameters) -> None:
    """Do what a context of the in-memory accelerator asks for."""
    for y in range(job["jobs_y"]):
        for x in range(job["jobs_x"]):
            start = job["source"] + x * job["source_stride_x"] + y * job["source_stride_y"]
            inputs: dict[int, int] = {}
            for run in range(job["runs"]):
                for byte in range(job["run_bytes"]):
                    address = start + run * job["run_stride"] + byte
                    line = job["row"] + run * job["run_bytes"] + byte
                    inputs[line] = signed(memory[address % MEMORY_BYTES])
            target = job["destination"]
            target += x * job["destination_stride_x"] + y * job["destination_stride_y"]
            for column in range(job["columns"]):
                code = macro.code(job["crossbar"], job["column"] + column, inputs)
                memory[(target + column) % MEMORY_BYTES] = code & 255


def random_ima_job(draw: random.Random, macro: Macro) -> dict[str, int]:
    """Draw a context whose destination lies apart from all that it reads."""
    run_bytes = draw.randint(1, macro.rows)
    runs = draw.randint(1, macro.rows // run_bytes)
    rows = runs * run_bytes
    columns = draw.randint(1, macro.columns)
    jobs_x, jobs_y = draw.choice([(1, 1), (1, 3), (3, 1), (3, 2), (5, 2)])
    # Sources lie in the lower half, wherever their strides lead.
    source = draw.randrange(700, 1000)
    wrap = draw.choice([0, MEMORY_BYTES, (1 << 32) - MEMORY_BYTES])
    return {
        "crossbar": draw.randrange(macro.crossbars),
        "row": draw.randint(0, macro.rows - rows),
        "column": draw.randint(0, macro.columns - columns),
        "rows": rows,
        "columns": columns,
        "source": source + wrap,
        "run_bytes": run_bytes,
        "runs": runs,
        "run_stride": draw.choice([run_bytes, 0, draw.randint(-20, 20)]),
        "jobs_x": jobs_x,
        "source_stride_x": draw.choice([rows, 0, -3, 17]),
        "jobs_y": jobs_y,
        "source_stride_y": draw.choice([0, 40, -41]),
        "destination": draw.randrange(2500, 2600),
        "destination_stride_x": draw.choice([columns, columns + 3, -columns]),
        "destination_stride_y": draw.choice([200, -200]),
    }


def random_depthwise_job(draw: random.Random) -> dict[str, int]:
    """Draw a map whose output lies apart from all that it reads and is not empty."""
    while True:
        paddings = {side: draw.randint(0, 1) for side in ("top", "bottom", "left", "right")}
        job = {
            "source": draw.randrange(100),
            "destination": draw.randrange(2100, 2200),
            "weights": draw.randrange(1600, 1700),
            "height": draw.randint(1, 5),
            "width": draw.randint(1, 5),
            "channels": draw.choice([16, 32]),
            "stride": draw.choice([1, 2]),
            "shift": draw.choice([0, 5, 8, 11, 31]),
            "relu": draw.randint(0, 1),
            "pitch": draw.choice([0, 0, 40]),
            **paddings,
        }
        if min(depthwise_outputs(job)) > 0:
            return job


def depthwise_outputs(job: Parameters) -> tuple[int, int]:
    """Return the height and the width of a depthwise context's output."""
    return tuple(
        (job[size] + job[before] + job[after] - 3) // job["stride"] + 1
        for size, before, after in (("height", "top", "bottom"), ("width", "left", "right"))
    )


def run_depthwise(memory: bytearray, job: Parameters) -> None:
    """Do what a context of the depthwise engine asks for."""
    channels = job["channels"]
    pitch = job["pitch"] or channels
    out_height, out_width = depthwise_outputs(job)
    before = bytes(memory)

    def at(address: int) -> int:
        return signed(before[address % MEMORY_BYTES])

    for y in range(out_height):
        for x in range(out_width):
            for channel in range(channels):
                total = 0
                for ky in range(3):
                    for kx in range(3):
                        row = y * job["stride"] + ky - job["top"]
                        column = x * job["stride"] + kx - job["left"]
                        if not (0 <= row < job["height"] and 0 <= column < job["width"]):
                            continue
                        pixel = (row * job["width"] + column) * pitch + channel
                        weight = at(job["weights"] + (3 * ky + kx) * channels + channel)
                        total += weight * at(job["source"] + pixel)
                total >>= job["shift"]
                if job["relu"]:
                    total = max(0, total)
                code = max(-128, min(127, total))
                target = job["destination"] + (y * out_width + x) * pitch + channel
                memory[target % MEMORY_BYTES] = code & 255
