# SPDX-License-Identifier: Apache-2.0
"""Cycles and counters of a cluster's accelerators and DMA, from the contract's arithmetic."""

from math import ceil
from pathlib import Path

import pytest
from tests.cosim.cluster_programs import (
    DMA,
    EVENTS,
    IMA,
    TCDM,
    cluster_elf,
    keep,
    load,
    run_context,
    store,
    until_finished,
    wait_for,
)

from alpine_cosim.runs.cluster_program import ClusterProgram, ClusterResult, run_cluster_program
from alpine_models.cluster_registers import DMA_REGISTERS
from alpine_models.hwpe_registers import IMA_REGISTERS, NO_CONTEXT
from alpine_models.imc_cluster import ImcConfig
from alpine_platform.binaries.riscv.cv32e40p_config import imc_cluster

HARDWARE = ImcConfig(rows=40, columns=24, port_bytes=16, crossbars=2)
"""Shared with `test_cluster_engines`, and so is its verilated model."""

ENGINES = ("model", "rtl")
L2_DATA = 0x1C100000
PRODUCT_CYCLES = 9
JOB = {
    "crossbar": 0,
    "row": 0,
    "column": 0,
    "rows": 40,
    "columns": 24,
    "source": TCDM,
    "run_bytes": 40,
    "runs": 1,
    "run_stride": 0,
    "jobs_x": 1,
    "source_stride_x": 0,
    "jobs_y": 1,
    "source_stride_y": 0,
    "destination": TCDM + 0x1000,
    "destination_stride_x": 0,
    "destination_stride_y": 0,
}
IMA_AT = {register.name: IMA + register.offset for register in IMA_REGISTERS.registers}
DMA_AT = {register.name: DMA + register.offset for register in DMA_REGISTERS.registers}


def run(tmp_path: Path, *harts: list[list[int]], engine: str = "model") -> ClusterResult:
    """Run a program of several harts."""
    path = cluster_elf(tmp_path / "program.elf", harts)
    result = run_cluster_program(
        ClusterProgram(path=path),
        engine=engine,
        hardware=HARDWARE,
        system=imc_cluster(len(harts)),
        max_cycles=20_000,
    )
    assert result.outcome.status == 0, result.outcome.message
    return result


def ima(**changed: int) -> list[int]:
    return run_context(IMA, IMA_REGISTERS, JOB | changed)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_job_alone_takes_the_cycles_of_its_beats_and_its_product(tmp_path: Path, engine: str):
    parts = [store(IMA_AT["product_cycles"], PRODUCT_CYCLES), ima(), wait_for(EVENTS[IMA])]
    found = run(tmp_path, parts, engine=engine).outcome.activity
    beats_in, beats_out = ceil(40 / 16), ceil(24 / 16)
    (job,), ((begun, ended),) = found.jobs, found.products
    # In the cycle behind the trigger's the context is checked, then it begins, and its first beat
    # is on the port in the third. The last answer comes a cycle behind its grant; then the vector
    # is complete, the DACs are loaded, and the crossbar starts.
    assert begun - job.start_cycle == 2 + beats_in + 1 + 1 + 1
    # The first of the product's cycles loads the DACs.
    assert ended - begun == PRODUCT_CYCLES - 1
    assert job.end_cycle is not None
    assert job.end_cycle - ended == beats_out
    counters = found.counters["ima"]
    # Busy from the cycle behind the trigger's to the last grant, in the cycle before the event.
    assert counters["busy_cycles"] == job.end_cycle - job.start_cycle - 1
    assert (counters["bytes_in"], counters["bytes_out"]) == (40, 24)
    assert (counters["products"], counters["stalled_cycles"]) == (1, 0)


def transfer(**words: int) -> list[int]:
    found = [each for name, word in words.items() for each in store(DMA_AT[name], word)]
    return [*found, *store(DMA_AT["start"], 0), *wait_for(EVENTS[DMA])]


def test_a_transfer_alone_takes_its_start_and_a_cycle_per_8_bytes(tmp_path: Path):
    move = transfer(
        source=L2_DATA,
        destination=TCDM,
        row_bytes=20,
        rows=3,
        source_stride=20,
        destination_stride=32,
    )
    counters = run(tmp_path, [move, move]).outcome.activity.counters["dma"]
    dma = imc_cluster(1).dma
    assert counters["busy_cycles"] == 2 * (dma.start_cycles + 3 * ceil(20 / dma.width_bytes))
    assert (counters["transfers"], counters["bytes"]) == (2, 2 * 3 * 20)
    assert counters["stalled_cycles"] == 0


