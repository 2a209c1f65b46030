# SPDX-License-Identifier: Apache-2.0
"""Networks mapped by the solver: they run, they fit, and are never slower than published ones."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from played import Net, played
from test_whole_tensors import residual

from alpine_models.errors import AlpineError
from alpine_platform.systems.presets import HIGH_POWER
from alpine_sw.graph import Graph, LstmCell, MaxPool, Relu, Reshape, square
from alpine_sw.mapper import Hardware, compile_network, map_network
from alpine_sw.mapper.assignment import SolverTime, assign
from alpine_sw.mapper.core_pieces import CorePiece, Flow
from alpine_sw.mapper.greedy import greedy_start
from alpine_sw.mapper.packing import Place, packed
from alpine_sw.mapper.pieces import evenly
from alpine_sw.mapping import SplitAxis
from alpine_sw.mapping.published_cnn import analog_cnn
from alpine_sw.mapping.published_lstm import analog_lstm
from alpine_sw.mapping.published_mlp import analog_mlp
from alpine_sw.mapping.yaml_file import mapping_from_yaml, mapping_to_yaml, read_mapping


def perceptron(*sizes: int) -> Graph:
    net = Net(sizes[0])
    value = "x"
    for number, outputs in enumerate(sizes[1:], start=1):
        value = net.dense(f"layer {number}", outputs, value)
        value = net.add(f"relu {number}", Relu(), value)
    return net.build(value)


def test_a_matrix_larger_than_the_tile_runs_in_pieces():
    """300 inputs in three times 100, 120 outputs in two parts of 60 of tiles of 128 x 64."""
    graph = perceptron(300, 120, 10)
    hardware = Hardware(cores=3, rows=128, columns=64, tiles_per_core=4)
    found = map_network(graph, HIGH_POWER, hardware=hardware, simulate=False)
    (split,) = found.mapping.splits
    assert (split.node, split.by) == ("layer 1", SplitAxis.INPUTS)
    assert split.ranges == ((0, 100), (100, 200), (200, 300))
    assert {part.outputs for part in found.mapping.parts if "layer 1" in part.node} == {
        ((0, 60),),
        ((60, 120),),
    }
    result = played(graph, found.mapping)
    assert result.cm_instructions > 0
    assert mapping_from_yaml(mapping_to_yaml(found.mapping)) == found.mapping
    text = str(found)
    assert "| layer 2 |" in text and "no assignment of these pieces has a less busy core" in text


def test_images_with_two_readers_are_mapped_too():
    graph = residual()
    hardware = Hardware(cores=4, rows=18, columns=2, tiles_per_core=6)
    found = map_network(graph, HIGH_POWER, hardware=hardware, simulate=False)
    assert {split.by for split in found.mapping.splits} >= {SplitAxis.INPUTS, SplitAxis.OUTPUTS}
    played(graph, found.mapping)
    digital = map_network(graph, HIGH_POWER, hardware=replace(hardware, tiles_per_core=0))
    assert played(graph, digital.mapping).cm_instructions == 0


def test_the_busiest_convolution_is_shared_by_rows():
    """One layer of 14 x 14 positions and a core to spare: two cores take seven rows each."""
    net = Net(14, 14, 8)
    graph = net.build(net.add("relu", Relu(), net.convolution("only", 16, "x", pad=1)))
    found = map_network(graph, HIGH_POWER, hardware=Hardware(cores=2), simulate=False)
    assert [(one.by, one.ranges) for one in found.mapping.splits] == [
        (SplitAxis.ROWS, ((0, 7), (7, 14)))
    ]
    alone = map_network(graph, HIGH_POWER, hardware=Hardware(cores=1), simulate=False)
    times = [played(graph, one.mapping, count=6).time_fs for one in (found, alone)]
    # Six inferences take seven halves of one and six whole ones, and what the pieces cost.
    assert times[0] < 0.7 * times[1]


def recurrent() -> Graph:
    net = Net(50)
    lsb = np.full(256, 3000, np.float32)
    cell = LstmCell(weights=net.weights(256, 64 + 50), lsb=lsb, gate_scale=0.04)
    return net.build(net.dense("dense", 50, net.add("cell", cell, "x")))


@pytest.mark.parametrize("case", [1, 3, 4])
def test_never_slower_than_the_published_perceptron(case: int):
    graph = perceptron(64, 64, 64)
    theirs = analog_mlp(graph, case=case)
    found = map_network(graph, HIGH_POWER, hardware=hardware_of(theirs))
    times = [played(graph, one, count=8).time_fs for one in (found.mapping, theirs)]
    assert times[0] <= times[1]


@pytest.mark.parametrize("case", [1, 3, 4])
def test_never_slower_than_the_published_lstm(case: int):
    graph = recurrent()
    theirs = analog_lstm(graph, case=case)
    found = map_network(graph, HIGH_POWER, hardware=hardware_of(theirs), style=theirs.style)
    times = [played(graph, one, count=8).time_fs for one in (found.mapping, theirs)]
    assert times[0] <= times[1]


def test_never_slower_than_the_published_cnn():
    net = Net(8, 8, 2)
    value = net.add("relu", Relu(), net.convolution("first", 6, "x"))
    value = net.add("pool", MaxPool(window=square(2, stride=2)), value)
    value = net.add("relu 2", Relu(), net.convolution("second", 4, value, pad=1))
    graph = net.build(net.dense("last", 7, net.add("vector", Reshape(), value)))
    hardware = Hardware(cores=3, rows=64, columns=8)
    theirs = analog_cnn(graph)
    large = [replace(tile, rows=64, columns=8) for tile in theirs.tiles]
    theirs = replace(theirs, tiles=tuple(large))
    found = map_network(graph, HIGH_POWER, hardware=hardware, style=theirs.style)
    times = [played(graph, one, count=8).time_fs for one in (found.mapping, theirs)]
    assert times[0] <= times[1]


def hardware_of(mapping) -> Hardware:
    tile = mapping.tiles[0]
    cores = 1 + max(part.core for part in mapping.parts)
    return Hardware(cores=cores, rows=tile.rows, columns=tile.columns)


def test_the_least_busy_assignment_is_found_and_proved():
    """5, 4, 3, 3 and 3 in this order on three cores: 5 | 4 + 3 | 3 + 3 is 7 at best."""
    cycles = (5, 4, 3, 3, 3)
    pieces = [
        CorePiece(name=str(n), rows=4, columns=4, on_tile=count, on_core=100)
        for n, count in enumerate(cycles)
    ]
    flows = [Flow(n, n + 1, 0) for n in range(4)]
    hardware = Hardware(cores=3, rows=4, columns=8)
    found = assign(pieces, flows, hardware, time=SolverTime(left_s=10))
    assert found is not None
    assert (found.busiest, found.bound, found.proved, found.gap) == (7, 7, True, 0)
    assert found.cores == (0, 1, 1, 2, 2)
    # Handing over costs both sides two: two cores are as good as three are.
    flows = [Flow(n, n + 1, 2) for n in range(4)]
    found = assign(pieces, flows, hardware, time=SolverTime(left_s=10))
    assert found is not None and found.busiest == 11
    # 3, 4 and 3 on two cores: 3 | 4 + 3, as the last cannot join the first before the second.
    three = [replace(piece, on_tile=count) for piece, count in zip(pieces, (3, 4, 3), strict=False)]
    small = replace(hardware, cores=2)
    chained = assign(three, [Flow(0, 1, 0), Flow(1, 2, 0)], small, time=SolverTime(left_s=10))
    free = assign(three, [], small, time=SolverTime(left_s=10))
    assert chained is not None and free is not None
    assert (chained.busiest, free.busiest) == (7, 6)
    assert (
        assign([replace(p, on_core=None) for p in pieces], [], small, time=SolverTime(left_s=10))
        is None
    )


def test_the_solver_ends_with_nothing_worse_than_what_it_set_out_from():
    """Sixty pieces in a row on eight cores, and no time for the solver."""
    rng = np.random.default_rng(3)
    cycles = [int(one) for one in rng.integers(10, 1000, 60)]
    pieces = [
        CorePiece(name=str(n), rows=9, columns=1, on_tile=None, on_core=count)
        for n, count in enumerate(cycles)
    ]
    flows = [Flow(n, n + 1, 0) for n in range(59)]
    hardware = Hardware(cores=8, rows=8, columns=8)
    # The least largest sum of eight runs, by dynamic programming over all ways to cut.
    ends = np.concatenate([[0], np.cumsum(cycles)])
    least = ends.copy()
    for _ in range(7):
        least = np.array(
            [min(max(least[i], ends[j] - ends[i]) for i in range(j + 1)) for j in range(61)]
        )
    start = greedy_start(pieces, flows, hardware)
    assert start is not None and start.busiest == least[-1]
    assert list(start.cores) == sorted(start.cores)
    found = assign(pieces, flows, hardware, time=SolverTime(left_s=0))
    assert found is not None and found.busiest == start.busiest


def test_what_the_solver_sets_out_from_keeps_all_its_rules():
    """Shares of a node stay together, a cell's part, tiles hold what they have room for."""
    pieces = [
        CorePiece(name=str(n), rows=4, columns=4, on_tile=1 + n % 3, on_core=100) for n in range(24)
    ]
    flows = [
        *(Flow(n, n + 1, 5) for n in range(23)),
        Flow(3, 4, 0, together=True, alike=True),
        Flow(10, 11, 0, apart=True, alike=True),
    ]
    hardware = Hardware(cores=4, rows=4, columns=8, tiles_per_core=2)
    start = greedy_start(pieces, flows, hardware)
    assert start is not None
    cores, tiled = start.cores, start.tiled
    assert cores[3] == cores[4] and tiled[3] == tiled[4]
    assert cores[10] != cores[11] and tiled[10] == tiled[11]
    loads = [0] * 4
    for number, piece in enumerate(pieces):
        loads[cores[number]] += (piece.on_tile or 0) if tiled[number] else 100
    for flow in flows:
        if cores[flow.maker] != cores[flow.reader]:
            loads[cores[flow.maker]] += flow.cycles
            loads[cores[flow.reader]] += flow.cycles
    assert max(loads) == start.busiest
    # Four pieces fill a core's two tiles; a pair that must be alike may leave one place empty.
    held = [sum(t for t, c in zip(tiled, cores, strict=True) if c == core) for core in range(4)]
    assert set(held) <= {3, 4}
    found = assign(pieces, flows, hardware, time=SolverTime(left_s=2))
    assert found is not None and found.busiest <= start.busiest
    # Without a core for what must stand apart there is none.
    assert greedy_start(pieces, flows, replace(hardware, cores=1)) is None


