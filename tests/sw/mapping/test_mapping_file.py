# SPDX-License-Identifier: Apache-2.0
"""Mappings as YAML: what is written is read back, mistakes are one line."""

from dataclasses import replace
from pathlib import Path

import pytest
from small_graphs import perceptron, recurrent

from alpine_models.errors import AlpineError
from alpine_sw.mapping import Mapping
from alpine_sw.mapping.published_lstm import analog_lstm, digital_lstm
from alpine_sw.mapping.published_mlp import analog_mlp, digital_mlp, loose_mlp
from alpine_sw.mapping.table import mapping_table
from alpine_sw.mapping.yaml_file import (
    mapping_from_yaml,
    mapping_to_yaml,
    read_mapping,
    write_mapping,
)


def mappings() -> list[Mapping]:
    mlp, lstm = perceptron(), recurrent()
    return [
        *(analog_mlp(mlp, case=case) for case in (1, 2, 3, 4)),
        *(digital_mlp(mlp, cores=cores) for cores in (1, 2)),
        loose_mlp(mlp),
        *(analog_lstm(lstm, case=case, activations="libm") for case in (1, 2, 3, 4)),
        digital_lstm(lstm, cores=5),
    ]


@pytest.mark.parametrize("mapping", mappings(), ids=lambda mapping: mapping.name)
def test_a_file_holds_the_whole_mapping(mapping: Mapping, tmp_path: Path):
    file = tmp_path / "mapping.yaml"
    write_mapping(mapping, file)
    assert read_mapping(file) == mapping


WRITTEN = """\
name: case 1
network: two layers
parts:
- {node: layer 1, core: 0, tile: tile}
- {node: layer 2, core: 0, tile: tile, row: 6, column: 4, behind: 1}
tiles:
- {name: tile, core: 0, rows: 10, columns: 6}
"""


def test_a_file_shows_what_is_not_the_default():
    assert mapping_to_yaml(analog_mlp(perceptron(), case=1)) == WRITTEN


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("rows: 10", "rows: ten", r"mapping, tiles\[0\].rows: 'ten' is refused: give a whole numb"),
        ("rows: 10", "rows: 0", r"tiles\[0\]: rows of tile tile 0 is refused: give a whole"),
        ("rows: 10", "rwos: 10", r"tiles\[0\]: unknown field 'rwos': did you mean rows"),
        ("rows: 10, ", "", r"tiles\[0\].rows: it is missing"),
        ("rows: 10", "rows: 10, attached: i/o", r"attached: unknown attachment 'i/o': did you"),
        ("rows: 10", "rows: 10, rows: 11", r"mapping is no YAML: line 7 gives rows twice"),
        ("core: 0", "core: true", r"parts\[0\].core: True is refused: give a whole number"),
        ("behind: 1", "outputs: [[0, 2, 4]]", r"parts\[1\].outputs\[0\]: \[0, 2, 4\] is refused"),
        ("behind: 1", "outputs: [[2, 2]]", r"end of outputs 2 of node layer 2 2 is refused"),
        ("behind: 1", "style: tuned", r"parts\[1\].style: this has no members"),
        ("tiles:", "memory: here\ntiles:", r"memory: 'here' is refused: give a list of names"),
        ("name: case 1", "name: [", r"mapping is no YAML: while parsing"),
        (WRITTEN, "- 1", r"mapping holds no mapping: it begins with name: and network:"),
        (WRITTEN, "", r"mapping holds no mapping"),
        (WRITTEN, "[" * 4000, r"mapping is nested too deeply"),
        (
            "core: 0",
            "core: !!python/object:os.system 0",
            r"mapping is no YAML: could not determine",
        ),
    ],
)
def test_mistakes_are_one_line(before: str, after: str, message: str):
    with pytest.raises(AlpineError, match=message) as caught:
        mapping_from_yaml(WRITTEN.replace(before, after, 1))
    assert "\n" not in str(caught.value)


def test_files_that_cannot_be_read_are_named(tmp_path: Path):
    with pytest.raises(AlpineError, match=r"mapping file .*none.yaml: No such file"):
        read_mapping(tmp_path / "none.yaml")
    (tmp_path / "binary.yaml").write_bytes(b"name: \xff")
    with pytest.raises(AlpineError, match=r"binary.yaml: byte 6 is no UTF-8"):
        read_mapping(tmp_path / "binary.yaml")


def test_a_table_shows_places_and_buffers():
    assert mapping_table(recurrent(), analog_lstm(recurrent(), case=4)).splitlines() == [
        "| core | turn | node | results | tile | word lines | bit lines | behind | software |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
        *(
            f"| {n} | 0 | cell | {n} to {n} | tile {n} | 0 to 6 | 0 to 3 | 0 | released |"
            for n in range(4)
        ),
        "| 4 | 0 | dense | 0 to 1 | tile 4 | 0 to 3 | 0 to 1 | 0 | released |",
        "",
        "| buffer | carries | from cores | to | slots |",
        "| --- | --- | --- | --- | --- |",
        "| ping-pong | cell | 0, 1, 2, 3 | cell, dense | 2 |",
        "| ping-pong | x | network's own choice | cell | 2 |",
    ]


def test_parts_of_one_core_show_their_own_results():
    graph = perceptron()
    mapping = digital_mlp(graph, cores=1)
    first, *rest = mapping.parts
    halves = tuple(replace(first, outputs=((begin, begin + 2),)) for begin in (0, 2))
    table = mapping_table(graph, replace(mapping, parts=(*halves, *rest)))
    rows = [line.split(" | ") for line in table.splitlines() if first.node in line]
    assert [row[3] for row in rows] == ["0 to 1", "2 to 3"]
