# SPDX-License-Identifier: Apache-2.0
"""Cores, accelerators and DMA on one memory: every engine leaves what arithmetic says, alike."""

import dataclasses
import random
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from tests.cosim.cluster_programs import (
    DEPTHWISE,
    DMA,
    EVENTS,
    IMA,
    TCDM,
    cluster_elf,
    load,
    run_context,
    store,
    until_finished,
    wait_for,
)
from tests.random_inputs import examples, seed

from alpine_cosim.runs.cluster_program import ClusterProgram, ClusterResult, run_cluster_program
from alpine_models.cluster_registers import DMA_REGISTERS
from alpine_models.errors import AlpineError
from alpine_models.hwpe_registers import DEPTHWISE_REGISTERS, IMA_REGISTERS
from alpine_models.imc_cluster import ClusterError, Execution, ImcConfig
from alpine_platform.binaries.riscv.cv32e40p_config import imc_cluster

HARDWARE = ImcConfig(rows=40, columns=24, port_bytes=16, crossbars=2)
SEQUENTIAL = ImcConfig(
    rows=12,
    columns=9,
    port_bytes=4,
    crossbars=2,
    execution=Execution.SEQUENTIAL,
    memory_ports=2,
)
L2_DATA = 0x1C100000
Words = dict[str, int]
Image = npt.NDArray[np.int8]

# The TCDM in quarters: what is read, what the accelerators write, what the DMA writes, and what a
# core loads and stores.
IMA_OUT, DEPTHWISE_OUT, DMA_IN, NOISE, END = 0x4000, 0x6000, 0x8000, 0xA000, 0xC000