def test_matrices_stand_side_by_side_as_a_bit_line_has_one_step():
    hardware = Hardware(rows=10, columns=10, tiles_per_core=2)
    assert packed({"a": (10, 4), "b": (3, 6)}, hardware) == {
        "a": Place(0, 0, 0),
        "b": Place(0, 0, 4),
    }
    # The widest first: 7 and 3 fill one tile, 6 and 4 the other.
    found = packed({"a": (1, 4), "b": (1, 3), "c": (1, 6), "d": (1, 7)}, hardware)
    assert found is not None
    assert {name: place.tile for name, place in found.items()} == {"d": 0, "c": 1, "a": 1, "b": 0}
    assert packed({"a": (1, 6), "b": (1, 6), "c": (1, 6)}, hardware) is None
    assert packed({"a": (11, 1)}, hardware) is None
    assert evenly(10, 3) == ((0, 3), (3, 6), (6, 10))


def test_pieces_that_no_packing_holds_go_elsewhere():
    """18 of 20 bit lines, but only one of 6 in each tile of 10: the solver is told so."""
    pieces = [
        CorePiece(name=name, rows=6, columns=6, on_tile=1, on_core=50) for name in ("a", "b", "c")
    ]
    two_tiles = Hardware(cores=1, rows=10, columns=10, tiles_per_core=2)
    found = assign(pieces, [], two_tiles, time=SolverTime(left_s=10))
    assert found is not None
    assert len(found.places) == 2 and (found.busiest, found.proved) == (52, True)
    # Without time to tell it so, one of them leaves the tiles; the solver's own bound is 3 * 1.
    found = assign(pieces, [], two_tiles, time=SolverTime(left_s=0))
    assert found is not None
    assert len(found.places) == 2
    assert (found.busiest, found.bound, found.proved) == (52, 3, False)


