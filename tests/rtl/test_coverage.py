# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: Apache-2.0
"""Random programs on the verilated tile, under monitors, until the plan's last bin is reached."""

import hypothesis.strategies as st
import pytest
from functional_coverage import Coverage, all_bins, bins_of, load_points
from hypothesis import given, settings
from programs import BAD_COUNTS, FAR, probe, random_program
from simulations import run_verilated
from tests.random_inputs import examples, seed
from tile_bench import Pressure, Request, TileBench

from alpine_cosim.binding import VerilatedModel
from alpine_models.isa import OPCODES, XZR, CmOperation, encode
from alpine_models.tile import TileConfig
from alpine_rtl.formal.harness import TileHarness

ROWS, COLUMNS = 6, 9
PRESSURES = (
    Pressure(),
    Pressure(pause=0.5),
    Pressure(hold=0.5, busy=3),
    Pressure(pause=0.3, hold=0.8, busy=1),
)
MOST_PROGRAMS = 60
LENGTH = 1500


@pytest.fixture(scope="module", params=[False, True], ids=["single", "double"])
def harness(request):
    config = TileConfig(
        rows=ROWS,
        columns=COLUMNS,
        precharge_cycles=1,
        integrate_cycles=3,
        digitise_cycles=2,
        double_buffer=request.param,
    )
    with VerilatedModel.build(TileHarness(config=config), top="tile_harness") as model:
        yield config, model


@pytest.mark.random
def test_random_programs_reach_every_bin(harness):
    config, model = harness
    coverage = Coverage(config)
    for number in range(MOST_PROGRAMS):
        pressure = PRESSURES[number % len(PRESSURES)]
        program = random_program(config, length=LENGTH, seed=seed(number))
        bench = TileBench(config, program, Pressure(**{**vars(pressure), "seed": seed(number)}))
        run_verilated(model, bench)
        coverage.add(bench.answered)
        if not coverage.missing():
            break
    reached = len(all_bins()) - len(coverage.missing())
    print(f"{reached} of {len(all_bins())} bins after {number + 1} programs")
    assert not coverage.missing(), sorted(coverage.missing())


def test_every_bin_reached_is_in_the_plan(harness):
    config, model = harness
    coverage = Coverage(config)
    bench = TileBench(config, random_program(config, length=LENGTH, seed=99), PRESSURES[3])
    run_verilated(model, bench)
    coverage.add(bench.answered)
    assert set(coverage.hits) <= all_bins()


@pytest.mark.parametrize("name", load_points())
def test_a_point_has_bins(name):
    assert bins_of(load_points()[name])


REGISTERS = st.sampled_from([9, XZR])
COUNTS = st.one_of(st.integers(1, 4), st.sampled_from(BAD_COUNTS))


@st.composite
def requests(draw):
    operation = draw(st.sampled_from(list(OPCODES)))
    word = encode(operation, rm=draw(REGISTERS), ra=draw(REGISTERS), rn=draw(REGISTERS))
    if draw(st.integers(0, 15)) == 15:
        word ^= 1 << draw(st.sampled_from([15, *range(21, 32)]))
    index = st.one_of(st.integers(0, max(ROWS, COLUMNS)), st.sampled_from(FAR))
    rn = draw(index)
    rm = {
        CmOperation.QUEUE: st.integers(0, 2**32 - 1),
        CmOperation.DEQUEUE: COUNTS,
    }.get(operation, index)
    ra = COUNTS if operation is CmOperation.QUEUE else st.integers(0, 255)
    return Request(word, rn, draw(rm), draw(ra))


PRESSURE = st.builds(
    Pressure,
    pause=st.sampled_from([0.0, 0.5]),
    hold=st.sampled_from([0.0, 0.3, 0.9]),
    busy=st.integers(0, 3),
    seed=st.integers(0, 100),
)


@settings(max_examples=examples(200))
@given(program=st.lists(requests(), min_size=1, max_size=40), pressure=PRESSURE)
def test_any_program_agrees_with_the_reference(harness, program, pressure):
    config, model = harness
    bench = TileBench(config, [*program, *probe(config)], pressure)
    run_verilated(model, bench)
    assert len(bench.answered) >= len(program)


def test_reset_in_the_middle_of_anything(harness):
    config, model = harness
    for cycles in range(1, 200, 3):
        program = random_program(config, length=400, seed=cycles)
        run_verilated(
            model, TileBench(config, program, Pressure(hold=0.3, busy=2, seed=1)), cycles=cycles
        )
        # What the next program finds, from its own reset on, must be the state after power-up.
        run_verilated(model, TileBench(config, probe(config), Pressure()))