def random_ima_words(draw: random.Random, config: ImcConfig) -> Words:
    run_bytes = draw.randint(1, config.rows)
    runs = draw.randint(1, config.rows // run_bytes)
    columns = draw.randint(1, config.columns)
    return {
        "crossbar": draw.randrange(config.crossbars),
        "row": draw.randint(0, config.rows - runs * run_bytes),
        "column": draw.randint(0, config.columns - columns),
        "rows": runs * run_bytes,
        "columns": columns,
        "source": TCDM + draw.randrange(1000, 3000),
        "run_bytes": run_bytes,
        "runs": runs,
        "run_stride": draw.choice([run_bytes, 0, -7]),
        "jobs_x": draw.randint(1, 4),
        "source_stride_x": draw.choice([runs * run_bytes, -3]),
        "jobs_y": draw.randint(1, 3),
        "source_stride_y": draw.choice([0, 200]),
        "destination": TCDM + draw.randrange(IMA_OUT, IMA_OUT + 0x1000),
        "destination_stride_x": draw.choice([columns, columns + 5]),
        "destination_stride_y": 256,
    }


def random_depthwise_words(draw: random.Random) -> Words:
    return {
        "source": TCDM + draw.randrange(200),
        "destination": TCDM + draw.randrange(DEPTHWISE_OUT, DEPTHWISE_OUT + 500),
        "weights": TCDM + draw.randrange(3000, 3100),
        "height": draw.randint(3, 5),
        "width": draw.randint(3, 5),
        "channels": draw.choice([16, 32]),
        "mode": draw.randint(1, 2) | draw.randrange(16) << 4,
        "activation": draw.choice([0, 6, 9]) | draw.randint(0, 1) << 8,
        "pitch": draw.choice([0, 40]),
    }


def random_transfer(draw: random.Random) -> Words:
    row_bytes, rows = draw.randint(1, 40), draw.randint(1, 4)
    comes = draw.random() < 0.7
    inner = TCDM + (DMA_IN + draw.randrange(0x1000) if comes else draw.randrange(0x3000))
    outer = L2_DATA + (0 if comes else 0x10000) + draw.randrange(0x1000)
    return {
        "source": outer if comes else inner,
        "destination": inner if comes else outer,
        "row_bytes": row_bytes,
        "rows": rows,
        "source_stride": draw.choice([row_bytes, 64]),
        "destination_stride": draw.choice([row_bytes, 48]),
    }


def do_ima(memory: Image, weights: dict[int, Any], words: Words, lsb: float) -> None:
    for y in range(words["jobs_y"]):
        for x in range(words["jobs_x"]):
            start = words["source"] - TCDM
            start += x * words["source_stride_x"] + y * words["source_stride_y"]
            runs = [
                memory[start + r * words["run_stride"] :][: words["run_bytes"]]
                for r in range(words["runs"])
            ]
            matrix = weights[words["crossbar"]][words["row"] :, words["column"] :]
            matrix = matrix[: words["rows"], : words["columns"]]
            codes = np.rint(np.concatenate(runs).astype(int) @ matrix / lsb)
            to = words["destination"] - TCDM
            to += x * words["destination_stride_x"] + y * words["destination_stride_y"]
            memory[to : to + words["columns"]] = np.clip(codes, -128, 127)


def do_depthwise(memory: Image, words: Words) -> None:
    channels, pitch = words["channels"], words["pitch"] or words["channels"]
    height, width, stride = words["height"], words["width"], words["mode"] & 3
    top, bottom, left, right = (words["mode"] >> bit & 1 for bit in (4, 5, 6, 7))
    start = words["source"] - TCDM
    pixels = memory[start:][: height * width * pitch].reshape(height, width, pitch)
    padded = np.pad(pixels[..., :channels].astype(int), ((top, bottom), (left, right), (0, 0)))
    taps = memory[words["weights"] - TCDM :][: 9 * channels].reshape(3, 3, channels).astype(int)
    out_width = (width + left + right - 3) // stride + 1
    for y in range((height + top + bottom - 3) // stride + 1):
        for x in range(out_width):
            window = padded[y * stride : y * stride + 3, x * stride : x * stride + 3]
            total = (window * taps).sum(axis=(0, 1)) >> (words["activation"] & 31)
            low = 0 if words["activation"] >> 8 else -128
            to = words["destination"] - TCDM + (y * out_width + x) * pitch
            memory[to : to + channels] = np.clip(total, low, 127)


def move(memory: Image, behind: Image, words: Words) -> None:
    for row in range(words["rows"]):
        sides: list[Image] = []
        for side in ("source", "destination"):
            address = words[side] + row * words[f"{side}_stride"]
            held, base = (behind, L2_DATA) if address >= L2_DATA else (memory, TCDM)
            sides.append(held[address - base :][: words["row_bytes"]])
        sides[1][:] = sides[0]


def transfer(words: Words) -> list[int]:
    found: list[int] = []
    for name, word in words.items():
        found += store(DMA + DMA_REGISTERS[name].offset, word)
    return found + store(DMA + DMA_REGISTERS["start"].offset, 0)


class Jobs:
    """Random work for both accelerators, the DMA and a core that is in their way."""

    def __init__(self, draw: random.Random, config: ImcConfig) -> None:
        self.config = config
        numbers = np.random.default_rng(draw.getrandbits(32))
        self.memory = numbers.integers(-128, 128, END, np.int8)
        self.behind = numbers.integers(-128, 128, 0x20000, np.int8)
        low, high = config.weight_range
        self.weights = {
            number: numbers.integers(low, high + 1, (config.rows, config.columns))
            for number in range(config.crossbars)
        }
        self.ima = [random_ima_words(draw, config) for _ in range(4)]
        self.depthwise = [random_depthwise_words(draw) for _ in range(2)]
        self.transfers = [random_transfer(draw) for _ in range(3)]
        noise = [draw.randrange(NOISE, END - 4) & ~3 for _ in range(60)]
        self.noise = [(place, draw.getrandbits(32)) for place in noise]

    def program(self, path: Path) -> Path:
        cycles = IMA + IMA_REGISTERS["product_cycles"].offset
        ima = [store(cycles, 9)]
        for first, second in zip(self.ima[::2], self.ima[1::2], strict=True):
            ima += [run_context(IMA, IMA_REGISTERS, each) for each in (first, second)]
            ima.append(until_finished(IMA, 2))
        depthwise: list[list[int]] = []
        for words in self.depthwise:
            depthwise += [run_context(DEPTHWISE, DEPTHWISE_REGISTERS, words)]
            depthwise += [wait_for(EVENTS[DEPTHWISE])]
        moves: list[list[int]] = []
        for words in self.transfers:
            moves += [transfer(words), wait_for(EVENTS[DMA])]
        noise = [store(TCDM + place, word) for place, word in self.noise]
        noise += [load(TCDM + place) for place, _ in self.noise]
        return cluster_elf(path, [ima, depthwise, moves, noise])

    def expected(self) -> tuple[Image, Image]:
        memory, behind = self.memory.copy(), self.behind.copy()
        for words in self.ima:
            do_ima(memory, self.weights, words, 4.0)
        for words in self.depthwise:
            do_depthwise(memory, words)
        for words in self.transfers:
            move(memory, behind, words)
        for place, word in self.noise:
            memory[place : place + 4] = np.array([word], np.uint32).view(np.int8)
        return memory, behind

    def run(self, path: Path, engine: str) -> ClusterResult:
        images = {TCDM: self.memory.tobytes(), L2_DATA: self.behind.tobytes()}
        result = run_cluster_program(
            ClusterProgram(
                path=self.program(path),
                images=images,
                weights=self.weights,
                lsb=dict.fromkeys(self.weights, 4.0),
            ),
            engine=engine,
            hardware=self.config,
            system=imc_cluster(4),
            max_cycles=100_000,
        )
        assert result.outcome.status == 0, result.outcome.message
        return result


def check_contents(jobs: Jobs, result: ClusterResult) -> None:
    memory, behind = jobs.expected()
    assert (result.array(TCDM, (END,)) == memory).all()
    assert (result.array(L2_DATA, behind.shape) == behind).all()


@pytest.mark.random
def test_random_jobs_of_the_model_leave_what_arithmetic_says(tmp_path: Path):
    draw = random.Random(seed(11))
    for number in range(examples(20)):
        config = ImcConfig(
            rows=draw.choice([8, 40]),
            columns=24,
            crossbars=2,
            port_bytes=draw.choice([4, 8, 16, 32, 64]),
            memory_ports=draw.choice([1, 2]),
            execution=draw.choice(list(Execution)),
            cell_bits=draw.choice([4, 8]),
        )
        jobs = Jobs(draw, config)
        result = jobs.run(tmp_path / f"{number}.elf", "model")
        check_contents(jobs, result)
        found = result.outcome.activity
        assert [job.end_cycle is not None for job in found.jobs] == [True] * 6
        vectors = sum(words["jobs_x"] * words["jobs_y"] for words in jobs.ima)
        assert found.counters["ima"]["products"] == len(found.products) == vectors
        assert found.counters["dma"]["bytes"] == sum(
            words["rows"] * words["row_bytes"] for words in jobs.transfers
        )


@pytest.mark.random
@pytest.mark.parametrize("hardware", [HARDWARE, SEQUENTIAL], ids=["pipelined", "sequential"])
def test_model_and_rtl_are_alike_in_every_byte_edge_and_counter(
    tmp_path: Path, hardware: ImcConfig
):
    draw = random.Random(seed(12))
    stalled = 0
    for number in range(examples(8)):
        jobs = Jobs(draw, hardware)
        model = jobs.run(tmp_path / f"{number}.elf", "model")
        rtl = jobs.run(tmp_path / f"{number}.elf", "rtl")
        check_contents(jobs, rtl)
        assert rtl.memories == model.memories
        assert rtl.outcome.as_json() == model.outcome.as_json()
        found, other = rtl.outcome.activity, model.outcome.activity
        assert (found.products == other.products).all()
        assert found.transfers_digest == other.transfers_digest
        stalled += found.counters["ima"]["stalled_cycles"]
    assert stalled, "nobody was in the accelerators' way"


def stopped(tmp_path: Path, *parts: list[int]) -> str:
    """What is said of a program that does what accelerators or DMA cannot."""
    path = cluster_elf(tmp_path / "stopped.elf", [parts])
    result = run_cluster_program(
        ClusterProgram(path=path), hardware=HARDWARE, system=imc_cluster(1), max_cycles=10_000
    )
    assert result.outcome.status == 126
    assert "\n" not in result.outcome.message
    return result.outcome.message


def test_what_accelerators_and_dma_cannot_do_is_one_line(tmp_path: Path):
    words = random_ima_words(random.Random(1), HARDWARE)
    job = run_context(IMA, IMA_REGISTERS, words | {"source": TCDM + (512 << 10)})
    assert stopped(tmp_path, job, wait_for(4)) == (
        f"an accelerator reads {min(16, words['run_bytes'])} bytes at 0x10080000: it reaches "
        f"nothing but TCDM 0x10000000 to 0x1007ffff"
    )
    move = random_transfer(random.Random(1)) | {"rows": 1, "destination": L2_DATA}
    assert stopped(tmp_path, transfer(move | {"source": L2_DATA + 64})) == (
        f"the DMA cannot move 1 row of {move['row_bytes']} bytes from 0x1c100040 to 0x1c100000: "
        f"one side lies whole in TCDM 0x10000000 to 0x1007ffff, the other in L2 0x1c000000 to "
        f"0x1cffffff"
    )
    move |= {"source": TCDM}
    start = DMA + DMA_REGISTERS["start"].offset
    many = [transfer(move), *([store(start, 0)] * 8)]
    assert stopped(tmp_path, *many) == (
        "the DMA's queue is full: wait for a transfer before the next one"
    )
    assert "registers of the IMA are aligned words" in stopped(tmp_path, store(IMA + 0x102, 0))
    assert "waits for an event of mask 0x4" in stopped(tmp_path, wait_for(4))


def test_refused_contexts_and_wrong_accesses_are_errors_of_the_accelerator(tmp_path: Path):
    """They finish with an event; the first one's code stays in the status."""
    draw = random.Random(2)
    bad = run_context(IMA, IMA_REGISTERS, random_ima_words(draw, HARDWARE) | {"crossbar": 5})
    status = load(IMA + IMA_REGISTERS["status"].offset, 10)
    parts = [bad, wait_for(4), store(IMA + 0x18, 1), status]
    # What hart 0 has in a0 when it ends at the barrier would be its status; so it is stored.
    keep = [*store(TCDM, 0)[:2], 10 << 20 | 5 << 15 | 2 << 12 | 0x23]
    path = cluster_elf(tmp_path / "refused.elf", [[*parts, keep]])
    for engine in ("model", "rtl"):
        result = run_cluster_program(
            ClusterProgram(path=path), engine=engine, hardware=HARDWARE, system=imc_cluster(1)
        )
        assert result.read(TCDM, 4) == bytes((0, ClusterError.WINDOW, 0, 0))
        (job,) = result.outcome.activity.jobs
        assert job.end_cycle is not None


def test_cells_are_programmed_and_read_through_registers(tmp_path: Path):
    at = {register.name: IMA + register.offset for register in IMA_REGISTERS.registers}
    parts = [
        store(at["cell_row"], 39),
        store(at["cell_column"], 23),
        store(at["cell_crossbar"], 1),
        store(at["cell_weight"], -5 & 0xFFFFFFFF),
        load(at["cell_weight"], 10),
        [*store(TCDM, 0)[:2], 10 << 20 | 5 << 15 | 2 << 12 | 0x23],
    ]
    path = cluster_elf(tmp_path / "cells.elf", [parts])
    cycles: list[int] = []
    for engine in ("model", "rtl"):
        result = run_cluster_program(
            ClusterProgram(path=path), engine=engine, hardware=HARDWARE, system=imc_cluster(1)
        )
        assert result.array(TCDM, (1,), np.int32)[0] == -5
        cycles.append(result.outcome.cycles)
    assert cycles[0] == cycles[1]


def test_a_register_access_takes_the_way_there_and_back(tmp_path: Path):
    """Another cycle of the interconnect delays each of the six accesses by one."""
    registers = [IMA + IMA_REGISTERS["product_cycles"].offset] * 3 + [DMA] * 3
    parts = [store(address, 9) for address in registers]
    path = cluster_elf(tmp_path / "accesses.elf", [parts])
    cycles = [
        run_cluster_program(
            ClusterProgram(path=path),
            hardware=HARDWARE,
            system=dataclasses.replace(imc_cluster(1), peripheral_cycles=latency),
        ).outcome.cycles
        for latency in (2, 3, 4, 9)
    ]
    # The barrier's own load has no more latency.
    assert [each - cycles[0] for each in cycles] == [0, 6, 12, 42]


def test_weights_that_do_not_fit_are_named(tmp_path: Path):
    path = cluster_elf(tmp_path / "nothing.elf", [[]])
    for weights, message in (
        ({2: np.zeros((1, 1), int)}, "weights of crossbar 2: there are 2, from 0 on"),
        ({0: np.zeros((41, 1), int)}, "weights of crossbar 0 are 41 x 1: it has 40 x 24 cells"),
        ({1: np.full((1, 1), 8)}, "weights of crossbar 1 reach from 8 to 8: its cells of 4 bits"),
    ):
        with pytest.raises(AlpineError, match=message):
            run_cluster_program(ClusterProgram(path=path, weights=weights), hardware=HARDWARE)