def test_what_does_not_fit_is_one_line():
    graph = recurrent()
    for hardware, message in (
        (Hardware(cores=9), r"mapping of net may use 9 cores, but high-power has 8"),
        (Hardware(rows=64), r"cell cell reads 114 inputs, but a tile has 64 word lines"),
        (Hardware(columns=3), r"a unit of cell cell has 4 outputs, but a tile has 3 bit lines"),
    ):
        with pytest.raises(AlpineError, match=message):
            map_network(graph, HIGH_POWER, hardware=hardware)
    net = Net(4)
    with pytest.raises(AlpineError, match=r"network net has no layer with a matrix of codes"):
        map_network(net.build(net.add("relu", Relu(), "x")), HIGH_POWER)


def test_reasons_name_what_decided():
    """A product of 4 x 2 is quicker on the core than the 100 ns of a tile's, 230 cycles."""
    found = map_network(perceptron(4, 2), HIGH_POWER, hardware=Hardware(cores=1), simulate=False)
    assert not found.mapping.tiles
    assert "cycles on a tile, not fewer |" in str(found)
    assert "1 core with up to 1 tile of 1024 x 1024 each" in str(found)


def test_a_compiled_network_is_data(tmp_path: Path):
    graph = perceptron(20, 6, 4)
    mapping = map_network(graph, HIGH_POWER, hardware=Hardware(cores=1), simulate=False).mapping
    made = compile_network(graph, mapping)
    assert "| 0 | 0 | layer 1 | 0 to 5 |" in str(made)
    made.save(tmp_path / "network")
    assert read_mapping(tmp_path / "network" / "mapping.yaml") == mapping
    if made.workload.tiles:
        cells = np.load(tmp_path / "network" / "tile 0.npz")["weights"]
        assert np.count_nonzero(cells) > 0
