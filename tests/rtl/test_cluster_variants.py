# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: Apache-2.0
"""Faults of sequential execution and of the second memory port are caught by the IMA's checks.

`test_cluster_contract` plants faults into the pipelined accelerators with one memory port.
"""

import random
from importlib import import_module

import pytest
from cluster_faults import faulty_cluster
from hwpe_programs import IMA, run_bench, run_jobs
from test_ima import bench_of, check_period, check_random_jobs, check_soft_clear, layer

from alpine_models.hwpe_registers import IMA_REGISTERS
from alpine_models.imc_cluster import Execution, ImcConfig
from alpine_rtl.cluster.ima import Ima

SQUARE = {"rows": 16, "columns": 16, "port_bytes": 4, "crossbars": 2}
VARIANTS = {
    "sequential": ImcConfig(**SQUARE, execution=Execution.SEQUENTIAL),
    "two ports": ImcConfig(**SQUARE, memory_ports=2),
    "both": ImcConfig(**SQUARE, execution=Execution.SEQUENTIAL, memory_ports=2),
}

# (variant, (module, expression or text with the expression between backticks, what it becomes))
FAULTS = {
    "vectors overlap": ("sequential", ("ima_engine", "source.hold.eq(`under_way`)", "0")),
    "second port not waited for": ("both", ("ima_engine", "with m.If(`left`)", "sink.leaves")),
    "vector never over": (
        "sequential",
        ("source", "self.begun.eq(`~generator.last_of_vector`)", "1"),
    ),
    "stalls of the second port not counted": (
        "two ports",
        ("memory_access", "any_of(port.blocked for port in ports)", "ports[0].blocked"),
    ),
    "stalls of the first port not counted": (
        "both",
        ("memory_access", "any_of(port.blocked for port in ports)", "ports[-1].blocked"),
    ),
    "second port not halted": (
        "two ports",
        ("memory_access", "port.halt.eq(`self.halt`)", "self.halt if number == 0 else 0"),
    ),
    "second port reads": (
        "two ports",
        ("memory_access", "tuple(`writes` for _, writes in blocks)", "False"),
    ),
    "bytes out counted as beats": (
        "both",
        ("memory_access", "Mux(self.writes.taken, self.writes.count, 0)", "self.writes.taken"),
    ),
    "request withdrawn for a soft clear": (
        "two ports",
        ("port_multiplexer", "(~self.halt | waiting)", "~self.halt"),
    ),
    "no rest on a port alone": (
        "two ports",
        ("port_multiplexer", "rests.eq(`granted & last`)", "0"),
    ),
}


def check_rest(dut, config):
    """A port has no request behind the last of a vector's four beats."""
    job = layer(rows=16, columns=16, jobs=4)
    program = run_jobs(IMA_REGISTERS, [job], {}, before=[(IMA["product_cycles"], 4)])
    bench = bench_of(config, program, product_cycles=4)
    run_bench(dut, bench)
    for write in (False, True):
        cycles = [grant.cycle for grant in bench.granted if grant.write == write]
        assert len(cycles) == 4 * 4
        assert all(
            begin - end >= 2 for end, begin in zip(cycles[3:-1:4], cycles[4::4], strict=True)
        )


def check(dut, config):
    """Run the checks of `test_ima` that each variant passes there."""
    check_random_jobs(dut, config, jobs=3, draw=random.Random(1))
    check_period(dut, config, (4, 4, 1, 5), jobs=4)
    check_rest(dut, config)
    for wait in (11, 24) if config.memory_ports == 2 else ():
        check_soft_clear(dut, config, wait)


@pytest.mark.parametrize("name", FAULTS)
def test_fault_of_a_variant_is_caught(name, tmp_path):
    variant, fault = FAULTS[name]
    config = VARIANTS[variant]
    package = faulty_cluster(fault, tmp_path).__name__.rpartition(".")[0]
    dut = import_module(f"{package}.ima").Ima(config=config)
    with pytest.raises(AssertionError):
        check(dut, config)


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_sound_variant_passes(variant):
    config = VARIANTS[variant]
    check(Ima(config=config), config)