def loads(bank: int) -> list[list[int]]:
    """A core in the way of whoever needs a bank, for a while."""
    again = load(TCDM + 4 * bank)
    return [again, *([[again[-1]]] * 400)]


def held_up(result: ClusterResult, device: str) -> int:
    """Cycles in which a device or the core beside it was refused a bank."""
    outcome = result.outcome
    stalled = outcome.activity.counters[device]["stalled_cycles"]
    return stalled + outcome.cores[1].stalls["bank_conflict"]


@pytest.mark.parametrize(("bank", "collides"), [(3, 0), (4, 1), (5, 1), (6, 0)])
def test_a_beat_of_the_dma_takes_both_of_its_banks(tmp_path: Path, bank: int, collides: bool):
    move = transfer(
        source=L2_DATA,
        destination=TCDM + 4 * 4,
        row_bytes=8,
        rows=30,
        source_stride=8,
        destination_stride=128,
    )
    result = run(tmp_path, [move], loads(bank))
    assert (held_up(result, "dma") > 0) == collides
    counters = result.outcome.activity.counters["dma"]
    moving = imc_cluster(1).dma.start_cycles + 30
    assert counters["busy_cycles"] - counters["stalled_cycles"] == moving


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("bank", "collides"), [(3, 0), (4, 1), (8, 1), (9, 0)])
def test_a_beat_of_an_accelerator_takes_all_of_its_banks(
    tmp_path: Path, bank: int, collides: bool, engine: str
):
    # 16 bytes from the middle of bank 4 on reach into bank 8.
    job = ima(
        rows=16, run_bytes=16, source=TCDM + 18, jobs_x=20, columns=8, destination=TCDM + 32 * 2
    )
    parts = [store(IMA_AT["product_cycles"], PRODUCT_CYCLES), job, wait_for(EVENTS[IMA])]
    result = run(tmp_path, parts, loads(bank), engine=engine)
    assert (held_up(result, "ima") > 0) == collides


@pytest.mark.parametrize("register", [IMA_AT["cell_row"], DMA_AT["rows"]])
def test_an_access_to_a_register_takes_the_peripheral_latency(tmp_path: Path, register: int):
    # To the TCDM the same store takes one cycle.
    cycles = [run(tmp_path, [store(address, 1)] * 6).outcome.cycles for address in (TCDM, register)]
    assert cycles[1] - cycles[0] == 6 * (imc_cluster(1).peripheral_cycles - 1)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_soft_clear_frees_both_contexts_and_counters_are_cleared(tmp_path: Path, engine: str):
    long = ima(jobs_x=50)
    read = [
        ("running", 0),  # the first context, of two that are triggered
        ("soft_clear", None),
        ("finished", 0),
        ("clear_counters", None),
        ("busy_cycles", 0),
        ("bytes_in", 0),
        ("acquire", 0),
        ("acquire", 1),
        ("acquire", NO_CONTEXT),
    ]
    parts = [store(IMA_AT["product_cycles"], PRODUCT_CYCLES), long, long]
    for place, (name, value) in enumerate(read):
        parts += (
            [store(IMA_AT[name], 0)]
            if value is None
            else [load(IMA_AT[name], 10), keep(TCDM + 4 * place)]
        )
    result = run(tmp_path, parts, engine=engine)
    found = {
        place: int.from_bytes(result.read(TCDM + 4 * place, 4), "little")
        for place, (_, value) in enumerate(read)
        if value is not None
    }
    assert found == {p: value for p, (_, value) in enumerate(read) if value is not None}
    assert [job.end_cycle for job in result.outcome.activity.jobs] == [None, None]


@pytest.mark.parametrize("engine", ENGINES)
def test_the_second_context_runs_when_the_first_has_finished(tmp_path: Path, engine: str):
    parts = [ima(), ima(jobs_x=50), until_finished(IMA, 1), load(IMA_AT["running"], 10)]
    result = run(tmp_path, [*parts, keep(TCDM), until_finished(IMA, 1)], engine=engine)
    assert result.read(TCDM, 1) == b"\x01"
    first, second = (job.end_cycle for job in result.outcome.activity.jobs)
    assert first is not None and second is not None and first < second
